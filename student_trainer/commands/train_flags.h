// The flags of `student_trainer train`: one row each.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/commands/train_settings.h"

namespace distill {

// What the values of a run's options depend on.
struct ResolvedFor {
  Shape shape;          // of a sample
  int64_t samples = 0;  // that are trained on
};

// Returns a flag's value as it is resolved; null where the run does not use it. Errors of
// ViewChoice::Resolve and DistillationChoice::ResolvedObjective.
using ResolvedValue =
    std::function<absl::StatusOr<nlohmann::json>(const TrainSettings&, const ResolvedFor&)>;

struct TrainFlag {
  std::string name;  // without dashes
  // Adds it to the command line, with its help and its default.
  std::function<CLI::Option*(CLI::App&, TrainSettings&)> add;
  // Null for a flag that is free: a run can be resumed with another value. Otherwise the value is
  // part of the run's identity.
  ResolvedValue identity;
};

// Returns all of them, in the order of the help text.
const std::vector<TrainFlag>& TrainFlags();

// Adds them all.
void AddTrainFlags(CLI::App& app, TrainSettings& settings);

// Adds those about a teacher's address, which other commands have, too.
void AddTeacherAccess(CLI::App& app, TeacherAccess& access, const std::string& teacher_help);

// Returns the identity of the settings: an object by the names of the flags, with what was left out
// resolved, so that a default and the same value given are equal.
absl::StatusOr<nlohmann::json> DecidingOptions(const TrainSettings& settings,
                                               const ResolvedFor& resolved);

}  // namespace distill
