// The samples that a report shows, with what the teachers and the students say of them.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/types/span.h"
#include "common/model_directory/safetensors.h"

namespace distill {

// Of each run the tensors "inputs" [n, …], "labels" int64 [n], "teacher_logits" and
// "student_logits" float32 [n, classes], as far as it has them. The samples shown are those of the
// first run that has any; of runs that kept others nothing is known of these. Members:
//   samples        {image, text, label, teachers: [logits], students: [logits or null, a run each]}
//   samples_kept   how many there are; fewer are shown where a page of 2 MB has no room for more
//   teacher_of     for each run which of `teachers` is its own, or stands in for one; or null
//   other_samples  for each run whether it kept other samples
// Logits are base64 of float32. Tensors must fit each other.
nlohmann::json ShownSamples(absl::Span<const TensorMap* const> runs);

}  // namespace distill
