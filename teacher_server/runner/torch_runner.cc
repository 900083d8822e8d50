#include "teacher_server/runner/torch_runner.h"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/version.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/torch/threads.h"
#include "common/torch/torch_errors.h"
#include "teacher_server/runner/batch_plan.h"
#include "teacher_server/runner/gather.h"

namespace distill {
namespace {

constexpr absl::Duration kProgressInterval = absl::Seconds(5);

// Names the first input with a NaN or an infinity.
absl::Status CheckFinite(const RunnerRequest& request, const std::vector<InputSpec>& specs) {
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    if (AllFinite(request.inputs[i].values)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("input '", specs[i].name, "': an element is NaN or infinite"));
  }
  return absl::OkStatus();
}

// The BLAS that LibTorch says it was built with: "mkl", "open", "generic", …
std::string BlasName() {
  const std::string kKey = "BLAS_INFO=";
  const std::string config = at::show_config();
  const size_t key = config.find(kKey);
  if (key == std::string::npos) return "unknown";
  const absl::string_view value = absl::string_view(config).substr(key + kKey.size());
  return absl::AsciiStrToLower(value.substr(0, value.find_first_of(", \n")));
}

int64_t TotalSamples(const std::vector<const RunnerRequest*>& members) {
  int64_t samples = 0;
  for (const RunnerRequest* member : members) samples += member->samples;
  return samples;
}

// The index of the first input whose length varies; 0 if none does.
size_t FirstOfVariableLength(const std::vector<InputSpec>& specs) {
  const auto found = std::find_if(specs.begin(), specs.end(), HasLengths);
  return found == specs.end() ? 0 : static_cast<size_t>(found - specs.begin());
}

// What a model gives at once for samples of a length, at most, unless one sample is more.
constexpr int64_t kRunBytes = 256 << 20;

bool IsRagged(const RunnerRequest& request) { return !LengthsOf(request.inputs).empty(); }

// The request's size of the dimension that is variable in `specs`; 0 if none is.
int64_t Length(const RunnerRequest& request, const std::vector<InputSpec>& specs) {
  for (size_t i = 0; i < specs.size(); ++i) {
    for (size_t d = 0; d < specs[i].shape.size(); ++d) {
      if (specs[i].shape[d] == -1) return request.inputs[i].values.shape[d + 1];
    }
  }
  return 0;
}

// The longest of the members, where they differ in length; else 0.
int64_t LongestPadded(const std::vector<const RunnerRequest*>& members,
                      const std::vector<InputSpec>& specs) {
  int64_t longest = 0;
  bool differ = false;
  for (const RunnerRequest* member : members) {
    const int64_t length = Length(*member, specs);
    differ = differ || length != Length(*members.front(), specs);
    longest = std::max(longest, length);
  }
  return differ ? longest : 0;
}

}  // namespace

TorchRunner::TorchRunner(std::shared_ptr<const LoadedModel> model, ModelInfo info,
                         int64_t max_batch_samples, int threads, int64_t max_length)
    : model_(std::move(model)),
      info_(std::move(info)),
      sizes_(BatchSizes(max_batch_samples)),
      max_length_(max_length) {
  const Placement& placement = model_->placement();
  if (placement.device.is_cuda()) {
    const c10::impl::VirtualGuardImpl device(placement.device.type());
    stream_ = device.getStreamFromGlobalPool(placement.device);
  }
  numerics_.runner =
      model_->description().architecture == kTorchScriptArchitecture ? "torchscript" : "zoo";
  numerics_.dtype = std::string(LongName(placement.dtype));
  numerics_.device = placement.device.str();
  numerics_.libtorch_version = TORCH_VERSION;
  numerics_.intra_op_threads = threads;
  numerics_.blas = BlasName();
  numerics_.fixed_batch_size = max_batch_samples;
}

