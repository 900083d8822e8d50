// PrepareFor: a data set as the input of a model. Training, evaluation, the teacher and the report
// all prepare unaugmented samples with it, so the same model and data give the same figures.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/contract/input_spec.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/views/image.h"

namespace distill {

// Returns whether samples are the model's input as they are: of the same dtype and shape, where -1
// in the model's shape takes any length. Names are not compared.
bool Accepts(const InputSpec& model, const InputSpec& data);

// Returns whether samples are images: uint8 [1 or 3, height, width].
bool AreImages(const InputSpec& spec);

// Returns, for each input of a model, the index of the data's input that it takes: of the same
// name, or the only one where both have one. FAILED_PRECONDITION shows both sides if there is none.
absl::StatusOr<std::vector<size_t>> MatchInputs(const std::vector<InputSpec>& model,
                                                const std::vector<InputSpec>& data);

// Returns a data set of the inputs that MatchInputs finds, in the model's order: `data` itself if
// these are all of its own and the model accepts them. Images, uint8 [1 or 3, height, width], are
// otherwise shown with the model's channels (views/channels.h), height and width: the centre of
// each image as it is stored (CentreView), with a -1 of the model replaced by the data's own
// length. Returns FAILED_PRECONDITION, which shows both sides, for other data.
absl::StatusOr<std::shared_ptr<const Dataset>> PrepareFor(const std::vector<InputSpec>& model,
                                                          std::shared_ptr<const Dataset> data,
                                                          const Resizer& resizer);

}  // namespace distill
