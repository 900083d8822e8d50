#include "tests/testing/fake_teacher.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/mutex.h"
#include "common/base/random.h"
#include "common/rpc/convert.h"
#include "distill/v1/teacher.grpc.pb.h"
#include "tests/testing/temp_dir.h"

namespace distill::testing {
namespace {

// Exact for multiples of 1/64 below 16 in magnitude.
uint16_t HalfBits(float value) {
  if (value == 0) return 0;
  int exponent = 0;
  const float fraction = std::frexp(std::fabs(value), &exponent);  // in [0.5, 1)
  const auto mantissa = static_cast<uint16_t>(std::lround(fraction * 2048) - 1024);
  const uint16_t sign = value < 0 ? 0x8000 : 0;
  return static_cast<uint16_t>(sign | (exponent + 14) << 10 | mantissa);
}

float HalfValue(uint16_t bits) {
  if ((bits & 0x7fff) == 0) return 0;
  const float magnitude =
      std::ldexp(static_cast<float>((bits & 0x3ff) + 1024), (bits >> 10 & 31) - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

template <typename T>
void AppendBytes(std::string* bytes, T value) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T>
std::vector<T> Elements(const HostTensor& tensor) {
  std::vector<T> elements(tensor.bytes.size() / sizeof(T));
  tensor.bytes.CopyTo(elements.data());
  return elements;
}

// Adds the payloads of `rows` rows of logits.
void AddPayloads(const std::vector<float>& logits, int64_t rows, TargetEncoding encoding,
                 v1::DistillResponse* response) {
  std::string values;
  std::string maxima;
  const size_t classes = logits.size() / static_cast<size_t>(rows);
  for (size_t row = 0; row < static_cast<size_t>(rows); ++row) {
    const auto begin = logits.begin() + static_cast<int64_t>(row * classes);
    const float maximum = *std::max_element(begin, begin + static_cast<int64_t>(classes));
    AppendBytes(&maxima, maximum);
    for (size_t c = 0; c < classes; ++c) {
      const float logit = logits[row * classes + c];
      if (encoding == TargetEncoding::kDenseF16) {
        AppendBytes(&values, HalfBits(logit - maximum));
      } else {
        AppendBytes(&values, logit);
      }
    }
  }
  response->add_payload(std::move(values));
  if (encoding == TargetEncoding::kDenseF16) response->add_payload(std::move(maxima));
}

}  // namespace

std::vector<float> FakeLogits(absl::Span<const uint8_t> sample, int64_t classes) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const uint8_t byte : sample) hash = (hash ^ byte) * 0x100000001b3u;
  SplitMix64 random(hash);
  std::vector<float> logits;
  for (int64_t c = 0; c < classes; ++c) {
    logits.push_back(static_cast<float>(random.Below(512)) / 64 - 4);
  }
  return logits;
}

std::vector<float> DecodeFakeLogits(const EncodedTargets& targets) {
  if (targets.spec.encoding == TargetEncoding::kDenseF32) return Elements<float>(targets.parts[0]);
  const std::vector<uint16_t> values = Elements<uint16_t>(targets.parts[0]);
  const std::vector<float> maxima = Elements<float>(targets.parts[1]);
  std::vector<float> logits;
  for (size_t i = 0; i < values.size(); ++i) {
    logits.push_back(HalfValue(values[i]) + maxima[i / static_cast<size_t>(targets.classes)]);
  }
  return logits;
}

// ------------------------------------------------------------------------------------- the server

// One lock for everything: the streams' state is the server's too.
class FakeTeacher::Server : public v1::Teacher::CallbackService {
 public:
  explicit Server(FakeTeacherOptions options)
      : host_(options.host), port_(options.port), options_(std::move(options)) {}

  class Stream;
  grpc::ServerBidiReactor<v1::DistillRequest, v1::DistillResponse>* Distill(
      grpc::CallbackServerContext* context) override;

