#include "student_trainer/data/read_samples.h"

#include <utility>

#include "common/base/status_macros.h"
#include "student_trainer/data/sample_memory.h"

namespace distill {

absl::StatusOr<ReadSamplesResult> ReadSamples(const Dataset& dataset,
                                              absl::Span<const int64_t> samples,
                                              CorruptSamples& corrupt) {
  ReadSamplesResult result;
  ASSIGN_OR_RETURN(SampleMemory memory, SampleMemory::Allocate(dataset, samples));
  for (const int64_t sample : samples) {
    const absl::Status read = dataset.Read(sample, memory.Next(dataset.Length(sample)));
    if (read.ok()) {
      memory.Keep();
      result.ids.push_back(sample);
    } else {
      RETURN_IF_ERROR(corrupt.Report(sample, read));
    }
  }
  result.inputs = std::move(memory).Take();
  return result;
}

}  // namespace distill
