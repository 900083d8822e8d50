// Runs StreamSession against any client and any batcher: it never crashes, the memory it holds is
// bounded and never negative, each request that it accepts is answered once, and at the end nothing
// is held.
//
// The input: one byte chooses the model; then steps. A step is one byte, Step; a kMessage has two
// more, its length (little-endian), and the message.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "common/contract/row_mask.h"
#include "common/rpc/wire.h"
#include "teacher_server/stream/stream_session.h"
#include "tests/common/rpc/frames.h"
#include "tests/fuzz/require.h"

namespace distill {
namespace {

using ::distill::testing::Require;

enum Step {
  kMessage,
  kAnswer,          // the request that waits longest
  kAnswerNewest,    // the most recent request
  kAnswerTooLarge,  // with more rows than expected
  kFail,
  kBeginWrite,
  kEndWrite,
  kHalfClose,
  kDrain,
  kAbort,
  kSteps
};

constexpr int64_t kMaxMessageBytes = 64 << 10;
constexpr int64_t kClasses = 3;
// Allowance in addition to the answers: a name that a message quotes, and the Opened.
constexpr int64_t kSlackBytes = 1024;

std::shared_ptr<const ServedTeacher> MakeTeacher(std::vector<InputSpec> inputs,
                                                 int64_t rows_per_sample) {
  auto teacher = std::make_shared<ServedTeacher>();
  teacher->info.name = "fuzzed";
  teacher->info.fingerprint = std::string(64, 'f');
  teacher->info.inputs = std::move(inputs);
  teacher->info.classes = kClasses;
  teacher->info.rows_per_sample = rows_per_sample;
  teacher->info.class_names = {"ant", "bee", "cat"};
  teacher->numerics.fixed_batch_size = 8;
  teacher->limits = {
      .credits = 100, .max_request_samples = 64, .max_message_bytes = kMaxMessageBytes};
  return teacher;
}

// Images of two pixels, or sequences of tokens with weights.
std::shared_ptr<const ServedTeacher> Teacher(uint8_t choice) {
  static const auto& images = *new auto(MakeTeacher({{"image", DType::kUint8, {2}}}, 1));
  static const auto& sequences = *new auto(
      MakeTeacher({{"tokens", DType::kInt64, {-1}}, {"weights", DType::kFloat32, {-1}}}, -1));
  return choice % 2 == 0 ? images : sequences;
}

std::unique_ptr<StreamSession> MakeSession(std::shared_ptr<const ServedTeacher> teacher) {
  return std::make_unique<StreamSession>(std::make_shared<const ServedTeachers>(
      std::vector<std::shared_ptr<const ServedTeacher>>{std::move(teacher)}));
}

class Stream {
 public:
  explicit Stream(std::shared_ptr<const ServedTeacher> teacher)
      : teacher_(std::move(teacher)), session_(MakeSession(teacher_)) {}

  void Receive(absl::string_view message) {
    // The owner of the session would not have read the message either.
    if (!session_->WantsRead() || session_->End().has_value()) return;
    auto taken = session_->Receive(Sliced(std::string(message)), absl::UnixEpoch());
    if (taken.has_value()) Take(*std::move(taken));
  }

  void Do(Step step) {
    switch (step) {
      case kAnswer:
        return Answer(/*newest=*/false, /*more_rows=*/0);
      case kAnswerNewest:
        return Answer(/*newest=*/true, /*more_rows=*/0);
      case kAnswerTooLarge:
        return Answer(/*newest=*/false, kMaxMessageBytes / (kClasses * sizeof(float)));
      case kFail:
        return AnswerWith(/*newest=*/false, {.targets = absl::InternalError("the model failed")});
      case kBeginWrite:
        return BeginWrite();
      case kEndWrite:
        return EndWrite();
      case kHalfClose:
        return session_->HalfClose();
      case kDrain:
        return session_->Drain();
      case kAbort:
        return session_->Abort();
      case kMessage:
      case kSteps:
        return;
    }
  }

  void CheckInvariants() const {
    Require(session_->samples_in_flight() >= 0, "samples in flight ≥ 0");
    Require(session_->bytes_in_flight() >= 0, "bytes in flight ≥ 0");
    Require(session_->samples_in_flight() <
                teacher_->limits.credits + teacher_->limits.max_request_samples,
            "samples in flight stay below the credits and one request");
    Require(session_->bytes_in_flight() <=
                StreamReserve(teacher_->limits) + 2 * kMaxMessageBytes + kSlackBytes,
            "bytes in flight stay below the stream's, one message and its answer");
  }

  // Answers all open requests and writes all answers.
  void Finish() {
    while (!waiting_.empty()) Answer(/*newest=*/false, /*more_rows=*/0);
    do {
      EndWrite();
      BeginWrite();
    } while (writing_.has_value());
    CheckInvariants();
    Require(session_->samples_in_flight() == 0, "no samples in flight in the end");
    Require(session_->bytes_in_flight() == 0, "no bytes in flight in the end");
    if (!session_->End().has_value()) {
      Require(session_->WantsRead(), "an idle stream that has not ended reads on");
      Require(owed_.empty(), "every request that was taken is answered");
    }
  }