std::string TorchRunner::BatchKey(const RunnerRequest& request) const {
  std::string key;
  for (size_t i = 0; i < info_.inputs.size(); ++i) {
    if (!request.inputs[i].lengths.empty()) {
      key += "ragged;";
      continue;
    }
    const Shape& shape = request.inputs[i].values.shape;
    for (size_t d = 1; d < shape.size(); ++d) {
      const bool padded =
          model_->takes_mask() && model_->tells_padding() && info_.inputs[i].shape[d - 1] == -1;
      const auto size = static_cast<uint64_t>(shape[d]);
      absl::StrAppend(&key, padded ? std::bit_ceil(size) : size, ",");
    }
    key += ';';
  }
  return key;
}

std::vector<Computed> TorchRunner::Run(absl::Span<const RunnerRequest> requests) {
  UseThreadsHere();
  const c10::InferenceMode inference;
  const c10::OptionalStreamGuard stream(stream_);
  std::vector<Computed> results(requests.size());
  Members members;
  std::vector<size_t> positions;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (absl::Status finite = CheckFinite(requests[i], info_.inputs); !finite.ok()) {
      results[i] = std::move(finite);
    } else {
      members.push_back(&requests[i]);
      positions.push_back(i);
    }
  }
  if (members.empty()) return results;
  std::vector<Computed> computed = RunMembers(members);
  for (size_t i = 0; i < positions.size(); ++i) results[positions[i]] = std::move(computed[i]);
  return results;
}

std::vector<Computed> TorchRunner::RunMembers(const Members& members) {
  std::vector<Computed> results;
  results.reserve(members.size());
  absl::StatusOr<RowsByMember> rows =
      IsRagged(*members.front()) ? ComputeRagged(members) : Compute(members);
  if (!rows.ok() && stream_.has_value()) EndIfDeviceIsLost(rows.status());
  if (!rows.ok() && members.size() > 1) {
    for (const RunnerRequest* member : members) {
      results.push_back(std::move(RunMembers({member}).front()));
    }
    return results;
  }
  for (size_t i = 0; i < members.size(); ++i) {
    if (rows.ok()) {
      results.push_back(std::make_unique<TorchOutputs>(std::move((*rows)[i]), stream_, faults_));
    } else {
      results.push_back(faults_->Report(rows.status()));
    }
  }
  return results;
}

absl::StatusOr<TorchRunner::RowsByMember> TorchRunner::Compute(const Members& members) {
  ASSIGN_OR_RETURN(const Pieces pieces, ComputePieces(members));
  RowsByMember by_member(members.size());
  RETURN_IF_ERROR(CatchTorch([&] {
    for (size_t output = 0; output < info_.outputs.size(); ++output) {
      const std::vector<SharedRows> rows = RowsOf(output, members, pieces);
      for (size_t i = 0; i < members.size(); ++i) by_member[i].push_back(rows[i]);
    }
  }));
  return by_member;
}

std::vector<int64_t> TorchRunner::PlanGroup(int64_t samples, int64_t length,
                                            bool batch_independent) const {
  int64_t sample_bytes = 1;
  for (size_t output = 0; output < info_.outputs.size(); ++output) {
    const OutputSpec& spec = info_.outputs[SourceOf(output)];
    const int64_t rows = spec.rows_per_sample == -1 ? length : spec.rows_per_sample;
    const int64_t row_bytes = spec.width * static_cast<int64_t>(sizeof(float));
    sample_bytes = std::max(sample_bytes, rows * row_bytes);
  }
  const auto first_too_large =
      std::upper_bound(sizes_.begin(), sizes_.end(), kRunBytes / sample_bytes);
  const auto sizes = absl::MakeConstSpan(sizes_).first(
      std::max<size_t>(1, static_cast<size_t>(first_too_large - sizes_.begin())));
  if (!batch_independent) return PlanBatch(samples, sizes);
  const int64_t fixed = sizes.back();
  return std::vector<int64_t>(static_cast<size_t>((samples + fixed - 1) / fixed), fixed);
}

