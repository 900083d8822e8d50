#include "student_trainer/pipeline/batch_maker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/sample_memory.h"
#include "student_trainer/data/sampler.h"
#include "student_trainer/views/mix.h"

namespace distill {
namespace {

int64_t BatchBytes(const Dataset& dataset, absl::Span<const int64_t> samples, int64_t batch_size) {
  int64_t positions = 0;
  for (const int64_t sample : samples) positions += dataset.Length(sample);
  const int64_t mean_length =
      positions / std::max<int64_t>(1, static_cast<int64_t>(samples.size()));
  int64_t bytes = 0;
  for (const InputSpec& input : dataset.inputs()) {
    bytes += static_cast<int64_t>(SampleBytes(input, mean_length).value_or(0)) * batch_size;
  }
  return bytes;
}

}  // namespace

BatchMaker::BatchMaker(const Dataset& dataset, std::vector<int64_t> samples,
                       absl::Span<const int64_t> labelled, const BatchOptions& options,
                       CorruptSamples& corrupt)
    : dataset_(dataset),
      samples_(std::move(samples)),
      has_label_(static_cast<size_t>(dataset.size()), false),
      options_(options),
      corrupt_(corrupt),
      batch_ends_(BatchEnds(static_cast<int64_t>(samples_.size()), options.batch_size)),
      batches_(options.epochs * static_cast<int64_t>(batch_ends_.size())),
      batch_bytes_(BatchBytes(dataset, samples_, options.batch_size)) {
  for (const int64_t sample : labelled) has_label_[static_cast<size_t>(sample)] = true;
}

std::shared_ptr<const std::vector<int64_t>> BatchMaker::OrderOf(int64_t epoch) const {
  MutexLock lock(mutex_);
  if (epoch != epoch_) {
    order_ =
        std::make_shared<const std::vector<int64_t>>(EpochOrder(samples_, options_.seed, epoch));
    epoch_ = epoch;
  }
  return order_;
}

int64_t BatchMaker::LabelOf(int64_t sample) const {
  return has_label_[static_cast<size_t>(sample)] ? dataset_.Label(sample) : kNoLabel;
}

void BatchMaker::AddRows(int64_t sample, TrainingBatch& batch) const {
  if (!options_.rows_by_position) return batch.labels.push_back(LabelOf(sample));
  const bool labelled = dataset_.labels_by_position() && has_label_[static_cast<size_t>(sample)];
  std::vector<int64_t> labels;
  if (dataset_.labels_by_position()) labels = dataset_.Labels(sample);
  const int64_t length = dataset_.Length(sample);
  if (labels.empty()) {
    labels.assign(static_cast<size_t>(length > 0 ? length : options_.positions), kNoLabel);
  }
  for (const int64_t label : labels) {
    const bool wanted = label != kIgnoredPosition;
    batch.wanted.push_back(wanted);
    if (wanted) batch.labels.push_back(labelled ? label : kNoLabel);
  }
}

absl::StatusOr<TrainingBatch> BatchMaker::Make(int64_t number) const {
  const InputSpec& input = dataset_.input();
  if (!options_.views.IsIdentity() &&
      (dataset_.inputs().size() != 1 || input.dtype != DType::kUint8 || input.shape.size() != 3)) {
    return absl::InvalidArgumentError(
        absl::StrCat("`views`: they are made of uint8 images [channels, height, width], not of ",
                     ToString(dataset_.inputs()), "; use none"));
  }
  TrainingBatch batch;
  batch.epoch = number / batches_per_epoch();
  const auto index = static_cast<size_t>(number % batches_per_epoch());
  batch.position = index == 0 ? 0 : batch_ends_[index - 1];
  const auto order = OrderOf(batch.epoch);

  const auto samples =
      absl::MakeConstSpan(*order).subspan(static_cast<size_t>(batch.position),
                                          static_cast<size_t>(batch_ends_[index] - batch.position));
  ASSIGN_OR_RETURN(SampleMemory memory, SampleMemory::Allocate(dataset_, samples));
  std::vector<int64_t> positions;  // of those that can be read
  for (int64_t position = batch.position; position < batch_ends_[index]; ++position) {
    const int64_t sample = (*order)[static_cast<size_t>(position)];
    const absl::Status read = ReadView(sample, batch.epoch, memory.Next(dataset_.Length(sample)));
    if (!read.ok()) {
      RETURN_IF_ERROR(corrupt_.Report(sample, read));
      continue;
    }
    memory.Keep();
    positions.push_back(position);
    batch.sample_ids.push_back(sample);
    AddRows(sample, batch);
  }
  if (std::find(batch.wanted.begin(), batch.wanted.end(), false) == batch.wanted.end()) {
    batch.wanted.clear();
  }
  if (options_.views.Mixes()) {
    RETURN_IF_ERROR(MixViews(*order, positions, memory.all(0), batch));
  }
  batch.inputs = std::move(memory).Take();
  return batch;
}

absl::Status BatchMaker::ReadView(int64_t sample, int64_t epoch, Destinations destinations) const {
  if (options_.views.IsIdentity()) return dataset_.Read(sample, destinations);
  const absl::Span<uint8_t> destination = destinations[0];
  const Shape& shape = dataset_.input().shape;
  const ViewKey key{options_.seed, epoch, sample};
  if (dataset_.images() == nullptr && options_.views.crop_scale == 0) {
    RETURN_IF_ERROR(dataset_.Read(sample, destinations));
    ApplyView(options_.views, key, shape, destination);
    return absl::OkStatus();
  }
  Image image;
  if (dataset_.images() != nullptr) {
    ASSIGN_OR_RETURN(image, dataset_.images()->Decode(sample));
  } else {
    image = {shape[0], shape[1], shape[2], std::vector<uint8_t>(destination.size())};
    RETURN_IF_ERROR(dataset_.Read(sample, {absl::MakeSpan(image.pixels)}));
  }
  ASSIGN_OR_RETURN(const Image view,
                   MakeView(options_.views, key, std::move(image), shape, options_.resizer));
  std::copy(view.pixels.begin(), view.pixels.end(), destination.begin());
  return absl::OkStatus();
}

absl::Status BatchMaker::MixViews(const std::vector<int64_t>& order,
                                  absl::Span<const int64_t> positions, absl::Span<uint8_t> views,
                                  TrainingBatch& batch) const {
  const Shape& shape = dataset_.input().shape;
  const size_t n = positions.size();
  const size_t bytes = n == 0 ? 0 : static_cast<size_t>(shape[0] * shape[1] * shape[2]);
  std::vector<uint8_t> behind(bytes);  // the view of the sample behind the batch's last
  batch.mixed_labels.assign(n, kNoLabel);
  batch.label_weights.assign(n, 1.0F);
  // Proceeds in order: the partner comes later, and is not mixed yet.
  for (size_t i = 0; i < n; ++i) {
    const Mix mix =
        DrawMix(options_.views, {options_.seed, batch.epoch, batch.sample_ids[i]}, shape);
    if (mix.kind == Mix::Kind::kNone) continue;
    const size_t next = (static_cast<size_t>(positions[i]) + 1) % order.size();
    absl::Span<const uint8_t> partner = views.subspan((i + 1) * bytes, bytes);
    if (i + 1 == n || positions[i + 1] != positions[i] + 1) {
      const absl::Status read = ReadView(order[next], batch.epoch, {absl::MakeSpan(behind)});
      if (!read.ok()) {  // the partner is corrupt: the sample stays as it is
        RETURN_IF_ERROR(corrupt_.Report(order[next], read));
        continue;
      }
      partner = behind;
    }
    ApplyMix(mix, partner, shape, views.subspan(i * bytes, bytes));
    batch.mixed_labels[i] = LabelOf(order[next]);
    batch.label_weights[i] = static_cast<float>(mix.weight);
  }
  return absl::OkStatus();
}

}  // namespace distill
