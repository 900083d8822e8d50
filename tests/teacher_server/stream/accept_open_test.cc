#include "teacher_server/stream/accept_open.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/teacher_server/stream/messages.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::ErrorIs;
using ::distill::testing::IsOk;
using ::distill::testing::OpenMessage;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Names = std::vector<std::string>;

ServedTeacher Teacher() {
  ServedTeacher teacher;
  teacher.info.name = "vgg";
  teacher.info.fingerprint = std::string(64, 'a');
  teacher.info.classes = 3;
  teacher.info.class_names = {"ant", "bee", "cat"};
  teacher.numerics.fixed_batch_size = 8;
  return teacher;
}

TEST(AcceptOpenTest, GrantsWhatWasAskedFor) {
  v1::Open open = OpenMessage().open();
  open.set_model("vgg");
  open.set_fingerprint(std::string(64, 'a'));
  open.mutable_targets()->set_encoding(v1::TARGET_ENCODING_DENSE_F16);
  open.set_batch_independent(true);
  const auto terms = AcceptOpen(open, Teacher());
  ASSERT_THAT(terms, IsOk());
  EXPECT_EQ(terms->client, "test");
  EXPECT_EQ(terms->encoding.spec.encoding, TargetEncoding::kDenseF16);
  EXPECT_TRUE(terms->batch_independent);
  EXPECT_EQ(terms->encoding.class_order, nullptr);
}

TEST(AcceptOpenTest, BatchIndependenceIsRefusedWhereThereIsNoFixedBatch) {
  ServedTeacher teacher = Teacher();
  teacher.numerics.fixed_batch_size = 0;
  v1::Open open = OpenMessage().open();
  EXPECT_THAT(AcceptOpen(open, teacher), IsOk());
  open.set_batch_independent(true);
  EXPECT_THAT(AcceptOpen(open, teacher),
              ErrorIs(absl::StatusCode::kUnimplemented, HasSubstr("batch_independent")));
}

TEST(AcceptOpenTest, SomeClassesAreGrantedByNameAndByIndex) {
  v1::Open by_name = OpenMessage().open();
  for (const char* name : {"cat", "ant"}) by_name.add_class_names(name);
  EXPECT_THAT(AcceptOpen(by_name, Teacher()),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("open.class_names")));
  by_name.set_class_subset(true);
  v1::Open by_index = OpenMessage().open();
  for (const int64_t index : {2, 0}) by_index.add_class_indices(index);
  for (const v1::Open& open : {by_name, by_index}) {
    const auto terms = AcceptOpen(open, Teacher());
    ASSERT_THAT(terms, IsOk());
    EXPECT_THAT(*terms->encoding.class_order, ElementsAre(2, 0));
    EXPECT_EQ(terms->classes, 2);
    const ModelInfo answers = DescribeAnswers(Teacher().info, *terms);
    EXPECT_EQ(answers.classes, 2);
    EXPECT_THAT(answers.class_names, ElementsAre("cat", "ant"));
  }
  by_index.add_class_names("bee");
  EXPECT_THAT(AcceptOpen(by_index, Teacher()),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("class_indices")));
}

TEST(AcceptOpenTest, TargetsAreOfTheClassesThatWereChosen) {
  v1::Open open = OpenMessage().open();
  for (const int64_t index : {2, 0}) open.add_class_indices(index);
  open.mutable_targets()->set_encoding(v1::TARGET_ENCODING_TOP_K);
  open.mutable_targets()->set_k(3);
  EXPECT_THAT(AcceptOpen(open, Teacher()),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("open.targets")));
  open.mutable_targets()->set_k(2);
  EXPECT_THAT(AcceptOpen(open, Teacher()), IsOk());
}

TEST(AcceptOpenTest, AllClassesInAnotherOrderAreDescribedInTheModelsOwn) {
  v1::Open open = OpenMessage().open();
  for (const char* name : {"cat", "bee", "ant"}) open.add_class_names(name);
  const auto terms = AcceptOpen(open, Teacher());
  ASSERT_THAT(terms, IsOk());
  EXPECT_EQ(DescribeAnswers(Teacher().info, *terms), Teacher().info);
}

TEST(AcceptOpenTest, AClientNameOf128BytesIsTheLongest) {
  v1::Open open = OpenMessage().open();
  open.set_client(std::string(128, 'x'));
  EXPECT_THAT(AcceptOpen(open, Teacher()), IsOk());
  open.set_client(std::string(129, 'x'));
  EXPECT_THAT(AcceptOpen(open, Teacher()),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("open.client is 129 bytes; must be at most 128")));
}

}  // namespace
}  // namespace distill
