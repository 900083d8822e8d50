// FindPermutation: classes that a model knows under each other's numbers.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "student_trainer/quality/quality.h"

namespace distill {

// Returns, by label, the classes whose samples are mostly answered as another class of the result,
// each as a different one, as where teacher and data count the classes in another order: at least
// kPermutedSamples and kPermutedShare of the class. Empty if there are none. A class that a model
// merely confuses with another is not among them, since that other class is still answered as
// itself. `confusions` has no pair twice.
inline constexpr int64_t kPermutedSamples = 4;
inline constexpr double kPermutedShare = 0.6;
std::vector<Confusion> FindPermutation(absl::Span<const ClassCount> classes,
                                       absl::Span<const Confusion> confusions);

// "cat is answered as dog (24 of 25), dog as cat (26 of 26)"; the first five, and how many more.
std::string DescribePermutation(absl::Span<const Confusion> permutation,
                                absl::Span<const ClassCount> classes,
                                absl::Span<const std::string> class_names);

}  // namespace distill
