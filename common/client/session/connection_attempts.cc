// The connection's thread: opens a stream, waits for its end, and decides whether to try again.
#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/client/session/teacher_connection.h"
#include "common/client/stream/stream_errors.h"
#include "common/contract/starting.h"
#include "common/rpc/connect_errors.h"
#include "common/rpc/convert.h"

namespace distill {
namespace {

// How long Stop() lets a server finish a stream without requests.
constexpr absl::Duration kStopGrace = absl::Seconds(2);

// For what is measured before a stream is opened.
constexpr absl::Duration kMeasureTime = absl::Seconds(2);

// "9.8s", "48ms": what is told of a time that was measured.
std::string Rounded(absl::Duration time) {
  const absl::Duration unit = time < absl::Seconds(1) ? absl::Milliseconds(1) : absl::Seconds(0.1);
  return absl::FormatDuration(absl::Floor(time + unit / 2, unit));
}

v1::Open OpenMessage(const TeacherClientOptions& options) {
  v1::Open open;
  open.set_model(options.model);
  open.set_client(options.client_name);
  const std::vector<AskedOutput> outputs = options.AskedOutputs();
  if (AreLogitsAlone(outputs)) {
    *open.mutable_targets() = ToProto(outputs[0].spec);
  } else {
    for (const AskedOutput& output : outputs) {
      v1::OutputRequest* request = open.add_outputs();
      request->set_name(output.name);
      *request->mutable_targets() = ToProto(output.spec);
    }
  }
  open.mutable_class_names()->Assign(options.class_names.begin(), options.class_names.end());
  open.set_class_subset(options.class_subset);
  open.mutable_class_indices()->Assign(options.class_indices.begin(), options.class_indices.end());
  open.set_batch_independent(options.batch_independent);
  open.set_ragged(options.ragged);
  open.set_max_rows_per_sample(options.max_rows_per_sample);
  return open;
}

}  // namespace

// Hands a stream's events on, with its number.
class TeacherConnection::StreamEvents : public TeacherStream::Handler {
 public:
  StreamEvents(std::shared_ptr<TeacherConnection> connection, int64_t stream)
      : connection_(std::move(connection)), stream_(stream) {}

  void OnOpened(const v1::Opened& opened) override { connection_->OnOpened(stream_, opened); }
  void OnTargets(const v1::Targets& targets, std::vector<Bytes> payloads,
                 int64_t wire_bytes) override {
    connection_->OnTargets(stream_, targets, payloads, wire_bytes);
  }
  void OnError(const v1::Error& error) override { connection_->OnError(stream_, error); }
  void OnDraining() override { connection_->OnDraining(stream_); }
  void OnMalformed(const absl::Status& status) override {
    connection_->OnMalformed(stream_, status);
  }
  void OnClosed(const absl::Status& status) override { connection_->OnClosed(stream_, status); }

