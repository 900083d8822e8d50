// A trainer must handle any message of a server: it never crashes, and the targets that it accepts
// are safe for its decoders: they have as many rows and classes as requested, every value is
// finite, every id is that of a class, and every count is at most the number of draws.
//
// The input: one byte each for the encoding, k, draws, classes and samples (each minus its
// minimum), then the frame.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/client/session/granted.h"
#include "common/client/session/pending_requests.h"
#include "common/contract/bit_packing.h"
#include "common/contract/target_values.h"
#include "common/rpc/wire.h"
#include "tests/common/rpc/frames.h"
#include "tests/fuzz/require.h"

namespace distill {
namespace {

using ::distill::testing::Require;

constexpr size_t kPrefix = 5;

struct Asked {
  TargetSpec spec;
  int64_t classes = 0;
  PendingRequest request;
};

Asked WhatWasAsked(const uint8_t* prefix) {
  const std::vector<TargetEncoding> encodings = AllEncodings();
  Asked asked;
  asked.spec.encoding = encodings[prefix[0] % encodings.size()];
  const bool both = HasK(asked.spec.encoding) && HasDraws(asked.spec.encoding);
  asked.classes = (both ? 2 : 1) + prefix[3];
  if (HasK(asked.spec.encoding)) {
    const int64_t most = both ? asked.classes - 1 : asked.classes;
    asked.spec.k = static_cast<int32_t>(1 + prefix[1] % most);
  }
  if (HasDraws(asked.spec.encoding)) asked.spec.draws = 1 + prefix[2] % 40;
  asked.request.samples = 1 + prefix[4] % 8;
  asked.request.request.rows = asked.request.samples;
  return asked;
}

// The values of a packed part.
std::vector<int64_t> Unpacked(const HostTensor& part, int64_t n, int bits) {
  const int64_t rows = part.shape[0];
  const Bytes bytes = part.bytes.Contiguous();
  std::vector<int64_t> values(static_cast<size_t>(rows * n));
  for (int64_t row = 0; row < rows; ++row) {
    UnpackRow(bytes.piece(0).data() + row * part.shape[1], bits,
              absl::MakeSpan(values).subspan(static_cast<size_t>(row * n), static_cast<size_t>(n)));
  }
  return values;
}

void RequireInRange(const HostTensor& part, int64_t n, int bits, int64_t largest) {
  for (const int64_t value : Unpacked(part, n, bits)) {
    Require(value >= 0 && value <= largest, "ids are of classes, counts within the draws");
  }
}

void CheckTargets(const v1::Targets& targets, const std::vector<Bytes>& payloads,
                  const Asked& asked) {
  const AnswerOutput output{{kLogitsOutput, OutputKind::kLogits, asked.classes, 1}, asked.spec};
  const absl::StatusOr<SoftTargets> all =
      CheckedTargets(targets, payloads, asked.request, {output});
  const absl::StatusOr<EncodedTargets> accepted =
      all.ok() ? absl::StatusOr<EncodedTargets>(all->front()) : all.status();
  if (!accepted.ok()) {
    Require(!accepted.status().message().empty(), "a refusal gives its reason");
    return;
  }
  Require(accepted->rows == asked.request.samples, "as many rows as were asked for");
  Require(accepted->classes == asked.classes, "and as many classes");
  Require(Validate(*accepted).ok(), "the parts are those of the spec");
  for (const HostTensor& part : accepted->parts) Require(AllFinite(part), "values are finite");
  const TargetSpec& spec = asked.spec;
  if (spec.k + spec.draws == 0) return;
  RequireInRange(accepted->parts.front(), spec.k + spec.draws, IdBits(asked.classes),
                 asked.classes - 1);
  if (spec.draws > 0) {
    RequireInRange(accepted->parts.back(), spec.draws, CountBits(spec), spec.draws);
  }
}

}  // namespace
}  // namespace distill

// Protobuf would write a line to stderr for every string that is not UTF-8.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace distill;
  if (size < kPrefix) return 0;
  const Asked asked = WhatWasAsked(data);
  v1::DistillResponse response;
  std::vector<Bytes> payloads;
  const std::string bytes(reinterpret_cast<const char*>(data) + kPrefix, size - kPrefix);
  if (!ReadFrame(Sliced(bytes), &response, &payloads).ok()) return 0;
  if (response.has_targets()) CheckTargets(response.targets(), payloads, asked);
  if (response.has_opened()) {
    const absl::StatusOr<Granted> granted =
        GrantedFromProto(response.opened(), {{kLogitsOutput, asked.spec}});
    if (granted.ok()) {
      distill::testing::Require(granted->outputs[0].spec == asked.spec,
                                "granted is what was asked for");
    }
  }
  return 0;
}
