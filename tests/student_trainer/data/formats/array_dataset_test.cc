#include "student_trainer/data/formats/array_dataset.h"

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/model_directory/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "student_trainer/data/formats/open_dataset.h"
#include "tests/student_trainer/testing/test_files.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename T>
HostTensor Tensor(DType dtype, Shape shape, const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return {dtype, std::move(shape), Bytes::FromString(std::move(bytes))};
}

HostTensor Images() { return {DType::kUint8, {3, 1, 2, 2}, Bytes::FromString(Counting(12))}; }

class ArrayDatasetTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Dataset>> Open(const TensorMap& tensors) const {
    const std::filesystem::path path = folder_.path() / "data.safetensors";
    EXPECT_TRUE(WriteSafetensors(path, tensors).ok());
    return OpenDataset({.path = path.string()});
  }

  std::string Refusal(const TensorMap& tensors) const {
    const absl::Status status = Open(tensors).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("data.safetensors"));
    const std::string message(status.message());
    EXPECT_THAT(message, testing::FollowsGrammar());
    return message;
  }

  const TemporaryFolder folder_{};
};

TEST_F(ArrayDatasetTest, Uint8OfRankFourAreImages) {
  const auto dataset =
      Open({{"inputs", Images()}, {"labels", Tensor<int64_t>(DType::kInt64, {3}, {2, -1, 0})}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(), 3);
  EXPECT_EQ((*dataset)->input(), (InputSpec{"image", DType::kUint8, {1, 2, 2}}));
  EXPECT_EQ((*dataset)->classes(), 3);
  EXPECT_EQ((*dataset)->Label(0), 2);
  EXPECT_EQ((*dataset)->Label(1), kNoLabel);
  std::vector<uint8_t> image(4);
  ASSERT_TRUE((*dataset)->Read(1, {absl::MakeSpan(image)}).ok());
  EXPECT_THAT(image, ElementsAre(4, 5, 6, 7));
}

TEST_F(ArrayDatasetTest, EveryDTypeAndRankIsRead) {
  for (const DType dtype : {DType::kBool, DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64,
                            DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64}) {
    const size_t sample_bytes = 3 * ByteWidth(dtype);
    const std::string bytes = Counting(2 * sample_bytes);
    const auto dataset = Open({{"inputs", {dtype, {2, 3}, Bytes::FromString(bytes)}}});
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_EQ((*dataset)->input(), (InputSpec{"input", dtype, {3}}));
    EXPECT_EQ((*dataset)->Label(1), kNoLabel);
    EXPECT_EQ((*dataset)->classes(), 0);
    std::string sample(sample_bytes, '\0');
    ASSERT_TRUE((*dataset)
                    ->Read(1, {absl::Span<uint8_t>{reinterpret_cast<uint8_t*>(sample.data()),
                                                   sample.size()}})
                    .ok());
    EXPECT_EQ(sample, bytes.substr(sample_bytes));
  }
  const auto scalars = Open({{"inputs", Tensor<float>(DType::kFloat32, {2}, {1, 2})}});
  ASSERT_TRUE(scalars.ok()) << scalars.status();
  EXPECT_EQ((*scalars)->input().shape, Shape{});
}

TEST_F(ArrayDatasetTest, LabelsMayBeNarrower) {
  for (const HostTensor& labels : {Tensor<int32_t>(DType::kInt32, {3}, {1, 0, 4}),
                                   Tensor<uint8_t>(DType::kUint8, {3}, {1, 0, 4})}) {
    const auto dataset = Open({{"inputs", Images()}, {"labels", labels}});
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_EQ((*dataset)->Label(2), 4);
    EXPECT_EQ((*dataset)->classes(), 5);
  }
}

TEST_F(ArrayDatasetTest, LabelsMayHaveTheNamesOfOtherTools) {
  for (const char* name : {"targets", "label", "y"}) {
    const auto dataset =
        Open({{"inputs", Images()}, {name, Tensor<int64_t>(DType::kInt64, {3}, {1, 0, 4})}});
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_EQ((*dataset)->Label(2), 4) << name;
    EXPECT_THAT((*dataset)->notes(), ::testing::IsEmpty());
  }
  const auto both = Open({{"inputs", Images()},
                          {"y", Tensor<int64_t>(DType::kInt64, {3}, {7, 7, 7})},
                          {"labels", Tensor<int64_t>(DType::kInt64, {3}, {1, 0, 4})}});
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ((*both)->Label(2), 4);
}

TEST_F(ArrayDatasetTest, WithoutLabelsANoteNamesWhatMayBeMeant) {
  const auto dataset =
      Open({{"inputs", Images()}, {"classes", Tensor<int64_t>(DType::kInt64, {3}, {1, 0, 4})}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->Label(0), kNoLabel);
  EXPECT_THAT((*dataset)->notes(),
              ElementsAre(AllOf(HasSubstr("no tensor called labels, targets, label, y, only "
                                          "'classes' int64[3]"),
                                HasSubstr("unlabelled"))));
}

TEST_F(ArrayDatasetTest, ImagesThatLookChannelsLastAreNoted) {
  const auto note = [this](Shape shape) -> std::string {
    shape.insert(shape.begin(), 1);
    std::string bytes(*ByteSize(DType::kUint8, shape), 'x');
    const auto dataset = Open({{"inputs", {DType::kUint8, shape, Bytes::FromString(bytes)}},
                               {"labels", Tensor<int64_t>(DType::kInt64, {1}, {0})}});
    EXPECT_TRUE(dataset.ok()) << dataset.status();
    return dataset.ok() && !(*dataset)->notes().empty() ? (*dataset)->notes()[0] : "";
  };
  EXPECT_THAT(note({32, 32, 3}), HasSubstr("images must be channels first"));
  EXPECT_THAT(note({28, 28, 1}), HasSubstr("images must be channels first"));
  EXPECT_THAT(note({16, 16, 4}), HasSubstr("images must be channels first"));
  EXPECT_EQ(note({3, 32, 32}), "");
  EXPECT_EQ(note({3, 32, 3}), "");
  EXPECT_EQ(note({4, 16, 16}), "");
}

TEST_F(ArrayDatasetTest, ANumberThatIsNotFiniteIsNamedByItsPlace) {
  std::vector<float> values(12, 0.5F);
  values[9] = std::numeric_limits<float>::quiet_NaN();
  const auto dataset = Open({{"inputs", Tensor<float>(DType::kFloat32, {2, 2, 3}, values)}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  std::vector<uint8_t> sample(6 * sizeof(float));
  EXPECT_THAT((*dataset)->Read(0, {absl::MakeSpan(sample)}), testing::IsOk());
  EXPECT_THAT((*dataset)->Read(1, {absl::MakeSpan(sample)}),
              testing::ErrorIs(absl::StatusCode::kDataLoss,
                               HasSubstr("element [1, 0] of sample 1 of 'inputs' is nan; must be "
                                         "finite")));
}

TEST_F(ArrayDatasetTest, MissingInputsAreToldWithWhatIsThere) {
  EXPECT_THAT(Refusal({{"x_train", Images()}, {"y_train", Images()}}),
              AllOf(HasSubstr("'inputs'"), HasSubstr("x_train, y_train")));
  EXPECT_THAT(Refusal({}), HasSubstr("among its tensors (none)"));
}

TEST_F(ArrayDatasetTest, InputsWithoutSamplesAreRefused) {
  EXPECT_THAT(Refusal({{"inputs", {DType::kUint8, {0, 3, 2, 2}, Bytes()}}}),
              HasSubstr("uint8[0, 3, 2, 2]"));
  EXPECT_THAT(Refusal({{"inputs", {DType::kUint8, {4, 0}, Bytes()}}}), HasSubstr("[4, 0]"));
  EXPECT_THAT(Refusal({{"inputs", Tensor<int64_t>(DType::kInt64, {}, {5})}}),
              HasSubstr("; must be samples [n"));
}

TEST_F(ArrayDatasetTest, LabelsOfAnotherTypeOrShapeAreRefused) {
  for (const HostTensor& labels :
       {Tensor<float>(DType::kFloat32, {3}, {1, 0, 4}), Tensor<int64_t>(DType::kInt64, {2}, {1, 0}),
        Tensor<int64_t>(DType::kInt64, {3, 1}, {1, 0, 1})}) {
    EXPECT_THAT(Refusal({{"inputs", Images()}, {"labels", labels}}),
                AllOf(HasSubstr("'labels' is"), HasSubstr("; must be int64"), HasSubstr("[3]")));
  }
}

TEST_F(ArrayDatasetTest, LabelsOutOfRangeAreNamedWithTheirIndex) {
  for (const int64_t bad : {int64_t{-2}, int64_t{1} << 40, INT64_MAX, INT64_MIN}) {
    const HostTensor labels = Tensor<int64_t>(DType::kInt64, {3}, {1, bad, 0});
    EXPECT_THAT(Refusal({{"inputs", Images()}, {"labels", labels}}),
                HasSubstr(absl::StrCat("the label of sample 1 is ", bad)));
  }
  folder_.Write("class_names.txt", "cat\ndog\n");
  EXPECT_THAT(
      Refusal({{"inputs", Images()}, {"labels", Tensor<int64_t>(DType::kInt64, {3}, {1, 0, 2})}}),
      HasSubstr("the label of sample 2 is 2; must be 0 to 1, as there are 2 class names"));
}

TEST_F(ArrayDatasetTest, ClassNamesComeFromBesideTheFile) {
  folder_.Write("class_names.txt", "cat\ndog\nowl\n");
  const auto dataset =
      Open({{"inputs", Images()}, {"labels", Tensor<int64_t>(DType::kInt64, {3}, {1, -1, 0})}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_THAT((*dataset)->class_names(), ElementsAre("cat", "dog", "owl"));
  EXPECT_EQ((*dataset)->classes(), 3);
}

TEST_F(ArrayDatasetTest, TruncatedFileIsRefused) {
  const auto whole = Open({{"inputs", Images()}});
  ASSERT_TRUE(whole.ok());
  const std::string path = (folder_.path() / "short.safetensors").string();
  std::filesystem::copy_file(folder_.path() / "data.safetensors", path);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  const absl::Status status = OpenDataset({.path = path}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("short.safetensors"));
}

// Tokens of the lengths 2, 1 and 3.
HostTensor SixTokens() { return Tensor<int64_t>(DType::kInt64, {6}, {10, 11, 20, 30, 31, 32}); }
HostTensor Lengths213() { return Tensor<int64_t>(DType::kInt64, {3}, {2, 1, 3}); }

std::vector<int64_t> TokensOf(const Dataset& dataset, int64_t sample) {
  std::vector<int64_t> tokens(static_cast<size_t>(dataset.Length(sample)));
  EXPECT_THAT(dataset.Read(sample, {absl::Span<uint8_t>(reinterpret_cast<uint8_t*>(tokens.data()),
                                                        tokens.size() * sizeof(int64_t))}),
              testing::IsOk());
  return tokens;
}

TEST_F(ArrayDatasetTest, SamplesHaveLengthsOfTheirOwn) {
  const auto dataset = Open({{"inputs", SixTokens()},
                             {"inputs.lengths", Lengths213()},
                             {"labels", Tensor<int64_t>(DType::kInt64, {3}, {1, 0, -1})}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(), 3);
  EXPECT_EQ(ToString((*dataset)->inputs()), "input: int64[-1]");
  EXPECT_THAT(TokensOf(**dataset, 0), ElementsAre(10, 11));
  EXPECT_THAT(TokensOf(**dataset, 2), ElementsAre(30, 31, 32));
  EXPECT_FALSE((*dataset)->labels_by_position());
  EXPECT_THAT((*dataset)->Labels(2), ElementsAre(kNoLabel));
}

TEST_F(ArrayDatasetTest, PositionsHaveLabels) {
  const auto dataset =
      Open({{"inputs", SixTokens()},
            {"inputs.lengths", Lengths213()},
            {"labels", Tensor<int64_t>(DType::kInt64, {6}, {-100, 1, -1, 4, 0, -100})}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_TRUE((*dataset)->labels_by_position());
  EXPECT_EQ((*dataset)->classes(), 5);
  EXPECT_THAT((*dataset)->Labels(0), ElementsAre(kIgnoredPosition, 1));
  EXPECT_EQ((*dataset)->Label(0), 0);
  EXPECT_EQ((*dataset)->Label(1), kNoLabel);  // none of its positions has a label
  EXPECT_THAT((*dataset)->Labels(2), ElementsAre(4, 0, kIgnoredPosition));
}

TEST_F(ArrayDatasetTest, PositionsOfSamplesOfOneLengthHaveLabels) {
  const auto dataset = Open({{"inputs", Tensor<int64_t>(DType::kInt64, {2, 2}, {1, 2, 3, 4})},
                             {"labels", Tensor<int64_t>(DType::kInt64, {2, 2}, {0, 1, -100, 2})}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_TRUE((*dataset)->labels_by_position());
  EXPECT_EQ((*dataset)->Length(0), 0);
  EXPECT_THAT((*dataset)->Labels(1), ElementsAre(kIgnoredPosition, 2));
}

TEST_F(ArrayDatasetTest, ASampleWhosePositionsAreAllIgnoredCannotBeRead) {
  const auto dataset =
      Open({{"inputs", SixTokens()},
            {"inputs.lengths", Lengths213()},
            {"labels", Tensor<int64_t>(DType::kInt64, {6}, {-100, -100, 0, 1, 1, 1})}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  std::vector<uint8_t> tokens(16);
  EXPECT_THAT(
      (*dataset)->Read(0, {absl::MakeSpan(tokens)}),
      testing::StatusIs(absl::StatusCode::kDataLoss, HasSubstr("all labels of sample 0 are -100")));
}

TEST_F(ArrayDatasetTest, SeveralInputsHaveNames) {
  const auto dataset = Open({{"inputs.word", Tensor<int64_t>(DType::kInt64, {2}, {7, 8})},
                             {"inputs.size", Tensor<float>(DType::kFloat32, {2, 1}, {0.5, 1.5})},
                             {"labels", Tensor<int64_t>(DType::kInt64, {2}, {0, 1})}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(ToString((*dataset)->inputs()), "size: float32[1], word: int64[]");
  float size = 0;
  int64_t word = 0;
  ASSERT_THAT((*dataset)->Read(1, {absl::Span<uint8_t>(reinterpret_cast<uint8_t*>(&size), 4),
                                   absl::Span<uint8_t>(reinterpret_cast<uint8_t*>(&word), 8)}),
              testing::IsOk());
  EXPECT_EQ(size, 1.5);
  EXPECT_EQ(word, 8);
}

TEST_F(ArrayDatasetTest, InputsAndLengthsThatDoNotFitAreNamed) {
  const auto lengths = [](std::vector<int64_t> values) {
    const auto count = static_cast<int64_t>(values.size());
    return Tensor<int64_t>(DType::kInt64, {count}, values);
  };
  EXPECT_THAT(Refusal({{"inputs", SixTokens()}, {"inputs.lengths", lengths({2, 3})}}),
              HasSubstr("the sum of"));
  EXPECT_THAT(Refusal({{"inputs", SixTokens()}, {"inputs.lengths", lengths({2, 0, 4})}}),
              HasSubstr("'inputs.lengths' of sample 1 is 0"));
  EXPECT_THAT(Refusal({{"inputs", SixTokens()}, {"inputs.lengths", lengths({2, INT64_MAX})}}),
              HasSubstr("'inputs.lengths' of sample 1 is 9223372036854775807; must be 1 to 6"));
  EXPECT_THAT(Refusal({{"inputs.a", SixTokens()}, {"inputs.lengths", Lengths213()}}),
              HasSubstr("there is no tensor 'inputs' that 'inputs.lengths' has the lengths of"));
  EXPECT_THAT(Refusal({{"inputs", SixTokens()}, {"inputs.a", SixTokens()}}),
              HasSubstr("there are 'inputs' and 'inputs.a'; call each"));
  EXPECT_THAT(Refusal({{"inputs.a", SixTokens()},
                       {"inputs.a.lengths", Lengths213()},
                       {"inputs.b", SixTokens()},
                       {"inputs.b.lengths", lengths({1, 2, 3})}}),
              HasSubstr("'inputs.b.lengths' and 'inputs.a.lengths' differ"));
  EXPECT_THAT(Refusal({{"inputs.a", SixTokens()}, {"inputs.b", Lengths213()}}),
              HasSubstr("the number of samples of 'inputs.b' is 3; must be 6, as of 'inputs.a'"));
  EXPECT_THAT(Refusal({{"inputs", SixTokens()},
                       {"inputs.lengths", Lengths213()},
                       {"labels", Tensor<int64_t>(DType::kInt64, {5}, {0, 0, 0, 0, 0})}}),
              HasSubstr("or [6], one for each of their positions"));
  EXPECT_THAT(Refusal({{"inputs", SixTokens()},
                       {"inputs.lengths", Lengths213()},
                       {"labels", Tensor<int64_t>(DType::kInt64, {6}, {0, 0, 0, 0, -7, 0})}}),
              HasSubstr("the label of position 4 is -7"));
}

}  // namespace
}  // namespace distill
