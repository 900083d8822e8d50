#include "common/model_directory/safetensors.h"

#include <gmock/gmock.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::TempDir;

// Returns a file with this header and data.
std::string File(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

std::string OneTensor(const std::string& dtype, const std::string& shape,
                      const std::string& offsets) {
  return absl::StrCat(R"({"w": {"dtype": ")", dtype, R"(", "shape": )", shape,
                      R"(, "data_offsets": )", offsets, "}}");
}

HostTensor Tensor(DType dtype, Shape shape, const std::string& bytes) {
  return {dtype, std::move(shape), Bytes::FromString(bytes)};
}

class SafetensorsTest : public ::testing::Test {
 protected:
  absl::StatusOr<SafetensorsFile> Read(const std::string& contents) {
    EXPECT_THAT(WriteFileAtomically(path_, contents), IsOk());
    return ReadSafetensors(path_);
  }

  const TempDir temp_;
  const std::filesystem::path path_ = temp_ / "model.safetensors";
};

TEST_F(SafetensorsTest, ReadsAFileAsTheFormatDescribesIt) {
  absl::StatusOr<SafetensorsFile> file =
      Read(File(R"({"__metadata__": {"format": "pt"},)"
                R"( "b": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},)"
                R"( "a": {"dtype": "U8", "shape": [2, 1], "data_offsets": [4, 6]}}   )",
                std::string("\0\0\x80\x3F", 4) + "xy"));
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->metadata, (std::map<std::string, std::string>{{"format", "pt"}}));
  ASSERT_EQ(file->tensors.size(), 2u);
  EXPECT_EQ(file->tensors["a"].dtype, DType::kUint8);
  EXPECT_EQ(file->tensors["a"].shape, (Shape{2, 1}));
  EXPECT_EQ(file->tensors["a"].bytes.ToString(), "xy");
  float b = 0;
  file->tensors["b"].bytes.CopyTo(&b);
  EXPECT_EQ(b, 1.0f);
}

TEST_F(SafetensorsTest, EveryTypeAndShapeRoundTrips) {
  TensorMap tensors;
  for (const char* name : {"bool", "uint8", "int8", "int16", "int32", "int64", "float16",
                           "bfloat16", "float32", "float64"}) {
    const DType dtype = *ParseDType(name);
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 3}, Shape{0}, Shape{5, 0, 2}}) {
      const size_t bytes = *ByteSize(dtype, shape);
      tensors[absl::StrCat(name, ToString(shape))] =
          Tensor(dtype, shape, std::string(bytes, name[0]));
    }
  }
  const std::map<std::string, std::string> metadata = {{"a", "b"}, {"", "\n\"é"}};
  ASSERT_THAT(WriteSafetensors(path_, tensors, metadata), IsOk());
  absl::StatusOr<SafetensorsFile> file = ReadSafetensors(path_);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->metadata, metadata);
  ASSERT_EQ(file->tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const HostTensor& read = file->tensors.at(name);
    EXPECT_EQ(read.dtype, tensor.dtype) << name;
    EXPECT_EQ(read.shape, tensor.shape) << name;
    EXPECT_TRUE(read.bytes == tensor.bytes) << name;
    if (read.bytes.empty()) continue;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(read.bytes.piece(0).data()) % ByteWidth(read.dtype), 0u)
        << name;
  }
}

TEST_F(SafetensorsTest, TheTypesHaveTheFormatsNames) {
  const struct {
    DType dtype;
    const char* name;
  } cases[] = {{DType::kBool, "BOOL"},   {DType::kUint8, "U8"},      {DType::kInt8, "I8"},
               {DType::kInt16, "I16"},   {DType::kInt32, "I32"},     {DType::kInt64, "I64"},
               {DType::kFloat16, "F16"}, {DType::kBFloat16, "BF16"}, {DType::kFloat32, "F32"},
               {DType::kFloat64, "F64"}};
  for (const auto& c : cases) {
    const size_t width = ByteWidth(c.dtype);
    absl::StatusOr<SafetensorsFile> file = Read(
        File(OneTensor(c.name, "[1]", absl::StrCat("[0,", width, "]")), std::string(width, 'x')));
    ASSERT_THAT(file, IsOk()) << c.name;
    EXPECT_EQ(file->tensors["w"].dtype, c.dtype);
  }
}

TEST_F(SafetensorsTest, NoTensorsAtAllRoundTrip) {
  ASSERT_THAT(WriteSafetensors(path_, {}), IsOk());
  absl::StatusOr<SafetensorsFile> file = ReadSafetensors(path_);
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(file->tensors.empty());
  EXPECT_TRUE(file->metadata.empty());
}

TEST_F(SafetensorsTest, TheSameMapGivesTheSameBytesHoweverItsTensorsAreCut) {
  Bytes cut = Bytes::FromString("ab");
  cut.Append(Bytes::FromString("cd"));
  ASSERT_THAT(WriteSafetensors(path_, {{"w", {DType::kUint8, {4}, cut}}}, {{"k", "v"}}), IsOk());
  const std::string once = *ReadFile(path_);
  ASSERT_THAT(WriteSafetensors(path_, {{"w", Tensor(DType::kUint8, {4}, "abcd")}}, {{"k", "v"}}),
              IsOk());
  EXPECT_EQ(*ReadFile(path_), once);
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, once.data(), 8);
  EXPECT_EQ(header_bytes % 8, 0u);
  EXPECT_EQ(once.size(), 8 + header_bytes + 4);
}

