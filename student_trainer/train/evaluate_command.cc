#include "student_trainer/train/evaluate_command.h"

#include <torch/types.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "common/base/units.h"
#include "common/models/host_tensors.h"
#include "common/models/loaded_model.h"
#include "common/models/threads.h"
#include "common/store/class_order.h"
#include "student_trainer/data/open_dataset.h"
#include "student_trainer/data/read_samples.h"
#include "student_trainer/resample/resample.h"
#include "student_trainer/train/batch_sources.h"
#include "student_trainer/train/evaluation.h"
#include "student_trainer/train/student_logits.h"

namespace distill {
namespace {

constexpr int64_t kThroughputBatch = 256;
constexpr int kTimingRounds = 7;
constexpr int kLatencyRunsPerRound = 20;

struct Measured {
  std::string directory;
  std::unique_ptr<LoadedModel> model;
  EvaluationResult quality;
  std::vector<double> latencies_ms;
  std::vector<double> samples_per_s;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

absl::StatusOr<absl::Duration> TimeForward(const LoadedModel& model, const at::Tensor& inputs) {
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(model.Logits({inputs}).status());
  return absl::Now() - start;
}

// One turn of a model at the clock; the caller interleaves the models.
absl::Status Time(Measured& measured, const at::Tensor& one, const at::Tensor& many) {
  for (int run = 0; run < kLatencyRunsPerRound; ++run) {
    ASSIGN_OR_RETURN(const absl::Duration latency, TimeForward(*measured.model, one));
    measured.latencies_ms.push_back(absl::ToDoubleMilliseconds(latency));
  }
  ASSIGN_OR_RETURN(const absl::Duration batch, TimeForward(*measured.model, many));
  measured.samples_per_s.push_back(static_cast<double>(many.size(0)) /
                                   absl::ToDoubleSeconds(batch));
  return absl::OkStatus();
}

absl::Status TimeInTurns(const Dataset& test, CorruptSamples& corrupt, std::vector<Measured>& all) {
  std::vector<int64_t> samples = AllSamples(test);
  samples.resize(std::min<size_t>(samples.size(), kThroughputBatch));
  ASSIGN_OR_RETURN(const ReadSamplesResult read, ReadSamples(test, samples, corrupt));
  std::vector<at::Tensor> batches;  // one a model, in its resolution
  for (const Measured& measured : all) {
    ASSIGN_OR_RETURN(const HostTensor batch,
                     FitToStudent(read.inputs, measured.model->description().inputs[0]));
    batches.push_back(ToTorch(batch).clone());
  }
  for (int round = -1; round < kTimingRounds; ++round) {
    for (size_t i = 0; i < all.size(); ++i) {
      RETURN_IF_ERROR(Time(all[i], batches[i].slice(0, 0, 1).clone(), batches[i]));
      if (round >= 0) continue;  // warm-up
      all[i].latencies_ms.clear();
      all[i].samples_per_s.clear();
    }
  }
  return absl::OkStatus();
}

// Whether the data are the model's input, or images that can be downsampled to it.
bool Fits(const InputSpec& model, const InputSpec& data) {
  if (model.dtype != data.dtype || model.shape.size() != data.shape.size()) return false;
  if (model.shape == data.shape) return true;
  return data.dtype == DType::kUint8 && data.shape.size() == 3 && model.shape[0] == data.shape[0] &&
         model.shape[1] <= data.shape[1] && model.shape[2] <= data.shape[2];
}

absl::StatusOr<Measured> LoadAndEvaluate(const std::string& directory, const Dataset& test,
                                         CorruptSamples& corrupt) {
  Measured measured{.directory = directory};
  ASSIGN_OR_RETURN(measured.model, LoadedModel::Load(directory));
  const ModelDescription& description = measured.model->description();
  if (description.inputs.size() != 1 || !Fits(description.inputs[0], test.input())) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory, " takes ",
                     description.inputs.empty() ? "nothing" : ToString(description.inputs[0]),
                     ", the data has ", ToString(test.input())));
  }
  if (measured.model->classes() < test.classes()) {
    return absl::FailedPreconditionError(absl::StrCat(directory, " knows ",
                                                      measured.model->classes(),
                                                      " classes, the data has ", test.classes()));
  }
  const auto order =
      ClassOrder(description.class_names, measured.model->classes(), test.class_names());
  if (!order.ok()) {
    return absl::Status(order.status().code(),
                        absl::StrCat(directory, ": ", order.status().message()));
  }
  at::Tensor index;
  if (*order != nullptr) index = torch::tensor(**order, torch::kInt64);
  const LogitsFunction own_logits = LogitsOfLoaded(*measured.model);
  const LogitsFunction logits = [&](const HostTensor& inputs) -> absl::StatusOr<at::Tensor> {
    ASSIGN_OR_RETURN(const at::Tensor own, own_logits(inputs));
    return index.defined() ? own.index_select(1, index) : own;
  };
  ASSIGN_OR_RETURN(measured.quality, Evaluate(test, AllSamples(test), corrupt, logits));
  return measured;
}

