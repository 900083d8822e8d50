// Reads the golden values of tests/golden/views.json, and makes images for the tests of views.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"
#include "gtest/gtest.h"
#include "student_trainer/views/shift_flip.h"
#include "tests/testing/hex.h"

namespace distill {

using Pixels = std::vector<uint8_t>;
using PixelSpan = absl::Span<uint8_t>;  // of one image

inline Pixels FromHex(const std::string& hex) {
  const std::string bytes = testing::BytesOfHex(hex);
  return {bytes.begin(), bytes.end()};
}

inline nlohmann::json ReadGoldenViews() {
  std::ifstream file(DISTILL_GOLDEN_FOLDER "/views.json");
  return nlohmann::json::parse(file);
}

// Applies `operation(argument, shape, image)` to every case of that name; no pixel may be further
// than `tolerance` levels from what is expected.
template <typename Operation>
void ExpectGolden(const std::string& name, int tolerance, Operation&& operation) {
  const nlohmann::json golden = ReadGoldenViews();
  const nlohmann::json& cases = golden["operations"][name];
  ASSERT_FALSE(cases.empty());
  for (const nlohmann::json& one : cases) {
    const nlohmann::json& image = golden["images"][one["image"].get<std::string>()];
    const Shape shape = image["shape"];
    Pixels pixels = FromHex(image["pixels"]);
    const Pixels expected = FromHex(one["expected"]);
    operation(one["argument"].get<double>(), shape, absl::MakeSpan(pixels));
    ASSERT_EQ(pixels.size(), expected.size());
    for (size_t i = 0; i < pixels.size(); ++i) {
      ASSERT_NEAR(pixels[i], expected[i], tolerance)
          << name << " " << one["argument"] << " of " << one["image"] << ", byte " << i;
    }
  }
}

// Returns pixels 1, 2, 3, …; none is 0, so that new pixels are visible.
inline Pixels MakePixels(const Shape& shape) {
  Pixels pixels(static_cast<size_t>(*NumElements(shape)));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(1 + i % 255);
  return pixels;
}

// Returns every level, in an order without a pattern.
inline Pixels MakeNoise(const Shape& shape) {
  Pixels pixels(static_cast<size_t>(*NumElements(shape)));
  for (size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  }
  return pixels;
}

inline Pixels Shifted(int64_t down, int64_t right, const Shape& shape, Pixels image) {
  ShiftImage(down, right, shape, absl::MakeSpan(image));
  return image;
}

inline Pixels Flipped(const Shape& shape, Pixels image) {
  FlipImage(shape, absl::MakeSpan(image));
  return image;
}

}  // namespace distill
