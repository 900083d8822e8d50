#include "student_trainer/pipeline/prefetch_depth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>
#include <string>

namespace distill::testing {
namespace {

// What a batch takes.
struct Times {
  absl::Duration student;
  absl::Duration teacher;  // which takes one batch after the other
  absl::Duration link;     // there and back
  absl::Duration jitter;   // of the link; at most, evenly spread
};

// A student that trains on batch after batch, as many ahead as PrefetchDepth says.
class SimulatedPipeline {
 public:
  SimulatedPipeline(const Times& times, int64_t most) : times(times), depth(most) {}

  // The share of its time that the student waits. Notes the greatest depth on the way.
  double Train(int64_t batches) {
    const absl::Time begin = now_;
    absl::Duration waited;
    deepest = 0;
    for (int64_t i = 0; i < batches; ++i) {
      waited += TrainOnOne();
      deepest = std::max(deepest, depth.wanted());
    }
    took = now_ - begin;
    return absl::FDivDuration(waited, took);
  }

  Times times;
  PrefetchDepth depth;
  int64_t deepest = 0;
  absl::Duration took;

 private:
  struct Asked {
    absl::Time sent;
    absl::Time answered;
  };

  absl::Duration TrainOnOne() {
    Send();
    const Asked first = ahead_.front();
    ahead_.pop_front();
    const absl::Duration waited = std::max(first.answered - now_, absl::ZeroDuration());
    now_ += waited;
    depth.OnAnswered(first.answered - first.sent);
    depth.OnHandedOut(times.student, waited);
    Send();
    now_ += times.student;
    return waited;
  }

  void Send() {
    while (static_cast<int64_t>(ahead_.size()) < depth.wanted()) {
      teacher_free_ = std::max(teacher_free_, now_ + times.link / 2) + times.teacher;
      const absl::Duration late = std::uniform_real_distribution<>(0, 1)(random_) * times.jitter;
      ahead_.push_back({now_, teacher_free_ + times.link / 2 + late});
    }
  }

  std::minstd_rand random_{1};
  absl::Time now_ = absl::UnixEpoch();
  absl::Time teacher_free_ = absl::UnixEpoch();
  std::deque<Asked> ahead_;
};

absl::Duration Ms(double milliseconds) { return absl::Milliseconds(milliseconds); }

TEST(PrefetchDepthTest, TheSlowerOfStudentAndTeacherIsBusyAndNoMoreIsHeldThanThatTakes) {
  const struct {
    std::string name;
    Times times;
    int64_t least;  // of the depth, once settled
    int64_t most;   // tries included
  } cases[] = {
      {"all near", {Ms(5), Ms(0.1), Ms(0.2)}, 2, 2},
      {"slow link", {Ms(1), Ms(0.01), Ms(100)}, 101, 103},
      {"slow link that jitters", {Ms(2), Ms(0.1), Ms(20), Ms(40)}, 20, 60},
      {"slow teacher", {Ms(0.5), Ms(20), Ms(1)}, 2, 4},
      {"slow teacher that jitters", {Ms(0.5), Ms(3), Ms(1), Ms(1)}, 2, 6},
      {"teacher a little slower", {Ms(0.5), Ms(0.505), Ms(1)}, 2, 6},
      {"slow teacher behind a slow link", {Ms(1), Ms(10), Ms(100)}, 8, 32},
  };
  for (const auto& [name, times, least, most] : cases) {
    SCOPED_TRACE(name);
    SimulatedPipeline pipeline(times, 256);
    pipeline.Train(1000);
    pipeline.Train(10'000);
    EXPECT_GE(pipeline.depth.wanted(), least);
    EXPECT_LE(pipeline.deepest, most);
    EXPECT_LE(pipeline.took, 1.02 * 10'000 * std::max(times.student, times.teacher));
  }
}

TEST(PrefetchDepthTest, BeginsWithAModestDepth) { EXPECT_EQ(PrefetchDepth(256).wanted(), 4); }

TEST(PrefetchDepthTest, NeverExceedsItsBound) {
  for (const int64_t most : {1, 2, 3, 50}) {
    SimulatedPipeline pipeline({Ms(1), Ms(0.01), Ms(100)}, most);
    EXPECT_LE(pipeline.depth.wanted(), most);
    pipeline.Train(5000);
    EXPECT_EQ(pipeline.deepest, most);
  }
}

TEST(PrefetchDepthTest, FollowsALinkThatBecomesFastAndSlowAgain) {
  SimulatedPipeline pipeline({Ms(1), Ms(0.01), Ms(100)}, 256);
  pipeline.Train(2000);
  EXPECT_GE(pipeline.depth.wanted(), 101);
  pipeline.times.link = Ms(1);
  pipeline.Train(300);
  EXPECT_LE(pipeline.depth.wanted(), 4);
  pipeline.times.link = Ms(100);
  pipeline.Train(2000);
  EXPECT_LT(pipeline.Train(1000), 0.01);
}

TEST(PrefetchDepthTest, TheQueueAtATeacherThatBecameSlowIsDrained) {
  SimulatedPipeline pipeline({Ms(1), Ms(0.01), Ms(100)}, 256);
  pipeline.Train(2000);
  pipeline.times.link = Ms(1);
  pipeline.times.teacher = Ms(20);
  pipeline.Train(5000);
  EXPECT_LE(pipeline.depth.wanted(), 4);
}

TEST(PrefetchDepthTest, APauseOfTheStudentDoesNotChangeTheDepth) {
  SimulatedPipeline pipeline({Ms(1), Ms(0.01), Ms(30)}, 256);
  pipeline.Train(2000);
  const int64_t before = pipeline.depth.wanted();
  pipeline.depth.OnHandedOut(absl::Seconds(60), absl::ZeroDuration());
  EXPECT_GE(pipeline.depth.wanted(), before - before / 5);
  EXPECT_LT(pipeline.Train(500), 0.005);
}

}  // namespace
}  // namespace distill::testing
