#include "student_trainer/students/student.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/student_trainer/testing/small_dataset.h"
#include "tests/student_trainer/testing/small_model_directory.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::SmallDataset;
using testing::SmallDescription;
using testing::StatusIs;
using testing::WriteSmallModel;

class StudentTest : public ::testing::Test {
 protected:
  StudentTest() {
    options_.student = "mlp_small";
    SetData(4, {});
  }

  void SetData(int64_t classes, std::vector<std::string> names) {
    data_.train = std::make_unique<SmallDataset>(40, classes, std::move(names));
    data_.split.labelled = AllSamples(*data_.train);
    data_.corrupt_train = std::make_unique<CorruptSamples>();
  }

  absl::StatusOr<TrainableModel> Make(const std::optional<ModelInfo>& teacher = std::nullopt) {
    return MakeStudent(options_, data_, data_.split.labelled, teacher, seed_);
  }

  static bool Equal(const Model& a, const Model& b) {
    const auto theirs = b.named_parameters();
    const auto ours = a.named_parameters();
    return std::all_of(ours.begin(), ours.end(),
                       [&](const auto& item) { return item.value().equal(theirs[item.key()]); });
  }

  const testing::TempDir dir_;
  StudentOptions options_;
  uint64_t seed_ = 0;
  TrainingData data_;
};

TEST_F(StudentTest, FreshParametersAreAFunctionOfTheSeed) {
  seed_ = 1;
  const auto first = Make();
  const auto again = Make();
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(Equal(*first->model, *again->model));
  seed_ = 2;
  const auto other = Make();
  ASSERT_THAT(other, IsOk());
  EXPECT_FALSE(Equal(*first->model, *other->model));
}

TEST_F(StudentTest, ANameOfTheZooIsMadeForTheDataAndMeasuresThem) {
  SetData(3, {"ant", "bee", "cat"});
  const auto student = Make();
  ASSERT_THAT(student, IsOk());
  const ModelDescription& description = student->description;
  EXPECT_EQ(description.inputs[0].shape, (Shape{1, 4, 4}));
  EXPECT_THAT(description.class_names, ::testing::ElementsAre("ant", "bee", "cat"));
  EXPECT_EQ(description.arguments["classes"], 3);
  ASSERT_EQ(description.normalization.mean.size(), 1u);
  EXPECT_GT(description.normalization.mean[0], 0);
}

TEST_F(StudentTest, ArgumentsThatAreThoseOfTheDataMayNotDiffer) {
  options_.arguments = R"({"hidden": [5], "classes": 4})";
  EXPECT_THAT(Make(), IsOk());
  options_.arguments = R"({"classes": 5})";
  EXPECT_THAT(
      Make().status(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("`student_arguments`: 'classes' is 5, where that of the data is 4; "
                         "leave it out")));
}

TEST_F(StudentTest, OfTheTeacherItHasTheClasses) {
  const ModelInfo teacher{.fingerprint = "ffff", .classes = 3, .class_names = {"x", "y", "z"}};
  const auto student = Make(teacher);
  ASSERT_THAT(student, IsOk());
  EXPECT_EQ(student->description.arguments["classes"], 3);
  EXPECT_THAT(student->description.class_names, ::testing::ElementsAre("x", "y", "z"));
}

TEST_F(StudentTest, ADirectorysWeightsAndNormalisationAreContinuedWith) {
  const auto written = WriteSmallModel(dir_ / "model", SmallDescription());
  options_.student = (dir_ / "model").string();
  const auto student = Make();
  ASSERT_THAT(student, IsOk());
  EXPECT_TRUE(Equal(*student->model, *written));
  EXPECT_EQ(student->description.normalization, SmallDescription().normalization);
}

TEST_F(StudentTest, ADirectoryThatDoesNotFitTheDataIsNamed) {
  options_.student = (dir_ / "model").string();
  WriteSmallModel(dir_ / "model", SmallDescription({1, 5, 5}));
  EXPECT_THAT(Make(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr(options_.student), HasSubstr("[1, 5, 5]"),
                                     HasSubstr("[1, 4, 4]"))));
  WriteSmallModel(dir_ / "model", SmallDescription({1, 4, 4}, /*classes=*/7));
  EXPECT_THAT(Make(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("4 classes")));
  SetData(4, {"ant", "bee", "cat", "dog"});
  ModelDescription other_names = SmallDescription();
  other_names.class_names = {"ant", "bee", "cat", "elk"};
  WriteSmallModel(dir_ / "model", other_names);
  EXPECT_THAT(Make(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr("dog"), HasSubstr("elk"))));
}

TEST_F(StudentTest, TensorsOfTheSameNameAndShapeAreTakenOver) {
  const auto source = WriteSmallModel(dir_ / "model", SmallDescription({1, 4, 4}, /*classes=*/7));
  options_.init_from = (dir_ / "model").string();
  const auto student = Make();
  ASSERT_THAT(student, IsOk());
  int64_t taken = 0, fresh = 0;
  const auto theirs = source->named_parameters();
  for (const auto& item : student->model->named_parameters()) {
    ++(item.value().equal(theirs[item.key()]) ? taken : fresh);
  }
  EXPECT_GT(taken, 0);
  EXPECT_EQ(fresh, 2);  // the head's weight and bias
}

TEST_F(StudentTest, AnOptionThatCannotBeIsNamed) {
  options_.student = "mlp_smal";
  EXPECT_THAT(Make(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("mlp_small")));
  options_.student = "mlp_small";
  options_.resolution = ImageSize{8, 8};  // larger than the data
  EXPECT_THAT(Make(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("student_resolution")));
  options_.resolution.reset();
  options_.init_from = (dir_ / "none").string();
  EXPECT_THAT(Make(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("init_from")));
}

TEST_F(StudentTest, ASmallerResolutionIsTheStudentsInput) {
  options_.resolution = ImageSize{2, 2};
  const auto student = Make();
  ASSERT_THAT(student, IsOk());
  EXPECT_EQ(student->description.inputs[0].shape, (Shape{1, 2, 2}));
}

}  // namespace
}  // namespace distill
