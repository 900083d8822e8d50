// LoadedModel: a model directory, ready for inference. What the server runs and `evaluate`
// measures.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/models/model.h"
#include "common/store/model_directory.h"

namespace distill {

// x = (input / scale - mean) / std as float32, on the input's device. `input`: [n, channels, …].
// Integers other than uint8 (tokens) pass unchanged.
at::Tensor Normalize(const at::Tensor& input, const Normalization& normalization);

// Immutable once loaded. Logits() may be called from one thread at a time.
class LoadedModel {
 public:
  // Zoo or TorchScript, as config.json says; in eval mode on the CPU. The error names the directory
  // and what is wrong: errors of ReadModelDescription and ReadSafetensors, weights that do not fit,
  // a model.pt that is no TorchScript, a forward pass of one sample of zeros that fails or does not
  // give [1, classes] or [1, length, classes], class names of another number.
  static absl::StatusOr<std::unique_ptr<LoadedModel>> Load(const std::filesystem::path& directory);

  // A batch in the data's own type, one tensor an input → float32 logits [rows, classes]; rows of a
  // sample lie together. Runs in inference mode. Exceptions of Torch become INTERNAL.
  absl::StatusOr<at::Tensor> Logits(absl::Span<const at::Tensor> inputs) const;

  const ModelDescription& description() const { return description_; }
  const std::string& fingerprint() const { return fingerprint_; }
  int64_t classes() const { return classes_; }
  int64_t parameters() const { return parameters_; }
  // Size of the weights' file.
  int64_t bytes() const { return bytes_; }

 private:
  LoadedModel() = default;

  ModelDescription description_;
  std::string fingerprint_;
  std::function<at::Tensor(const std::vector<at::Tensor>&)> forward_;
  int64_t classes_ = 0;
  int64_t parameters_ = 0;
  int64_t bytes_ = 0;
};

// Writes config.json and model.safetensors, each atomically, config.json last. Creates the folder.
absl::Status SaveModelDirectory(const std::filesystem::path& directory,
                                const ModelDescription& description,
                                const torch::nn::Module& module);

}  // namespace distill
