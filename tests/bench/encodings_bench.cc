// encodings_bench measures the rows per second that each target encoding is written and read at. It
// uses Google Benchmark; scripts/bench/encodings.py runs it. Names are
// encode|decode/CLASSES/ENCODING; the counter bytes_per_row is the number of bytes sent.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/process.h"
#include "common/codec/encoding.h"
#include "common/contract/target_values.h"
#include "common/torch/threads.h"

namespace distill {
namespace {

constexpr int64_t kClasses[] = {10, 1000, 32'000, 128'000};

// Twelve entries, or as many as the classes allow.
TargetSpec SpecOf(TargetEncoding encoding, int64_t classes) {
  const bool both = HasK(encoding) && HasDraws(encoding);
  const int32_t entries = both ? 6 : 12;
  return {.encoding = encoding,
          .k = HasK(encoding) ? static_cast<int32_t>(std::min<int64_t>(entries, classes)) : 0,
          .draws = HasDraws(encoding) ? entries : 0};
}

// The rows of one request: as many as a batch may have, or as fit the caches.
at::Tensor LogitsOf(int64_t classes) {
  const int64_t rows = std::clamp<int64_t>((int64_t{1} << 20) / classes, 8, 256);
  return at::randn({rows, classes}) * 3;
}

void Encode(benchmark::State& state, TargetSpec spec, int64_t classes) {
  const c10::InferenceMode inference;
  const at::Tensor logits = LogitsOf(classes);
  for (auto _ : state) {
    benchmark::DoNotOptimize(EncodeTargets(spec, logits, {.temperature = 2, .seed = 1}));
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * logits.size(0));
  state.counters["bytes_per_row"] = static_cast<double>(BytesPerRow(spec, classes));
}

// Includes the check of the values that precedes decoding in a trainer.
void Decode(benchmark::State& state, TargetSpec spec, int64_t classes) {
  const at::Tensor logits = LogitsOf(classes);
  const EncodedTargets targets = EncodeTargets(spec, logits, {.temperature = 2, .seed = 1});
  for (auto _ : state) {
    if (!ValidateValues(targets).ok()) state.SkipWithError("the targets are not valid");
    benchmark::DoNotOptimize(DecodeTargets(targets));
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * logits.size(0));
}

void Register() {
  for (const int64_t classes : kClasses) {
    for (const TargetEncoding encoding : AllEncodings()) {
      const TargetSpec spec = SpecOf(encoding, classes);
      const std::string name = absl::StrCat("/", classes, "/", std::string(Name(encoding)));
      benchmark::RegisterBenchmark(("encode" + name).c_str(), Encode, spec, classes);
      benchmark::RegisterBenchmark(("decode" + name).c_str(), Decode, spec, classes);
    }
  }
}

}  // namespace
}  // namespace distill

int main(int argc, char** argv) {
  distill::SetThreads(1);
  distill::Register();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
