// The families with torchvision's names match torchvision in state, cost and results.
#include <ATen/ATen.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/sha256.h"
#include "common/inference/multiply_adds.h"
#include "common/zoo/registry.h"
#include "common/zoo/weights.h"
#include "gtest/gtest.h"

namespace distill {
namespace {

// The same function as in tests/golden/zoo_torchvision.py.
at::Tensor Wave(const std::vector<int64_t>& shape, double phase) {
  const int64_t size =
      std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<int64_t>());
  return at::sin(at::arange(size, at::kDouble) * 0.7 + phase).view(shape);
}

at::Tensor Formula(const std::string& name, const at::Tensor& tensor) {
  int64_t sum = 0;
  for (const char c : name) sum += static_cast<unsigned char>(c);
  const at::Tensor values = Wave(tensor.sizes().vec(), static_cast<double>(sum % 1000));
  if (absl::EndsWith(name, "running_var")) return 1 + values / 2;
  if (absl::EndsWith(name, "running_mean") || absl::EndsWith(name, "bias")) return values / 10;
  if (tensor.dim() == 1) return 1 + values / 10;
  return values * 0.4 / std::sqrt(static_cast<double>(tensor[0].numel()));
}

template <typename Function>
void ForEachState(const Model& model, Function&& function) {
  for (const auto& item : model.named_parameters()) function(item.key(), item.value());
  for (const auto& item : model.named_buffers()) function(item.key(), item.value());
}

std::string StateDigest(const Model& model) {
  std::vector<std::string> lines;
  ForEachState(model, [&](const std::string& name, const at::Tensor& tensor) {
    lines.push_back(absl::StrCat(name, " [", absl::StrJoin(tensor.sizes(), ", "), "]\n"));
  });
  std::sort(lines.begin(), lines.end());
  return Sha256Hex(absl::StrJoin(lines, ""));
}

TEST(TorchvisionTest, ModelsHaveItsStateItsCostAndItsLogits) {
  std::ifstream file(DISTILL_GOLDEN_FOLDER "/zoo_torchvision.json");
  const nlohmann::json cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 8u);
  const at::NoGradGuard no_grad;
  for (const auto& [name, golden] : cases.items()) {
    SCOPED_TRACE(name);
    nlohmann::json arguments = golden["arguments"];
    arguments.update({{"channels", 3}, {"classes", 1000}});
    const auto created = CreateModel({golden["architecture"], arguments});
    ASSERT_TRUE(created.ok()) << created.status();
    Model& model = **created;
    model.eval();
    EXPECT_EQ(CountParameters(model), golden["parameters"]);
    EXPECT_EQ(StateDigest(model), golden["state_sha256"].get<std::string>());
    EXPECT_EQ(CountMultiplyAdds([&] {
                model.Forward(at::zeros({1, 3, 224, 224}));
              }),
              golden["multiply_adds"]);

    model.to(at::kDouble);
    ForEachState(model, [](const std::string& key, at::Tensor tensor) {
      if (tensor.dim() > 0) tensor.copy_(Formula(key, tensor));
    });
    const at::Tensor logits = model.Forward(Wave({1, 3, 64, 64}, 0))[0];
    const double norm = golden["norm"];
    EXPECT_NEAR(logits.norm().item<double>(), norm, 1e-10 * norm);
    const auto first = golden["first_logits"].get<std::vector<double>>();
    for (size_t i = 0; i < first.size(); ++i) {
      EXPECT_NEAR(logits[static_cast<int64_t>(i)].item<double>(), first[i], 1e-10 * norm) << i;
    }
  }
}

}  // namespace
}  // namespace distill
