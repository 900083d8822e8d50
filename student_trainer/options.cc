#include "student_trainer/options.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/command_line.h"
#include "common/base/units.h"

namespace distill {
namespace {

template <typename T>
T ValueOrThrow(absl::StatusOr<T> parsed, const std::string& option) {
  if (!parsed.ok()) throw CLI::ValidationError(option, std::string(parsed.status().message()));
  return *std::move(parsed);
}

void AddData(CLI::App& app, TrainOptions& o) {
  app.add_option("--train", o.train,
                 "Training data: a file of IDX images (train-images-idx3-ubyte.gz) or a folder "
                 "that holds it; labels beside it")
      ->required();
  app.add_option("--val", o.val, "Validation data; default: a part of --train");
  app.add_option("--test", o.test,
                 "Test data, read once, at the end; a folder stands for its t10k files");
  app.add_option("--class_names", o.class_names, "File with a class name a line");
  app.add_option("--val_fraction", o.split.val_fraction,
                 "Part of the labelled data held out to choose the best epoch (default 0.1)");
  app.add_option("--val_count", o.split.val_count, "The same as a number of samples")
      ->excludes("--val_fraction");
  app.add_option("--label_fraction", o.split.label_fraction,
                 "Part of the remaining labels to keep; the other samples are unlabelled");
  app.add_option("--label_count", o.split.label_count, "The same as a number of samples")
      ->excludes("--label_fraction");
  app.add_option("--split_seed", o.split.split_seed, "Seed of both draws")->capture_default_str();
  app.add_option("--pad", o.views.pad, "Views: shift by up to this many pixels")
      ->capture_default_str();
  app.add_flag("--flip", o.views.flip, "Views: mirror left-right, half of the time");
}

void AddTraining(CLI::App& app, TrainOptions& o) {
  app.add_option("--student", o.student, "The model to train, by its name in the zoo")->required();
  app.add_option("--student_arguments", o.student_arguments,
                 "JSON object with arguments of the architecture, over the name's own");
  app.add_option("--run_dir", o.run_dir, "Folder for the run; must not exist, or be empty")
      ->required();
  app.add_option("--epochs", o.epochs)->capture_default_str();
  app.add_option("--batch_size", o.batch_size)->capture_default_str();
  app.add_option("--lr", o.lr, "Peak learning rate; warm-up, then cosine to 0")
      ->capture_default_str();
  app.add_option("--momentum", o.momentum, "Nesterov's")->capture_default_str();
  app.add_option("--weight_decay", o.weight_decay, "Not on norms and biases")
      ->capture_default_str();
  app.add_option("--warmup_epochs", o.warmup_epochs)->capture_default_str();
  app.add_option("--validate_every", o.validate_every, "Epochs between validations")
      ->capture_default_str();
  app.add_option("--seed", o.seed, "Of initial weights, order and views")->capture_default_str();
  app.add_option("--threads", o.threads, "CPU threads; 0: one a core")->capture_default_str();
}

void AddTeacher(CLI::App& app, TrainOptions& o) {
  app.add_option("--teacher", o.teachers,
                 "Address of a teacher_server: host:port or unix:/path; more than one: give it "
                 "again, or a host name with several addresses; without it, hard labels alone")
      ->allow_extra_args(false);
  app.add_flag("--tls", o.security.tls,
               "Encrypt, and verify the server's certificate; implied by each --tls_ option");
  app.add_option("--tls_ca", o.security.ca,
                 "PEM file of the authority that signed it; default: the system's authorities");
  app.add_option("--tls_cert", o.security.certificate,
                 "PEM file of the certificate shown to a server that asks for one");
  app.add_option("--tls_key", o.security.key, "PEM file of its key");
  app.add_option("--token_file", o.security.token_file,
                 "File with the bearer token for the server; read anew for each connection");
  app.add_option("--teacher_model", o.teacher_model,
                 "Name of the model there; default: its only one");
  app.add_option("--alpha", o.alpha,
                 "Weight of the distillation loss, 0 to 1 (default 0.9; 0 without --teacher)");
  app.add_option("--temperature", o.temperature, "Softens both distributions")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--encoding",
         [&o](const std::string& name) {
           o.encoding = ValueOrThrow(ParseTargetEncoding(name), "--encoding");
         },
         "How soft targets travel: f32, f16 or bf16 (every logit), top_k (the k most likely and "
         "the tail's mass), sampled (draws of the distribution), head_sampled (k and draws of the "
         "tail)")
      ->default_str(std::string(Name(o.encoding)));
  app.add_option("--k", o.k, "Classes that top_k (12) and head_sampled (6) keep exactly");
  app.add_option("--draws", o.draws, "Draws a row of sampled (12) and head_sampled (6)");
  app.add_option("--objective", o.objective,
                 "The distillation loss: kd (forward KL, from any encoding)")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--on_teacher_loss",
         [&o](const std::string& name) {
           o.on_teacher_loss = ValueOrThrow(ParseTeacherLossPolicy(name), "--on_teacher_loss");
         },
         "While the teacher cannot be reached: wait, hard_labels or fail")
      ->default_str(std::string(Name(o.on_teacher_loss)));
  app.add_option_function<std::string>(
         "--connect_timeout",
         [&o](const std::string& text) {
           o.connect_timeout = ValueOrThrow(ParseDuration(text), "--connect_timeout");
         },
         "For the first connection")
      ->default_str(absl::FormatDuration(o.connect_timeout));
  app.add_flag("--allow_misaligned_teacher", o.allow_misaligned_teacher,
               "Train even if the teacher's answers do not fit the labels");
}

