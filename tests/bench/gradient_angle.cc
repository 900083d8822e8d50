// gradient_angle measures the angle by which the gradient of the last layer of a student turns if
// its soft targets are sent in an encoding. It prints one line of JSON per encoding and teacher.
//
// The student is a linear head, logits = features · weights, [rows, width] · [width, classes]; the
// logits of the teacher are linear in the same features, scaled until the mean entropy of its rows
// is as requested. The angle is between the gradients of the weights under forward KL at T = 1,
// from exact and from encoded soft targets: once for one draw, and once for the mean of the
// gradients over many. For samples the gradient is linear in their weights, so the mean gradient
// equals the gradient under the mean weights, and is computed that way.
#include <ATen/ATen.h>

#include <cmath>
#include <cstdint>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/command_line.h"
#include "common/base/process.h"
#include "common/codec/encoding.h"
#include "common/torch/threads.h"
#include "student_trainer/loss/divergences.h"

namespace distill {
namespace {

struct Options {
  int64_t classes = 16'000, rows = 2048, width = 64;
  int averaged = 64;
  int threads = 0;
  std::vector<double> entropies = {1.5, 5.5};  // nats
  bool sampled_alone = false;
};

struct Batch {
  at::Tensor features, student_weights, teacher_logits;
  at::Tensor exact;  // gradient, [width, classes]
};

double Entropy(const at::Tensor& logits) {
  const at::Tensor log_p = logits.log_softmax(1);
  return -(log_p.exp() * log_p).sum(1).mean().item<double>();
}

// Returns `logits` scaled so that their mean entropy, which falls as the scale grows, is `entropy`.
at::Tensor ScaledTo(const at::Tensor& logits, double entropy) {
  const at::Tensor some = logits.narrow(0, 0, std::min<int64_t>(256, logits.size(0)));
  double low = 0, high = 64;
  for (int i = 0; i < 24; ++i) {
    const double scale = (low + high) / 2;
    (Entropy(some * scale) > entropy ? low : high) = scale;
  }
  return logits * low;
}

at::Tensor Gradient(const Batch& batch, const DecodedTargets& targets) {
  const at::Tensor weights = batch.student_weights.detach().clone().requires_grad_();
  ForwardKl({.student_logits = batch.features.mm(weights), .targets = targets}).backward();
  return weights.grad();
}

double Degrees(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.flatten().to(at::kDouble), y = b.flatten().to(at::kDouble);
  // Computed from the difference of the unit vectors, since a small angle would be lost in its
  // cosine.
  const double chord = (x / x.norm() - y / y.norm()).norm().item<double>();
  return 2 * std::asin(std::min(1.0, chord / 2)) * 180 / std::acos(-1.0);
}

Batch MakeBatch(const Options& o, double entropy) {
  at::manual_seed(1);
  Batch batch;
  batch.features = at::randn({o.rows, o.width});
  const double unit = 1 / std::sqrt(static_cast<double>(o.width));
  batch.student_weights = at::randn({o.width, o.classes}) * unit;
  batch.teacher_logits =
      ScaledTo(batch.features.mm(at::randn({o.width, o.classes}) * unit), entropy);
  batch.exact = Gradient(batch, FullLogits{batch.teacher_logits});
  return batch;
}

// Σ over the classes of the weights' differences is linear: mean weights, as full distributions.
at::Tensor MeanGradient(const Options& o, const Batch& batch, const TargetSpec& spec) {
  const at::Tensor p = at::zeros({o.rows, o.classes});
  for (int seed = 0; seed < o.averaged; ++seed) {
    const auto targets = std::get<SampledTargets>(DecodeTargets(
        EncodeTargets(spec, batch.teacher_logits, {.seed = static_cast<uint64_t>(seed) + 1000})));
    p.scatter_add_(1, targets.ids, targets.weights / o.averaged);
  }
  // ∂/∂logits of forward KL is (q - p) / rows.
  const at::Tensor q = batch.features.mm(batch.student_weights).softmax(1);
  return batch.features.t().mm(q - p) / o.rows;
}

void Report(const Options& o, const Batch& batch, double entropy, const std::string& name,
            const TargetSpec& spec, const DecodedTargets& targets) {
  nlohmann::ordered_json line = {{"entropy", entropy},
                                 {"encoding", name},
                                 {"bytes_per_row", BytesPerRow(spec, o.classes)},
                                 {"degrees", Degrees(Gradient(batch, targets), batch.exact)}};
  if (FormOf(spec.encoding) == TargetForm::kSampled && o.averaged > 0) {
    line["degrees_of_mean"] = Degrees(MeanGradient(o, batch, spec), batch.exact);
  }
  std::cout << line.dump() << std::endl;
}

std::string NameOf(const TargetSpec& spec) {
  std::string name(Name(spec.encoding));
  if (spec.k > 0) absl::StrAppend(&name, " ", spec.k);
  if (spec.draws > 0) absl::StrAppend(&name, spec.k > 0 ? "+" : " ", spec.draws);
  return name;
}

void Measure(const Options& o, double entropy) {
  const Batch batch = MakeBatch(o, entropy);
  const at::Tensor head = std::get<0>(batch.teacher_logits.softmax(1).topk(6, 1)).sum(1);
  std::cout << nlohmann::ordered_json({{"entropy", entropy},
                                       {"measured", Entropy(batch.teacher_logits)},
                                       {"mass_of_6", head.mean().item<double>()}})
                   .dump()
            << std::endl;
  std::vector<TargetSpec> specs = {{TargetEncoding::kSampled, 0, 12},
                                   {TargetEncoding::kHeadSampled, 6, 6}};
  if (!o.sampled_alone) {
    specs.insert(specs.end(), {{TargetEncoding::kDenseF16, 0, 0},
                               {TargetEncoding::kDenseBF16, 0, 0},
                               {TargetEncoding::kTopK, 12, 0},
                               {TargetEncoding::kSampled, 0, 48},
                               {TargetEncoding::kHeadSampled, 6, 24}});
  }
  for (const TargetSpec& spec : specs) {
    const DecodedTargets targets =
        DecodeTargets(EncodeTargets(spec, batch.teacher_logits, {.seed = 1}));
    Report(o, batch, entropy, NameOf(spec), spec, targets);
    if (const auto* top_k = std::get_if<TopKTargets>(&targets)) {
      // This is often done instead; the library does not offer it.
      const SampledTargets renormalised = {top_k->ids, top_k->log_probabilities.softmax(1),
                                           o.classes};
      Report(o, batch, entropy, NameOf(spec) + " without the tail", spec, renormalised);
    }
  }
}

}  // namespace
}  // namespace distill

int main(int argc, char** argv) {
  distill::RestartWithPassiveOpenMp(argv);
  distill::Options options;
  CLI::App app("The angle by which an encoding turns a student's gradient.", "gradient_angle");
  app.add_option("--classes", options.classes)->capture_default_str();
  app.add_option("--rows", options.rows)->capture_default_str();
  app.add_option("--width", options.width)->capture_default_str();
  app.add_option("--averaged", options.averaged, "Draws of the mean; 0: none")
      ->capture_default_str();
  app.add_option("--entropy", options.entropies, "Of the teacher, in nats; repeated");
  app.add_option("--threads", options.threads)->capture_default_str();
  app.add_flag("--sampled_alone", options.sampled_alone, "sampled 12 and head_sampled 6+6 alone");
  if (const auto exit_code = distill::ParseOrExit(app, argc, argv)) return *exit_code;
  distill::SetThreads(options.threads);
  for (const double entropy : options.entropies) distill::Measure(options, entropy);
  return 0;
}
