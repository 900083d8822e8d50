// Draws from the beta distribution. The distributions of the standard library differ between
// implementations; this gives the same numbers everywhere, up to the last bits of the logarithm of
// the C library.
#pragma once

#include "common/base/random.h"

namespace distill {

// Draws from Beta(alpha, beta), in [0, 1]. 0.001 ≤ alpha, beta ≤ 1000. It computes Gamma(alpha) /
// (Gamma(alpha) + Gamma(beta)) as in Marsaglia, Tsang, "A simple method for generating gamma
// variables", ACM TOMS 2000.
double DrawBeta(double alpha, double beta, SplitMix64& random);

}  // namespace distill
