#include "student_trainer/train/evaluate_command.h"

#include <torch/torch.h>

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
#include "student_trainer/data/batch_loader.h"
#include "student_trainer/data/open_dataset.h"
#include "student_trainer/train/evaluation.h"

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

absl::Status TimeInTurns(const Dataset& test, std::vector<Measured>& all) {
  std::vector<int64_t> samples = AllSamples(test);
  samples.resize(std::min<size_t>(samples.size(), kThroughputBatch));
  ASSIGN_OR_RETURN(const HostTensor batch, ReadSamples(test, samples));
  const at::Tensor many = ToTorch(batch);
  const at::Tensor one = many.slice(0, 0, 1).clone();
  for (Measured& measured : all) {
    RETURN_IF_ERROR(Time(measured, one, many));  // warm-up
    measured.latencies_ms.clear();
    measured.samples_per_s.clear();
  }
  for (int round = 0; round < kTimingRounds; ++round) {
    for (Measured& measured : all) RETURN_IF_ERROR(Time(measured, one, many));
  }
  return absl::OkStatus();
}

absl::StatusOr<Measured> LoadAndEvaluate(const std::string& directory, const Dataset& test) {
  Measured measured{.directory = directory};
  ASSIGN_OR_RETURN(measured.model, LoadedModel::Load(directory));
  const ModelDescription& description = measured.model->description();
  if (description.inputs.size() != 1 || description.inputs[0].dtype != test.input().dtype ||
      description.inputs[0].shape != test.input().shape) {
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
  const LoadedModel& model = *measured.model;
  at::Tensor index;
  if (*order != nullptr) index = torch::tensor(**order, torch::kInt64);
  const LogitsFunction logits = [&](const at::Tensor& inputs) -> absl::StatusOr<at::Tensor> {
    ASSIGN_OR_RETURN(at::Tensor own, model.Logits({inputs}));
    own = own.flatten(0, -2);  // [rows, classes]
    return index.defined() ? own.index_select(1, index) : own;
  };
  ASSIGN_OR_RETURN(measured.quality, Evaluate(test, AllSamples(test), logits));
  return measured;
}

void PrintTable(const std::vector<Measured>& all, std::ostream& out) {
  size_t width = 5;
  for (const Measured& measured : all) width = std::max(width, measured.directory.size());
  out << absl::StrFormat("%-*s %12s %10s %8s %9s %12s %12s\n", width, "model", "parameters", "size",
                         "errors", "accuracy", "latency", "samples/s");
  for (const Measured& measured : all) {
    out << absl::StrFormat("%-*s %12d %10s %8d %8.2f%% %9.3f ms %12.0f\n", width,
                           measured.directory, measured.model->parameters(),
                           FormatBytes(measured.model->bytes()), measured.quality.errors,
                           100 * measured.quality.accuracy(), Median(measured.latencies_ms),
                           Median(measured.samples_per_s));
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
  return absl::OkStatus();
}

absl::Status RunEvaluate(const EvaluateOptions& options, std::ostream& out) {
  RETURN_IF_ERROR(options.Validate());
  SetThreads(options.threads);
  DataOptions data{.path = options.test, .role = DataRole::kTest};
  if (!options.class_names.empty()) {
    ASSIGN_OR_RETURN(data.class_names, ReadClassNames(options.class_names));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Dataset> test, OpenDataset(data));
  if (test->classes() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("--test ", options.test, " has no labels to compare with"));
  }
  std::vector<Measured> all;
  for (const std::string& directory : options.models) {
    ASSIGN_OR_RETURN(all.emplace_back(), LoadAndEvaluate(directory, *test));
  }
  RETURN_IF_ERROR(TimeInTurns(*test, all));
  PrintTable(all, out);
  if (!options.json.empty()) RETURN_IF_ERROR(WriteFileAtomically(options.json, Json(all)));
  return absl::OkStatus();
}

}  // namespace distill
