#include "tests/bench/load_run.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/base/status_macros.h"
#include "common/rpc/address.h"
#include "tests/bench/load_stream.h"
#include "tests/bench/open_loop_schedule.h"
#include "tests/bench/random_inputs.h"

namespace distill {
namespace {

constexpr absl::Duration kLastAnswers = absl::Seconds(10);
constexpr int kMaxStreams = 4096;

absl::Status Wrong(absl::string_view option, const absl::AlphaNum& value,
                   absl::string_view allowed) {
  return absl::InvalidArgumentError(absl::StrCat(option, " ", value, ": it must be ", allowed));
}

// Holds streams, and the outcomes of the requests sent on them. Destroying it closes the streams.
class LoadRun {
 public:
  LoadRun(const LoadOptions& options, std::stop_token stop, Clock& clock)
      : options_(options), stop_(std::move(stop)), clock_(clock), on_stop_(stop_, Wake{this}) {}
  ~LoadRun() { CloseStreams(); }
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;

  absl::Status OpenStreams();
  LoadResult Run();

 private:
  struct Wake {
    LoadRun* run;
    void operator()() const {
      MutexLock lock(run->mutex_);
      run->changed_.NotifyAll();
    }
  };

  // Returns false if the stream accepts no more requests.
  bool Send(LoadStream& stream, absl::Time scheduled);
  void OnOutcome(LoadStream& stream, const Outcome& outcome);
  void SendClosed(absl::Time until);
  void SendOpen(absl::Time from, absl::Time until);
  void AwaitLastAnswers();
  void CloseStreams();

  // Waits until the time has come, or there is nothing more to send. Returns whether there is more
  // to send.
  bool WaitUntil(absl::Time time);
  bool Over() const;

  const LoadOptions options_;
  const std::stop_token stop_;
  Clock& clock_;
  std::vector<std::shared_ptr<LoadStream>> streams_;
  int in_flight_ = 0;  // requests per stream in a closed loop

  Mutex mutex_;
  CondVar changed_;
  bool answers_send_ ABSL_GUARDED_BY(mutex_) = false;  // the closed loop is closed
  int64_t outstanding_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Outcome> outcomes_ ABSL_GUARDED_BY(mutex_);

