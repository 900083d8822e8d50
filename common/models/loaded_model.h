// LoadedModel: a model directory, ready for inference. What the server runs and `evaluate`
// measures.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/models/model.h"
#include "common/models/placement.h"
#include "common/store/model_directory.h"

namespace distill {

// x = (input / scale - mean) / std as float32, on the input's device. `input`: [n, channels, …].
// Integers other than uint8 (tokens) pass unchanged.
at::Tensor Normalize(const at::Tensor& input, const Normalization& normalization);

// Immutable once loaded; thread-safe.
class LoadedModel {
 public:
  // Zoo or TorchScript, as config.json says; in eval mode, at `placement`. The error names the
  // directory and what is wrong: errors of ReadModelDescription and ReadSafetensors, weights that
  // do not fit, a model.pt that is no TorchScript, a forward pass of one sample of zeros that fails
  // or does not give [1, classes] or [1, length, classes], class names of another number.
  static absl::StatusOr<std::unique_ptr<LoadedModel>> Load(const std::filesystem::path& directory,
                                                           const Placement& placement = {});

  // A batch in the data's own type, one tensor an input, on any device → float32 logits [samples,
  // classes], or [samples, length, classes] of sequences, on the model's device. Runs in inference
  // mode, on the device's current stream. INTERNAL, with Torch's text, which is not for clients, if
  // the model throws or gives another shape.
  absl::StatusOr<at::Tensor> Logits(absl::Span<const at::Tensor> inputs) const;

  // A batch of zeros that Logits takes, on the CPU; variable lengths are 8.
  std::vector<at::Tensor> ExampleInputs(int64_t samples) const;

  // Whether the model is given a mask beside its inputs: bool [samples, length], true where the
  // tokens, an input of integers and shape [-1], are not pad_id. So is a TorchScript whose forward
  // has one more argument
  // than there are inputs, with "mask" in its name. Only then may lengths be padded.
  bool takes_mask() const { return takes_mask_; }

  const Placement& placement() const { return placement_; }
  const ModelDescription& description() const { return description_; }
  const std::string& fingerprint() const { return fingerprint_; }
  int64_t classes() const { return classes_; }
  // Rows of logits a sample; -1: as many as its length.
  int64_t rows_per_sample() const { return rows_per_sample_; }
  int64_t parameters() const { return parameters_; }
  // Of one sample, whose variable length is 8 (multiply_adds.h).
  int64_t multiply_adds() const { return multiply_adds_; }
  // Size of the weights' file.
  int64_t bytes() const { return bytes_; }

 private:
  LoadedModel() = default;

  // What forward_ takes: normalised, in the model's type and on its device; and the mask.
  std::vector<at::Tensor> Prepare(absl::Span<const at::Tensor> inputs) const;

  ModelDescription description_;
  std::string fingerprint_;
  std::function<at::Tensor(const std::vector<at::Tensor>&)> forward_;
  int64_t classes_ = 0;
  int64_t rows_per_sample_ = 1;
  int64_t parameters_ = 0;
  int64_t multiply_adds_ = 0;
  int64_t bytes_ = 0;
  Placement placement_;
  bool takes_mask_ = false;
};

// Writes config.json and the weights, each atomically, config.json last: model.safetensors of a
// model of the zoo, model.pt of a ScriptedModel, as the description's architecture must say.
// Creates the folder.
absl::Status SaveModelDirectory(const std::filesystem::path& directory,
                                const ModelDescription& description,
                                const torch::nn::Module& module);

}  // namespace distill
