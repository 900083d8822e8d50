// LoadedModel is a model directory that is ready for inference. The server runs it and `evaluate`
// measures it.
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
#include "common/inference/inference.h"
#include "common/model_directory/model_directory.h"
#include "common/torch/placement.h"
#include "common/zoo/model.h"

namespace distill {

// The variable length in the example that a model is tried with.
inline constexpr int64_t kExampleLength = 8;

// Immutable once loaded; thread-safe.
class LoadedModel {
 public:
  // Loads a model of the zoo or a TorchScript file, as config.json specifies, in eval mode at
  // `placement`. The error names the directory and what is wrong: errors of ReadModelDescription
  // and ReadSafetensors, weights that do not fit, a model.pt that is not TorchScript, a forward
  // pass of one sample of zeros that fails or does not give [1, classes] or [1, length, classes],
  // a single number per sample without an output in config.json, which says what it is, and a wrong
  // number of class names. Logs a warning where suspected_output() is not logits.
  static absl::StatusOr<std::unique_ptr<LoadedModel>> Load(const std::filesystem::path& directory,
                                                           const Placement& placement = {});

  // Computes one tensor per output, in the order of outputs(): [samples, width], or [samples,
  // length, width], on the device of the model; logits are float32, the others in the type of the
  // model. If has_head(), the logits are undefined: LogitsOf makes them of the features. `inputs`
  // is a batch in the type of the data, one tensor per input, on any device. `lengths`, int64
  // [samples]: how many positions of each sample are its own, where inputs of variable length are
  // padded at their ends; undefined: those whose token is not pad_id, or all. Runs in inference
  // mode, on the current stream of the device. Returns INTERNAL, with Torch's text, which must not
  // be sent to clients, if the model throws or gives another shape.
  absl::StatusOr<std::vector<at::Tensor>> Compute(absl::Span<const at::Tensor> inputs,
                                                  const at::Tensor& lengths = {}) const;

  // Returns float32 logits [n, classes] of features [n, width], as Compute gives them. Throws like
  // Torch.
  at::Tensor LogitsOf(const at::Tensor& features) const;

  // Computes float32 logits alone, as Compute does. FAILED_PRECONDITION if there are none.
  absl::StatusOr<at::Tensor> Logits(absl::Span<const at::Tensor> inputs,
                                    const at::Tensor& lengths = {}) const;

  // Returns a batch of zeros that Logits accepts, on the CPU; variable lengths are `length`.
  std::vector<at::Tensor> ExampleInputs(int64_t samples, int64_t length = kExampleLength) const;

  // Returns the same with values that differ: floats from -1 to 1, all pixels, the tokens 0 and 1.
  std::vector<at::Tensor> VariedInputs(int64_t samples) const;

  // Returns whether the model gets a mask in addition to its inputs: bool [samples, length], true
  // at the positions that are not padding. A TorchScript model gets one if its forward has one more
  // argument than there are inputs, with "mask" in its name. Lengths may be padded only if this is
  // true.
  bool takes_mask() const { return takes_mask_; }
  // Returns whether padding can be told by pad_id: all inputs of variable length are tokens,
  // integers of shape [-1].
  bool tells_padding() const;

  const Placement& placement() const { return placement_; }
  const ModelDescription& description() const { return description_; }
  const std::string& fingerprint() const { return fingerprint_; }
  // Returns what the model gives. The name of logits is kLogitsOutput.
  const std::vector<OutputSpec>& outputs() const { return outputs_; }
  // Returns whether the logits are made of the features by a linear layer.
  bool has_head() const { return head_.defined(); }
  // Returns the classes of the logits; 0 if the model gives none.
  int64_t classes() const { return classes_; }
  // Returns what rows of samples that differ look like, where config.json does not say what they
  // are: other than logits for a model that ends with a softmax, a log-softmax or a sigmoid.
  OutputForm suspected_output() const { return suspected_output_; }
  // Returns the rows of logits per sample; -1 means the length of the sample.
  int64_t rows_per_sample() const { return rows_per_sample_; }
  int64_t parameters() const { return parameters_; }
  // Returns the multiply-adds of one sample; a variable length counts as 8 (multiply_adds.h).
  int64_t multiply_adds() const { return multiply_adds_; }
  // Returns the size of the weights file.
  int64_t bytes() const { return bytes_; }

 private:
  LoadedModel() = default;

  // Set forward_, and what is known of the model before it runs.
  absl::Status LoadScript(const std::filesystem::path& directory,
                          const std::filesystem::path& weights);
  absl::Status LoadZoo(const std::filesystem::path& directory);

  // Sets multiply_adds_ by the operations of the file: the optimised ones cannot be counted.
  absl::Status Count(const std::filesystem::path& directory, const ForwardFunction& plain);

  // Calls run with one sample of zeros; its error names the directory.
  absl::Status OnZeros(const std::filesystem::path& directory,
                       const std::function<void(const std::vector<at::Tensor>&)>& run) const;

  // Set outputs_, classes_ and rows_per_sample_ by what the model gives for one sample of zeros,
  // and suspected_output_ by what it gives for samples that differ.
  absl::Status CheckOutputs(const std::vector<at::Tensor>& given, const std::string& directory);
  absl::Status CheckLogits(const at::Tensor& logits, const std::string& directory);
  absl::Status CheckForm(const std::string& directory);

  // Returns false if larger inputs, or other tokens, make a logit less than 0 or more than 1.
  bool StaysAProbability() const;

  // Returns the names and kinds of what the model gives.
  std::vector<NamedOutput> NamedOutputs(size_t given) const;

  // Returns the tensors of the outputs, as forward_ gives them; undefined for logits that the head
  // makes. Throws.
  std::vector<at::Tensor> Given(absl::Span<const at::Tensor> inputs) const;

  // Returns the arguments of forward_: normalised inputs, in the type of the model and on its
  // device, and the mask.
  std::vector<at::Tensor> Prepare(absl::Span<const at::Tensor> inputs,
                                  const at::Tensor& lengths = {}) const;

  ModelDescription description_;
  std::string fingerprint_;
  ForwardFunction forward_;
  LinearHead head_;
  std::vector<OutputSpec> outputs_;
  int64_t logits_ = 0;  // the index of the logits in outputs_, or -1
  int64_t classes_ = 0;
  int64_t columns_ = 0;  // that forward_ gives: 1 where there are two classes
  OutputForm output_ = OutputForm::kLogits;
  OutputForm suspected_output_ = OutputForm::kLogits;
  int64_t rows_per_sample_ = 1;
  int64_t parameters_ = 0;
  int64_t multiply_adds_ = 0;
  int64_t bytes_ = 0;
  Placement placement_;
  bool takes_mask_ = false;
};

// Writes config.json and the weights, each atomically, config.json last: model.safetensors for a
// model of the zoo, model.pt for a ScriptedModel. The architecture of the description must match
// the model. Creates the folder.
absl::Status SaveModelDirectory(const std::filesystem::path& directory,
                                const ModelDescription& description,
                                const torch::nn::Module& module);

}  // namespace distill