  // Last, since it uses the members above.
  const std::stop_callback<Wake> on_stop_;
};

absl::Status LoadRun::OpenStreams() {
  std::vector<InputBatch> inputs;
  for (int i = 0; i < options_.streams; ++i) {
    const auto on_outcome = [this](LoadStream& stream, const Outcome& outcome) {
      OnOutcome(stream, outcome);
    };
    ASSIGN_OR_RETURN(std::shared_ptr<LoadStream> stream,
                     LoadStream::Open(options_.client, on_outcome, clock_));
    streams_.push_back(stream);
    if (i == 0) {
      ASSIGN_OR_RETURN(
          inputs, RandomInputs(stream->granted().model.inputs, {.samples = options_.request_samples,
                                                                .length = options_.length,
                                                                .seed = options_.seed}));
    }
    RETURN_IF_ERROR(stream->SetRequest({.inputs = inputs, .seed = options_.seed}));
  }
  const int64_t credits = streams_.front()->granted().limits.credits;
  const int64_t allowed = std::max<int64_t>(1, credits / options_.request_samples);
  in_flight_ = static_cast<int>(std::min<int64_t>(options_.in_flight, allowed));
  if (options_.mode == LoadMode::kClosed && in_flight_ < options_.in_flight) {
    log::Warning(absl::StrCat("in_flight ", options_.in_flight, ": the server's ", credits,
                              " credits allow ", in_flight_, " of these requests per stream"));
  }
  return absl::OkStatus();
}

LoadResult LoadRun::Run() {
  const absl::Time start = clock_.Now();
  Window window{.begin = start + options_.warmup,
                .end = start + options_.warmup + options_.duration};
  if (options_.mode == LoadMode::kClosed) {
    SendClosed(window.end);
  } else {
    SendOpen(start, window.end);
  }
  window.end = std::min(window.end, clock_.Now());
  AwaitLastAnswers();
  const absl::Time finished = clock_.Now();
  CloseStreams();
  MutexLock lock(mutex_);
  return {.granted = streams_.front()->granted(),
          .in_flight = options_.mode == LoadMode::kClosed ? in_flight_ : 0,
          .measured = Measure(outcomes_, window, finished)};
}

bool LoadRun::Send(LoadStream& stream, absl::Time scheduled) {
  {
    MutexLock lock(mutex_);
    ++outstanding_;  // before its outcome can come
  }
  if (stream.Send(scheduled)) return true;
  MutexLock lock(mutex_);
  --outstanding_;
  changed_.NotifyAll();
  return false;
}

void LoadRun::OnOutcome(LoadStream& stream, const Outcome& outcome) {
  bool send = false;
  {
    MutexLock lock(mutex_);
    outcomes_.push_back(outcome);
    --outstanding_;
    send = answers_send_;
    if (outstanding_ == 0 || outcome.code != absl::StatusCode::kOk) changed_.NotifyAll();
  }
  if (send) Send(stream, clock_.Now());
}

void LoadRun::SendClosed(absl::Time until) {
  {
    MutexLock lock(mutex_);
    answers_send_ = true;
  }
  for (int i = 0; i < in_flight_; ++i) {
    for (const auto& stream : streams_) Send(*stream, clock_.Now());
  }
  WaitUntil(until);
  MutexLock lock(mutex_);
  answers_send_ = false;
}

void LoadRun::SendOpen(absl::Time from, absl::Time until) {
  const OpenLoopSchedule schedule(from, options_.rate, options_.streams);
  for (int64_t i = 0;; ++i) {
    const OpenLoopSchedule::Entry next = schedule.At(i);
    if (next.at >= until) break;
    if (!WaitUntil(next.at)) return;
    if (Send(*streams_[next.stream], next.at)) continue;
    MutexLock lock(mutex_);
    outcomes_.push_back({.scheduled = next.at,
                         .arrived = clock_.Now(),
                         .code = absl::StatusCode::kUnavailable,
                         .samples = options_.request_samples});
  }
  WaitUntil(until);
}

void LoadRun::AwaitLastAnswers() {
  const absl::Time deadline = clock_.Now() + kLastAnswers;
  MutexLock lock(mutex_);
  while (outstanding_ > 0 && !stop_.stop_requested() && clock_.Now() < deadline) {
    clock_.WaitUntil(changed_, mutex_, deadline);
  }
}

void LoadRun::CloseStreams() {
  for (const auto& stream : streams_) stream->Close();
}

bool LoadRun::WaitUntil(absl::Time time) {
  while (!Over()) {
    MutexLock lock(mutex_);
    if (clock_.Now() >= time) return true;
    if (!stop_.stop_requested()) clock_.WaitUntil(changed_, mutex_, time);
  }
  return false;
}

bool LoadRun::Over() const {
  return stop_.stop_requested() || std::all_of(streams_.begin(), streams_.end(),
                                               [](const auto& stream) { return stream->over(); });
}

}  // namespace

absl::Status LoadOptions::Validate() const {
  if (const auto address = ParseAddress(client.address); !address.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("target: ", address.status().message()));
  }
  RETURN_IF_ERROR(client.Validate());
  if (streams < 1 || streams > kMaxStreams) {
    return Wrong("streams", streams, absl::StrCat("1 to ", kMaxStreams));
  }
  if (request_samples < 1) return Wrong("request_samples", request_samples, "1 or more");
  if (length < 0) return Wrong("length", length, "0 or more");
  if (in_flight < 1) return Wrong("in_flight", in_flight, "1 or more");
  if (mode == LoadMode::kOpen && !(rate > 0 && rate <= 1e9)) {
    return Wrong("rate", rate, "above 0 in an open loop, and at most 1e9");
  }
  if (duration <= absl::ZeroDuration()) {
    return Wrong("duration", absl::FormatDuration(duration), "above 0");
  }
  return absl::OkStatus();
}

absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options, std::stop_token stop, Clock& clock) {
  RETURN_IF_ERROR(options.Validate());
  LoadRun run(options, std::move(stop), clock);
  RETURN_IF_ERROR(run.OpenStreams());
  return run.Run();
}

}  // namespace distill