void AddEvaluate(CLI::App& app, EvaluateOptions& o) {
  app.add_option("MODEL_DIR", o.models, "Model directories")->required();
  app.add_option("--test", o.test, "Labelled data")->required();
  app.add_option("--class_names", o.class_names, "File with a class name a line");
  app.add_option("--json", o.json, "Write the figures to this file, too");
  app.add_option("--threads", o.threads, "CPU threads; 0: one a core")->capture_default_str();
}

// What was resolved, as a file that --config takes: options without a value are left out.
std::string ConfigOf(const CLI::App& train) {
  std::string config = "[train]\n";
  const std::string all = train.config_to_str(/*default_also=*/true, /*write_description=*/false);
  for (const absl::string_view line : absl::StrSplit(all, '\n', absl::SkipEmpty())) {
    if (!absl::EndsWith(line, "=\"\"")) absl::StrAppend(&config, line, "\n");
  }
  return config;
}

ParsedCommandLine Exit(int code) { return {.exit_code = code}; }

}  // namespace

ParsedCommandLine ParseCommandLine(int argc, char** argv) {
  TrainOptions train_options;
  EvaluateOptions evaluate_options;
  CLI::App app("Trains small models on hard labels and on the soft targets of a teacher_server.",
               "student_trainer");
  app.set_version_flag("--version", "student_trainer " DISTILL_VERSION);
  app.set_config("--config", "", "TOML file of options, with a [train] section");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.require_subcommand(1);
  app.fallthrough();
  CLI::App& train = *app.add_subcommand("train", "Train a student, or a teacher without --teacher");
  train.fallthrough();
  AddData(train, train_options);
  AddTraining(train, train_options);
  AddTeacher(train, train_options);
  CLI::App& evaluate =
      *app.add_subcommand("evaluate", "Errors, size and speed of models on a test set");
  evaluate.fallthrough();
  AddEvaluate(evaluate, evaluate_options);

  if (const std::optional<int> exit_code = ParseOrExit(app, argc, argv)) return Exit(*exit_code);
  ParsedCommandLine parsed;
  absl::Status valid;
  if (train.parsed()) {
    train_options.config_toml = ConfigOf(train);
    valid = train_options.Validate();
    parsed.options.train = std::move(train_options);
  } else {
    valid = evaluate_options.Validate();
    parsed.options.evaluate = std::move(evaluate_options);
  }
  return valid.ok() ? parsed : Exit(RefuseCommandLine(app, valid.message()));
}

}  // namespace distill
