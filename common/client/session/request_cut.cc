#include "common/client/session/request_cut.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace distill {
namespace {

// Room for everything in a message that is not a payload.
constexpr int64_t kHeaderBytes = 4096;

}  // namespace

int64_t AnswerBytesPerSample(absl::Span<const AnswerOutput> outputs, int64_t rows_per_sample) {
  int64_t bytes = 0;
  for (const AnswerOutput& output : outputs) {
    const int64_t rows = output.output.kind == OutputKind::kLogits
                             ? rows_per_sample
                             : std::max<int64_t>(1, output.output.rows_per_sample);
    bytes += rows * BytesPerRow(output.spec, output.output.width);
  }
  return bytes;
}

absl::StatusOr<std::vector<RequestRange>> CutIntoRequests(const HostTensor& inputs,
                                                          int64_t answer_bytes,
                                                          const StreamLimits& limits) {
  std::vector<RequestRange> ranges;
  const int64_t samples = inputs.shape.empty() ? 0 : inputs.shape[0];
  if (samples == 0) return ranges;

  const int64_t input_bytes = static_cast<int64_t>(inputs.bytes.size()) / samples;
  const int64_t sample_bytes = std::max({input_bytes, answer_bytes, int64_t{1}});
  const int64_t message_bytes = limits.max_message_bytes - kHeaderBytes;
  if (sample_bytes > message_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "one sample does not fit a message: it takes ", input_bytes, " bytes and its answer ",
        answer_bytes, ", and the teacher's messages have ", limits.max_message_bytes,
        " at most; give the server a larger ", Field("max_message_size")));
  }
  const int64_t by_bytes = std::min(kRequestBytes, message_bytes) / sample_bytes;
  const int64_t step = std::clamp<int64_t>(by_bytes, 1, limits.max_request_samples);
  for (int64_t begin = 0; begin < samples; begin += step) {
    ranges.push_back({begin, std::min(begin + step, samples)});
  }
  return ranges;
}

}  // namespace distill
