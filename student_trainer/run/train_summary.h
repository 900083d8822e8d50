// What a run reports at its end: on the terminal, and in the last record of its metrics.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/client/session/soft_target_source.h"
#include "student_trainer/evaluation/evaluation.h"
#include "student_trainer/run/training_loop.h"

namespace distill {

// What only a run with a teacher has, of all its processes.
struct TeacherFigures {
  ClientStats stats;
  std::map<std::string, int64_t> samples_by_teacher;
  int64_t probe_samples = 0;  // outside training: of the parity probe, and for the report

  // Adds what was asked over another connection.
  void Add(const TeacherFigures& other);
};

nlohmann::json ToJson(const TeacherFigures& figures);
// Zeros for what `json` does not hold, as checkpoints of earlier versions.
TeacherFigures TeacherFiguresFromJson(const nlohmann::json& json);

struct TrainFigures {
  TrainingSummary training;
  std::optional<EvaluationResult> test;
  std::optional<TeacherFigures> teacher;
  int64_t corrupt_samples = 0;  // that were skipped
};

// Lines for the terminal.
std::vector<std::string> SummaryLines(const TrainFigures& figures);

// {"kind": "end", …}
nlohmann::json SummaryRecord(const TrainFigures& figures);

}  // namespace distill
