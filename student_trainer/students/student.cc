#include "student_trainer/students/student.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/contract/input_batch.h"
#include "common/torch/host_tensors.h"
#include "common/torch/torch_errors.h"
#include "common/zoo/model_inputs.h"
#include "common/zoo/registry.h"
#include "student_trainer/data/class_names.h"
#include "student_trainer/data/normalization.h"
#include "student_trainer/data/prepared_dataset.h"
#include "student_trainer/students/init_from.h"
#include "student_trainer/views/image_size.h"

namespace distill {
namespace {

// What the student sees of a sample: the data's input, at its own resolution.
absl::StatusOr<InputSpec> InputOf(const StudentOptions& options, const Dataset& data) {
  if (data.inputs().size() != 1 || HasLengths(data.input())) {
    return absl::FailedPreconditionError(
        absl::StrCat("models of the zoo take one input of a fixed shape, and the data has ",
                     ToString(data.inputs()), "; use a model directory of your own architecture"));
  }
  InputSpec input = data.input();
  if (!options.resolution.has_value()) return input;
  const ImageSize size = *options.resolution;
  if (!AreImages(input) || size.height > input.shape[1] || size.width > input.shape[2]) {
    return absl::FailedPreconditionError(absl::StrCat("`student_resolution` ", ToString(size),
                                                      ": the data has ", ToString(input),
                                                      "; use images that are no smaller"));
  }
  input.shape[1] = size.height;
  input.shape[2] = size.width;
  return input;
}

// The arguments of architectures that Family::fit adds.
constexpr const char* kArgumentsOfData[] = {"classes", "channels", "inputs", "input_shape"};

absl::StatusOr<TrainableModel> FromZoo(const StudentOptions& options, const Dataset& data,
                                       int64_t classes) {
  ASSIGN_OR_RETURN(const InputSpec input, InputOf(options, data));
  TrainableModel student;
  ModelDescription& description = student.description;
  description.inputs = {input};
  ASSIGN_OR_RETURN(Architecture architecture,
                   ArchitectureOf(options.student, description.inputs[0].shape, classes));
  if (!options.arguments.empty()) {
    const nlohmann::json given = nlohmann::json::parse(options.arguments);
    for (const char* of_data : kArgumentsOfData) {
      if (given.contains(of_data) && architecture.arguments.contains(of_data) &&
          given[of_data] != architecture.arguments[of_data]) {
        return absl::InvalidArgumentError(
            absl::StrCat(Field("student_arguments"), ": '", of_data, "' is ", given[of_data].dump(),
                         ", where that of the data is ", architecture.arguments[of_data].dump(),
                         "; leave it out"));
      }
    }
    architecture.arguments.update(given);
  }
  ASSIGN_OR_RETURN(student.model, CreateModel(architecture));
  description.architecture = architecture.name;
  description.arguments = architecture.arguments;
  return student;
}

// Whether a directory's model takes `input`, or images of the same channels that are no larger.
bool Takes(const InputSpec& model, const InputSpec& input) {
  if (Accepts(model, input)) return true;
  return AreImages(model) && AreImages(input) && model.shape[0] == input.shape[0] &&
         model.shape[1] <= input.shape[1] && model.shape[2] <= input.shape[2];
}

absl::Status CheckStudentFits(const TrainableModel& student, const std::vector<InputSpec>& inputs,
                              const std::vector<std::string>& class_names) {
  const ModelDescription& description = student.description;
  ASSIGN_OR_RETURN(const std::vector<size_t> chosen, MatchInputs(description.inputs, inputs));
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (Takes(description.inputs[i], inputs[chosen[i]])) continue;
    return absl::FailedPreconditionError(absl::StrCat("it takes ", ToString(description.inputs),
                                                      ", the data has ", ToString(inputs)));
  }
  if (description.output.value_or(OutputForm::kLogits) != OutputForm::kLogits) {
    return absl::FailedPreconditionError(
        absl::StrCat("it gives ", Name(*description.output), "; a student must give logits"));
  }
  if (!description.class_names.empty() && !class_names.empty() &&
      description.class_names != class_names) {
    return absl::FailedPreconditionError(absl::StrCat(
        "it knows other classes: ",
        DescribeClassDifference("the model", description.class_names, "the data", class_names),
        "; give it as `init_from` to take over what fits"));
  }
  return absl::OkStatus();
}

// The student's inputs with the data's lengths, or those of its first sample.
std::vector<InputSpec> InputsOn(const Dataset& data, const ModelDescription& student,
                                const std::vector<size_t>& chosen) {
  std::vector<InputSpec> inputs = student.inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Shape& own = data.inputs()[chosen[i]].shape;
    for (size_t d = 0; d < inputs[i].shape.size(); ++d) {
      int64_t& size = inputs[i].shape[d];
      if (size == -1) size = own[d] == -1 ? data.Length(0) : own[d];
    }
  }
  return inputs;
}

