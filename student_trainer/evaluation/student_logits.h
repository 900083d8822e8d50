// Models as functions from samples to logits, for Evaluate.
#pragma once

#include <c10/core/Device.h>

#include "common/inference/loaded_model.h"
#include "common/model_directory/model_directory.h"
#include "common/zoo/model.h"
#include "student_trainer/evaluation/evaluation.h"

namespace distill {

// Of a model in training, as it is when it is called: in eval mode, on its device. All must outlive
// the function. Samples are the model's input (PrepareFor).
LogitsFunction LogitsOf(Model& model, const ModelDescription& description, at::Device device);

// Returns whether the model takes no batches, as a trace does that holds the size of its example.
bool TakesOneSampleAlone(const LoadedModel& model);

// Of a model directory's model, which must outlive the function. One that takes no batches is asked
// for one sample at a time.
LogitsFunction LogitsOfLoaded(const LoadedModel& model);

}  // namespace distill
