#include "common/inference/torchscript_model.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/inference/torchscript_file.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

TEST(LoadTorchScriptTest, RunsTheFilesForward) {
  const testing::TempDir dir;
  testing::WriteTorchScript(dir / "model.pt", R"(
      def forward(self, x):
          return torch.relu(torch.linear(x, self.weight))
  )");
  const auto load = [&] { return LoadTorchScript(dir / "model.pt"); };
  ASSERT_TRUE(load().ok()) << load().status();
  EXPECT_EQ(load()->parameters, 12);
  const c10::InferenceMode inference_mode;
  for (const ForwardFunction& forward :
       {load()->plain, *load()->freeze(/*optimized=*/true), *load()->freeze(/*optimized=*/false)}) {
    for (int64_t n : {1, 2, 5, 2}) {
      EXPECT_TRUE(
          forward({at::ones({n, 3})})[0][n - 1].equal(at::tensor({3.0f, 12.0f, 21.0f, 30.0f})));
    }
  }
}

TEST(LoadTorchScriptTest, FileThatIsNoTorchScriptIsRefused) {
  const testing::TempDir dir;
  for (const char* contents : {"", "no zip archive", "PK\x03\x04 cut off"}) {
    std::ofstream(dir / "model.pt") << contents;
    EXPECT_EQ(LoadTorchScript(dir / "model.pt").status().code(), absl::StatusCode::kInvalidArgument)
        << contents;
  }
}

TEST(LoadTorchScriptTest, ModuleWithoutForwardIsRefused) {
  const testing::TempDir dir;
  testing::WriteTorchScript(dir / "model.pt", R"(
      def backward(self, x):
          return x
  )");
  EXPECT_THAT(LoadTorchScript(dir / "model.pt").status().ToString(),
              ::testing::HasSubstr("forward"));
}

}  // namespace
}  // namespace distill
