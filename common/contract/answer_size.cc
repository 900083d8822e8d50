#include "common/contract/answer_size.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/count.h"
#include "common/base/units.h"

namespace distill {
namespace {

// Room for everything in a message that is not a payload.
constexpr int64_t kHeaderBytes = 1024;

int64_t Product(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<int64_t>::max() : product;
}

int64_t BytesOf(const AnswerRows& answer, const TargetSpec& spec) {
  return Product(answer.rows, BytesPerRow(spec, answer.output.width));
}

// Returns the largest parameter from 1 to `most` with which `bytes_of` is at most `room`; 0 if none
// is.
template <typename BytesOfParameter>
int64_t LargestThatFits(int64_t most, int64_t room, BytesOfParameter bytes_of) {
  int64_t fits = 0;
  for (int64_t too_much = most + 1; fits + 1 < too_much;) {
    const int64_t middle = fits + (too_much - fits) / 2;
    (bytes_of(static_cast<int32_t>(middle)) <= room ? fits : too_much) = middle;
  }
  return fits;
}

// The encodings in which the rows take at most `room` bytes.
std::vector<std::string> EncodingsThatFit(const AnswerRows& answer, int64_t room) {
  std::vector<std::string> names;
  for (const TargetEncoding encoding : AllEncodings()) {
    TargetSpec spec{.encoding = encoding, .kind = answer.output.kind};
    const std::string name(Name(encoding));
    if (!HasK(encoding) && !HasDraws(encoding)) {
      if (BytesOf(answer, spec) <= room) names.push_back(name);
      continue;
    }
    if (answer.output.kind != OutputKind::kLogits || (HasK(encoding) && HasDraws(encoding))) {
      continue;
    }
    const int64_t most = HasK(encoding) ? answer.output.width : kMaxDraws;
    const int64_t largest = LargestThatFits(most, room, [&](int32_t value) {
      (HasK(encoding) ? spec.k : spec.draws) = value;
      return BytesOf(answer, spec);
    });
    if (largest > 0) {
      names.push_back(
          absl::StrCat(name, HasK(encoding) ? " with k" : " with draws", " up to ", largest));
    }
  }
  return names;
}

}  // namespace

absl::Status CheckAnswerFits(absl::Span<const AnswerRows> answer, int64_t most) {
  const int64_t room = std::max<int64_t>(0, most - kHeaderBytes);
  int64_t sum = 0;
  for (const AnswerRows& rows : answer) {
    const int64_t bytes = BytesOf(rows, rows.spec);
    sum = std::min(bytes, std::numeric_limits<int64_t>::max() - sum) + sum;
    if (bytes <= room) continue;
    const std::vector<std::string> fitting = EncodingsThatFit(rows, room);
    return absl::InvalidArgumentError(absl::StrCat(
        "output '", rows.output.name, "': the ", Count(rows.rows, "row"), " of a sample take ",
        FormatBytes(bytes), " as ", Name(rows.spec.encoding), ", and a message at most ",
        FormatBytes(most), "; ",
        fitting.empty() ? "ask for fewer rows per sample"
                        : absl::StrCat("fitting encodings are ", absl::StrJoin(fitting, ", "))));
  }
  if (sum <= room) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the outputs: a sample's rows of all of them take ", FormatBytes(sum),
                   ", and a message at most ", FormatBytes(most), "; ask for fewer outputs"));
}

}  // namespace distill