 private:
  const std::shared_ptr<TeacherConnection> connection_;
  const int64_t stream_;
};

void TeacherConnection::Run() {
  while (true) {
    std::unique_ptr<TeacherStream> ended;
    const absl::StatusOr<ClientCredentials> credentials = ReadClientCredentials(options_.security);
    if (credentials.ok()) MeasureLine(*credentials);
    {
      MutexLock lock(mutex_);
      if (!Running()) break;
      if (credentials.ok()) {
        RunStream(*credentials);
        AfterStream();
      } else {
        WithoutCredentials(credentials.status());
      }
      ended = std::move(stream_);
    }
    ended.reset();  // not under the lock: it waits for the stream's thread
    Deliver();
    MutexLock lock(mutex_);
    WaitToRetry();
  }
  Deliver();
}

// Once, where the address does not tell.
void TeacherConnection::MeasureLine(const ClientCredentials& credentials) {
  if (line_is_known_) return;
  const absl::Duration time = std::min(kMeasureTime, options_.connect_timeout / 2);
  const absl::StatusOr<bool> is_long =
      IsLongLine(target_, credentials, absl::Now() + time, stop_measuring_.get_token());
  if (!is_long.ok()) return;  // as the stream will report
  line_is_known_ = true;
  target_.long_line = *is_long;
}

// Returns when the stream has ended, which it soon does once the connection is stopping or has
// failed.
void TeacherConnection::RunStream(const ClientCredentials& credentials) {
  v1::Open open = OpenMessage(options_);
  if (has_opened_) open.set_fingerprint(granted_.model.fingerprint);
  ++stream_number_;
  phase_ = Phase::kOpening;
  was_open_ = false;
  draining_ = false;
  const absl::Status before = std::exchange(end_, absl::OkStatus());
  // The line was measured first, which is part of a first attempt.
  const absl::Time begin = attempted_ ? clock_.Now() : started_;
  absl::Time opened_by = clock_.Now() + options_.connect_timeout;
  const bool cut_short = !has_opened_ && give_up_ < opened_by;
  if (cut_short) opened_by = give_up_;
  stream_ =
      TeacherStream::Start(target_, credentials, options_.max_message_bytes, open,
                           std::make_shared<StreamEvents>(shared_from_this(), stream_number_));

  while (phase_ != Phase::kClosed && Running()) {
    if (phase_ == Phase::kOpen) {
      changed_.Wait(mutex_);
    } else if (clock_.Now() < opened_by) {
      clock_.WaitUntil(changed_, mutex_, opened_by);
    } else {
      break;
    }
  }
  const bool timed_out = phase_ == Phase::kOpening && Running();
  if (stopping_ && failure_.ok() && phase_ == Phase::kOpen) {
    stream_->HalfClose();
    const absl::Time deadline = clock_.Now() + kStopGrace;
    while (phase_ != Phase::kClosed && clock_.Now() < deadline) {
      clock_.WaitUntil(changed_, mutex_, deadline);
    }
  }
  if (phase_ != Phase::kClosed) stream_->Cancel();
  while (phase_ != Phase::kClosed) changed_.Wait(mutex_);
  if (timed_out && !was_open_) {
    end_ = NoAnswerWithin(opened_by - begin);
    // Connect ran out of time: how the attempt before this one ended tells more.
    if (cut_short && !before.ok()) end_ = before;
  }
}

// Decides whether to reconnect after a stream that ended by itself.
void TeacherConnection::AfterStream() {
  if (!Running()) return;
  retry_at_ = clock_.Now() + backoff_.Next();
  if (was_open_) {
    if (IsLoss(end_)) return CountFruitless();
    return Fail(Annotate(end_, absl::StrCat("the teacher at ", name_, " ended the stream")));
  }
  const absl::Status failure = DescribeOpenFailure(name_, options_.security, end_);
  starting_ = IsServerStarting(end_);  // that takes as long as its models do
  if (starting_) give_up_ = std::max(give_up_, retry_at_ + options_.connect_timeout);
  if (has_opened_) {
    if (IsTlsRefusal(end_) || IsFull(end_)) StayLost(failure);
    if (IsLoss(end_) || IsFull(end_)) return;
  } else if (IsRetryableOpen(end_) && retry_at_ < give_up_) {
    first_failure_ = failure;
    may_come_later_ = MayComeLater(FaultOf(end_, name_));
    attempted_ = true;
    has_news_ = true;
    return;
  }
  const std::string names = CertificateNamesHint(options_.address, options_.ip, failure);
  Fail(absl::Status(failure.code(), absl::StrCat(failure.message(), names)));
}

absl::Status TeacherConnection::NoAnswerWithin(absl::Duration time) const {
  return absl::UnavailableError(absl::StrCat("no answer within ", Rounded(time)));
}

absl::Status TeacherConnection::FirstFailure() const {
  if (attempted_) return first_failure_;
  return DescribeOpenFailure(name_, options_.security, NoAnswerWithin(clock_.Now() - started_));
}

// A teacher that is only lost now and then answers in between. A proxy that ends every stream does
// not: nginx by default at 1 MiB, or when a stream is idle.
void TeacherConnection::CountFruitless() {
  int64_t& losses = stats_.fruitless_losses;
  losses = pending_.samples() > 0 ? losses + 1 : 0;
  if (losses < kFruitlessLosses) return;
  last_loss_ = absl::UnavailableError(
      absl::StrCat("the teacher at ", name_, ": it was lost ", losses,
                   " times in a row without one answer (", OneLineReason(end_.message()),
                   "); a proxy before it may limit the size of bodies, as nginx does unless "
                   "client_max_body_size is 0, or the time of a stream"));
  // The 5th, 10th, 20th, 40th …
  const auto factor = static_cast<uint64_t>(losses / kFruitlessLosses);
  if (losses % kFruitlessLosses == 0 && std::has_single_bit(factor)) {
    log::Warning(last_loss_.message());
  }
}

// Once a teacher was reached its files were good, and what is wrong with them now may be a rotation
// that is half done: they are read again with every attempt.
void TeacherConnection::WithoutCredentials(const absl::Status& why) {
  if (!has_opened_) return Fail(why);
  retry_at_ = clock_.Now() + backoff_.Next();
  StayLost(absl::UnavailableError(
      absl::StrCat("cannot connect again to the teacher at ", name_, ": ", why.message())));
}

// Logs once what prevents a new stream, where the user may have to act.
void TeacherConnection::StayLost(const absl::Status& why) {
  if (why == last_loss_) return;
  last_loss_ = why;
  log::Warning(why.message());
}

void TeacherConnection::WaitToRetry() {
  while (Running() && clock_.Now() < retry_at_) clock_.WaitUntil(changed_, mutex_, retry_at_);
}

}  // namespace distill
