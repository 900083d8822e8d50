// Hard labels, as data sets, batches and losses write them: a class from 0, or none.
#pragma once

#include <cstdint>

namespace distill {

// Takes the place of a label where a sample, or a position of it, has none. Cross-entropy ignores
// it; soft targets are still learned from.
inline constexpr int64_t kNoLabel = -1;

// Takes the place of a label at a position that nothing is learned from, such as one of a special
// token. It is PyTorch's usual ignore_index.
inline constexpr int64_t kIgnoredPosition = -100;

}  // namespace distill
