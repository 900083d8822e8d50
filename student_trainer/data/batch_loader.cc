#include "student_trainer/data/batch_loader.h"

#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/sampler.h"

namespace distill {
namespace {

// The views of `samples` as one tensor [n, …].
absl::StatusOr<HostTensor> ReadViews(const Dataset& dataset, absl::Span<const int64_t> samples,
                                     const ViewOptions& views, uint64_t seed, int64_t epoch) {
  const InputSpec& input = dataset.input();
  if (!views.IsIdentity() && (input.dtype != DType::kUint8 || input.shape.size() != 3)) {
    return absl::InvalidArgumentError(
        absl::StrCat("views are made of uint8 images [channels, height, width], not of ",
                     ToString(input), "; set pad to 0 and flip to false"));
  }
  if (views.crop_scale > 0 || views.Mixes()) {
    return absl::UnimplementedError("batches are made without random resized crops and mixing");
  }
  HostTensor tensor{input.dtype, input.shape, Bytes()};
  ASSIGN_OR_RETURN(const size_t sample_bytes, ByteSize(input.dtype, input.shape));
  tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(samples.size()));
  ASSIGN_OR_RETURN(const size_t total, ByteSize(tensor.dtype, tensor.shape));

  const std::shared_ptr<uint8_t[]> memory(new (std::nothrow) uint8_t[total]);
  if (memory == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", samples.size(), " samples of ", sample_bytes, " bytes"));
  }
  for (size_t i = 0; i < samples.size(); ++i) {
    const absl::Span<uint8_t> sample(memory.get() + i * sample_bytes, sample_bytes);
    RETURN_IF_ERROR(dataset.Read(samples[i], sample));
    if (!views.IsIdentity()) ApplyView(views, {seed, epoch, samples[i]}, input.shape, sample);
  }
  if (total > 0) tensor.bytes = Bytes::Wrap(memory, Bytes::Piece(memory.get(), total));
  return tensor;
}

}  // namespace

BatchLoader::BatchLoader(const Dataset& dataset, std::vector<int64_t> samples,
                         std::vector<int64_t> labelled, const BatchLoaderOptions& options)
    : dataset_(dataset),
      samples_(std::move(samples)),
      has_label_(static_cast<size_t>(dataset.size()), false),
      options_(options),
      batch_ends_(BatchEnds(static_cast<int64_t>(samples_.size()), options.batch_size)) {
  for (const int64_t sample : labelled) has_label_[static_cast<size_t>(sample)] = true;
}

absl::StatusOr<std::optional<TrainingBatch>> BatchLoader::Next() {
  if (epoch_ < 0 || next_batch_ == batch_ends_.size()) {
    if (samples_.empty() || epoch_ + 1 >= options_.epochs) return std::nullopt;
    ++epoch_;
    next_batch_ = 0;
    order_ = EpochOrder(samples_, options_.seed, epoch_);
  }
  TrainingBatch batch;
  batch.epoch = epoch_;
  batch.position = next_batch_ == 0 ? 0 : batch_ends_[next_batch_ - 1];
  batch.sample_ids.assign(order_.begin() + batch.position,
                          order_.begin() + batch_ends_[next_batch_]);
  ASSIGN_OR_RETURN(batch.inputs,
                   ReadViews(dataset_, batch.sample_ids, options_.views, options_.seed, epoch_));
  batch.labels.reserve(batch.sample_ids.size());
  for (const int64_t sample : batch.sample_ids) {
    batch.labels.push_back(has_label_[static_cast<size_t>(sample)] ? dataset_.Label(sample)
                                                                   : kUnlabelled);
  }
  ++next_batch_;
  return std::optional<TrainingBatch>(std::move(batch));
}

absl::StatusOr<HostTensor> ReadSamples(const Dataset& dataset, absl::Span<const int64_t> samples) {
  return ReadViews(dataset, samples, ViewOptions{}, /*seed=*/0, /*epoch=*/0);
}

}  // namespace distill
