// Outputs: what a teacher computed for one request, before it is encoded. The interface holds no
// Torch type. A decorator of a runner, such as a store of soft targets or a relay to another
// server, gives Outputs of its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "common/contract/class_order.h"
#include "common/contract/target_spec.h"

namespace distill {

// The rows [first, first + count) of an output, counted from the first row of the request.
struct RowRange {
  int64_t first = 0;
  int64_t count = 0;
};

// How a stream wants one output.
struct OutputEncoding {
  TargetSpec spec;
  // class_order[i] is the teacher's index of the client's class i; null: the teacher's own order.
  ClassIndices class_order;
};

// An output that a request is answered with, by its index in ModelInfo::outputs.
struct WantedOutput {
  size_t output = 0;
  OutputEncoding encoding;
};

// Immutable; used by one thread at a time.
class Outputs {
 public:
  virtual ~Outputs() = default;

  // Returns the number of rows of an output, given by its index in ModelInfo::outputs: those of all
  // samples of the request.
  virtual int64_t rows(size_t output) const = 0;

  // Encodes rows that exist. The same rows give the same bytes in one call or in several. The
  // result holds no memory of other requests. The status is fit for a client: INTERNAL, without
  // any detail, if an element is NaN or infinite, or for any other failure of the teacher.
  virtual absl::StatusOr<EncodedTargets> Encode(size_t output, RowRange rows,
                                                const OutputEncoding& encoding,
                                                const EncodeOptions& options) const = 0;
};

}  // namespace distill
