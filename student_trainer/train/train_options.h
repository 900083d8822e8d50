// TrainOptions: everything that `student_trainer train` can be told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/credentials.h"
#include "common/tensor/target_spec.h"
#include "student_trainer/client/prefetcher.h"
#include "student_trainer/data/split.h"
#include "student_trainer/views/views.h"

namespace distill {

struct TrainOptions {
  // Data.
  std::string train;
  std::string val;          // empty: a part of --train
  std::string test;         // empty: no test at the end
  std::string class_names;  // a file; empty: what the data says
  SplitOptions split;
  ViewOptions views;

  // The model.
  std::string student;            // a name of the zoo
  std::string student_arguments;  // JSON object, laid over the name's own arguments; empty: none
  std::string run_dir;

  // Training.
  int64_t epochs = 10;
  int64_t batch_size = 128;
  double lr = 0.1;
  double momentum = 0.9;
  double weight_decay = 5e-4;
  double warmup_epochs = 0.5;
  uint64_t seed = 0;
  int threads = 0;             // 0: one a core
  int64_t validate_every = 1;  // epochs

  // The teacher.
  std::vector<std::string> teachers;  // addresses; none: hard labels alone
  ClientSecurity security;
  std::string teacher_model;    // the model's name at the server; empty: its only one
  std::optional<double> alpha;  // unset: 0.9 with a teacher, 0 without
  double temperature = 2;
  std::string objective = "kd";
  TargetEncoding encoding = TargetEncoding::kDenseF16;
  std::optional<int32_t> k;      // unset: 12; head_sampled: 6
  std::optional<int32_t> draws;  // unset: 12; head_sampled: 6
  TeacherLossPolicy on_teacher_loss = TeacherLossPolicy::kWait;
  absl::Duration connect_timeout = absl::Seconds(10);
  bool allow_misaligned_teacher = false;

  // As given on the command line and by recipes, for the run directory's config.toml.
  std::string config_toml;

  double ResolvedAlpha() const { return alpha.value_or(teachers.empty() ? 0.0 : 0.9); }
  // Whether soft targets are asked for.
  bool Distills() const { return !teachers.empty() && ResolvedAlpha() > 0; }

  // The targets to ask for. `classes`: of the data, 0 if it does not say; a k that was not set is
  // no more than they allow.
  TargetSpec ResolvedTargets(int64_t classes) const;

  // INVALID_ARGUMENT names the option, its value and what is allowed. Looks at no file.
  absl::Status Validate() const;
};

}  // namespace distill
