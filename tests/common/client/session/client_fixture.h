// What the tests of the teacher client share: inputs, answers to wait for, and a client of a fake
// teacher.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/client/session/teacher_client.h"
#include "tests/testing/await.h"
#include "tests/testing/fake_teacher/fake_teacher.h"

namespace distill::testing {

// Samples first, first + 1, … as uint8 [count, 4]: each holds its own number.
inline HostTensor NumberedSamples(int64_t first, int64_t count) {
  std::string bytes;
  for (int64_t i = first; i < first + count; ++i) {
    const auto number = static_cast<uint32_t>(i);
    bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  return {DType::kUint8, {count, 4}, Bytes::FromString(std::move(bytes))};
}

// The logits that a fake teacher gives NumberedSamples(first, count), row after row.
inline std::vector<float> NumberedLogits(int64_t first, int64_t count, int64_t classes = 3) {
  std::vector<float> logits;
  for (int64_t i = first; i < first + count; ++i) {
    uint8_t sample[4];
    const auto number = static_cast<uint32_t>(i);
    std::memcpy(sample, &number, sizeof(number));
    const std::vector<float> row = FakeLogits(sample, classes);
    logits.insert(logits.end(), row.begin(), row.end());
  }
  return logits;
}

inline TeacherClientOptions ClientOptions(const std::string& address) {
  return {.address = address,
          .client_name = "test",
          .backoff = {.initial = absl::Milliseconds(1), .max = absl::Milliseconds(5)}};
}

// Collects what callbacks are called with.
class Answers {
 public:
  TeacherClient::Callback Callback(int key) {
    return [this, key](absl::StatusOr<SoftTargets> result) {
      MutexLock lock(mutex_);
      ++calls_[key];
      results_.insert_or_assign(key, std::move(result));
      changed_.NotifyAll();
    };
  }

  // The first output of the answer.
  absl::StatusOr<EncodedTargets> Wait(int key) {
    absl::StatusOr<SoftTargets> all = WaitForAll(key);
    if (!all.ok()) return all.status();
    return all->front();
  }

  absl::StatusOr<SoftTargets> WaitForAll(int key) {
    Patience patience(absl::StrCat("the callback of request ", key, " is called"));
    MutexLock lock(mutex_);
    while (results_.count(key) == 0) {
      if (!patience.Wait(changed_, mutex_)) return absl::DeadlineExceededError("no answer");
    }
    return results_.at(key);
  }

  int calls(int key) {
    MutexLock lock(mutex_);
    return calls_[key];
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::map<int, absl::StatusOr<SoftTargets>> results_ ABSL_GUARDED_BY(mutex_);
  std::map<int, int> calls_ ABSL_GUARDED_BY(mutex_);
};

// A started fake teacher and a way to get clients of it. Clients and what their callbacks use end
// before the teacher.
class ClientTest : public ::testing::Test {
 protected:
  ClientTest() { teacher_.Start(); }
  ~ClientTest() override { client_.reset(); }

  void Connect() { Connect(ClientOptions(teacher_.address())); }
  void Connect(const TeacherClientOptions& options) {
    auto client = TeacherClient::Connect(options, Clock::Real());
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    client_->SetStateListener([this] {
      MutexLock lock(mutex_);
      changed_.NotifyAll();
    });
  }

  // Sends samples first … first + count - 1 under the key `first`.
  absl::StatusOr<uint64_t> Send(int64_t first, int64_t count) {
    return client_->Send({.inputs = {NumberedSamples(first, count)}, .rows = count},
                         answers_.Callback(static_cast<int>(first)));
  }

  void ExpectAnswered(int64_t first, int64_t count) {
    const auto answer = answers_.Wait(static_cast<int>(first));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(DecodeFakeLogits(*answer), NumberedLogits(first, count));
    EXPECT_EQ(answers_.calls(static_cast<int>(first)), 1);
  }

  void WaitForState(TeacherState state) {
    Patience patience(absl::StrCat("the client is in state ", static_cast<int>(state)));
    MutexLock lock(mutex_);
    while (client_->state() != state && patience.Wait(changed_, mutex_)) {
    }
  }

  FakeTeacher teacher_;
  Mutex mutex_;
  CondVar changed_;
  Answers answers_;
  std::unique_ptr<TeacherClient> client_;
};

}  // namespace distill::testing
