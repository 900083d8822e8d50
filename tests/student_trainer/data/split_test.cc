#include "student_trainer/data/split.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FollowsGrammar;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Returns `n` labels, of class c with a weight of c + 1, in an order that the seed determines;
// every `unlabelled_every`-th has none.
std::vector<int64_t> SomeLabels(int64_t n, int64_t classes, uint64_t seed,
                                int64_t unlabelled_every) {
  std::vector<int64_t> labels;
  while (static_cast<int64_t>(labels.size()) < n) {
    for (int64_t c = 0; c < classes; ++c)
      labels.insert(labels.end(), static_cast<size_t>(c + 1), c);
  }
  labels.resize(static_cast<size_t>(n));
  Shuffle(labels, seed);
  for (size_t i = 0; unlabelled_every > 0 && i < labels.size(); ++i) {
    if (static_cast<int64_t>(i) % unlabelled_every == 0) labels[i] = -1;
  }
  return labels;
}

std::map<int64_t, int64_t> CountByClass(const std::vector<int64_t>& ids,
                                        const std::vector<int64_t>& labels) {
  std::map<int64_t, int64_t> counts;
  for (const int64_t id : ids) ++counts[labels[static_cast<size_t>(id)]];
  return counts;
}

std::vector<int64_t> AllLabelled(const std::vector<int64_t>& labels) {
  std::vector<int64_t> ids;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0) ids.push_back(static_cast<int64_t>(i));
  }
  return ids;
}

// Expects that each class of `population` gave the floor or ceiling of its share of `drawn`.
void ExpectStratified(const std::vector<int64_t>& drawn, const std::vector<int64_t>& population,
                      const std::vector<int64_t>& labels) {
  std::map<int64_t, int64_t> counts = CountByClass(drawn, labels);
  for (const auto& [label, available] : CountByClass(population, labels)) {
    const double share = static_cast<double>(drawn.size()) * static_cast<double>(available) /
                         static_cast<double>(population.size());
    EXPECT_GE(counts[label], std::floor(share - 1e-9)) << "class " << label;
    EXPECT_LE(counts[label], std::ceil(share + 1e-9)) << "class " << label;
  }
}

TEST(SplitTest, PartsAreDisjointCompleteAscendingAndStratified) {
  for (const int64_t n : {1, 7, 100, 1003}) {
    for (const int64_t classes : {1, 3, 10}) {
      for (uint64_t seed = 0; seed < 5; ++seed) {
        const std::vector<int64_t> labels = SomeLabels(n, classes, seed, seed % 2 == 0 ? 0 : 4);
        const std::vector<int64_t> labelled = AllLabelled(labels);
        SplitOptions options;
        options.val_fraction = 0.3;
        options.label_fraction = 0.25;
        options.split_seed = seed;
        const auto split = SplitDataset(labels, options);
        ASSERT_TRUE(split.ok()) << split.status();

        std::vector<int64_t> all;
        for (const auto* part : {&split->validation, &split->labelled, &split->unlabelled}) {
          EXPECT_TRUE(std::is_sorted(part->begin(), part->end()));
          all.insert(all.end(), part->begin(), part->end());
        }
        std::sort(all.begin(), all.end());
        ASSERT_THAT(all, SizeIs(static_cast<size_t>(n)));
        for (int64_t i = 0; i < n; ++i) EXPECT_EQ(all[static_cast<size_t>(i)], i);

        std::vector<int64_t> remaining;
        std::set_difference(labelled.begin(), labelled.end(), split->validation.begin(),
                            split->validation.end(), std::back_inserter(remaining));
        EXPECT_THAT(split->validation, SizeIs(std::llround(0.3 * labelled.size())));
        EXPECT_THAT(split->labelled, SizeIs(std::llround(0.25 * remaining.size())));
        ExpectStratified(split->validation, labelled, labels);
        ExpectStratified(split->labelled, remaining, labels);
        EXPECT_EQ(CountByClass(split->validation, labels).count(-1), 0u);
        EXPECT_EQ(CountByClass(split->labelled, labels).count(-1), 0u);
      }
    }
  }
}

