#include "student_trainer/options.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/command_line.h"
#include "common/config_file/toml_config.h"
#include "student_trainer/commands/train_flags.h"

namespace distill {
namespace {

void AddEvaluate(CLI::App& app, EvaluateOptions& o) {
  app.add_option("MODEL_DIR", o.models, "Model directories")->required();
  app.add_option("--test", o.test, "Labelled data")->required();
  app.add_option("--class_names", o.class_names, "File with one class name per line");
  app.add_option("--json", o.json, "Write the figures to this file, too");
  app.add_option("--batch_size", o.batch_size, "Samples per batch, for samples/s")
      ->capture_default_str();
  app.add_option("--threads", o.threads, "CPU threads; 0: one per core")->capture_default_str();
  app.add_option("--dtype", o.dtype, "What the models compute in: f32, bf16 or f16")
      ->capture_default_str();
  app.add_option("--max_pixels", o.max_pixels, "Larger image files count as broken")
      ->capture_default_str();
  app.add_option("--max_corrupt", o.max_corrupt,
                 "Files that may be skipped because they are broken")
      ->capture_default_str();
  AddTeacherAccess(app, o.teacher,
                   "Address of a teacher_server, as for train: reports how often models answer as "
                   "it does");
}

void AddExport(CLI::App& app, ExportOptions& o) {
  app.add_option("SOURCE", o.source, "A model directory, or a file of a run's checkpoints/")
      ->required();
  app.add_option("--out", o.out, "Model directory to write; new or empty")->required();
}

void AddReport(CLI::App& app, ReportOptions& o) {
  app.add_option("RUN_DIR", o.runs, "Run directories; the others are compared with the first")
      ->required();
  app.add_option("--out", o.out,
                 "The page (default: report.html in the run directory, of several here)");
}

// Scripts that append an option to a command replace what the command had.
void LetTheLastOneCount(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_items_expected_max() == 1) {
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
  }
}

ParsedCommandLine Exit(int code) { return {.exit_code = code}; }

}  // namespace

ParsedCommandLine ParseCommandLine(int argc, char** argv) {
  TrainSettings train_settings;
  EvaluateOptions evaluate_options;
  CLI::App app("Trains small models on hard labels and on the soft targets of a teacher_server.",
               "student_trainer");
  app.set_version_flag("--version", "student_trainer " DISTILL_VERSION);
  AddVerbose(app);
  app.set_config("--config", "", "TOML file of options, with a [train] section");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.config_formatter(std::make_shared<TomlConfig>(app));
  app.require_subcommand(1);
  app.fallthrough();
  CLI::App& train = *app.add_subcommand("train", "Train a student, or a teacher without --teacher");
  train.fallthrough();
  AddTrainFlags(train, train_settings);
  LetTheLastOneCount(train);
  CLI::App& evaluate = *app.add_subcommand(
      "evaluate", "What models are worth on a test set, and what they cost, side by side");
  evaluate.fallthrough();
  AddEvaluate(evaluate, evaluate_options);
  LetTheLastOneCount(evaluate);

  ExportOptions export_options;
  CLI::App& export_model = *app.add_subcommand(
      "export",
      "Write a model directory with weights and TorchScript, from a checkpoint or another");
  export_model.fallthrough();
  AddExport(export_model, export_options);

  ReportOptions report_options;
  CLI::App& report =
      *app.add_subcommand("report", "Write a page about runs: curves, trade-off, dark knowledge");
  report.fallthrough();
  AddReport(report, report_options);

  if (const std::optional<int> exit_code = ParseOrExit(app, argc, argv)) return Exit(*exit_code);
  ParsedCommandLine parsed{.flags = FlagNamesOf(app)};
  absl::Status valid;
  if (train.parsed()) {
    train_settings.config_toml = TomlSection(train);
    valid = train_settings.Validate();
    parsed.options.train = std::move(train_settings);
  } else if (export_model.parsed()) {
    valid = export_options.Validate();
    parsed.options.export_model = std::move(export_options);
  } else if (report.parsed()) {
    valid = report_options.Validate();
    parsed.options.report = std::move(report_options);
  } else {
    valid = evaluate_options.Validate();
    parsed.options.evaluate = std::move(evaluate_options);
  }
  return valid.ok() ? parsed : Exit(RefuseCommandLine(app, valid.message()));
}

}  // namespace distill
