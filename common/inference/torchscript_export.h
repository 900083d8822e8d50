// Writes a model of the zoo as TorchScript, which Python and mobile runtimes load without this
// program.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

#include "absl/status/status.h"
#include "common/zoo/model.h"

namespace distill {

// Traces the model in eval mode and writes it atomically; modules, parameters and buffers keep
// their names. The script takes normalised inputs, as Model::Forward does, in batches of any size.
// Before the file is put in place, its bytes are loaded again and their outputs compared with those
// of the model, in batches of 1, 2 and 5. `example`: inputs of one sample, in the model's own type,
// on the CPU. Returns INTERNAL if the model cannot be traced or the outputs differ; other errors
// are those of WriteFileAtomically. The model is left in eval mode.
absl::Status ExportTorchScript(Model& model, const at::Tensor& example,
                               const std::filesystem::path& path);

}  // namespace distill
