#include "student_trainer/views/beta.h"

#include <cmath>

namespace distill {
namespace {

// The result is in (0, 1], so its logarithm is finite.
double DrawPositive(SplitMix64& random) { return 1 - random.NextDouble(); }

// Draws from the standard normal distribution (Marsaglia's polar method; the second number is not
// used).
double DrawNormal(SplitMix64& random) {
  while (true) {
    const double x = 2 * random.NextDouble() - 1, y = 2 * random.NextDouble() - 1;
    const double square = x * x + y * y;
    if (square > 0 && square < 1) return x * std::sqrt(-2 * std::log(square) / square);
  }
}

// Returns the logarithm of a number from Gamma(shape, 1), since the number itself underflows for
// small shapes.
double DrawLogGamma(double shape, SplitMix64& random) {
  if (shape < 1) {
    const double boosted = DrawLogGamma(shape + 1, random);
    return boosted + std::log(DrawPositive(random)) / shape;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double normal = DrawNormal(random);
    const double root = 1 + c * normal;
    if (root <= 0) continue;
    const double v = root * root * root;
    const double bound = 0.5 * normal * normal + d * (1 - v + std::log(v));
    if (std::log(DrawPositive(random)) < bound) return std::log(d * v);
  }
}

}  // namespace

double DrawBeta(double alpha, double beta, SplitMix64& random) {
  const double a = DrawLogGamma(alpha, random);
  const double b = DrawLogGamma(beta, random);
  return 1 / (1 + std::exp(b - a));
}

}  // namespace distill
