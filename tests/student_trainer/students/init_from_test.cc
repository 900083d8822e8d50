#include "student_trainer/students/init_from.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/torch/host_tensors.h"
#include "common/zoo/weights.h"
#include "tests/student_trainer/testing/small_model_directory.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::SmallDescription;
using testing::StatusIs;
using testing::WriteSmallModel;

// Another model of the student's architecture, whose tensors are written in the ways in which they
// are handed around.
class InitFromTest : public ::testing::Test {
 protected:
  InitFromTest() : theirs_(WriteSmallModel(dir_ / "model", SmallDescription(), /*seed=*/2)) {
    std::filesystem::create_directory(dir_ / "from");
  }

  static TrainableModel Student() {
    TrainableModel student{nullptr, SmallDescription()};
    student.description.normalization = {.scale = 255, .mean = {0.1}, .std = {0.2}};
    at::manual_seed(1);
    student.model =
        CreateModel({student.description.architecture, student.description.arguments}).value();
    return student;
  }

  // Their tensors, with a prefix, as float16 if that is asked for.
  TensorMap Theirs(const std::string& prefix = "", bool half = false) const {
    TensorMap tensors;
    for (const auto& [name, tensor] : StateOf(*theirs_)) {
      const at::Tensor own = ToTorch(tensor);
      tensors.emplace(prefix + name,
                      FromTorch(half && own.is_floating_point() ? own.to(at::kHalf) : own.clone()));
    }
    return tensors;
  }

  void Write(const TensorMap& tensors, const std::string& file = "model.safetensors") const {
    ASSERT_THAT(WriteSafetensors(dir_ / "from" / file, tensors), IsOk());
  }

  bool HasTheirs(const TrainableModel& student, double tolerance = 0) const {
    for (const auto& [name, tensor] : StateOf(*student.model)) {
      if (!at::allclose(ToTorch(tensor), ToTorch(StateOf(*theirs_).at(name)), 0, tolerance)) {
        return false;
      }
    }
    return true;
  }

  absl::Status Init(TrainableModel& student, bool keep_normalization = false) const {
    return InitFrom(dir_ / "from", keep_normalization, student);
  }

  const testing::TempDir dir_;
  const std::shared_ptr<Model> theirs_;
};

TEST_F(InitFromTest, PrefixesOfWrappersDoNotMatter) {
  for (const char* prefix : {"", "module.", "_orig_mod.", "encoder.", "backbone.",
                             "_orig_mod.module.", "module.model.encoder."}) {
    SCOPED_TRACE(prefix);
    Write(Theirs(prefix));
    TrainableModel student = Student();
    ASSERT_FALSE(HasTheirs(student));
    ASSERT_THAT(Init(student), IsOk());
    EXPECT_TRUE(HasTheirs(student));
    EXPECT_EQ(ChooseTensors(Theirs(prefix), StateOf(*student.model)).prefix, prefix);
  }
}

TEST_F(InitFromTest, WhatIsMissingLeftOverOrOfAnotherShapeIsFresh) {
  TensorMap tensors = Theirs();
  const std::string first = tensors.begin()->first;
  tensors.erase(first);
  tensors.emplace("total_ops", FromTorch(at::ones({1})));
  const std::string last = std::prev(StateOf(*theirs_).end())->first;
  tensors[last] = FromTorch(at::ones({7}));
  const TakenOver taken = ChooseTensors(tensors, StateOf(*Student().model));
  EXPECT_THAT(taken.fresh, ElementsAre(first, last));
  EXPECT_EQ(taken.tensors.size() + 2, StateOf(*theirs_).size());
  EXPECT_EQ(taken.prefix, "");
}

TEST_F(InitFromTest, Float16BecomesFloat32) {
  Write(Theirs("", /*half=*/true));
  TrainableModel student = Student();
  ASSERT_THAT(Init(student), IsOk());
  EXPECT_TRUE(HasTheirs(student, 1e-3));
  for (const at::Tensor& parameter : student.model->parameters()) {
    EXPECT_EQ(parameter.scalar_type(), at::kFloat);
  }
}

TEST_F(InitFromTest, ShardsAreReadByTheirIndex) {
  TensorMap first = Theirs(), second;
  second.insert(first.extract(first.begin()));
  Write(first, "model-1.safetensors");
  Write(second, "model-2.safetensors");
  nlohmann::json map;
  for (const auto& [name, tensor] : first) map[name] = "model-1.safetensors";
  for (const auto& [name, tensor] : second) map[name] = "model-2.safetensors";
  const auto index = dir_ / "from/model.safetensors.index.json";
  ASSERT_THAT(WriteFileAtomically(index, nlohmann::json{{"weight_map", map}}.dump()), IsOk());
  TrainableModel student = Student();
  ASSERT_THAT(Init(student), IsOk());
  EXPECT_TRUE(HasTheirs(student));

  map["absent"] = "model-2.safetensors";
  ASSERT_THAT(WriteFileAtomically(index, nlohmann::json{{"weight_map", map}}.dump()), IsOk());
  EXPECT_THAT(Init(student), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("'absent'")));
  map["absent"] = "../model/model.safetensors";
  ASSERT_THAT(WriteFileAtomically(index, nlohmann::json{{"weight_map", map}}.dump()), IsOk());
  EXPECT_THAT(Init(student), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'absent'")));
  ASSERT_THAT(WriteFileAtomically(index, "{}"), IsOk());
  EXPECT_THAT(Init(student), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("weight_map")));
}

TEST_F(InitFromTest, AFileAloneAndAForeignConfigGiveTheirTensors) {
  Write(Theirs());
  ASSERT_THAT(WriteFileAtomically(dir_ / "from/config.json", R"({"model_type": "resnet"})"),
              IsOk());
  for (const auto& path : {dir_ / "from", dir_ / "from/model.safetensors"}) {
    TrainableModel student = Student();
    ASSERT_THAT(InitFrom(path, false, student), IsOk());
    EXPECT_TRUE(HasTheirs(student));
    EXPECT_THAT(student.description.normalization.mean, ElementsAre(0.1));
  }
}

TEST_F(InitFromTest, TheSourcesMeanAndDeviationAreTaken) {
  TrainableModel student = Student();
  ASSERT_THAT(InitFrom(dir_ / "model", false, student), IsOk());
  EXPECT_EQ(student.description.normalization, SmallDescription().normalization);
  student = Student();
  ASSERT_THAT(InitFrom(dir_ / "model", /*keep_normalization=*/true, student), IsOk());
  EXPECT_THAT(student.description.normalization.mean, ElementsAre(0.1));
}

TEST_F(InitFromTest, WhereNothingFitsTenNamesAreShown) {
  TensorMap tensors;
  for (int i = 0; i < 200; ++i) {
    tensors.emplace(absl::StrCat("layer", i, ".weight"), FromTorch(at::ones({1})));
  }
  Write(tensors);
  TrainableModel student = Student();
  const absl::Status status = Init(student);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               AllOf(HasSubstr("layer0.weight"), HasSubstr("and 190 more"))));
  EXPECT_LT(status.message().size(), 400u);
}

TEST_F(InitFromTest, AFolderWithoutWeightsIsNamed) {
  TrainableModel student = Student();
  EXPECT_THAT(Init(student),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("model.safetensors.index.json")));
  EXPECT_THAT(InitFrom(dir_ / "absent", false, student), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace distill
