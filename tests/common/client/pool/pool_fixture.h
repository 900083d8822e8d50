// What the tests of the pool share: a pool of fake teachers and requests to it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/client/pool/teacher_pool.h"
#include "tests/common/client/session/client_fixture.h"
#include "tests/testing/await.h"
#include "tests/testing/fake_teacher/fake_teacher.h"

namespace distill::testing {

class PoolTest : public ::testing::Test {
 protected:
  // Before the teachers: callbacks end with it.
  ~PoolTest() override { pool_.reset(); }

  static TeacherPoolOptions PoolOptions(std::vector<std::string> addresses) {
    return {.addresses = std::move(addresses), .teacher = ClientOptions("")};
  }

  void Connect(const TeacherPoolOptions& options) {
    auto pool = TeacherPool::Connect(options, Clock::Real());
    ASSERT_TRUE(pool.ok()) << pool.status();
    pool_ = *std::move(pool);
  }

  // Sends samples first … first + count - 1 under the key `first`, with a seed of their own.
  absl::StatusOr<uint64_t> Send(int64_t first, int64_t count) {
    return pool_->Send({.inputs = {NumberedSamples(first, count)},
                        .rows = count,
                        .seed = static_cast<uint64_t>(first) + 1000},
                       answers_.Callback(static_cast<int>(first)));
  }

  // `count` requests of a sample each: 0, 1, …
  void SendSingles(int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(Send(i, 1).ok());
  }

  void ExpectAnswered(int64_t first, int64_t count) {
    const auto answer = answers_.Wait(static_cast<int>(first));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(DecodeFakeLogits(*answer), NumberedLogits(first, count));
    EXPECT_EQ(answers_.calls(static_cast<int>(first)), 1);
  }
  void ExpectSinglesAnswered(int count) {
    for (int i = 0; i < count; ++i) ExpectAnswered(i, 1);
  }

  void AwaitState(TeacherState state) {
    Await([&] { return pool_->state() == state; },
          absl::StrCat("the pool is in state ", static_cast<int>(state)));
  }
  void AwaitCredits(int64_t credits) {
    Await([&] { return pool_->limits().credits == credits; },
          absl::StrCat("the pool has ", credits, " credits"));
  }
  int64_t AnsweredBy(const std::string& name) {
    const auto answered = pool_->samples_by_teacher();
    return answered.contains(name) ? answered.at(name) : -1;
  }

  Answers answers_;
  std::unique_ptr<TeacherPool> pool_;
};

}  // namespace distill::testing
