// PathList holds many paths in little memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace distill {

// Each path takes its characters and 8 bytes.
class PathList {
 public:
  void Add(absl::string_view path) {
    letters_.append(path.data(), path.size());
    ends_.push_back(letters_.size());
  }

  int64_t size() const { return static_cast<int64_t>(ends_.size()); }

  // 0 ≤ index < size(). Valid until the next Add.
  absl::string_view operator[](int64_t index) const {
    const auto i = static_cast<size_t>(index);
    const uint64_t begin = i == 0 ? 0 : ends_[i - 1];
    return absl::string_view(letters_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string letters_;
  std::vector<uint64_t> ends_;
};

}  // namespace distill
