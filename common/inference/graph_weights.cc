#include "common/inference/graph_weights.h"

#include <torch/csrc/jit/ir/ir.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <sstream>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace distill {
namespace {

constexpr size_t kLargeBytes = size_t{256} << 10;

// The graph of the WeightRelease of this thread, and the weights of it that may be released.
thread_local torch::jit::Graph* graph_of_release = nullptr;
thread_local std::unordered_set<const c10::StorageImpl*> releasable;

bool IsLargeWeight(const at::Tensor& tensor) {
  return tensor.layout() == at::kStrided && !tensor.is_quantized() &&
         tensor.nbytes() >= kLargeBytes;
}

// Calls visit(node) for each constant tensor of the block, and of the blocks and graphs in it.
void ForEachConstant(torch::jit::Block* block,
                     const std::function<void(torch::jit::Node*)>& visit) {
  for (torch::jit::Node* node : block->nodes()) {
    const bool tensor = node->kind() == c10::prim::Constant &&
                        node->hasAttribute(c10::attr::value) &&
                        node->kindOf(c10::attr::value) == torch::jit::AttributeKind::t;
    if (tensor) visit(node);
    for (torch::jit::Block* inner : node->blocks()) ForEachConstant(inner, visit);
    if (node->hasAttribute(c10::attr::Subgraph)) {
      ForEachConstant(node->g(c10::attr::Subgraph)->block(), visit);
    }
  }
}

const c10::StorageImpl* StorageOf(const torch::jit::Node* constant) {
  const at::Tensor& tensor = constant->t(c10::attr::value);
  return IsLargeWeight(tensor) ? tensor.storage().unsafeGetStorageImpl() : nullptr;
}

struct Weight : at::ObserverContext {
  explicit Weight(const c10::StorageImpl* storage) : storage(storage) {}
  const c10::StorageImpl* const storage;
};

bool MakesAnother(std::string_view operation) {
  return operation == "aten::mul" || operation == "aten::to_mkldnn";
}

std::unique_ptr<at::ObserverContext> BeforeOperation(const at::RecordFunction& function) {
  if (!MakesAnother(function.name()) || !function.inputs()[0].isTensor()) return nullptr;
  const at::Tensor& input = function.inputs()[0].toTensor();
  if (!input.has_storage()) return nullptr;
  const c10::StorageImpl* storage = input.storage().unsafeGetStorageImpl();
  return releasable.erase(storage) == 0 ? nullptr : std::make_unique<Weight>(storage);
}

// The constant becomes one of the same shape that takes no memory. Passes move nodes, so it is
// looked for.
void AfterOperation(const at::RecordFunction&, at::ObserverContext* context) {
  if (context == nullptr) return;
  const c10::StorageImpl* storage = static_cast<Weight*>(context)->storage;
  ForEachConstant(graph_of_release->block(), [storage](torch::jit::Node* node) {
    if (StorageOf(node) != storage) return;
    const at::Tensor& weight = node->t(c10::attr::value);
    node->t_(c10::attr::value, at::zeros({1}, weight.options()).expand(weight.sizes()));
  });
}

}  // namespace

WeightRelease::WeightRelease(torch::jit::Graph& graph) {
  std::unordered_map<const c10::StorageImpl*, size_t> uses;
  ForEachConstant(graph.block(), [&](torch::jit::Node* node) {
    if (const auto* storage = StorageOf(node)) uses[storage] += node->output()->uses().size();
  });
  graph_of_release = &graph;
  releasable.clear();
  for (const auto& [storage, count] : uses) {
    if (count == 1) releasable.insert(storage);
  }
  handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(BeforeOperation, AfterOperation)
                                           .needsInputs(true)
                                           .scopes({at::RecordScope::FUNCTION}));
}

WeightRelease::~WeightRelease() {
  at::removeCallback(handle_);
  releasable.clear();
  graph_of_release = nullptr;
}

torch::jit::Module Reloaded(const torch::jit::Module& frozen, at::Device device) {
  // In the file each large constant is its number, in its own type and as if it had its shape.
  std::vector<at::Tensor> constants;
  ForEachConstant(frozen.get_method("forward").graph()->block(), [&](torch::jit::Node* node) {
    const at::Tensor constant = node->t(c10::attr::value);
    if (StorageOf(node) == nullptr) return;
    const auto number = static_cast<int64_t>(constants.size());
    const at::Tensor one = at::full({1}, number, constant.options());
    if (one.item<int64_t>() != number) return;  // more than the type can count
    node->t_(c10::attr::value, one.expand(constant.sizes()));
    constants.push_back(constant);
  });
  std::stringstream stream;
  frozen.save(stream);
  torch::jit::Module loaded = torch::jit::load(stream, device);
  ForEachConstant(loaded.get_method("forward").graph()->block(), [&](torch::jit::Node* node) {
    const at::Tensor placed = node->t(c10::attr::value);
    if (StorageOf(node) == nullptr || placed.storage().nbytes() != placed.itemsize()) return;
    const at::Tensor first = placed.as_strided({1}, {1});
    const at::Tensor& constant = constants.at(static_cast<size_t>(first.item<int64_t>()));
    node->t_(c10::attr::value, constant);
    node->output()->inferTypeFrom(constant);
  });
  return loaded;
}

}  // namespace distill
