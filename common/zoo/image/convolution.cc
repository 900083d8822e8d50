#include "common/zoo/image/convolution.h"

#include <torch/nn/init.h>

namespace distill {

torch::nn::Conv2d Convolution(int64_t in, int64_t out, int64_t size, int64_t stride,
                              int64_t groups) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, size)
                               .stride(stride)
                               .padding((size - 1) / 2)
                               .groups(groups)
                               .bias(false));
}

void DrawConvolutions(torch::nn::Module& module) {
  for (const auto& each : module.modules(/*include_self=*/false)) {
    if (auto* conv = each->as<torch::nn::Conv2d>()) {
      torch::nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut, torch::kReLU);
    }
  }
}

}  // namespace distill
