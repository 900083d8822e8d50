#include "student_trainer/run/report_samples.h"

#include <torch/types.h>

#include <algorithm>
#include <vector>

#include "common/base/random.h"
#include "common/base/status_macros.h"
#include "common/model_directory/safetensors.h"
#include "common/torch/host_tensors.h"
#include "student_trainer/alignment/teacher_logits.h"
#include "student_trainer/data/read_samples.h"
#include "student_trainer/views/resample/fit_to_student.h"

namespace distill {

std::vector<int64_t> ChooseReportSamples(const TrainingData& data, uint64_t split_seed) {
  std::vector<int64_t> samples = data.validation_samples();
  const Dataset& validation = data.validation();
  const bool one_fixed_input = validation.inputs().size() == 1 && !HasLengths(validation.input());
  if (validation.classes() > kMostReportClasses || !one_fixed_input ||
      validation.labels_by_position()) {
    return {};
  }
  Shuffle(samples, split_seed);
  samples.resize(std::min(samples.size(), static_cast<size_t>(kReportSamples)));
  std::sort(samples.begin(), samples.end());
  return samples;
}

absl::Status KeepReportSamples(const std::filesystem::path& file, const TrainingData& data,
                               absl::Span<const int64_t> samples, SoftTargetSource* teachers) {
  TensorMap tensors;
  if (!samples.empty()) {
    ASSIGN_OR_RETURN(const ReadSamplesResult read,
                     ReadSamples(data.validation(), samples, data.corrupt_in_validation()));
    std::vector<int64_t> labels;
    for (const int64_t id : read.ids) labels.push_back(data.validation().Label(id));
    tensors.emplace("inputs", read.inputs[0].values);
    tensors.emplace("labels", FromTorch(torch::tensor(labels, torch::kInt64)));
    if (teachers != nullptr && !read.ids.empty()) {
      ASSIGN_OR_RETURN(const at::Tensor logits, FetchLogits(*teachers, {read.inputs}));
      tensors.emplace("teacher_logits", FromTorch(logits));
    }
  }
  return WriteSafetensors(file, tensors);
}

absl::Status AddStudentLogits(const std::filesystem::path& file, const InputSpec& student,
                              const LogitsFunction& logits_of) {
  ASSIGN_OR_RETURN(SafetensorsFile samples, ReadSafetensors(file));
  const auto inputs = samples.tensors.find("inputs");
  if (inputs == samples.tensors.end() || inputs->second.shape[0] == 0) return absl::OkStatus();
  const c10::InferenceMode inference;
  ASSIGN_OR_RETURN(const HostTensor seen, FitToStudent(inputs->second, student));
  ASSIGN_OR_RETURN(const at::Tensor logits, logits_of({seen}));
  samples.tensors.insert_or_assign("student_logits", FromTorch(logits));
  return WriteSafetensors(file, samples.tensors);
}

}  // namespace distill
