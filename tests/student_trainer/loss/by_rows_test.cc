#include "student_trainer/loss/by_rows.h"

#include <gtest/gtest.h>

#include "tests/student_trainer/loss/objective_fixture.h"
#include "tests/testing/counting_allocator.h"

namespace distill::testing {
namespace {

ObjectiveInput WorkedBatch(int64_t n, int64_t classes) {
  return {.student_logits = SomeLogits(n, classes, 1).requires_grad_(),
          .targets = FullLogits{SomeLogits(n, classes, 2)}};
}

TEST(ByRowsTest, ChunksCoverAllRowsInOrder) {
  for (const auto& [rows, classes] : {std::pair{1, 2}, {7, 100'000}, {3, 300'000}, {10, 262'144}}) {
    int64_t next = 0;
    ForEachChunk(WorkedBatch(rows, classes), [&](const ObjectiveInput& chunk, int64_t begin) {
      EXPECT_EQ(begin, next);
      EXPECT_GE(chunk.rows(), 1);
      EXPECT_TRUE(chunk.rows() == 1 || chunk.student_logits.numel() <= kChunkElements);
      next += chunk.rows();
    });
    EXPECT_EQ(next, rows);
  }
}

TEST(ByRowsTest, TheGradientIsScaledByWhatComesBehind) {
  const ObjectiveInput batch = WorkedBatch(7, 100'000);
  const at::Tensor sum = SumByRows(
      batch, [](const ObjectiveInput& rows) { return rows.student_logits.square().sum(); });
  (sum * 3).backward();
  EXPECT_TRUE(at::allclose(batch.student_logits.grad(), 6 * batch.student_logits.detach()));
}

TEST(ByRowsTest, AnErrorOfAChunkIsThrown) {
  EXPECT_THROW(
      SumByRows(WorkedBatch(7, 100'000),
                [](const ObjectiveInput& rows) -> at::Tensor { TORCH_CHECK(false, rows.rows()); }),
      c10::Error);
}

// In addition to the logits of both sides there are the gradient, and one more copy while it is
// passed on.
TEST(ByRowsTest, NoObjectiveHoldsMoreThanTwoCopiesOfTheLogits) {
  CountingAllocator& allocator = CountingAllocator::Install();
  const int64_t rows = 48, classes = 128'000;
  const at::Tensor student = SomeLogits(rows, classes, 1, 4, at::kFloat).requires_grad_();
  const at::Tensor teacher = SomeLogits(rows, classes, 2, 4, at::kFloat);
  for (const Objective& objective : AllObjectives()) {
    // Rows are standardised within their chunk, except in mlkd, which uses columns.
    if (objective.standardize_logits && objective.type->name != "kd") continue;
    student.mutable_grad() = at::Tensor();
    allocator.Begin();
    objective
        .Loss({.student_logits = student,
               .targets = FullLogits{teacher},
               .labels = SomeLabels(rows, classes),
               .temperature = 2})
        .backward();
    const double copies =
        static_cast<double>(allocator.most()) / static_cast<double>(student.nbytes());
    EXPECT_LT(copies, 2.5) << NameOf(objective);  // chunks are a 24th each
    EXPECT_GT(copies, 0.9) << NameOf(objective);
  }
}

}  // namespace
}  // namespace distill::testing
