// Ema: the exponential moving average of a student's parameters over the optimizer's steps, which
// often makes a better model than the last step's.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "common/torch/named_tensors.h"

namespace torch::nn {
class Module;
}

namespace distill {

// Not thread-safe. Made after the parameters got their device and memory layout; the average begins
// as the parameters are then. It holds parameters alone: buffers (the statistics of batch norms)
// are themselves averages, and the module's own serve the averaged parameters too.
class Ema {
 public:
  // decay: [0, 1).
  Ema(const torch::nn::Module& module, double decay);

  // average = d · average + (1 - d) · parameters, after a step of the optimizer. After t updates
  // before this one, d = min(decay, (1 + t) / (10 + t)): the first steps, far from where training
  // arrives, are soon forgotten (as TensorFlow's ExponentialMovingAverage with num_updates).
  void Update();

  // "average.<parameter>" and "updates". Writing these through CopyInto continues another average.
  NamedTensors tensors() const;

  // While it lives, the module's parameters are the averaged ones, and the average's memory holds
  // the trained ones: for validation and for saving. No step may be taken, and no Update made.
  // Nothing is copied. `ema` and its module's parameters outlive it.
  class Swapped {
   public:
    explicit Swapped(Ema& ema) : ema_(ema) { ema_.Swap(); }
    ~Swapped() { ema_.Swap(); }
    Swapped(const Swapped&) = delete;
    Swapped& operator=(const Swapped&) = delete;

   private:
    Ema& ema_;
  };

 private:
  void Swap();

  const double decay_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_;  // the module's own
  std::vector<at::Tensor> averages_;    // one per parameter
  at::Tensor updates_;                  // int64 scalar on the CPU
};

}  // namespace distill
