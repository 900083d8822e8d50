#include "common/torch/torch_errors.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace distill {
namespace {

TEST(TorchErrorsTest, OneLineIsLeftOfAnError) {
  EXPECT_EQ(TorchReason("expected 3 channels\nException raised from f at g.cpp:1"),
            "expected 3 channels");
  EXPECT_EQ(CatchTorch([] { throw std::runtime_error("too large.\nmore"); }).message(),
            "too large");
  EXPECT_TRUE(CatchTorch([] {}).ok());
}

TEST(TorchErrorsTest, AReasonOfSeveralLinesIsKeptInOne) {
  EXPECT_EQ(TorchReason("The following operation failed in the TorchScript interpreter.\n"
                        "Traceback of TorchScript, serialized code (most recent call last):\n"
                        "    raise ValueError(_0)\n"
                        "    ~~~~~ <--- HERE\n"
                        "\n"
                        "Traceback of TorchScript, original code (most recent call last):\n"
                        "  File \"<string>\", line 3, in forward\n"
                        "    if float(x.max()) > 100.0:\n"
                        "      raise ValueError('bad sample')\n"
                        "      ~~~~~ <--- HERE\n"
                        "    return x\n"
                        "RuntimeError: bad sample:\n"
                        "  second line\n"
                        "third\n"),
            "RuntimeError: bad sample: second line third");
}

TEST(TorchErrorsTest, OfAnErrorOfTheInterpreterTheReasonIsLast) {
  EXPECT_EQ(TorchReason("The following operation failed in the TorchScript interpreter.\n"
                        "Traceback of TorchScript (most recent call last):\n"
                        "  File \"<string>\", line 3, in forward\n"
                        "    return torch.linear(x, self.weight)\n"
                        "           ~~~~~~~~~~~~ <--- HERE\n"
                        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x5 and 3x4)\n"),
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x5 and 3x4)");
}

}  // namespace
}  // namespace distill
