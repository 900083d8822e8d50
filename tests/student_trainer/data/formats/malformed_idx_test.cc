// Opens mutated files through the public entry point: they are rejected with a status or read
// completely, and never cause a crash or bytes that are not in the file. The test is meant for the
// sanitizers.
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "student_trainer/data/formats/open_dataset.h"
#include "tests/student_trainer/testing/test_files.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

constexpr int kMutations = 2000;
constexpr uint32_t kSamples = 20;

std::string Mutate(std::string contents, SplitMix64& random) {
  const uint64_t changes = 1 + random.Below(3);
  for (uint64_t i = 0; i < changes && !contents.empty(); ++i) {
    const size_t at = random.Below(contents.size());
    switch (random.Below(5)) {
      case 0:
        contents[at] = static_cast<char>(random.Below(256));
        break;
      case 1:
        contents[at] ^= static_cast<char>(1 << random.Below(8));
        break;
      case 2:
        contents.erase(at, 1 + random.Below(8));
        break;
      case 3:
        contents.insert(at, 1 + random.Below(8), static_cast<char>(random.Below(256)));
        break;
      default:
        contents.resize(at);
    }
  }
  return contents;
}

// The bytes of all samples; empty where one cannot be read.
std::string AllPixels(const Dataset& dataset) {
  const size_t bytes = *ByteSize(dataset.input().dtype, dataset.input().shape);
  std::string pixels(bytes * static_cast<size_t>(dataset.size()), '\0');
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const absl::Span<uint8_t> sample(
        reinterpret_cast<uint8_t*>(pixels.data()) + static_cast<size_t>(i) * bytes, bytes);
    if (!dataset.Read(i, {sample}).ok()) return "";
    EXPECT_LT(dataset.Label(i), dataset.classes());
  }
  return pixels;
}

TEST(MalformedIdxTest, MutatedPlainImagesAreRefusedOrReadInFull) {
  const TemporaryFolder folder;
  folder.Write("train-labels-idx1-ubyte", LabelsFile(std::vector<uint8_t>(kSamples, 1)));
  SplitMix64 random(1);
  int refused = 0;
  for (int i = 0; i < kMutations; ++i) {
    const std::string contents = Mutate(ImagesFile(kSamples), random);
    const auto dataset = OpenDataset({folder.Write("train-images-idx3-ubyte", contents)});
    if (dataset.ok()) {
      EXPECT_EQ(AllPixels(**dataset), contents.substr(16));
    } else {
      EXPECT_THAT(std::string(dataset.status().message()),
                  ::testing::AllOf(::testing::HasSubstr("-idx3-ubyte"), testing::FollowsGrammar()));
      ++refused;
    }
  }
  EXPECT_GT(refused, kMutations / 4);
  EXPECT_LT(refused, kMutations);
}

TEST(MalformedIdxTest, MutatedGzippedImagesAreRefusedOrUnchanged) {
  const TemporaryFolder folder;
  const std::string whole = Gzip(ImagesFile(kSamples));
  SplitMix64 random(2);
  int refused = 0;
  for (int i = 0; i < kMutations; ++i) {
    const auto dataset = OpenDataset({folder.Write("images.gz", Mutate(whole, random))});
    if (dataset.ok()) {  // what the checksum does not cover was hit, such as the time in the header
      EXPECT_EQ(AllPixels(**dataset), Counting(6 * kSamples));
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, kMutations / 2);
  EXPECT_LT(refused, kMutations);
}

TEST(MalformedIdxTest, MutatedLabelsAreRefusedOrReadInFull) {
  const TemporaryFolder folder;
  const std::string images = folder.Write("train-images-idx3-ubyte", ImagesFile(kSamples));
  SplitMix64 random(3);
  for (int i = 0; i < kMutations; ++i) {
    const std::string labels = Mutate(LabelsFile(std::vector<uint8_t>(kSamples, 1)), random);
    folder.Write("train-labels-idx1-ubyte", labels);
    const auto dataset = OpenDataset({images});
    if (!dataset.ok()) continue;
    for (int64_t sample = 0; sample < kSamples; ++sample) {
      EXPECT_EQ((*dataset)->Label(sample), static_cast<uint8_t>(labels[8 + sample]));
    }
  }
}

}  // namespace
}  // namespace distill