absl::StatusOr<TorchRunner::RowsByMember> TorchRunner::ComputeRagged(const Members& members) {
  std::optional<RaggedBatch> batch;
  RETURN_IF_ERROR(CatchTorch([&] {
    batch.emplace(info_.inputs, members,
                  RaggedOptions{.pad_id = model_->description().pad_id.value_or(0),
                                .may_pad = model_->takes_mask(),
                                .max_length = max_length_,
                                .pinned = stream_.has_value()});
  }));
  for (const LengthGroup& group : batch->groups()) {
    RETURN_IF_ERROR(ComputeGroup(group, members.front()->batch_independent, *batch));
  }
  RowsByMember by_member(members.size());
  RETURN_IF_ERROR(CatchTorch([&] {
    std::vector<RaggedBatch::Rows> taken(info_.outputs.size());
    for (size_t output = 0; output < info_.outputs.size(); ++output) {
      if (SourceOf(output) == output) taken[output] = batch->Take(output, info_.outputs[output]);
    }
    for (size_t output = 0; output < info_.outputs.size(); ++output) {
      const auto& [rows, counts] = taken[SourceOf(output)];
      const auto shared = std::make_shared<BatchRows>(std::vector<at::Tensor>{rows},
                                                      info_.outputs[output].width, MakerOf(output));
      int64_t first = 0;
      for (size_t i = 0; i < members.size(); ++i) {
        by_member[i].push_back({shared, first, counts[i]});
        first += counts[i];
      }
    }
    if (stream_.has_value()) stream_->synchronize();
  }));
  return by_member;
}

