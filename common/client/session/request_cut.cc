#include "common/client/session/request_cut.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/contract/row_mask.h"

namespace distill {
namespace {

// Room for everything in a message that is not a payload.
constexpr int64_t kHeaderBytes = 4096;

int64_t SumOf(absl::Span<const int64_t> numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), int64_t{0});
}

// The bytes of the inputs of each sample.
std::vector<int64_t> InputBytes(const AskedBatch& batch, int64_t samples) {
  std::vector<int64_t> bytes(static_cast<size_t>(samples), 0);
  for (const InputBatch& input : batch.inputs) {
    const auto all = static_cast<int64_t>(input.values.bytes.size());
    const int64_t positions = input.lengths.empty() ? samples : SumOf(input.lengths);
    for (size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] += (input.lengths.empty() ? 1 : input.lengths[i]) * (all / positions);
    }
  }
  return bytes;
}

// The positions wanted of each sample; empty if samples have no lengths.
std::vector<int64_t> WantedPositions(const AskedBatch& batch) {
  std::vector<int64_t> wanted = LengthsOf(batch.inputs);
  if (batch.wanted.empty()) return wanted;
  auto position = batch.wanted.begin();
  for (int64_t& count : wanted) {
    const auto end = position + count;
    count = std::count(position, end, true);
    position = end;
  }
  return wanted;
}

// The bytes of the answer to a sample of which `positions` are wanted; 0: it has no length.
int64_t AnswerBytes(absl::Span<const AnswerOutput> outputs, int64_t positions,
                    int64_t rows_per_sample) {
  int64_t bytes = 0;
  for (const auto& [output, spec] : outputs) {
    int64_t rows = std::max<int64_t>(1, output.rows_per_sample);
    if (output.kind == OutputKind::kLogits) rows = rows_per_sample;
    if (output.rows_per_sample == -1 && positions > 0) rows = positions;
    bytes += rows * BytesPerRow(spec, output.width);
  }
  return bytes;
}

}  // namespace

absl::StatusOr<RequestCut> CutIntoRequests(const AskedBatch& batch,
                                           absl::Span<const AnswerOutput> outputs,
                                           int64_t rows_per_sample, const StreamLimits& limits) {
  RequestCut cut;
  const int64_t samples = batch.inputs.empty() ? 0 : batch.inputs[0].samples();
  if (samples == 0) return cut;
  const std::vector<int64_t> inputs = InputBytes(batch, samples);
  const std::vector<int64_t> positions = WantedPositions(batch);
  const int64_t message_bytes = limits.max_message_bytes - kHeaderBytes;
  const int64_t most_bytes = std::min(kRequestBytes, message_bytes);
  RequestRange range;
  int64_t range_bytes = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const int64_t answer =
        AnswerBytes(outputs, positions.empty() ? 0 : positions[i], rows_per_sample);
    const int64_t bytes = std::max({inputs[i], answer, int64_t{1}});
    if (bytes > message_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "one sample does not fit a message: it takes ", inputs[i], " bytes and its answer ",
          answer, ", and the teacher's messages have ", limits.max_message_bytes,
          " at most; give the server a larger ", Field("max_message_size")));
    }
    if (range.samples() > 0 &&
        (range_bytes + bytes > most_bytes || range.samples() == limits.max_request_samples)) {
      cut.ranges.push_back(range);
      range.begin = range.end;
      range_bytes = 0;
    }
    ++range.end;
    range_bytes += bytes;
    cut.bytes += inputs[i] + answer;
  }
  cut.ranges.push_back(range);
  return cut;
}

SoftTargetRequest MakeRequest(const AskedBatch& batch, const RequestRange& range,
                              int64_t rows_per_sample) {
  SoftTargetRequest request{.inputs = SliceSamples(batch.inputs, range.begin, range.end),
                            .rows = range.samples() * rows_per_sample};
  if (batch.wanted.empty()) return request;
  const absl::Span<const int64_t> lengths = LengthsOf(batch.inputs);
  const auto begin = batch.wanted.begin() + SumOf(lengths.first(static_cast<size_t>(range.begin)));
  const std::vector<bool> wanted(begin, begin + SumOf(LengthsOf(request.inputs)));
  if (std::count(wanted.begin(), wanted.end(), false) > 0) request.row_mask = PackRowMask(wanted);
  return request;
}

}  // namespace distill
