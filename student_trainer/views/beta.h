// The beta distribution. The standard library's distributions differ between libraries; this gives
// the same numbers everywhere, to the last bits of the C library's logarithm.
#pragma once

#include "common/base/random.h"

namespace distill {

// From Beta(alpha, beta), in [0, 1]. 0.001 ≤ alpha, beta ≤ 1000. As Gamma(alpha) / (Gamma(alpha) +
// Gamma(beta)), of Marsaglia, Tsang, "A simple method for generating gamma variables", ACM TOMS
// 2000.
double DrawBeta(double alpha, double beta, SplitMix64& random);

}  // namespace distill
