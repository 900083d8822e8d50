// For any header the parser returns an error, or tensors that tile the data.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/model_directory/safetensors_header.h"

namespace distill {
namespace {

constexpr size_t kDataBytes = 22;

std::string ValidHeader() {
  SafetensorsHeader header;
  header.metadata = {{"format", "pt"}};
  header.entries = {{"fc.weight", {DType::kFloat32, {2, 2}, 0, 16}},
                    {"fc.bias", {DType::kFloat16, {2}, 16, 20}},
                    {"mask", {DType::kBool, {2, 1}, 20, 22}},
                    {"nothing", {DType::kInt64, {0, 3}, 22, 22}}};
  return *FormatSafetensorsHeader(header);
}

// Returns whether the header was accepted, and checks the tensors if so.
bool AcceptedAndSound(const std::string& json) {
  const absl::StatusOr<SafetensorsHeader> header = ParseSafetensorsHeader(json, kDataBytes);
  if (!header.ok()) return false;
  std::vector<int> covered(kDataBytes, 0);
  for (const auto& [name, entry] : header->entries) {
    EXPECT_LE(entry.begin, entry.end);
    EXPECT_LE(entry.end, kDataBytes);
    EXPECT_EQ(*ByteSize(entry.dtype, entry.shape), entry.end - entry.begin) << name;
    for (size_t i = entry.begin; i < entry.end && i < kDataBytes; ++i) ++covered[i];
  }
  EXPECT_EQ(covered, std::vector<int>(kDataBytes, 1)) << json;
  return true;
}

TEST(SafetensorsFuzzTest, TheHeaderThatIsMutatedIsAccepted) {
  EXPECT_TRUE(AcceptedAndSound(ValidHeader()));
}

TEST(SafetensorsFuzzTest, FlippedBytesNeverBreakTheParser) {
  const std::string valid = ValidHeader();
  int refused = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SplitMix64 random(seed);
    std::string mutated = valid;
    for (uint64_t flips = 1 + random.Below(4); flips > 0; --flips) {
      mutated[random.Below(mutated.size())] = static_cast<char>(random.Below(256));
    }
    refused += AcceptedAndSound(mutated) ? 0 : 1;
  }
  EXPECT_GT(refused, 1000);
}

TEST(SafetensorsFuzzTest, SplicedPiecesNeverBreakTheParser) {
  const std::string valid = ValidHeader();
  const std::vector<std::string> pieces = {"[",
                                           "]",
                                           "{",
                                           "}",
                                           ",",
                                           ":",
                                           "\"",
                                           "-1",
                                           "0",
                                           "22",
                                           "1e999",
                                           "18446744073709551615",
                                           "9223372036854775807",
                                           "null",
                                           "\"F32\"",
                                           "\"__metadata__\"",
                                           "\\u0000",
                                           "\xF0\x9F"};
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SplitMix64 random(seed);
    std::string mutated = valid;
    for (uint64_t edits = 1 + random.Below(3); edits > 0; --edits) {
      const size_t at = random.Below(mutated.size());
      mutated.replace(at, random.Below(6), pieces[random.Below(pieces.size())]);
    }
    AcceptedAndSound(mutated);
  }
}

}  // namespace
}  // namespace distill
