#include "student_trainer/alignment/teacher_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

TEST(TeacherAccessTest, WithoutATeacherNothingMayBeShownToOne) {
  EXPECT_TRUE(TeacherAccess().none());
  EXPECT_THAT(TeacherAccess().Validate(), IsOk());
  for (const ClientSecurity& security :
       {ClientSecurity{.token_file = "token"}, ClientSecurity{.tls = true},
        ClientSecurity{.ca = "ca.crt"}}) {
    EXPECT_THAT(TeacherAccess{.security = security}.Validate(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("teacher")));
  }
}

TEST(TeacherAccessTest, WithoutATeacherItsOptionsAreRefused) {
  const std::pair<const char*, TeacherAccess> given[] = {
      {"teacher_model", {.model = "large"}},
      {"teacher_classes", {.classes = "by_name"}},
      {"connect_timeout", {.connect_timeout = absl::Seconds(20)}},
  };
  for (const auto& [name, access] : given) {
    EXPECT_THAT(access.Validate(),
                testing::ErrorIs(absl::StatusCode::kInvalidArgument,
                                 absl::StrCat("`", name, "`: it is given without `teacher`; ",
                                              "give its address")));
  }
}

TEST(TeacherAccessTest, TheAddressThatIsWrongIsNamed) {
  EXPECT_THAT(TeacherAccess({.addresses = {"host:1", "unix:/socket"}}).Validate(), IsOk());
  EXPECT_THAT(TeacherAccess({.addresses = {"host:1", "nowhere"}}).Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'nowhere'")));
  EXPECT_THAT(TeacherAccess({.addresses = {"host:1", "host:1"}}).Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'host:1'")));
}

TEST(TeacherAccessTest, ATokenCrossesANetworkEncryptedToEveryTeacher) {
  TeacherAccess access{.addresses = {"localhost:1", "host:1"}, .security = {.token_file = "token"}};
  EXPECT_THAT(access.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("token_file")));
  access.security.tls = true;
  EXPECT_THAT(access.Validate(), IsOk());
  access = {.addresses = {"localhost:1"}, .security = {.token_file = "token"}};
  EXPECT_THAT(access.Validate(), IsOk());
}

TEST(TeacherAccessTest, ClassesOfATeacherWithMoreAreNamedOrListed) {
  TeacherAccess access{.addresses = {"host:1"}};
  EXPECT_THAT(access.ResolvedClasses({"a", "b"})->names, ElementsAre("a", "b"));
  EXPECT_FALSE(access.ResolvedClasses({"a", "b"})->subset);
  access.classes = "by_name";
  EXPECT_THAT(access.Validate(), IsOk());
  EXPECT_TRUE(access.ResolvedClasses({"a", "b"})->subset);
  EXPECT_THAT(access.ResolvedClasses({}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("class_names")));
  access.classes = "1,4,0";
  EXPECT_THAT(access.Validate(), IsOk());
  EXPECT_THAT(access.ResolvedClasses({"a", "b", "c"})->indices, ElementsAre(1, 4, 0));
  EXPECT_THAT(access.ResolvedClasses({"a", "b", "c"})->names, IsEmpty());
  for (const char* wrong : {"name", "1,,2", "-1", "1,a", "1.5"}) {
    access.classes = wrong;
    EXPECT_THAT(access.Validate(), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("must be by_name, or indices")))
        << wrong;
  }
  EXPECT_THAT(TeacherAccess{.classes = "by_name"}.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("teacher_classes")));
}

TEST(TeacherAccessTest, ATimeoutThatIsNotPositiveIsNamed) {
  TeacherAccess access{.addresses = {"host:1"}, .connect_timeout = absl::ZeroDuration()};
  EXPECT_THAT(access.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("connect_timeout")));
}

}  // namespace
}  // namespace distill
