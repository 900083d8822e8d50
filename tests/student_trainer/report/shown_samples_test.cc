#include "student_trainer/report/shown_samples.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"

namespace distill {
namespace {

using nlohmann::json;

template <typename T>
HostTensor TensorOf(DType dtype, Shape shape, const std::vector<T>& values) {
  return {.dtype = dtype,
          .shape = std::move(shape),
          .bytes = Bytes::FromString(std::string(reinterpret_cast<const char*>(values.data()),
                                                 values.size() * sizeof(T)))};
}

HostTensor Logits(float first, int64_t classes = 2) {
  std::vector<float> values(static_cast<size_t>(2 * classes), first);
  return TensorOf(DType::kFloat32, {2, classes}, values);
}

// Two grey pixels and their labels.
TensorMap Samples(std::vector<uint8_t> pixels = {10, 20}) {
  return {{"inputs", TensorOf(DType::kUint8, {2, 1, 1, 1}, pixels)},
          {"labels", TensorOf<int64_t>(DType::kInt64, {2}, {0, 1})}};
}

TensorMap WithLogits(TensorMap samples, const char* name, const HostTensor& logits) {
  samples.emplace(name, logits);
  return samples;
}

std::string Base64(const HostTensor& logits) {
  return absl::Base64Escape(SliceRows(logits, 0, 1).bytes.ToString());
}

TEST(ShownSamples, EachRunHasItsOwnTeacherAndOneWithoutBorrowsTheFirst) {
  const TensorMap of_a = WithLogits(Samples(), "teacher_logits", Logits(1)),
                  of_b = WithLogits(Samples(), "teacher_logits", Logits(2)), alone = Samples();
  const json shown = ShownSamples({&alone, &of_a, &of_b, &of_a});
  EXPECT_EQ(shown["teacher_of"], json::array({0, 0, 1, 0}));
  EXPECT_EQ(shown["samples"][0]["teachers"], json::array({Base64(Logits(1)), Base64(Logits(2))}));
  EXPECT_EQ(ShownSamples({&alone})["teacher_of"], json::array({nullptr}));
}

TEST(ShownSamples, AreThoseOfTheFirstRunThatHasAny) {
  const TensorMap none, own = WithLogits(Samples(), "student_logits", Logits(3)),
                        other = WithLogits(Samples({1, 2}), "student_logits", Logits(4));
  const json shown = ShownSamples({&none, &own, &other});
  ASSERT_EQ(shown["samples"].size(), 2U);
  EXPECT_EQ(shown["samples"][0]["students"], json::array({nullptr, Base64(Logits(3)), nullptr}));
  EXPECT_EQ(shown["other_samples"], json::array({false, false, true}));
}

TEST(ShownSamples, AreAsManyAsTwoMegabytesHold) {
  constexpr int64_t kClasses = 100'000;  // 533 kB per row in base64
  const TensorMap run = WithLogits(WithLogits(Samples(), "teacher_logits", Logits(1, kClasses)),
                                   "student_logits", Logits(2, kClasses));
  const json shown = ShownSamples({&run});
  EXPECT_EQ(shown["samples"].size(), 1U);
  EXPECT_EQ(shown["samples_kept"], 2);
}

TEST(ShownSamples, AreNoneWhereNoRunKeptAny) {
  const TensorMap none;
  const json shown = ShownSamples({&none, &none});
  EXPECT_TRUE(shown["samples"].empty());
  EXPECT_EQ(shown["teacher_of"], json::array({nullptr, nullptr}));
}

}  // namespace
}  // namespace distill
