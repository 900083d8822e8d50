// InputBatch: one input of a batch of samples, whose lengths may differ; CheckInputs checks batches
// against the inputs of a model.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/input_spec.h"
#include "common/tensor/host_tensor.h"

namespace distill {

struct InputBatch {
  InputBatch() = default;
  // A tensor [n, …] is a batch of samples of one shape.
  InputBatch(HostTensor values, std::vector<int64_t> lengths = {})  // NOLINT: implicit
      : values(std::move(values)), lengths(std::move(lengths)) {}

  // [n, …]. With lengths: [sum of the lengths, …], the values of the samples one after the other.
  HostTensor values;
  // n lengths, each ≥ 1; empty where all samples have the same shape.
  std::vector<int64_t> lengths;

  // Returns n.
  int64_t samples() const;
};

// Returns samples [begin, end), which share the memory. The batch must be valid, and 0 ≤ begin ≤
// end ≤ samples().
InputBatch SliceSamples(const InputBatch& batch, int64_t begin, int64_t end);

// Returns samples [begin, end) of every input.
std::vector<InputBatch> SliceSamples(absl::Span<const InputBatch> batch, int64_t begin,
                                     int64_t end);

// Returns the inputs of these indices, in their order.
std::vector<InputBatch> SelectInputs(const std::vector<InputBatch>& batch,
                                     const std::vector<size_t>& inputs);

// Returns the bytes of all values.
int64_t ByteSize(absl::Span<const InputBatch> batch);

// Returns the lengths of the samples: those of the first input that has lengths; empty if none has.
const std::vector<int64_t>& LengthsOf(absl::Span<const InputBatch> batch);

// Returns the largest of the sizes that are variable in `specs`; 0 if none is. The batch must have
// passed CheckInputs.
int64_t LongestLength(absl::Span<const InputSpec> specs, absl::Span<const InputBatch> batch);

// How the inputs of variable length are given.
enum class Lengths {
  kEqual,   // [n, length, …]: all samples of a batch have one length
  kRagged,  // with lengths, if HasLengths
};

// Returns whether samples of an input can differ in length: its shape is [-1, …] without another
// -1.
bool HasLengths(const InputSpec& spec);

// Expects one batch per spec, in order, of the same number of samples, at least one. Returns that
// number. Returns INVALID_ARGUMENT with the input and what was expected for a wrong count, dtype,
// rank or shape, bytes that do not fit the shape, no samples, lengths where there should be none,
// and lengths that are not positive, do not sum up to the shape, or differ between inputs. Does not
// read any element.
absl::StatusOr<int64_t> CheckInputs(absl::Span<const InputSpec> specs,
                                    absl::Span<const InputBatch> inputs, Lengths lengths);

}  // namespace distill
