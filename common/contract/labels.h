// Hard labels, as data sets, batches and losses write them: a class from 0, or none.
#pragma once

#include <cstdint>

namespace distill {

// Takes the place of a label where a sample has none. Losses ignore it.
inline constexpr int64_t kNoLabel = -1;

}  // namespace distill