absl::Status TorchRunner::ComputeGroup(const LengthGroup& group, bool batch_independent,
                                       RaggedBatch& batch) const {
  int64_t first = 0;
  for (const int64_t size :
       PlanGroup(static_cast<int64_t>(group.samples.size()), group.padded, batch_independent)) {
    PaddedBatch padded;
    RETURN_IF_ERROR(CatchTorch([&] { padded = batch.Gather(group, first, size); }));
    const absl::StatusOr<std::vector<at::Tensor>> given =
        model_->Compute(padded.inputs, padded.lengths);
    if (!given.ok()) {
      // A function of a sample's own length, too.
      const std::vector<LengthGroup> unpadded =
          WithoutPadding(group, static_cast<size_t>(first), batch.lengths());
      if (unpadded.empty()) return given.status();
      for (const LengthGroup& own : unpadded) {
        RETURN_IF_ERROR(ComputeGroup(own, batch_independent, batch));
      }
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(CatchTorch([&] {
      for (size_t output = 0; output < given->size(); ++output) {
        if (!(*given)[output].defined()) continue;  // made by the head
        batch.Add(output, info_.outputs[output], group, first, (*given)[output]);
      }
      // The inputs are copied from pinned memory, which `padded` gives up.
      if (stream_.has_value()) stream_->synchronize();
    }));
    first += size;
  }
  return absl::OkStatus();
}

size_t TorchRunner::SourceOf(size_t output) const {
  const bool of_head = model_->has_head() && info_.outputs[output].kind == OutputKind::kLogits;
  return of_head ? output + 1 : output;
}

BatchRows::Make TorchRunner::MakerOf(size_t output) const {
  if (SourceOf(output) == output) return nullptr;
  return [model = model_](const at::Tensor& x) { return model->LogitsOf(x); };
}

absl::StatusOr<TorchRunner::Pieces> TorchRunner::ComputePieces(const Members& members) {
  const int64_t samples = TotalSamples(members);
  const int64_t fixed = numerics_.fixed_batch_size;
  const std::vector<int64_t> plan =
      members.front()->batch_independent
          ? std::vector<int64_t>(static_cast<size_t>((samples + fixed - 1) / fixed), fixed)
          : PlanBatch(samples, sizes_);
  const GatherOptions options{.rows = std::accumulate(plan.begin(), plan.end(), int64_t{0}),
                              .pad_id = model_->description().pad_id.value_or(0),
                              .pad_input = FirstOfVariableLength(info_.inputs),
                              .pinned = stream_.has_value()};
  std::vector<at::Tensor> batch;  // one per input, [rows, …]
  RETURN_IF_ERROR(CatchTorch([&] { batch = Gather(info_.inputs, members, options); }));
  Pieces pieces(info_.outputs.size());
  int64_t row = 0;
  for (const int64_t size : plan) {
    std::vector<at::Tensor> piece;
    for (const at::Tensor& input : batch) piece.push_back(input.narrow(0, row, size));
    ASSIGN_OR_RETURN(std::vector<at::Tensor> outputs, model_->Compute(piece));
    for (size_t i = 0; i < outputs.size(); ++i) pieces[i].push_back(std::move(outputs[i]));
    row += size;
  }
  if (stream_.has_value()) RETURN_IF_ERROR(CatchTorch([&] { stream_->synchronize(); }));
  return pieces;
}

std::vector<SharedRows> TorchRunner::RowsOf(size_t output, const Members& members,
                                            const Pieces& pieces) const {
  const OutputSpec& spec = info_.outputs[output];
  std::vector<SharedRows> rows;
  const std::vector<at::Tensor>& given = pieces[SourceOf(output)];
  if (given.front().dim() == 2) {
    const auto batch = std::make_shared<BatchRows>(given, spec.width, MakerOf(output));
    int64_t first = 0;
    for (const RunnerRequest* member : members) {
      rows.push_back({batch, first, member->samples});
      first += member->samples;
    }
    return rows;
  }
  const at::Tensor all = given.size() == 1 ? given.front() : at::cat(given);
  const int64_t longest = LongestPadded(members, info_.inputs);
  TORCH_CHECK(longest == 0 || all.size(1) == longest || spec.rows_per_sample != -1,
              "lengths cannot be padded with this model: it gave ", all.size(1), " positions for ",
              longest);
  int64_t sample = 0;
  for (const RunnerRequest* member : members) {
    at::Tensor own = all.narrow(0, sample, member->samples);
    if (longest > 0 && spec.rows_per_sample == -1) {
      own = own.narrow(1, 0, Length(*member, info_.inputs));
    }
    own = own.reshape({-1, spec.width});
    rows.push_back(
        {std::make_shared<BatchRows>(std::vector<at::Tensor>{own}, spec.width), 0, own.size(0)});
    sample += member->samples;
  }
  return rows;
}

// An assertion that fails on a CUDA device, such as a token beyond an embedding, makes every later
// call of the process fail: its supervisor must start it again.
void TorchRunner::EndIfDeviceIsLost(const absl::Status& failure) {
  const absl::Status works = CatchTorch([&] {
    at::ones({1}, at::TensorOptions().device(model_->placement().device)).add_(1);
    stream_->synchronize();
  });
  if (works.ok()) return;
  log::Error(absl::StrCat("the device cannot be used any more, ending: ", failure.message()));
  std::_Exit(EXIT_FAILURE);
}

absl::Status TorchRunner::RunOnce(const std::vector<at::Tensor>& batch) const {
  ASSIGN_OR_RETURN(const std::vector<at::Tensor> outputs, model_->Compute(batch));
  if (!model_->has_head()) return absl::OkStatus();
  const BatchRows logits({outputs[1]}, model_->classes());
  return CatchTorch([&] {
    const c10::InferenceMode inference;
    model_->LogitsOf(outputs[1].narrow(0, 0, logits.ChunkEnd(0)));
  });
}

absl::Status TorchRunner::WarmUp() {
  const c10::OptionalStreamGuard stream(stream_);
  absl::Time reported = absl::Now();
  for (size_t i = 0; i < sizes_.size(); ++i) {
    const int64_t samples = sizes_[i];
    if (const absl::Time now = absl::Now(); now - reported >= kProgressInterval) {
      log::Info(absl::StrCat("model '", info_.name, "': warming up with batches of ", samples, ", ",
                             i + 1, " of ", sizes_.size(), " sizes"));
      reported = now;
    }
    const std::vector<at::Tensor> batch = model_->ExampleInputs(samples);
    for (int pass = 0; pass < 3; ++pass) {
      const absl::Status ran = RunOnce(batch);
      if (ran.ok()) continue;
      // Loading has run one sample: a trace may hold the batch size of its example.
      return absl::InternalError(absl::StrCat("it fails on ", samples, " samples: ", ran.message(),
                                              samples == 1
                                                  ? ""
                                                  : "; if it was traced for one sample alone, set "
                                                    "`max_batch_samples` to 1"));
    }
  }
  return absl::OkStatus();
}

}  // namespace distill
