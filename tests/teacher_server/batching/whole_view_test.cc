// FairQueue and FormBatch against WholeView, over random histories of a queue.
#include "tests/teacher_server/batching/whole_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "teacher_server/batching/fair_queue.h"

namespace distill {
namespace {

using ::distill::testing::Decide;
using ::distill::testing::PlainDecision;
using ::distill::testing::PlainRequest;
using ::distill::testing::WholeView;

QueuedWork Queued(const PlainRequest& request) {
  QueuedWork queued;
  queued.work.stream = request.stream;
  queued.work.request.samples = request.samples;
  queued.work.options.seed = request.name;
  queued.work.request.batch_independent = request.batch_independent;
  queued.work.deadline = request.deadline;
  queued.enqueued = request.enqueued;
  queued.key = request.key;
  return queued;
}

std::vector<uint64_t> Names(const std::vector<std::unique_ptr<QueuedWork>>& requests) {
  std::vector<uint64_t> names;
  for (const auto& queued : requests) names.push_back(queued->work.options.seed);
  return names;
}

std::vector<uint64_t> Names(const std::vector<PlainRequest>& requests) {
  std::vector<uint64_t> names;
  for (const PlainRequest& request : requests) names.push_back(request.name);
  return names;
}

std::vector<uint64_t> Sorted(std::vector<uint64_t> names) {
  std::sort(names.begin(), names.end());
  return names;
}

// One history: both queues are told the same, and must do the same.
class History {
 public:
  explicit History(uint64_t seed)
      : random_(seed),
        streams_(OneOf({1, 3, 12})),
        keys_(OneOf({1, 2, 6})),
        sizes_(OneOf({1, 16, 100, 600})),
        quantum_(std::max<int64_t>(1, sizes_ / OneOf({1, 4, 20}))),
        independent_percent_(OneOf({0, 10, 90})),
        deadline_percent_(OneOf({0, 20})),
        rule_{.max_batch_samples = OneOf({1, 64, 256}),
              .batch_delay = absl::Milliseconds(OneOf({0, 4, 50}))},
        queue_(quantum_),
        plain_(quantum_) {}

  void Run(int events) {
    for (int i = 0; i < events && !::testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE(absl::StrCat("event ", i));
      const int64_t event = Below(100);
      if (event < 50) {
        for (int64_t more = Below(6); more >= 0; --more) Push();
      } else if (event < 60) {
        now_ += absl::Milliseconds(Below(5));
      } else if (event < 63) {
        RemoveStream();
      } else if (event < 70) {
        TakeAny();
      } else {
        for (int64_t more = Below(4); more >= 0; --more) FormOne();
      }
      CheckTotals();
    }
    while (!queue_.empty() && !::testing::Test::HasFailure()) {
      now_ += absl::Milliseconds(1);
      FormOne();
      CheckTotals();
    }
  }

 private:
  int64_t Below(int64_t bound) { return static_cast<int64_t>(random_() % bound); }

  int64_t OneOf(std::initializer_list<int64_t> values) {
    return values.begin()[Below(static_cast<int64_t>(values.size()))];
  }

  void Push() {
    PlainRequest request;
    request.name = ++pushed_;
    request.stream = static_cast<uint64_t>(Below(streams_));
    request.samples = 1 + Below(sizes_);
    // Times are read before the queue is locked, so that they are not quite in order.
    request.enqueued = now_ - absl::Milliseconds(Below(3));
    if (Below(100) < deadline_percent_) request.deadline = now_ + absl::Milliseconds(Below(20));
    request.batch_independent = Below(100) < independent_percent_;
    request.key = absl::StrCat("key", Below(keys_));
    queue_.Push(Queued(request));
    plain_.Push(request);
  }

  void RemoveStream() {
    const auto stream = static_cast<uint64_t>(Below(streams_));
    EXPECT_EQ(queue_.RemoveStream(stream), plain_.RemoveStream(stream));
  }

  // Takes requests that no rule has chosen.
  void TakeAny() {
    FairQueue::Cursor cursor(queue_);
    std::vector<const Waiting*> requests;
    std::vector<size_t> positions;
    const int64_t percent = OneOf({5, 50, 100});
    const int64_t most = 1 + Below(20);
    for (size_t i = 0; static_cast<int64_t>(positions.size()) < most; ++i) {
      const Waiting* request = cursor.Next([](const auto*) { return true; });
      if (request == nullptr) break;
      if (Below(100) >= percent) continue;
      requests.push_back(request);
      positions.push_back(i);
    }
    if (positions.empty()) return;
    EXPECT_EQ(Names(queue_.Take(requests)), Names(plain_.Take(positions)));
  }

  void FormOne() {
    const PlainDecision expected = Decide(plain_.InOrder(), rule_, now_);
    const BatchDecision decision = FormBatch(queue_, rule_, now_);
    ASSERT_EQ(decision.remove_expired, !expected.expired.empty());
    if (decision.remove_expired) {
      EXPECT_TRUE(decision.take.empty());
      EXPECT_EQ(Sorted(Names(queue_.RemoveExpired(now_))),
                Sorted(Names(plain_.Remove(expected.expired))));
    } else if (expected.take.empty()) {
      EXPECT_TRUE(decision.take.empty());
      EXPECT_EQ(decision.look_again, expected.look_again);
    } else {
      EXPECT_EQ(Names(queue_.Take(decision.take)), Names(plain_.Take(expected.take)));
    }
  }

  void CheckTotals() {
    ASSERT_EQ(queue_.requests(), plain_.requests());
    ASSERT_EQ(queue_.samples(), plain_.samples());
    ASSERT_EQ(queue_.empty(), plain_.requests() == 0);
  }

  std::mt19937_64 random_;
  const int64_t streams_;
  const int64_t keys_;
  const int64_t sizes_;
  const int64_t quantum_;
  const int64_t independent_percent_;
  const int64_t deadline_percent_;
  const BatchRule rule_;
  FairQueue queue_;
  WholeView plain_;
  absl::Time now_ = absl::UnixEpoch();
  uint64_t pushed_ = 0;
};

TEST(WholeViewTest, TheQueueAndTheRuleDecideAsIfTheyHadLookedAtEverything) {
  for (uint64_t seed = 0; seed < 2000 && !HasFailure(); ++seed) {
    SCOPED_TRACE(absl::StrCat("history ", seed));
    History(seed).Run(20);
  }
}

}  // namespace
}  // namespace distill