// Draws options as a user may give them: none, some or all held out, then none, some or all of the
// remaining labels kept, each as a count or as a fraction.
TEST(SplitTest, AnyCountsAndFractionsSplitAnyLabels) {
  SplitMix64 random(7);
  for (int round = 0; round < 10'000; ++round) {
    const auto n = static_cast<int64_t>(random.Below(120));
    const auto classes = static_cast<int64_t>(1 + random.Below(50));
    const std::vector<int64_t> labels =
        SomeLabels(n, classes, round, static_cast<int64_t>(random.Below(4)));
    const auto labelled = static_cast<int64_t>(AllLabelled(labels).size());
    // Nothing, everything, or some of it.
    const auto part = [&](int64_t whole) -> int64_t {
      const uint64_t kind = random.Below(3);
      return kind == 0 ? 0 : kind == 1 ? whole : static_cast<int64_t>(random.Below(whole + 1));
    };
    SplitOptions options{.split_seed = random.Next()};
    if (random.Below(2) == 0) {
      options.val_count = part(labelled);
    } else {
      options.val_fraction = static_cast<double>(part(1000)) / 1000.001;
    }
    const int64_t held_out = options.val_count.value_or(
        std::llround(options.val_fraction.value_or(0) * static_cast<double>(labelled)));
    int64_t kept = 0;
    if (random.Below(2) == 0) {
      options.label_count = kept = part(labelled - held_out);
    } else {
      options.label_fraction = static_cast<double>(part(1000)) / 1000;
      kept = std::llround(*options.label_fraction * static_cast<double>(labelled - held_out));
    }
    const absl::StatusOr<Split> split = SplitDataset(labels, options);
    ASSERT_THAT(split, testing::IsOk());
    ASSERT_EQ(static_cast<int64_t>(split->validation.size()), held_out);
    ASSERT_EQ(static_cast<int64_t>(split->labelled.size()), kept);
    ASSERT_EQ(static_cast<int64_t>(split->unlabelled.size()), n - held_out - kept);
  }
}

TEST(SplitTest, DefaultHoldsOutATenthAndKeepsEveryOtherLabel) {
  const std::vector<int64_t> labels = SomeLabels(1000, 10, 1, 0);
  const auto split = SplitDataset(labels, {});
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_THAT(split->validation, SizeIs(100));
  EXPECT_THAT(split->labelled, SizeIs(900));
  EXPECT_THAT(split->unlabelled, IsEmpty());
}

TEST(SplitTest, CountsAreExact) {
  const std::vector<int64_t> labels = SomeLabels(55, 7, 1, 0);
  for (int64_t count = 0; count <= 50; ++count) {
    SplitOptions options;
    options.val_count = 5;
    options.label_count = count;
    const auto split = SplitDataset(labels, options);
    ASSERT_TRUE(split.ok()) << split.status();
    EXPECT_THAT(split->validation, SizeIs(5));
    EXPECT_THAT(split->labelled, SizeIs(static_cast<size_t>(count)));
    EXPECT_THAT(split->unlabelled, SizeIs(static_cast<size_t>(50 - count)));
  }
}

TEST(SplitTest, ValidationDoesNotDependOnTheLabelsKept) {
  const std::vector<int64_t> labels = SomeLabels(500, 10, 1, 0);
  SplitOptions options;
  const auto all = SplitDataset(labels, options);
  ASSERT_TRUE(all.ok()) << all.status();
  for (const int64_t count : {0, 1, 30, 449}) {
    options.label_count = count;
    EXPECT_EQ(SplitDataset(labels, options)->validation, all->validation);
  }
}

TEST(SplitTest, DependsOnTheSplitSeed) {
  const std::vector<int64_t> labels = SomeLabels(500, 10, 1, 0);
  SplitOptions options;
  options.label_count = 50;
  const auto first = SplitDataset(labels, options);
  const auto again = SplitDataset(labels, options);
  options.split_seed = 1;
  const auto other = SplitDataset(labels, options);
  EXPECT_EQ(first->validation, again->validation);
  EXPECT_EQ(first->labelled, again->labelled);
  EXPECT_NE(first->validation, other->validation);
  EXPECT_NE(first->labelled, other->labelled);
}