 private:
  struct Waiting {
    uint64_t id = 0;
    int64_t rows = 0;
  };

  // Reads the request as a batcher would.
  void Take(StreamSession::Taken taken) {
    const RunnerRequest& request = taken.request;
    Require(request.samples >= 1 && request.samples <= teacher_->limits.max_request_samples,
            "a request that is taken has 1 to max_request_samples samples");
    Require(request.inputs.size() == teacher_->info.inputs.size(), "and every input");
    int64_t positions = 0;  // of all samples
    for (const InputBatch& input : request.inputs) {
      Require(input.samples() == request.samples, "of as many samples");
      const HostTensor& values = input.values;
      const std::string bytes = values.bytes.ToString();  // reads all of it
      const auto elements = static_cast<size_t>(NumElements(values.shape).value());
      Require(bytes.size() == elements * ByteWidth(values.dtype), "with the bytes of its shape");
      positions = static_cast<int64_t>(elements);
      if (input.lengths.empty()) continue;
      const int64_t longest = *std::max_element(input.lengths.begin(), input.lengths.end());
      Require(longest <= teacher_->limits.max_length, "no sample is longer than max_length");
      Require(*std::min_element(input.lengths.begin(), input.lengths.end()) >= 1, "none is empty");
      Require(std::accumulate(input.lengths.begin(), input.lengths.end(), int64_t{0}) == positions,
              "the lengths sum up to the values");
    }
    Require(request.row_mask.empty() || session_->terms()->ragged, "a mask is of a ragged stream");
    const bool by_position = teacher_->info.rows_per_sample == -1;
    const int64_t rows =
        by_position ? CountSelectedRows(request.row_mask, positions) : request.samples;
    Require(rows >= request.samples, "every sample has a row");
    waiting_.push_back({taken.id, rows});
    Require(owed_.insert(taken.id).second, "no two requests in flight have the same id");
  }

  void Answer(bool newest, int64_t more_rows) {
    if (waiting_.empty()) return;
    const int64_t rows = (newest ? waiting_.back() : waiting_.front()).rows + more_rows;
    const auto bytes = static_cast<size_t>(rows * kClasses) * sizeof(float);
    const EncodedTargets targets{
        .rows = rows,
        .classes = kClasses,
        .parts = {
            {DType::kFloat32, {rows, kClasses}, Bytes::FromString(std::string(bytes, '\0'))}}};
    const size_t outputs = session_->terms() == nullptr ? 1 : session_->terms()->outputs.size();
    AnswerWith(newest, {.targets = std::vector<EncodedTargets>(outputs, targets)});
  }

  void AnswerWith(bool newest, const WorkResult& result) {
    if (waiting_.empty()) return;
    session_->Answer((newest ? waiting_.back() : waiting_.front()).id, result);
    newest ? waiting_.pop_back() : waiting_.pop_front();
  }

  void BeginWrite() {
    if (writing_.has_value()) return;  // one at a time
    writing_ = session_->NextWrite();
    if (!writing_.has_value()) return;
    v1::DistillResponse response;
    std::vector<Bytes> payloads;
    Require(ReadFrame(writing_->frame, &response, &payloads).ok(), "what is written can be read");
    Require(static_cast<int64_t>(writing_->frame.Length()) <= kMaxMessageBytes,
            "no message is over the limit");
    // The id of an error may be that of a request that was refused, and never accepted.
    if (response.has_error()) owed_.erase(response.error().id());
    if (response.has_targets()) {
      Require(owed_.erase(response.targets().id()) == 1,
              "targets answer a request that is owed them");
    }
  }

  void EndWrite() {
    if (!writing_.has_value()) return;
    session_->Written(*writing_);
    writing_.reset();
  }

  const std::shared_ptr<const ServedTeacher> teacher_;
  const std::unique_ptr<StreamSession> session_;
  std::deque<Waiting> waiting_;
  std::optional<StreamSession::Outgoing> writing_;
  absl::flat_hash_set<uint64_t> owed_;  // accepted, and no write of an answer has started
};

void Run(absl::string_view input) {
  Stream stream(Teacher(static_cast<uint8_t>(input.front())));
  input.remove_prefix(1);
  while (!input.empty()) {
    const auto step = static_cast<Step>(static_cast<uint8_t>(input.front()) % kSteps);
    input.remove_prefix(1);
    if (step == kMessage) {
      if (input.size() < 2) break;
      const size_t length = static_cast<uint8_t>(input[0]) | static_cast<uint8_t>(input[1]) << 8;
      input.remove_prefix(2);
      const absl::string_view message = input.substr(0, length);
      stream.Receive(message);
      input.remove_prefix(message.size());
    } else {
      stream.Do(step);
    }
    stream.CheckInvariants();
  }
  stream.Finish();
}

}  // namespace
}  // namespace distill

// Protobuf would write a line to stderr for every string that is not UTF-8.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) distill::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
