// TrainOptions: everything that `student_trainer train` can be told.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/contract/target_spec.h"
#include "student_trainer/data/split.h"
#include "student_trainer/options/teacher_access.h"
#include "student_trainer/pipeline/prefetcher.h"
#include "student_trainer/views/image.h"
#include "student_trainer/views/image_size.h"
#include "student_trainer/views/view_options.h"

namespace distill {

inline constexpr int64_t kUsualBatchSize = 128;
inline constexpr int64_t kLeastBatchSize = 8;      // by default, where there are so many samples
inline constexpr int64_t kUsualStepsPerEpoch = 8;  // at least, by default

// What --objective and --student take, for their help.
std::string ObjectivesHelp();
std::string StudentsHelp();

struct TrainOptions {
  // Data.
  std::string train;
  std::string unlabelled;   // transfer set beside --train; empty: none
  std::string val;          // empty: a part of --train
  std::string test;         // empty: no test at the end
  std::string class_names;  // a file; empty: what the data says
  SplitOptions split;
  // What images are made to be; unset: as the teacher or a --student directory takes them, else the
  // size of the first image and 3 channels. Of images in arrays, unset: as they are.
  std::optional<ImageSize> image_size;
  std::optional<int> image_channels;     // 1 or 3
  int64_t max_pixels = kMaxImagePixels;  // of an image file
  int64_t max_corrupt = 0;
  int loader_threads = 1;

  // Views: a preset, and what is laid over it.
  std::string views = "none";
  ViewOverrides view_overrides;

  // The model.
  std::string student;            // a name of the zoo, or a model directory
  std::string student_arguments;  // JSON object, laid over the name's own arguments; empty: none
  std::string init_from;          // a model directory to take tensors from; empty: none
  std::optional<ImageSize> student_resolution;  // that it sees; unset: the data's
  std::string run_dir;

  // Training.
  int64_t epochs = 10;
  std::optional<int64_t> batch_size;  // unset: 128, fewer where an epoch would have few steps
  std::optional<double> lr;           // unset: 0.1, of adamw 0.001
  std::string schedule = "cosine";    // cosine, linear, step or constant
  double final_fraction = 0;          // of lr, at the end: cosine and linear
  std::vector<double> decay_at = {0.5, 0.75};  // parts of the run: step
  double gamma = 0.1;                          // factor at each of them: step
  double warmup_epochs = 0.5;
  std::string optimizer = "sgd";  // or adamw
  double momentum = 0.9;
  double weight_decay = 5e-4;
  double clip_norm = 0;  // 0: gradients are not clipped
  double max_norm = 0;   // of the weights into each unit; 0: not bounded
  int64_t accumulate = 1;
  double ema_decay = 0;  // 0: no average
  double label_smoothing = 0;
  std::string autocast = "off";  // or bf16
  std::string device = "cpu";
  uint64_t seed = 0;
  int threads = 0;             // 0: one per core
  int64_t validate_every = 1;  // epochs

  // The teacher.
  TeacherAccess teacher;                    // none: hard labels alone
  std::optional<double> alpha;              // unset: 0.9 with a teacher, 0 without
  std::optional<double> temperature;        // unset: the objective's usual one
  std::optional<double> final_alpha;        // unset: alpha stays
  std::optional<double> final_temperature;  // unset: the temperature stays
  std::string objective = "kd";
  std::string objective_parameters;  // "beta=8,alpha=1"; others have their usual values
  bool standardize_logits = false;
  TargetEncoding encoding = TargetEncoding::kDenseF16;
  std::optional<int32_t> k;      // unset: 12; head_sampled: 6
  std::optional<int32_t> draws;  // unset: 12; head_sampled: 6
  TeacherLossPolicy on_teacher_loss = TeacherLossPolicy::kWait;
  bool allow_misaligned_teacher = false;

  // Resuming.
  bool resume = false;
  bool resume_anyway = false;  // even if data, student, teacher or options differ
  bool deterministic = false;
  int64_t checkpoint_every = 1000;  // batches, and at the ends of epochs; 0: there alone
  int keep_checkpoints = 2;

  // As given on the command line and by recipes, for the run directory's config.toml.
  std::string config_toml;

  // Whether the objective looks at one.
  bool HasTemperature() const;
  // The objective's usual one, unless another was given; 1 where it has none.
  double ResolvedTemperature() const;
  double ResolvedAlpha() const { return alpha.value_or(teacher.none() ? 0.0 : 0.9); }
  double ResolvedLr() const { return lr.value_or(optimizer == "adamw" ? 0.001 : 0.1); }
  // `samples`: that are trained on; a batch has no more.
  int64_t ResolvedBatchSize(int64_t samples) const {
    const int64_t usual =
        std::clamp(samples / kUsualStepsPerEpoch, kLeastBatchSize, kUsualBatchSize);
    return std::min(batch_size.value_or(usual), samples);
  }

  // Whether soft targets are asked for.
  bool Distills() const {
    return !teacher.none() && (ResolvedAlpha() > 0 || final_alpha.value_or(0) > 0);
  }

  // Whether --student is a folder: so is what has a slash in it.
  bool StudentIsDirectory() const { return student.find('/') != std::string::npos; }

  // The preset with what is laid over it, for images of `shape`. INVALID_ARGUMENT names the option.
  absl::StatusOr<ViewOptions> ResolvedViews(const Shape& shape) const;

  // The targets to ask for. `classes`: of the data, 0 if it does not say; a k that was not set is
  // no more than they allow.
  TargetSpec ResolvedTargets(int64_t classes) const;

  // INVALID_ARGUMENT names the option, its value and what is allowed. Reads no file.
  absl::Status Validate() const;
};

}  // namespace distill
