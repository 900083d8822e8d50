#include "tests/testing/fake_teacher/answer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/convert.h"
#include "tests/testing/fake_teacher/fake_logits.h"

namespace distill::testing {
namespace {

// Added to the id of a request to name one that does not exist.
constexpr uint64_t kUnknownIdOffset = 1000;

template <typename T>
void AppendBytes(std::string* bytes, T value) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof(value));
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

// The logits of `samples` samples whose bytes follow each other.
std::vector<float> LogitsOfSamples(const std::string& bytes, int64_t samples, int64_t classes) {
  const size_t sample_bytes = bytes.size() / static_cast<size_t>(samples);
  std::vector<float> logits;
  for (int64_t i = 0; i < samples; ++i) {
    const auto* sample =
        reinterpret_cast<const uint8_t*>(bytes.data()) + static_cast<size_t>(i) * sample_bytes;
    const std::vector<float> row = FakeLogits({sample, sample_bytes}, classes);
    logits.insert(logits.end(), row.begin(), row.end());
  }
  return logits;
}

}  // namespace

v1::DistillResponse OpenedMessage(const FakeTeacherOptions& options, const TargetSpec& spec) {
  v1::DistillResponse response;
  v1::Opened* opened = response.mutable_opened();
  *opened->mutable_model() = ToProto(options.model);
  *opened->mutable_targets() = ToProto(spec);
  *opened->mutable_numerics() = ToProto(options.numerics);
  *opened->mutable_limits() = ToProto(options.limits);
  return response;
}

v1::DistillResponse AnswerMessage(const v1::DistillRequest& message, int64_t classes,
                                  TargetEncoding encoding, std::optional<AnswerFault> fault) {
  const v1::Request& request = message.request();
  v1::DistillResponse response;
  if (fault == AnswerFault::kNoKind) return response;
  if (fault == AnswerFault::kErrorUnknownId) {
    response.mutable_error()->set_id(request.id() + kUnknownIdOffset);
    response.mutable_error()->set_code(3);
    return response;
  }
  if (fault == AnswerFault::kWrongClasses) ++classes;
  int64_t rows = request.tensors(0).shape(0);
  std::vector<float> logits = LogitsOfSamples(message.payload(0), rows, classes);
  if (fault == AnswerFault::kWrongRows) {
    ++rows;
    logits.resize(logits.size() + static_cast<size_t>(classes));
  }
  v1::Targets* targets = response.mutable_targets();
  targets->set_id(fault == AnswerFault::kUnknownId ? request.id() + kUnknownIdOffset
                                                   : request.id());
  targets->set_rows(rows);
  targets->set_classes(classes);
  AddPayloads(logits, rows, encoding, &response);
  if (fault == AnswerFault::kShortPayload) response.mutable_payload(0)->pop_back();
  if (fault == AnswerFault::kNaN) response.mutable_payload(0)->replace(0, 4, 4, '\xFF');
  return response;
}

void AnswerOutputs(const v1::DistillRequest& message, const v1::Open& open, const ModelInfo& model,
                   v1::DistillResponse* response) {
  const int64_t rows = message.request().tensors(0).shape(0);
  v1::Targets* targets = response->mutable_targets();
  targets->clear_outputs();
  response->clear_payload();
  for (const v1::OutputRequest& request : open.outputs()) {
    const int64_t index = IndexOf(request.name(), model.outputs);
    const int64_t width = model.outputs[static_cast<size_t>(index)].width;
    AddPayloads(LogitsOfSamples(message.payload(0), rows, width), rows, TargetEncoding::kDenseF32,
                response);
    v1::OutputRows* output = targets->add_outputs();
    output->set_rows(rows);
    output->set_width(width);
  }
  targets->set_classes(targets->outputs(0).width());
}

v1::DistillResponse ErrorMessage(uint64_t id, const absl::Status& status, v1::Reason reason) {
  v1::DistillResponse response;
  v1::Error* error = response.mutable_error();
  error->set_id(id);
  error->set_code(static_cast<int>(status.code()));
  error->set_message(std::string(status.message()));
  error->set_reason(reason);
  return response;
}

}  // namespace distill::testing
