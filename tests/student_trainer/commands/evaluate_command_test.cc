#include "student_trainer/commands/evaluate_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/files.h"
#include "common/torch/host_tensors.h"
#include "tests/student_trainer/testing/small_model_directory.h"
#include "tests/student_trainer/testing/test_files.h"
#include "tests/testing/fake_teacher/fake_teacher.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::FakeTeacher;
using testing::FakeTeacherOptions;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::SmallDescription;
using testing::StatusIs;
using testing::WriteSmallModel;

constexpr uint32_t kSamples = 20;
// Of each class another number of samples.
const std::vector<uint8_t> kLabels = {0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3};

class EvaluateCommandTest : public ::testing::Test {
 protected:
  EvaluateCommandTest() {
    dir_.Write("t10k-images-idx3-ubyte",
               Idx(0x803, {kSamples, 4, 4}, Counting(size_t{kSamples} * 16)));
    dir_.Write("t10k-labels-idx1-ubyte", LabelsFile(kLabels));
    options_.test = dir_.path().string();
    options_.json = (dir_ / "figures.json").string();
    options_.batch_size = 4;
    options_.threads = 1;
  }

  void AddModel(const std::string& name, const ModelDescription& description, uint64_t seed = 1) {
    WriteSmallModel(dir_ / name, description, seed);
    options_.models.push_back((dir_ / name).string());
  }

  absl::Status Evaluate(std::stop_token stop = {}) {
    return RunEvaluate(options_, std::move(stop), out_, Clock::Real());
  }

  nlohmann::json Figures() const { return nlohmann::json::parse(*ReadFile(options_.json)); }

  const TemporaryFolder dir_;
  EvaluateOptions options_;
  std::ostringstream out_;
};

TEST_F(EvaluateCommandTest, EachModelHasAColumnAndAnObject) {
  AddModel("first", SmallDescription());
  AddModel("second", SmallDescription({1, 2, 2}), /*seed=*/2);  // sees the images downsampled
  ASSERT_THAT(Evaluate(), IsOk());
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("first"), HasSubstr("second")));
  const nlohmann::json figures = Figures();
  ASSERT_EQ(figures.size(), 2u);
  EXPECT_EQ(figures[0]["model"], options_.models[0]);
  EXPECT_EQ(figures[0]["samples"], kSamples);
  EXPECT_GT(figures[0]["parameters"], figures[1]["parameters"]);
  EXPECT_FALSE(figures[0].contains("teacher_agreement"));
}

TEST_F(EvaluateCommandTest, TheTeachersAnswersAreComparedWhereThereIsOne) {
  FakeTeacherOptions of_images;
  of_images.model.inputs = {{"image", DType::kUint8, {1, 4, 4}}};
  of_images.model.classes = 4;
  FakeTeacher teacher(of_images);
  teacher.Start();
  AddModel("model", SmallDescription());
  options_.teacher.addresses = {teacher.address()};
  ASSERT_THAT(Evaluate(), IsOk());
  const nlohmann::json agreement = Figures()[0]["teacher_agreement"];
  ASSERT_TRUE(agreement.is_number());
  EXPECT_GE(agreement.get<double>(), 0);
  EXPECT_LE(agreement.get<double>(), 1);
  int64_t asked = 0;
  for (const auto& request : teacher.requests()) asked += request.samples;
  EXPECT_EQ(asked, kSamples);
}

TEST_F(EvaluateCommandTest, AModelThatDoesNotFitTheDataIsNamed) {
  AddModel("vectors", SmallDescription({16}));
  EXPECT_THAT(Evaluate(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                   AllOf(HasSubstr(options_.models[0]), HasSubstr("[16]"))));
  options_.models.clear();
  AddModel("fewer", SmallDescription({1, 4, 4}, /*classes=*/3));
  EXPECT_THAT(Evaluate(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                   AllOf(HasSubstr(options_.models[0]), HasSubstr("3 classes"))));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(EvaluateCommandTest, EachModelSeesTheTestSetInItsOwnSize) {
  AddModel("same", SmallDescription());
  AddModel("larger", SmallDescription({1, 8, 8}));
  AddModel("flat", SmallDescription({1, 2, 6}));
  AddModel("coloured", SmallDescription({3, 4, 4}));
  ASSERT_THAT(Evaluate(), IsOk());
  EXPECT_EQ(Figures().size(), 4u);
  for (const nlohmann::json& figures : Figures()) EXPECT_EQ(figures["samples"], kSamples);
}

TEST_F(EvaluateCommandTest, ClassesOfAnotherOrderAreComparedByTheirNames) {
  ModelDescription description = SmallDescription();
  description.class_names = {"a", "b", "c", "d"};
  AddModel("model", description);
  const std::string pixels = Counting(size_t{kSamples} * 16);
  const at::Tensor images =
      ToTorch(HostTensor{DType::kUint8, {kSamples, 1, 4, 4}, Bytes::FromString(pixels)});
  const auto model = LoadedModel::Load(options_.models[0]);
  ASSERT_THAT(model, IsOk());
  const at::Tensor answers = (*model)->Logits({images}).value().argmax(1);
  const at::Tensor labels = torch::tensor(std::vector<int64_t>(kLabels.begin(), kLabels.end()));
  const auto in_order = answers.ne(labels).sum().item<int64_t>();
  const auto reversed = (3 - answers).ne(labels).sum().item<int64_t>();
  ASSERT_NE(in_order, reversed);

  options_.class_names = dir_.Write("names", "a\nb\nc\nd\n");
  ASSERT_THAT(Evaluate(), IsOk());
  EXPECT_EQ(Figures()[0]["errors"], in_order);
  options_.class_names = dir_.Write("names", "d\nc\nb\na\n");
  ASSERT_THAT(Evaluate(), IsOk());
  EXPECT_EQ(Figures()[0]["errors"], reversed);
}

TEST_F(EvaluateCommandTest, NamesTheOptionThatIsWrong) {
  const auto refuses = [](const EvaluateOptions& options, const std::string& option) {
    EXPECT_THAT(options.Validate(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(option)));
  };
  options_.models = {"model"};
  EXPECT_THAT(options_.Validate(), IsOk());
  refuses({.test = "data"}, "`models`: it is missing");
  refuses({.models = {"model"}}, "test");
  refuses({.models = {"model"}, .test = "data", .batch_size = 0}, "batch_size");
  refuses({.models = {"model"}, .test = "data", .threads = -1}, "threads");
  refuses({.models = {"model"}, .test = "data", .max_corrupt = -1}, "max_corrupt");
  refuses({.models = {"model"}, .test = "data", .teacher = {.addresses = {"nowhere"}}}, "nowhere");
}

}  // namespace
}  // namespace distill
