#include "student_trainer/students/student.h"

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/torch/host_tensors.h"
#include "common/torch/torch_errors.h"
#include "common/zoo/registry.h"
#include "student_trainer/data/class_names.h"
#include "student_trainer/data/normalization.h"
#include "student_trainer/data/prepared_dataset.h"
#include "student_trainer/students/init_from.h"
#include "student_trainer/views/image_size.h"

namespace distill {
namespace {

// What the student sees of a sample: the data's input, at its own resolution.
absl::StatusOr<InputSpec> InputOf(const TrainOptions& options, const Dataset& data) {
  InputSpec input = data.input();
  if (!options.student_resolution.has_value()) return input;
  const ImageSize size = *options.student_resolution;
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

absl::StatusOr<TrainableModel> FromZoo(const TrainOptions& options, const InputSpec& input,
                                       int64_t classes) {
  TrainableModel student;
  ModelDescription& description = student.description;
  description.inputs = {input};
  ASSIGN_OR_RETURN(Architecture architecture,
                   ArchitectureOf(options.student, description.inputs[0].shape, classes));
  if (!options.student_arguments.empty()) {
    const nlohmann::json given = nlohmann::json::parse(options.student_arguments);
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

absl::Status CheckStudentFits(const TrainableModel& student, const InputSpec& input,
                              const std::vector<std::string>& class_names) {
  const ModelDescription& description = student.description;
  if (description.inputs.size() != 1 || !Takes(description.inputs[0], input)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "it takes ", description.inputs.empty() ? "nothing" : ToString(description.inputs[0]),
        ", the data has ", ToString(input)));
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

// One sample of zeros goes through, and as many logits come out as there are classes.
absl::Status CheckForward(Model& model, const InputSpec& takes, const InputSpec& data,
                          int64_t classes) {
  InputSpec input = takes;
  for (size_t i = 0; i < input.shape.size(); ++i) {
    if (input.shape[i] == -1) input.shape[i] = data.shape[i];
  }
  Shape shape = input.shape;
  shape.insert(shape.begin(), 1);
  at::Tensor logits;
  const absl::Status ran = CatchTorch([&] {
    const at::NoGradGuard no_grad;
    model.eval();
    logits =
        model.Forward(at::zeros(shape, IsNormalized(input) ? at::kFloat : ToTorch(input.dtype)));
    model.train();
  });
  if (!ran.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "it fails on inputs ", ToString(input), ": ", ran.message(),
        IsNormalized(input) ? ""
                            : "; store numbers such as pixels as uint8 or floating point, since "
                              "other integers are tokens"));
  }
  if (logits.dim() < 2 || logits.size(-1) != classes) {
    return absl::FailedPreconditionError(absl::StrCat(
        "it gives ", ToString(logits.sizes().vec()), " for a sample, and there are ", classes,
        " classes; use a name of the zoo, and give the model as `init_from` to take over all of "
        "it but its head"));
  }
  return absl::OkStatus();
}

}  // namespace

void Describe(const TrainOptions& options, const TrainingData& data, size_t samples,
              const std::optional<ModelInfo>& teacher, ModelDescription& description) {
  description.training = {{"labelled", data.split.labelled.size()},
                          {"samples", samples},
                          {"epochs", options.epochs},
                          {"batch_size", options.ResolvedBatchSize(static_cast<int64_t>(samples))},
                          {"lr", options.ResolvedLr()},
                          {"alpha", options.ResolvedAlpha()},
                          {"seed", options.seed}};
  if (!teacher.has_value()) return;
  if (options.HasTemperature()) {
    description.training["temperature"] = options.ResolvedTemperature();
  }
  description.training["objective"] = options.objective;
  if (!options.objective_parameters.empty()) {
    description.training["objective_parameters"] = options.objective_parameters;
  }
  if (options.standardize_logits) description.training["standardize_logits"] = true;
  description.training["encoding"] = std::string(Name(options.encoding));
  description.training["teacher_fingerprint"] = teacher->fingerprint;
}

absl::StatusOr<TrainableModel> MakeStudent(const TrainOptions& options, TrainingData& data,
                                           absl::Span<const int64_t> samples,
                                           const std::optional<ModelInfo>& teacher) {
  const int64_t classes = teacher.has_value() ? teacher->classes : data.train->classes();
  std::vector<std::string> class_names = data.train->class_names();
  if (class_names.empty() && teacher.has_value()) class_names = teacher->class_names;

  ASSIGN_OR_RETURN(const InputSpec input, InputOf(options, *data.train));
  at::manual_seed(options.seed);
  const std::string where = absl::StrCat(Field("student"), " ", options.student);
  ASSIGN_OR_RETURN(TrainableModel student,
                   options.StudentIsDirectory() ? LoadTrainable(options.student)
                                                : FromZoo(options, input, classes),
                   where);
  if (options.StudentIsDirectory()) {
    RETURN_IF_ERROR(CheckStudentFits(student, input, class_names), where);
  } else {
    ASSIGN_OR_RETURN(student.description.normalization,
                     MeasureNormalization(*data.train, samples, *data.corrupt_train));
  }
  RETURN_IF_ERROR(CheckForward(*student.model, student.description.inputs[0], input, classes),
                  where);
  if (student.description.class_names.empty()) student.description.class_names = class_names;
  if (!options.init_from.empty()) {
    RETURN_IF_ERROR(InitFrom(options.init_from, options.StudentIsDirectory(), student),
                    Field("init_from"), " ", options.init_from);
  }
  Describe(options, data, samples.size(), teacher, student.description);
  return student;
}

}  // namespace distill
