#include "teacher_server/batching/fair_queue.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace distill {
namespace {

// Shapes behind the first dimension, of every input.
std::string ShapeKey(const std::vector<HostTensor>& inputs) {
  std::string key;
  for (const HostTensor& input : inputs) {
    absl::StrAppend(&key, ToString(absl::MakeConstSpan(input.shape).subspan(1)), ";");
  }
  return key;
}

}  // namespace

absl::Status FairQueue::Push(Work&& work, absl::Time now) {
  int64_t bytes = 0;
  for (const HostTensor& input : work.request.inputs) {
    bytes += static_cast<int64_t>(input.bytes.size());
  }
  const int64_t samples = work.request.samples;
  if (!queue_.empty() && (samples > max_samples_ - samples_ || bytes > max_bytes_ - bytes_)) {
    return absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", samples_, " of ",
                                                     max_samples_, " samples, ", bytes_, " of ",
                                                     max_bytes_, " bytes"));
  }
  Stream& stream = streams_[work.stream];
  const int64_t start = std::max(virtual_time_, stream.finish);
  stream.finish = start + samples;
  ++stream.waiting;
  samples_ += samples;
  bytes_ += bytes;
  std::string shape = ShapeKey(work.request.inputs);
  queue_.emplace(Key(start, arrivals_++),
                 QueuedWork{std::move(work), now, bytes, std::move(shape)});
  return absl::OkStatus();
}

std::vector<Waiting> FairQueue::View() const {
  std::vector<Waiting> view;
  view.reserve(queue_.size());
  for (const auto& [key, queued] : queue_) {
    view.push_back({.samples = queued.work.request.samples,
                    .enqueued = queued.enqueued,
                    .deadline = queued.work.deadline,
                    .batch_independent = queued.work.request.batch_independent,
                    .shape = queued.shape});
  }
  return view;
}

std::vector<QueuedWork> FairQueue::Take(absl::Span<const size_t> positions) {
  std::vector<QueuedWork> taken;
  taken.reserve(positions.size());
  auto entry = queue_.begin();
  size_t position = 0;
  for (const size_t wanted : positions) {
    std::advance(entry, wanted - position);
    virtual_time_ = std::max(virtual_time_, entry->first.first);
    QueuedWork work = std::move(entry->second);
    samples_ -= work.work.request.samples;
    bytes_ -= work.bytes;
    --streams_[work.work.stream].waiting;
    taken.push_back(std::move(work));
    entry = queue_.erase(entry);
    position = wanted + 1;
  }
  ForgetIdleStreams();
  return taken;
}

size_t FairQueue::RemoveStream(uint64_t stream) {
  size_t removed = 0;
  for (auto entry = queue_.begin(); entry != queue_.end();) {
    if (entry->second.work.stream != stream) {
      ++entry;
      continue;
    }
    samples_ -= entry->second.work.request.samples;
    bytes_ -= entry->second.bytes;
    entry = queue_.erase(entry);
    ++removed;
  }
  streams_.erase(stream);
  return removed;
}

void FairQueue::ForgetIdleStreams() {
  absl::erase_if(streams_, [this](const auto& item) {
    return item.second.waiting == 0 && (queue_.empty() || item.second.finish <= virtual_time_);
  });
}

}  // namespace distill
