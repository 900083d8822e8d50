#include "common/inference/multiply_adds.h"

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <memory>
#include <string_view>
#include <utility>

namespace distill {
namespace {

thread_local int64_t counted = 0;
thread_local bool within = false;  // in an operation whose parts must not be counted again

// Returns the multiply-adds per output element of the operation; 0 for operations that are not
// counted.
int64_t MultiplyAddsAnOutput(std::string_view name, c10::ArrayRef<const c10::IValue> inputs) {
  if (name == "aten::convolution" || name == "aten::_convolution") {
    const at::Tensor& weight = inputs[1].toTensor();  // [out, in / groups, height, width]
    const bool transposed = inputs[6].toBool();
    return transposed ? 0 : weight.numel() / weight.size(0);
  }
  // […, n] by [n, m].
  for (const std::string_view each : {"aten::mm", "aten::bmm"}) {
    if (name == each) return inputs[0].toTensor().size(-1);
  }
  for (const std::string_view each : {"aten::addmm", "aten::baddbmm"}) {
    if (name == each) return inputs[1].toTensor().size(-1);
  }
  return 0;
}

struct Counted : at::ObserverContext {
  explicit Counted(int64_t an_output) : an_output(an_output) { within = true; }
  ~Counted() override { within = false; }
  const int64_t an_output;
};

// Reads the inputs here, since some are gone at the end.
std::unique_ptr<at::ObserverContext> OnBegin(const at::RecordFunction& function) {
  if (within) return nullptr;
  const int64_t an_output = MultiplyAddsAnOutput(function.name(), function.inputs());
  return an_output == 0 ? nullptr : std::make_unique<Counted>(an_output);
}

void OnEnd(const at::RecordFunction& function, at::ObserverContext* context) {
  if (context == nullptr || function.outputs().empty()) return;
  counted += static_cast<Counted*>(context)->an_output * function.outputs()[0].toTensor().numel();
}

// While it exists, Torch calls it around every operation of this thread.
class Observer {
 public:
  Observer()
      : handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(OnBegin, OnEnd)
                                               .needsInputs(true)
                                               .needsOutputs(true)
                                               .scopes({at::RecordScope::FUNCTION}))) {}
  ~Observer() { at::removeCallback(handle_); }
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

 private:
  const at::CallbackHandle handle_;
};

}  // namespace

int64_t CountMultiplyAdds(const std::function<void()>& forward) {
  const Observer observer;
  const int64_t before = std::exchange(counted, 0);
  forward();
  return std::exchange(counted, before);
}

}  // namespace distill
