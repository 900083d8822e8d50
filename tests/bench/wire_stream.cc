// The production path: TeacherServer with its batchers, over runners that answer immediately, and
// TeacherClient.
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/mutex.h"
#include "common/base/status_macros.h"
#include "common/client/session/teacher_client.h"
#include "teacher_server/batching/batcher.h"
#include "teacher_server/server/server.h"
#include "tests/bench/wire_side.h"

namespace distill {
namespace {

class SameAnswer final : public Outputs {
 public:
  explicit SameAnswer(const EncodedTargets& answer) : answer_(answer) {}

  int64_t rows(size_t) const override { return answer_.rows; }
  absl::StatusOr<EncodedTargets> Encode(size_t, RowRange, const OutputEncoding&,
                                        const EncodeOptions&) const override {
    return answer_;
  }

 private:
  const EncodedTargets answer_;  // shares the memory
};

// Copies the inputs once, as Gather does, and answers every request with the same tensor.
class InstantRunner final : public Runner {
 public:
  explicit InstantRunner(const WireExchange& exchange)
      : batch_(static_cast<size_t>(exchange.request_bytes()), '\0'),
        answer_{.rows = exchange.samples,
                .classes = exchange.classes,
                .parts = {{DType::kFloat32,
                           {exchange.samples, exchange.classes},
                           Bytes::FromString(std::string(exchange.answer_bytes(), 'a'))}}} {
    info_.name = exchange.name;
    info_.fingerprint = std::string(64, 'f');
    info_.architecture = "none";
    info_.inputs = {{"x", DType::kUint8, {exchange.sample_bytes}}};
    info_.classes = exchange.classes;
  }

  const ModelInfo& info() const override { return info_; }
  const Numerics& numerics() const override { return numerics_; }
  std::string BatchKey(const RunnerRequest&) const override { return ""; }

  std::vector<Computed> Run(absl::Span<const RunnerRequest> requests) override {
    std::vector<Computed> results;
    for (const RunnerRequest& request : requests) {
      request.inputs[0].values.bytes.CopyTo(batch_.data());
      results.emplace_back(std::make_unique<SameAnswer>(answer_));
    }
    return results;
  }

 private:
  ModelInfo info_;
  Numerics numerics_;
  std::string batch_;
  const EncodedTargets answer_;
};

// The runner of one exchange and its batcher: a request is a full batch, so that none waits for
// others.
struct Teacher {
  explicit Teacher(const WireExchange& exchange)
      : runner(exchange),
        batcher({.rule = {.max_batch_samples = exchange.samples}}, {&runner}, Clock::Real()) {}

  InstantRunner runner;
  Batcher batcher;
};

struct StreamServer final : WireServer {
  std::vector<std::unique_ptr<Teacher>> teachers;
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<TeacherServer> server;
};

absl::StatusOr<std::unique_ptr<WireServer>> ServeWith(ReadAhead read_ahead,
                                                      const std::string& socket,
                                                      WireAddresses* addresses) {
  auto result = std::make_unique<StreamServer>();
  std::vector<ServedModel> models;
  std::vector<std::string> names;
  for (const WireExchange& exchange : kWireExchanges) {
    Teacher& teacher = *result->teachers.emplace_back(std::make_unique<Teacher>(exchange));
    models.push_back({teacher.runner.info(), teacher.runner.numerics(), &teacher.batcher});
    names.emplace_back(exchange.name);
  }
  result->metrics = std::make_unique<Metrics>(names);
  ServerOptions options{.read_ahead = read_ahead};
  options.listen = {"127.0.0.1:0", absl::StrCat("unix:", socket)};
  ASSIGN_OR_RETURN(result->server, TeacherServer::Start(options, names, *result->metrics));
  result->server->Serve(models);
  addresses->tcp = result->server->addresses()[0];
  addresses->unix_socket = result->server->addresses()[1];
  return std::unique_ptr<WireServer>(std::move(result));
}

absl::StatusOr<std::unique_ptr<WireServer>> Serve(const std::string& socket,
                                                  WireAddresses* addresses) {
  return ServeWith(ReadAhead::kAuto, socket, addresses);
}

absl::StatusOr<std::unique_ptr<WireServer>> ServeAhead(const std::string& socket,
                                                       WireAddresses* addresses) {
  return ServeWith(ReadAhead::kOn, socket, addresses);
}

// Answers arrive on the thread of the stream and are copied on the thread of the benchmark, since
// in a trainer its own thread decodes them.
class StreamClient final : public WireClient {
 public:
  StreamClient(std::unique_ptr<TeacherClient> client, const WireExchange& exchange)
      : client_(std::move(client)),
        request_{
            .inputs = {HostTensor{DType::kUint8,
                                  {exchange.samples, exchange.sample_bytes},
                                  Bytes::FromString(std::string(exchange.request_bytes(), 'r'))}},
            .rows = exchange.samples},
        targets_(static_cast<size_t>(exchange.answer_bytes()), '\0') {}
  ~StreamClient() override { client_->Stop(); }  // may call the members below

  absl::Status Send() override {
    return client_
        ->Send(request_,
               [this](absl::StatusOr<SoftTargets> answer) {
                 MutexLock lock(mutex_);
                 answers_.push(std::move(answer));
                 changed_.NotifyAll();
               })
        .status();
  }

  absl::Status Receive() override {
    ASSIGN_OR_RETURN(const SoftTargets answer, Next());
    answer[0].parts[0].bytes.CopyTo(targets_.data());
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<SoftTargets> Next() {
    MutexLock lock(mutex_);
    while (answers_.empty()) changed_.Wait(mutex_);
    absl::StatusOr<SoftTargets> next = std::move(answers_.front());
    answers_.pop();
    return next;
  }

  const std::unique_ptr<TeacherClient> client_;
  const SoftTargetRequest request_;
  std::string targets_;
  Mutex mutex_;
  CondVar changed_;
  std::queue<absl::StatusOr<SoftTargets>> answers_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<WireClient>> Connect(const std::string& address,
                                                    const WireExchange& exchange) {
  TeacherClientOptions options;
  options.address = address;
  options.model = exchange.name;
  options.client_name = "wire_bench";
  ASSIGN_OR_RETURN(std::unique_ptr<TeacherClient> client,
                   TeacherClient::Connect(options, Clock::Real()));
  return std::make_unique<StreamClient>(std::move(client), exchange);
}

}  // namespace

const WireSide kWireStream = {"stream", Serve, Connect};
const WireSide kWireStreamAhead = {"stream_ahead", ServeAhead, Connect};

}  // namespace distill