void PrintTable(const std::vector<Measured>& all, std::ostream& out) {
  size_t width = 5;
  for (const Measured& measured : all) width = std::max(width, measured.directory.size());
  out << absl::StrFormat("%-*s %12s %10s %10s %8s %9s %12s %12s\n", width, "model", "parameters",
                         "size", "mult-adds", "errors", "accuracy", "latency", "samples/s");
  for (const Measured& measured : all) {
    out << absl::StrFormat("%-*s %12d %10s %8.2f M %8d %8.2f%% %9.3f ms %12.0f\n", width,
                           measured.directory, measured.model->parameters(),
                           FormatBytes(measured.model->bytes()),
                           1e-6 * static_cast<double>(measured.model->multiply_adds()),
                           measured.quality.errors, 100 * measured.quality.accuracy(),
                           Median(measured.latencies_ms), Median(measured.samples_per_s));
  }
  out << std::flush;
}

std::string Json(const std::vector<Measured>& all) {
  nlohmann::json models = nlohmann::json::array();
  for (const Measured& measured : all) {
    models.push_back({{"model", measured.directory},
                      {"fingerprint", measured.model->fingerprint()},
                      {"parameters", measured.model->parameters()},
                      {"bytes", measured.model->bytes()},
                      {"multiply_adds", measured.model->multiply_adds()},
                      {"samples", measured.quality.samples},
                      {"errors", measured.quality.errors},
                      {"accuracy", measured.quality.accuracy()},
                      {"loss", measured.quality.loss},
                      {"latency_ms", Median(measured.latencies_ms)},
                      {"samples_per_s", Median(measured.samples_per_s)}});
  }
  return models.dump(2) + "\n";
}

}  // namespace

absl::Status EvaluateOptions::Validate() const {
  if (models.empty()) return absl::InvalidArgumentError("MODEL_DIR is required");
  if (test.empty()) return absl::InvalidArgumentError("--test is required");
  if (threads < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--threads ", threads, ": must be 0 (one a core) or more"));
  }
  if (max_corrupt < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--max_corrupt ", max_corrupt, ": must be 0 or more"));
  }
  return absl::OkStatus();
}

absl::Status RunEvaluate(const EvaluateOptions& options, std::ostream& out) {
  RETURN_IF_ERROR(options.Validate());
  SetThreads(options.threads);
  DataOptions data{.path = options.test, .role = DataRole::kTest, .resizer = Resize};
  if (!options.class_names.empty()) {
    ASSIGN_OR_RETURN(data.class_names, ReadClassNames(options.class_names));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Dataset> test, OpenDataset(data));
  if (test->classes() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("--test ", options.test, " has no labels to compare with"));
  }
  CorruptSamples corrupt(options.max_corrupt);
  std::vector<Measured> all;
  for (const std::string& directory : options.models) {
    ASSIGN_OR_RETURN(all.emplace_back(), LoadAndEvaluate(directory, *test, corrupt));
  }
  RETURN_IF_ERROR(TimeInTurns(*test, corrupt, all));
  PrintTable(all, out);
  if (!options.json.empty()) RETURN_IF_ERROR(WriteFileAtomically(options.json, Json(all)));
  return absl::OkStatus();
}

}  // namespace distill