  // Everything below is guarded by mutex_, but for what Start and Kill alone change.
  mutable Mutex mutex_;
  mutable CondVar changed_;
  const TempDir folder_;
  const std::string host_;
  int port_;
  std::unique_ptr<grpc::Server> grpc_server_;
  FakeTeacherOptions options_;
  std::set<Stream*> streams_;
  bool holding_ = false;
  bool draining_ = false;
  bool ignoring_opens_ = false;
  std::optional<int> drop_after_;
  std::optional<AnswerFault> fault_;
  bool twice_ = false;  // the next answer
  std::optional<absl::Status> request_error_;
  absl::Status open_error_;
  std::vector<SeenRequest> requests_;
  std::vector<SeenOpen> opens_;
  int64_t most_samples_in_flight_ = 0;
};

class FakeTeacher::Server::Stream
    : public grpc::ServerBidiReactor<v1::DistillRequest, v1::DistillResponse> {
 public:
  Stream(Server& server, const grpc::CallbackServerContext& context) : server_(server) {
    const auto& metadata = context.client_metadata();
    if (const auto found = metadata.find("authorization"); found != metadata.end()) {
      authorization_ = std::string(found->second.data(), found->second.size());
    }
    MutexLock lock(server_.mutex_);
    server_.streams_.insert(this);
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    MutexLock lock(server_.mutex_);
    if (finishing_) return;
    if (!ok) {
      half_closed_ = true;
      EndIfNothingIsOwed();
      return;
    }
    if (incoming_.has_open()) {
      HandleOpen(incoming_.open());
    } else {
      HandleRequest();
    }
    if (!finishing_) StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(server_.mutex_);
    outgoing_.pop_front();
    if (!ok) outgoing_.clear();
    WriteOrFinish();
  }

  void OnCancel() override {
    MutexLock lock(server_.mutex_);
    outgoing_.resize(std::min<size_t>(outgoing_.size(), 1));
    End(grpc::Status(grpc::StatusCode::UNAVAILABLE, "cancelled"));
  }

  void OnDone() override {
    {
      MutexLock lock(server_.mutex_);
      server_.streams_.erase(this);
      server_.changed_.NotifyAll();
    }
    delete this;
  }

  // The rest with the server's lock held.

  void ReleaseHeld(ReleaseOrder order) {
    std::deque<Held> held;
    held.swap(held_);
    if (order == ReleaseOrder::kReversed) std::reverse(held.begin(), held.end());
    for (Held& answer : held) SendAnswer(std::move(answer));
    EndIfNothingIsOwed();
  }

  void TellDraining() {
    v1::DistillResponse response;
    response.mutable_draining();
    Queue(std::move(response));
    EndIfNothingIsOwed();
  }

  void End(const grpc::Status& status) {
    if (finishing_) return;
    finishing_ = true;
    end_ = status;
    if (outgoing_.empty()) Finish(end_);
  }

 private:
  struct Held {
    v1::DistillResponse response;
    int64_t samples = 0;
  };

  void HandleOpen(const v1::Open& open) {
    server_.opens_.push_back({open.model(),
                              open.client(),
                              open.fingerprint(),
                              {open.class_names().begin(), open.class_names().end()},
                              open.batch_independent(),
                              authorization_});
    number_ = static_cast<int>(server_.opens_.size());
    server_.changed_.NotifyAll();
    if (server_.ignoring_opens_) return;
    if (server_.draining_) {
      return End(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server drains"));
    }
    if (!server_.open_error_.ok()) return End(ToGrpc(server_.open_error_));
    spec_ = FromProto(open.targets()).value_or(TargetSpec{});
    v1::DistillResponse response;
    v1::Opened* opened = response.mutable_opened();
    *opened->mutable_model() = ToProto(server_.options_.model);
    *opened->mutable_targets() = ToProto(spec_);
    *opened->mutable_numerics() = ToProto(server_.options_.numerics);
    *opened->mutable_limits() = ToProto(server_.options_.limits);
    Queue(std::move(response));
  }

  void HandleRequest() {
    const v1::Request& request = incoming_.request();
    const int64_t samples = request.tensors(0).shape(0);
    int64_t payload_bytes = 0;
    for (const std::string& payload : incoming_.payload()) {
      payload_bytes += static_cast<int64_t>(payload.size());
    }
    server_.requests_.push_back({request.id(), samples, request.seed(), request.temperature(),
                                 request.timeout_us(), payload_bytes, number_});
    in_flight_ += samples;
    server_.most_samples_in_flight_ = std::max(server_.most_samples_in_flight_, in_flight_);
    server_.changed_.NotifyAll();
    if (server_.draining_) {
      return SendError(request.id(), samples, absl::UnavailableError("the server drains"),
                       v1::REASON_DRAINING);
    }
    if (server_.request_error_.has_value()) {
      const absl::Status error = *std::exchange(server_.request_error_, std::nullopt);
      return SendError(request.id(), samples, error, v1::REASON_UNSPECIFIED);
    }
    Held answer = {Answer(request), samples};
    if (server_.holding_) {
      held_.push_back(std::move(answer));
    } else {
      SendAnswer(std::move(answer));
    }
  }

  v1::DistillResponse Answer(const v1::Request& request) const {
    const int64_t samples = request.tensors(0).shape(0);
    int64_t rows = samples;
    int64_t classes = server_.options_.model.classes;
    const std::optional<AnswerFault> fault = std::exchange(server_.fault_, std::nullopt);
    if (fault == AnswerFault::kNoKind) return {};
    if (fault == AnswerFault::kWrongClasses) ++classes;
    const std::string& bytes = incoming_.payload(0);
    const size_t sample_bytes = bytes.size() / static_cast<size_t>(samples);
    std::vector<float> logits;
    for (int64_t i = 0; i < samples; ++i) {
      const auto* sample =
          reinterpret_cast<const uint8_t*>(bytes.data()) + static_cast<size_t>(i) * sample_bytes;
      const std::vector<float> row = FakeLogits({sample, sample_bytes}, classes);
      logits.insert(logits.end(), row.begin(), row.end());
    }
    if (fault == AnswerFault::kWrongRows) {
      ++rows;
      logits.resize(logits.size() + static_cast<size_t>(classes));
    }
    v1::DistillResponse response;
    if (fault == AnswerFault::kErrorUnknownId) {
      response.mutable_error()->set_id(request.id() + 1000);
      response.mutable_error()->set_code(3);
      return response;
    }
    v1::Targets* targets = response.mutable_targets();
    targets->set_id(fault == AnswerFault::kUnknownId ? request.id() + 1000 : request.id());
    targets->set_rows(rows);
    targets->set_classes(classes);
    AddPayloads(logits, rows, spec_.encoding, &response);
    if (fault == AnswerFault::kShortPayload) response.mutable_payload(0)->pop_back();
    if (fault == AnswerFault::kNaN) response.mutable_payload(0)->replace(0, 4, 4, '\xFF');
    if (fault == AnswerFault::kTwice) server_.twice_ = true;
    return response;
  }

  void SendAnswer(Held answer) {
    in_flight_ -= answer.samples;
    if (std::exchange(server_.twice_, false)) Queue(answer.response);
    Queue(std::move(answer.response));
    if (server_.drop_after_.has_value() && --*server_.drop_after_ <= 0) {
      server_.drop_after_.reset();
      End(grpc::Status(grpc::StatusCode::UNAVAILABLE, "dropped by the test"));
    }
  }

  void SendError(uint64_t id, int64_t samples, const absl::Status& status, v1::Reason reason) {
    in_flight_ -= samples;
    v1::DistillResponse response;
    v1::Error* error = response.mutable_error();
    error->set_id(id);
    error->set_code(static_cast<int>(status.code()));
    error->set_message(std::string(status.message()));
    error->set_reason(reason);
    Queue(std::move(response));
  }

  void EndIfNothingIsOwed() {
    if ((half_closed_ || server_.draining_) && held_.empty()) End(grpc::Status::OK);
  }

  void Queue(v1::DistillResponse response) {
    if (finishing_) return;
    outgoing_.push_back(std::move(response));
    if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
  }

  void WriteOrFinish() {
    if (!outgoing_.empty()) {
      StartWrite(&outgoing_.front());
    } else if (finishing_) {
      Finish(end_);
    }
  }

  Server& server_;
  std::string authorization_;
  v1::DistillRequest incoming_;
  std::deque<v1::DistillResponse> outgoing_;  // front: being written
  std::deque<Held> held_;
  TargetSpec spec_;
  int number_ = 0;
  int64_t in_flight_ = 0;  // samples
  bool half_closed_ = false;
  bool finishing_ = false;  // Finish is called once the queue is empty
  grpc::Status end_;
};

grpc::ServerBidiReactor<v1::DistillRequest, v1::DistillResponse>* FakeTeacher::Server::Distill(
    grpc::CallbackServerContext* context) {
  return new Stream(*this, *context);
}

// -------------------------------------------------------------------------------------- the script

FakeTeacher::FakeTeacher(FakeTeacherOptions options)
    : server_(std::make_unique<Server>(std::move(options))) {}

FakeTeacher::~FakeTeacher() { Kill(); }

int FakeTeacher::port() const { return server_->port_; }

std::string FakeTeacher::address() const {
  if (!server_->host_.empty()) return absl::StrCat(server_->host_, ":", server_->port_);
  return absl::StrCat("unix:", (server_->folder_ / "teacher.sock").string());
}

void FakeTeacher::Start() {
  ServerTls tls;
  {
    MutexLock lock(server_->mutex_);
    server_->draining_ = false;
    tls = server_->options_.tls;
  }
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address(), MakeServerCredentials(tls).value(), &port);
  builder.SetMaxReceiveMessageSize(64 << 20);
  builder.RegisterService(server_.get());
  server_->grpc_server_ = builder.BuildAndStart();
  if (!server_->host_.empty()) server_->port_ = port;
}

void FakeTeacher::Kill() {
  if (server_->grpc_server_ == nullptr) return;
  server_->grpc_server_->Shutdown(std::chrono::system_clock::now());
  server_->grpc_server_.reset();
  MutexLock lock(server_->mutex_);
  while (!server_->streams_.empty()) server_->changed_.Wait(server_->mutex_);
}

void FakeTeacher::Drain() {
  MutexLock lock(server_->mutex_);
  server_->draining_ = true;
  for (Server::Stream* stream : server_->streams_) stream->TellDraining();
}

void FakeTeacher::HoldAnswers() {
  MutexLock lock(server_->mutex_);
  server_->holding_ = true;
}

void FakeTeacher::Release(ReleaseOrder order) {
  MutexLock lock(server_->mutex_);
  server_->holding_ = false;
  for (Server::Stream* stream : server_->streams_) stream->ReleaseHeld(order);
}

void FakeTeacher::DropStreamAfter(int answers) {
  MutexLock lock(server_->mutex_);
  server_->drop_after_ = answers;
}

void FakeTeacher::EndStreams(absl::Status status) {
  MutexLock lock(server_->mutex_);
  for (Server::Stream* stream : server_->streams_) stream->End(ToGrpc(status));
}

void FakeTeacher::SpoilNextAnswer(AnswerFault fault) {
  MutexLock lock(server_->mutex_);
  server_->fault_ = fault;
}

void FakeTeacher::FailNextRequest(absl::Status status) {
  MutexLock lock(server_->mutex_);
  server_->request_error_ = std::move(status);
}

void FakeTeacher::RefuseOpens(absl::Status status) {
  MutexLock lock(server_->mutex_);
  server_->open_error_ = std::move(status);
}

void FakeTeacher::IgnoreOpens() {
  MutexLock lock(server_->mutex_);
  server_->ignoring_opens_ = true;
}

void FakeTeacher::SetOptions(FakeTeacherOptions options) {
  MutexLock lock(server_->mutex_);
  server_->options_ = std::move(options);
}

FakeTeacherOptions FakeTeacher::options() const {
  MutexLock lock(server_->mutex_);
  return server_->options_;
}

std::vector<FakeTeacher::SeenRequest> FakeTeacher::requests() const {
  MutexLock lock(server_->mutex_);
  return server_->requests_;
}

std::vector<FakeTeacher::SeenOpen> FakeTeacher::opens() const {
  MutexLock lock(server_->mutex_);
  return server_->opens_;
}

int64_t FakeTeacher::most_samples_in_flight() const {
  MutexLock lock(server_->mutex_);
  return server_->most_samples_in_flight_;
}

void FakeTeacher::WaitForRequests(size_t count) const {
  MutexLock lock(server_->mutex_);
  while (server_->requests_.size() < count) server_->changed_.Wait(server_->mutex_);
}

void FakeTeacher::WaitForOpens(size_t count) const {
  MutexLock lock(server_->mutex_);
  while (server_->opens_.size() < count) server_->changed_.Wait(server_->mutex_);
}

}  // namespace distill::testing