// The length of one sample of these inputs, int64 [1]: all of it is its own, whatever its tokens
// are. Undefined if no input has a variable length.
at::Tensor LengthOf(const ModelDescription& student, const std::vector<InputSpec>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (HasLengths(student.inputs[i])) return at::full({1}, inputs[i].shape[0], at::kLong);
  }
  return {};
}

// One sample of zeros goes through, and as many logits come out as there are classes, in a row for
// each label.
absl::Status CheckForward(const TrainableModel& student, const Dataset& data, bool by_position,
                          int64_t classes) {
  ASSIGN_OR_RETURN(const std::vector<size_t> chosen,
                   MatchInputs(student.description.inputs, data.inputs()));
  const std::vector<InputSpec> inputs = InputsOn(data, student.description, chosen);
  at::Tensor logits;
  const absl::Status ran = CatchTorch([&] {
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> zeros;
    for (const InputSpec& input : inputs) {
      Shape shape = input.shape;
      shape.insert(shape.begin(), 1);
      zeros.push_back(at::zeros(shape, ToTorch(input.dtype)));
    }
    student.model->eval();
    logits = student.model->Forward(
        PrepareInputs(student.description, zeros, LengthOf(student.description, inputs), at::kCPU));
    student.model->train();
  });
  if (!ran.ok()) {
    // int64 is what tokens usually are.
    const bool normalized = std::all_of(inputs.begin(), inputs.end(), [](const InputSpec& input) {
      return IsNormalized(input) || input.dtype == DType::kInt64;
    });
    return absl::InvalidArgumentError(absl::StrCat(
        "it fails on inputs ", ToString(inputs), ": ", ran.message(),
        normalized ? ""
                   : "; store numbers such as pixels as uint8 or floating point, since other "
                     "integers are tokens"));
  }
  if (by_position != (logits.dim() == 3)) {
    return absl::FailedPreconditionError(
        by_position
            ? "it gives a row per sample, where the data have a label per position, or the teacher "
              "a row per position"
            : "it gives a row per position of a sequence, where the data have a label per sample");
  }
  if (data.labels_by_position()) {
    const int64_t length = data.Length(0);
    const auto labels = length > 0 ? length : static_cast<int64_t>(data.Labels(0).size());
    if (logits.size(1) != labels) {
      return absl::FailedPreconditionError(absl::StrCat("it gives ", logits.size(1),
                                                        " rows per sample, where the data have ",
                                                        labels, " labels"));
    }
  }
  if (logits.dim() < 2 || logits.size(-1) != classes) {
    return absl::FailedPreconditionError(absl::StrCat(
        "it gives ", ToString(logits.sizes().vec()), " for a sample, and there are ", classes,
        " classes; use a name of the zoo, and give the model as `init_from` to take over all of "
        "it but its head"));
  }
  return absl::OkStatus();
}

// Training pads the samples of a batch to the longest.
void WarnWithoutMask(const TrainableModel& student, const std::string& where) {
  const std::vector<InputSpec>& inputs = student.description.inputs;
  if (std::none_of(inputs.begin(), inputs.end(), HasLengths) ||
      student.model->TakesMask(inputs.size())) {
    return;
  }
  log::Warning(absl::StrCat(
      where, ": its forward takes no mask, so in training it sees padding; give it an argument ",
      "after its inputs with \"mask\" in its name"));
}

}  // namespace

absl::StatusOr<TrainableModel> MakeStudent(const StudentOptions& options, TrainingData& data,
                                           absl::Span<const int64_t> samples,
                                           const std::optional<ModelInfo>& teacher, uint64_t seed) {
  const int64_t classes = teacher.has_value() ? teacher->classes : data.train->classes();
  std::vector<std::string> class_names = data.train->class_names();
  if (class_names.empty() && teacher.has_value()) class_names = teacher->class_names;

  at::manual_seed(seed);
  const std::string where = absl::StrCat(Field("student"), " ", options.student);
  ASSIGN_OR_RETURN(TrainableModel student,
                   options.IsDirectory() ? LoadTrainable(options.student)
                                         : FromZoo(options, *data.train, classes),
                   where);
  if (options.IsDirectory()) {
    RETURN_IF_ERROR(CheckStudentFits(student, data.train->inputs(), class_names), where);
  } else {
    ASSIGN_OR_RETURN(student.description.normalization,
                     MeasureNormalization(*data.train, samples, *data.corrupt_train));
  }
  const bool by_position =
      data.train->labels_by_position() || (teacher.has_value() && teacher->rows_per_sample != 1);
  RETURN_IF_ERROR(CheckForward(student, *data.train, by_position, classes), where);
  WarnWithoutMask(student, where);
  if (student.description.class_names.empty()) student.description.class_names = class_names;
  if (!options.init_from.empty()) {
    RETURN_IF_ERROR(InitFrom(options.init_from, options.IsDirectory(), student), Field("init_from"),
                    " ", options.init_from);
  }
  return student;
}

}  // namespace distill
