#include "teacher_server/stream/served_teacher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/contract/starting.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::IsOk;
using ::distill::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

ServedTeachers TwoTeachers() {
  std::vector<std::shared_ptr<const ServedTeacher>> teachers;
  for (const char* name : {"vgg", "resnet"}) {
    teachers.push_back(std::make_shared<const ServedTeacher>(
        ServedTeacher{.info = {.name = name}, .limits = {.max_message_bytes = 1000}}));
  }
  return ServedTeachers(std::move(teachers));
}

TEST(ServedTeachersTest, ATeacherIsFoundByItsNameAndTheFirstWithoutOne) {
  const ServedTeachers teachers = TwoTeachers();
  const auto named = teachers.Find("resnet");
  ASSERT_THAT(named, IsOk());
  EXPECT_EQ((*named)->info.name, "resnet");
  const auto unnamed = teachers.Find("");
  ASSERT_THAT(unnamed, IsOk());
  EXPECT_EQ((*unnamed)->info.name, "vgg");
}

TEST(ServedTeachersTest, AnotherNameIsNotFoundAndAllThatAreServedAreNamed) {
  EXPECT_THAT(TwoTeachers().Find("vgg2"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("'vgg2'"), HasSubstr("'vgg', 'resnet'"))));
}

TEST(ServedTeachersTest, BeforeTheyAreSetTheServerIsStarting) {
  ServedTeachers teachers(StreamLimits{.max_message_bytes = 1000});
  EXPECT_EQ(teachers.limits().max_message_bytes, 1000);
  EXPECT_TRUE(IsServerStarting(teachers.Find("vgg").status()));
  teachers.Set(TwoTeachers().all());
  EXPECT_THAT(teachers.Find("vgg"), IsOk());
}

TEST(ServedTeachersTest, AHostileNameIsQuotedInTheAnswer) {
  EXPECT_THAT(TwoTeachers().Find("a\nb"),
              StatusIs(absl::StatusCode::kNotFound, ::testing::Not(HasSubstr("\n"))));
}

TEST(WhatNoMessageHoldsTest, NamesTheOptionForAModelThatIsTooLarge) {
  ModelInfo model = {.name = "m", .inputs = {{"x", DType::kFloat32, {3, 224, 224}}}, .classes = 10};
  StreamLimits limits{.max_message_bytes = 1 << 20};
  EXPECT_EQ(WhatNoMessageHolds(model, limits), "");
  limits.max_message_bytes = 3 * 224 * 224 * 4;  // and nothing for the rest of the message
  EXPECT_THAT(WhatNoMessageHolds(model, limits),
              AllOf(HasSubstr("one sample of model 'm'"), HasSubstr("`max_message_size`")));
  model.inputs = {{"x", DType::kInt64, {-1}}};
  EXPECT_EQ(WhatNoMessageHolds(model, limits), "");
  model.classes = 200'000;
  EXPECT_THAT(WhatNoMessageHolds(model, limits), HasSubstr("one answer in float32"));
}

TEST(ServedTeachersTest, TheReserveOfAStreamIsAMessageAndItsAnswer) {
  EXPECT_EQ(StreamReserve(TwoTeachers().limits()), 2000);
}

}  // namespace
}  // namespace distill
