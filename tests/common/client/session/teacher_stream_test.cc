#include "common/client/stream/teacher_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/client/session/pending_requests.h"
#include "common/rpc/convert.h"
#include "tests/common/client/session/client_fixture.h"
#include "tests/testing/await.h"
#include "tests/testing/status_matchers.h"

namespace distill::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What happened on a stream, in words, and how it ended.
class Events : public TeacherStream::Handler {
 public:
  void OnOpened(const v1::Opened& opened) override {
    Add(absl::StrCat("opened ", opened.model().name()));
  }
  void OnTargets(const v1::Targets& targets, std::vector<Bytes> payloads,
                 int64_t wire_bytes) override {
    {
      MutexLock lock(mutex_);
      payload_ = payloads.at(0).ToString();
      wire_bytes_ = wire_bytes;
    }
    Add(absl::StrCat("targets ", targets.id()));  // last: a test may wait for it
  }
  void OnError(const v1::Error& error) override { Add(absl::StrCat("error ", error.id())); }
  void OnDraining() override { Add("draining"); }
  void OnMalformed(const absl::Status&) override { Add("malformed"); }
  void OnClosed(const absl::Status& status) override {
    MutexLock lock(mutex_);
    end_ = status;
    events_.push_back("closed");
    changed_.NotifyAll();
  }

  // All of them, once there are so many.
  std::vector<std::string> WaitFor(size_t count) {
    Patience patience(absl::StrCat(count, " events happened on the stream"));
    MutexLock lock(mutex_);
    while (events_.size() < count && patience.Wait(changed_, mutex_)) {
    }
    return events_;
  }

  absl::Status WaitForEnd() {
    Patience patience("the stream is closed");
    MutexLock lock(mutex_);
    while ((events_.empty() || events_.back() != "closed") && patience.Wait(changed_, mutex_)) {
    }
    EXPECT_EQ(std::count(events_.begin(), events_.end(), "closed"), 1);
    return end_;
  }

  std::string payload() {
    MutexLock lock(mutex_);
    return payload_;
  }
  int64_t wire_bytes() {
    MutexLock lock(mutex_);
    return wire_bytes_;
  }

 private:
  void Add(std::string event) {
    MutexLock lock(mutex_);
    events_.push_back(std::move(event));
    changed_.NotifyAll();
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mutex_);
  std::string payload_ ABSL_GUARDED_BY(mutex_);
  int64_t wire_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
};

class TeacherStreamTest : public ::testing::Test {
 protected:
  TeacherStreamTest() { teacher_.Start(); }
  ~TeacherStreamTest() override {
    if (stream_ != nullptr) stream_->Cancel();
  }

  void Start() { StartTo(teacher_.address()); }
  void StartTo(const std::string& target, int64_t max_message_bytes = 1 << 20,
               const std::string& token = "") {
    ClientCredentials credentials = ReadClientCredentials({}).value();
    credentials.token = token;
    v1::Open open;
    *open.mutable_targets() = ToProto(TargetSpec{});
    stream_ =
        TeacherStream::Start({.target = target}, credentials, max_message_bytes, open, events_);
  }

  // Samples first, first + 1 under the id `first`.
  int64_t Write(int64_t first) {
    const HostTensor samples = NumberedSamples(first, 2);
    return stream_->Write(ToMessage(static_cast<uint64_t>(first), {.inputs = {samples}}),
                          {samples.bytes});
  }

  FakeTeacher teacher_;
  const std::shared_ptr<Events> events_ = std::make_shared<Events>();
  std::unique_ptr<TeacherStream> stream_;
};

TEST_F(TeacherStreamTest, WhatIsWrittenBeforeTheConnectionIsUpArrivesInOrder) {
  Start();
  for (const int64_t id : {1, 2, 3}) EXPECT_GT(Write(id), 8);
  EXPECT_THAT(events_->WaitFor(4),
              ElementsAre("opened fake", "targets 1", "targets 2", "targets 3"));
  std::vector<float> logits(6);
  ASSERT_EQ(events_->payload().size(), logits.size() * sizeof(float));
  std::memcpy(logits.data(), events_->payload().data(), events_->payload().size());
  EXPECT_EQ(logits, NumberedLogits(3, 2));
  EXPECT_GT(events_->wire_bytes(), static_cast<int64_t>(events_->payload().size()));
}

TEST_F(TeacherStreamTest, AHalfClosedStreamIsAnsweredAndThenEndsOk) {
  Start();
  EXPECT_GT(Write(1), 0);
  stream_->HalfClose();
  EXPECT_EQ(Write(2), 0);  // without effect
  EXPECT_THAT(events_->WaitForEnd(), IsOk());
  EXPECT_THAT(events_->WaitFor(3), ElementsAre("opened fake", "targets 1", "closed"));
  EXPECT_EQ(teacher_.requests().size(), 1u);
}

TEST_F(TeacherStreamTest, EachKindOfMessageHasItsEvent) {
  Start();
  teacher_.FailNextRequest(absl::InternalError("no"));
  Write(1);
  events_->WaitFor(2);
  teacher_.SpoilNextAnswer(AnswerFault::kNoKind);
  Write(2);
  events_->WaitFor(3);
  teacher_.Drain();
  EXPECT_THAT(events_->WaitFor(5),
              ElementsAre("opened fake", "error 1", "malformed", "draining", "closed"));
}

TEST_F(TeacherStreamTest, CancelEndsItWhateverIsOwed) {
  teacher_.HoldAnswers();
  Start();
  Write(1);
  teacher_.WaitForRequests(1);
  stream_->Cancel();
  EXPECT_THAT(events_->WaitForEnd(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(Write(2), 0);
}

TEST_F(TeacherStreamTest, TheServersStatusIsTheEnd) {
  teacher_.RefuseOpens(absl::NotFoundError("no such model"));
  Start();
  EXPECT_THAT(events_->WaitForEnd(), StatusIs(absl::StatusCode::kNotFound, "no such model"));
  EXPECT_THAT(events_->WaitFor(1), ElementsAre("closed"));
}

TEST_F(TeacherStreamTest, AnAddressWithoutAServerEndsItUnavailable) {
  StartTo(teacher_.address() + ".none");
  Write(1);
  EXPECT_THAT(events_->WaitForEnd(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(TeacherStreamTest, AnAnswerOverTheLimitEndsIt) {
  FakeTeacherOptions options;
  options.model.classes = 1000;
  teacher_.SetOptions(options);
  StartTo(teacher_.address(), /*max_message_bytes=*/4096);
  Write(1);  // 8000 bytes of answer
  EXPECT_THAT(events_->WaitForEnd(), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(TeacherStreamTest, TheTokenTravelsAsMetadata) {
  StartTo(teacher_.address(), 1 << 20, "the-token");
  events_->WaitFor(1);
  EXPECT_EQ(teacher_.opens().at(0).authorization, "Bearer the-token");
}

}  // namespace
}  // namespace distill::testing
