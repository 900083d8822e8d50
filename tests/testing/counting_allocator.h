// CountingAllocator: counts what lives of the memory that Torch's tensors take on the CPU.
#pragma once

#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace distill::testing {

// Takes the place of Torch's own until the process ends. Its counts are those of all threads.
class CountingAllocator : public at::Allocator {
 public:
  static CountingAllocator& Install() {
    static auto* const allocator = new CountingAllocator();
    return *allocator;
  }

  at::DataPtr allocate(size_t bytes) override {
    const size_t live = live_.fetch_add(bytes) + bytes;
    for (size_t most = most_; live > most && !most_.compare_exchange_weak(most, live);) {
    }
    auto* block = new Block{own_->allocate(bytes), bytes};
    return {block->memory.get(), block, &Free, at::Device(at::kCPU)};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

  // most() counts from what lives now.
  void Begin() { before_ = most_ = live_.load(); }
  // Bytes beyond those at Begin() that lived at once.
  size_t most() const { return most_ - before_; }

 private:
  struct Block {
    at::DataPtr memory;
    size_t bytes;
  };

  CountingAllocator() : own_(c10::GetCPUAllocator()) {
    c10::SetCPUAllocator(this, /*priority=*/100);
  }
  static void Free(void* context) {
    auto* block = static_cast<Block*>(context);
    Install().live_ -= block->bytes;
    delete block;
  }

  at::Allocator* const own_;
  std::atomic<size_t> live_ = 0;
  std::atomic<size_t> most_ = 0;
  size_t before_ = 0;
};

}  // namespace distill::testing
