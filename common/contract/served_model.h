// Describes a model that a server serves, and how it computes, as sent to clients.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/contract/input_spec.h"
#include "common/contract/output_spec.h"

namespace distill {

struct ModelInfo {
  std::string name;
  std::string fingerprint;
  std::string architecture;
  std::vector<InputSpec> inputs;
  std::vector<OutputSpec> outputs;  // see OutputsOf
  int64_t classes = 0;  // of the logits; 0: it gives none
  int64_t rows_per_sample = 1;           // -1: as many as the sample's length
  std::vector<std::string> class_names;  // `classes` names, or none
  std::string suspected_output;          // Name(OutputForm); empty: the rows look like logits

  friend bool operator==(const ModelInfo&, const ModelInfo&) = default;
};

// Returns the outputs of the model. Where it lists none, as servers of earlier versions do: its
// logits.
std::vector<OutputSpec> OutputsOf(const ModelInfo& model);

// Servers with equal numerics and fingerprint are expected to give equal bytes.
struct Numerics {
  std::string runner;
  std::string dtype;
  std::string device;
  std::string libtorch_version;
  int32_t intra_op_threads = 0;
  std::string blas;
  int64_t fixed_batch_size = 0;

  friend bool operator==(const Numerics&, const Numerics&) = default;
};

}  // namespace distill
