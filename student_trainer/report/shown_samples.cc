#include "student_trainer/report/shown_samples.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "common/base/json_text.h"
#include "student_trainer/report/thumbnail.h"

namespace distill {
namespace {

// What is left of 2 MB for samples, beside the page and the figures of a dozen runs.
constexpr size_t kMostBytes = 1'700'000;

const HostTensor* Find(const TensorMap& run, const char* name) {
  const auto found = run.find(name);
  return found == run.end() ? nullptr : &found->second;
}

// [n, classes] of float32, or null.
const HostTensor* FindLogits(const TensorMap& run, const char* name) {
  const HostTensor* logits = Find(run, name);
  const bool is_logits =
      logits != nullptr && logits->dtype == DType::kFloat32 && logits->shape.size() == 2;
  return is_logits ? logits : nullptr;
}

bool AreEqual(const HostTensor* a, const HostTensor* b) {
  return a != nullptr && b != nullptr && a->shape == b->shape && a->bytes == b->bytes;
}

bool HaveSameSamples(const TensorMap& a, const TensorMap& b) {
  return AreEqual(Find(a, "inputs"), Find(b, "inputs")) &&
         AreEqual(Find(a, "labels"), Find(b, "labels"));
}

// Of the runs' teachers those that say different things, and which of them is whose.
struct Teachers {
  std::vector<const HostTensor*> logits;
  std::vector<std::optional<size_t>> of_run;

  void Add(const HostTensor* own) {
    if (own == nullptr) {
      of_run.emplace_back();
      return;
    }
    const auto known = std::find_if(logits.begin(), logits.end(), [own](const HostTensor* other) {
      return AreEqual(own, other);
    });
    of_run.emplace_back(known - logits.begin());
    if (known == logits.end()) logits.push_back(own);
  }
};

nlohmann::json Base64Row(const HostTensor* tensor, int64_t row) {
  if (tensor == nullptr) return nullptr;
  return absl::Base64Escape(SliceRows(*tensor, row, row + 1).bytes.ToString());
}

}  // namespace

nlohmann::json ShownSamples(absl::Span<const TensorMap* const> runs) {
  nlohmann::json shown = {{"samples", nlohmann::json::array()},
                          {"samples_kept", 0},
                          {"teacher_of", nlohmann::json::array()},
                          {"other_samples", nlohmann::json::array()}};
  const auto first = std::find_if(runs.begin(), runs.end(), [](const TensorMap* run) {
    return Find(*run, "inputs") != nullptr && Find(*run, "labels") != nullptr;
  });
  Teachers teachers;
  std::vector<const HostTensor*> students;
  for (const TensorMap* run : runs) {
    const bool same = first != runs.end() && HaveSameSamples(**first, *run);
    teachers.Add(same ? FindLogits(*run, "teacher_logits") : nullptr);
    students.push_back(same ? FindLogits(*run, "student_logits") : nullptr);
    shown["other_samples"].push_back(!same && Find(*run, "inputs") != nullptr);
  }
  for (const std::optional<size_t>& own : teachers.of_run) {
    if (own.has_value() || !teachers.logits.empty()) {
      shown["teacher_of"].push_back(own.value_or(0));
    } else {
      shown["teacher_of"].push_back(nullptr);
    }
  }
  if (first == runs.end()) return shown;

  const HostTensor& inputs = *Find(**first, "inputs");
  const HostTensor& labels = *Find(**first, "labels");
  std::vector<int64_t> label(labels.bytes.size() / sizeof(int64_t));
  labels.bytes.CopyTo(label.data());
  shown["samples_kept"] = label.size();
  size_t bytes = 0;
  for (int64_t i = 0; i < inputs.shape[0]; ++i) {
    nlohmann::json sample = ShownInput(SliceRows(inputs, i, i + 1));
    sample["label"] = label[static_cast<size_t>(i)];
    sample["teachers"] = nlohmann::json::array();
    for (const HostTensor* logits : teachers.logits) {
      sample["teachers"].push_back(Base64Row(logits, i));
    }
    sample["students"] = nlohmann::json::array();
    for (const HostTensor* logits : students) sample["students"].push_back(Base64Row(logits, i));
    bytes += JsonText(sample).size();
    if (bytes > kMostBytes) break;
    shown["samples"].push_back(std::move(sample));
  }
  return shown;
}

}  // namespace distill