TEST_F(SafetensorsTest, TensorsReadMayBeWrittenOverTheirOwnFile) {
  const TensorMap tensors = {{"w", Tensor(DType::kUint8, {4}, "abcd")}};
  ASSERT_THAT(WriteSafetensors(path_, tensors), IsOk());
  SafetensorsFile file = *ReadSafetensors(path_);
  file.tensors["v"] = file.tensors["w"];
  ASSERT_THAT(WriteSafetensors(path_, file.tensors), IsOk());
  EXPECT_EQ(ReadSafetensors(path_)->tensors["v"].bytes.ToString(), "abcd");
  EXPECT_EQ(file.tensors["w"].bytes.ToString(), "abcd");
}

TEST_F(SafetensorsTest, WhatCannotBeWrittenLeavesNoFile) {
  const HostTensor valid = Tensor(DType::kUint8, {2}, "ab");
  const struct {
    TensorMap tensors;
    const char* message;
  } cases[] = {
      {{{"short", Tensor(DType::kUint8, {3}, "ab")}}, "'short'"},
      {{{"negative", Tensor(DType::kUint8, {-1}, "")}}, "'negative'"},
      {{{"__metadata__", valid}}, "__metadata__"},
      {{{"\xFF", valid}}, "UTF-8"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(WriteSafetensors(path_, c.tensors),
                ErrorIs(absl::StatusCode::kInvalidArgument,
                        AllOf(HasSubstr(path_.string()), HasSubstr(c.message))));
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

TEST_F(SafetensorsTest, AnAbsentFileIsNotFoundAndAFolderIsNoFile) {
  EXPECT_THAT(ReadSafetensors(path_),
              ErrorIs(absl::StatusCode::kNotFound, HasSubstr(path_.string())));
  EXPECT_THAT(ReadSafetensors(temp_.path()), ErrorIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(SafetensorsTest, EveryTruncationIsRefused) {
  ASSERT_THAT(WriteSafetensors(path_, {{"w", Tensor(DType::kUint8, {4}, "abcd")}}), IsOk());
  const std::string whole = *ReadFile(path_);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(Read(whole.substr(0, size)),
                ErrorIs(absl::StatusCode::kDataLoss, HasSubstr(path_.string())));
  }
}

TEST_F(SafetensorsTest, AHeaderLengthBeyondTheFileOrTheLimitIsRefused) {
  for (const uint64_t length :
       {uint64_t{3}, uint64_t{1} << 32, uint64_t{1} << 63, ~uint64_t{0}, ~uint64_t{0} - 7}) {
    const std::string prefix(reinterpret_cast<const char*>(&length), 8);
    EXPECT_THAT(Read(prefix + "{}"),
                ErrorIs(absl::StatusCode::kDataLoss,
                        HasSubstr(absl::StrCat("header's length is ", length))));
  }
  // The file is sparse, as long as its length field, and over the limit.
  const uint64_t length = 100'000'001;
  ASSERT_THAT(WriteFileAtomically(path_, std::string(reinterpret_cast<const char*>(&length), 8)),
              IsOk());
  std::filesystem::resize_file(path_, 8 + length);
  EXPECT_THAT(ReadSafetensors(path_),
              ErrorIs(absl::StatusCode::kDataLoss, HasSubstr("100000000 allowed")));
}

TEST_F(SafetensorsTest, AMalformedHeaderIsRefusedWithFileTensorAndReason) {
  const std::string ok = R"("shape": [4], "data_offsets": [0, 4])";
  const struct {
    std::string header;
    const char* message;
  } cases[] = {
      {"", "does not begin"},
      {" {}", "does not begin"},
      {"[]", "does not begin"},
      {"{", "the header"},
      {"{} x", "the header"},
      {std::string(100'000, '{'), "the header"},
      {R"({"w": )" + std::string(100'000, '[') + std::string(100'000, ']') + "}", "3 levels"},
      {R"({"w": 3})", "'w': its header is not an object"},
      {R"({"w": {}})", "'w': it has no dtype"},
      {R"({"w": {"dtype": "U8", "data_offsets": [0, 4]}})", "'w': it has no shape"},
      {R"({"w": {"dtype": "U8", "shape": [4]}})", "'w': it has no data_offsets"},
      {R"({"w": {"dtype": 8, )" + ok + "}}", "'w': dtype is not a string"},
      {R"({"w": {"dtype": "F8_E4M3", )" + ok + "}}", "dtype 'F8_E4M3' is none of BOOL, U8"},
      {R"({"w": {"dtype": "u8", )" + ok + "}}", "dtype 'u8'"},
      {R"({"w": {"dtype": "U8", )" + ok + R"(}, "w": {"dtype": "U8", )" + ok + "}}",
       "'w' appears twice"},
      {R"({"w": {"dtype": "U8", "dtype": "U8", )" + ok + "}}", "'dtype' appears twice"},
      {OneTensor("U8", "4", "[0, 4]"), "'w': shape is not an array"},
      {OneTensor("U8", "[4.0]", "[0, 4]"), "'w': shape holds"},
      {OneTensor("U8", "[-4]", "[0, 4]"), "'w': shape holds"},
      {OneTensor("U8", "[-2, -2]", "[0, 4]"), "'w': shape holds"},
      {OneTensor("U8", "[\"4\"]", "[0, 4]"), "'w': shape holds"},
      {OneTensor("U8", "[18446744073709551615]", "[0, 4]"), "'w': shape holds"},
      {OneTensor("U8", "[36893488147419103232]", "[0, 4]"), "'w': shape holds"},
      // Products that are 4 modulo 2^64.
      {OneTensor("U8", "[4294967296, 4294967296, 4]", "[0, 4]"), "more than 2^63"},
      {OneTensor("F32", "[4611686018427387905]", "[0, 4]"), "more than 2^63"},
      {OneTensor("U8", "[4]", "4"), "'w': data_offsets is not an array"},
      {OneTensor("U8", "[4]", "[0]"), "'w': data_offsets are not two numbers"},
      {OneTensor("U8", "[4]", "[0, 4, 4]"), "'w': data_offsets are not two numbers"},
      {OneTensor("U8", "[4]", "[4, 0]"), "'w': data_offsets are not two numbers"},
      {OneTensor("U8", "[4]", "[-4, 0]"), "'w': data_offsets holds"},
      {OneTensor("U8", "[3]", "[0, 4]"), "'w': uint8[3] takes 3 bytes"},
      {OneTensor("F32", "[4]", "[0, 4]"), "'w': float32[4] takes 16 bytes"},
      {OneTensor("U8", "[5]", "[0, 5]"), "'w': it ends at byte 5 of the data, which has 4"},
      {OneTensor("U8", "[1]", "[9223372036854775806, 9223372036854775807]"),
       "'w': it ends at byte"},
      {OneTensor("U8", "[3]", "[0, 3]"), "end at byte 3 of the data, which has 4"},
      {OneTensor("U8", "[3]", "[1, 4]"),
       "'w': it begins at byte 1 of the data instead of 0, which is a hole"},
      {"{}", "end at byte 0 of the data, which has 4"},
      {R"({"__metadata__": []})", "__metadata__: it is not an object"},
      {R"({"__metadata__": {"k": 1}})", "__metadata__: 'k' is not a string"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(Read(File(c.header, "abcd")),
                ErrorIs(absl::StatusCode::kDataLoss,
                        AllOf(HasSubstr(path_.string()), HasSubstr(c.message))))
        << c.header.substr(0, 200);
  }
}

TEST_F(SafetensorsTest, TensorsThatDoNotTileTheDataAreRefused) {
  const struct {
    const char* a;
    const char* b;
    const char* message;  // empty: the tensors tile the data
  } cases[] = {
      {"[0, 2]", "[2, 4]", ""},
      {"[2, 4]", "[0, 2]", ""},
      {"[0, 2]", "[0, 2]",
       "'b': it begins at byte 0 of the data instead of 2, which is an overlap"},
      {"[0, 2]", "[1, 3]", "an overlap"},
      {"[2, 4]", "[2, 4]", "'a': it begins at byte 2 of the data instead of 0, which is a hole"},
      {"[1, 3]", "[2, 4]", "a hole"},
      {"[0, 2]", "[4, 6]", "'b': it ends at byte 6"},
  };
  for (const auto& c : cases) {
    const std::string header =
        absl::StrCat(R"({"a": {"dtype": "U8", "shape": [2], "data_offsets": )", c.a,
                     R"(}, "b": {"dtype": "U8", "shape": [2], "data_offsets": )", c.b, "}}");
    absl::StatusOr<SafetensorsFile> file = Read(File(header, "abcd"));
    if (*c.message == '\0') {
      EXPECT_THAT(file, IsOk()) << header;
    } else {
      EXPECT_THAT(file, ErrorIs(absl::StatusCode::kDataLoss, HasSubstr(c.message))) << header;
    }
  }
}

TEST_F(SafetensorsTest, TensorsWithoutElementsLieAnywhereBetweenOthersAndNowhereElse) {
  const auto header = [](const char* empty_at) {
    return absl::StrCat(R"({"e": {"dtype": "F32", "shape": [0], "data_offsets": )", empty_at,
                        R"(}, "w": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}})");
  };
  for (const char* at : {"[0, 0]", "[4, 4]"}) {
    EXPECT_THAT(Read(File(header(at), "abcd")), IsOk()) << at;
  }
  for (const char* at : {"[2, 2]", "[5, 5]"}) {
    EXPECT_THAT(Read(File(header(at), "abcd")),
                ErrorIs(absl::StatusCode::kDataLoss, HasSubstr("'e'")))
        << at;
  }
}

}  // namespace
}  // namespace distill