// Golden values of split_golden.py. A different draw would give students other samples than an
// existing teacher was trained on.
TEST(SplitTest, DrawIsTheOneThatOlderRunsMade) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < 40; ++i) labels.push_back(i * i % 7);
  SplitOptions options;
  options.val_count = 6;
  options.label_count = 9;
  options.split_seed = 3;
  const auto split = SplitDataset(labels, options);
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_THAT(split->validation, ElementsAre(15, 16, 21, 24, 30, 39));
  EXPECT_THAT(split->labelled, ElementsAre(4, 6, 10, 12, 19, 28, 31, 34, 36));
}

TEST(SplitTest, NeitherTheOrderOfClassesNorThatOfSamplesIsFavoured) {
  // One of four equal classes, and of its four samples one, is drawn.
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < 16; ++i) labels.push_back(i % 4);
  std::map<int64_t, int64_t> by_class, by_sample;
  SplitOptions options;
  options.val_count = 1;
  constexpr int kDraws = 4000;
  for (options.split_seed = 0; options.split_seed < kDraws; ++options.split_seed) {
    const auto split = SplitDataset(labels, options);
    ++by_sample[split->validation[0]];
    ++by_class[labels[static_cast<size_t>(split->validation[0])]];
  }
  for (int64_t c = 0; c < 4; ++c) EXPECT_NEAR(by_class[c], 1000, 5 * 28);   // five standard
  for (int64_t i = 0; i < 16; ++i) EXPECT_NEAR(by_sample[i], 250, 5 * 16);  // deviations
}

TEST(SplitTest, UnlabelledDataIsTransferSet) {
  const auto split = SplitDataset({-1, -1, -1}, {});
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_THAT(split->validation, IsEmpty());
  EXPECT_THAT(split->labelled, IsEmpty());
  EXPECT_THAT(split->unlabelled, ElementsAre(0, 1, 2));
  EXPECT_TRUE(SplitDataset({}, {}).ok());
}

TEST(SplitTest, MoreThanThereIsIsRefusedWithBothNumbers) {
  const std::vector<int64_t> labels = SomeLabels(100, 3, 1, 2);
  SplitOptions options;
  options.val_count = 51;
  absl::Status status = SplitDataset(labels, options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("`val_count` is 51; must be at most 50"), FollowsGrammar()));
  options.val_count = 10;
  options.label_count = 41;
  status = SplitDataset(labels, options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("`label_count` is 41; must be at most 40"), FollowsGrammar()));
}

TEST(SplitTest, BadOptionsAreNamed) {
  const auto message = [](auto change) {
    SplitOptions options;
    change(options);
    const absl::Status status = options.Validate();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(SplitDataset({0, 1}, options).status(), status);
    return std::string(status.message());
  };
  EXPECT_THAT(message([](SplitOptions& o) { o.val_fraction = 1; }),
              HasSubstr("`val_fraction` is 1; must be"));
  EXPECT_THAT(message([](SplitOptions& o) { o.val_fraction = -0.1; }), HasSubstr("val_fraction"));
  EXPECT_THAT(message([](SplitOptions& o) { o.val_fraction = std::nan(""); }),
              HasSubstr("val_fraction"));
  EXPECT_THAT(message([](SplitOptions& o) { o.label_fraction = 1.01; }),
              HasSubstr("`label_fraction` is 1.01; must be"));
  EXPECT_THAT(message([](SplitOptions& o) { o.val_count = -1; }),
              HasSubstr("`val_count` is -1; must be"));
  EXPECT_THAT(message([](SplitOptions& o) { o.label_count = -1; }),
              HasSubstr("`label_count` is -1; must be"));
  EXPECT_THAT(message([](SplitOptions& o) {
                o.label_count = 5;
                o.label_fraction = 0.5;
              }),
              HasSubstr("; give one of them"));
  EXPECT_EQ(SplitDataset({0, -2}, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace distill
