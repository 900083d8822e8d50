// The samples that a run's report shows: a few of the validation part, with the logits of both
// sides.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

#include "absl/status/status.h"
#include "common/client/session/soft_target_source.h"
#include "student_trainer/data/training/training_data.h"
#include "student_trainer/evaluation/evaluation.h"

namespace distill {

inline constexpr int64_t kReportSamples = 64;
// More classes than a page of these samples has room for: nothing is kept then.
inline constexpr int64_t kMostReportClasses = 1500;

// Up to kReportSamples of the validation part, a function of the data and --split_seed alone: all
// students of one data set show the same. None where there are too many classes, or samples are not
// one input of a fixed shape with one label.
std::vector<int64_t> ChooseReportSamples(const TrainingData& data, uint64_t split_seed);

// Writes the samples as a safetensors file: "inputs" in the data's own type, "labels" int64 [n],
// and "teacher_logits" float32 [n, classes] where there is a teacher (null: none); n may be 0.
// Errors of reading, of the teacher and of WriteSafetensors.
absl::Status KeepReportSamples(const std::filesystem::path& file, const TrainingData& data,
                               absl::Span<const int64_t> samples, SoftTargetSource* teachers);

// Adds "student_logits" float32 [n, classes] to that file: of its inputs, downsampled to `student`
// where that is smaller. Errors of files and of `logits`.
absl::Status AddStudentLogits(const std::filesystem::path& file, const InputSpec& student,
                              const LogitsFunction& logits);

}  // namespace distill
