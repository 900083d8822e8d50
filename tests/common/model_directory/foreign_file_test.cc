#include "common/model_directory/foreign_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "common/model_directory/model_directory.h"
#include "common/model_directory/safetensors.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ForeignFileTest, IsToldByItsFirstBytesWhereSafetensorsAreExpected) {
  const testing::TempDir dir;
  const struct {
    std::string contents;
    const char* expected;
  } cases[] = {
      {"", "it is empty"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 3\n", "Git LFS pointer"},
      {"<!DOCTYPE html><html>Not Found</html>", "web page"},
      {std::string("PK\x03\x04\x00\x00\x08\x08 archive/data.pkl", 24), "file of torch.save"},
      {std::string("\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j", 12), "file of torch.save"},
  };
  for (const auto& c : cases) {
    ASSERT_THAT(WriteFileAtomically(dir / "model.safetensors", c.contents), testing::IsOk());
    const absl::Status read = ReadSafetensors(dir / "model.safetensors").status();
    EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(read.message()),
                AllOf(HasSubstr((dir / "model.safetensors").string()), HasSubstr(c.expected)));
  }
  EXPECT_EQ(DescribeForeignFile("\x10\x20 anything else", "x"), "");
}

TEST(ForeignFileTest, WeightsInAnotherFileAreNamed) {
  for (const char* other : {"pytorch_model.bin", "model.safetensors.index.json", "model.pth"}) {
    const testing::TempDir dir;
    ASSERT_THAT(WriteFileAtomically(dir / kConfigFile, R"({"format": "distill/1",
        "architecture": "mlp", "inputs": [{"name": "x", "dtype": "uint8", "shape": [4]}]})"),
                testing::IsOk());
    ASSERT_THAT(WriteFileAtomically(dir / other, "weights"), testing::IsOk());
    EXPECT_THAT(std::string(ReadModelDescription(dir.path()).status().message()),
                AllOf(HasSubstr("the weights are missing"), HasSubstr(other)));
  }
}

}  // namespace
}  // namespace distill
