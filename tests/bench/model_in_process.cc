// model_in_process computes batches with a model directory and nothing else, as the reference for a
// server of the same model. It prints one line of JSON per measurement.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/command_line.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/base/status_macros.h"
#include "common/base/units.h"
#include "teacher_server/runner/runner.h"
#include "tests/bench/random_inputs.h"

namespace distill {
namespace {

struct Options {
  std::filesystem::path model;
  int64_t batch = 256;
  int threads = 0;
  std::string device = "auto";
  int64_t length = 0;
  uint64_t seed = 0;
  absl::Duration warmup = absl::Seconds(1);
  absl::Duration duration = absl::Seconds(5);
  bool on_line = false;
};

// Loads the model as the server does, and returns the function that computes one batch, in the form
// in which the batcher of the server uses it: the answers are encoded, dense f32. Only this
// function of the program uses a Runner.
absl::StatusOr<std::function<absl::Status()>> PrepareBatch(const Options& options) {
  RunnerOptions runner_options;
  runner_options.model_directory = options.model;
  runner_options.max_batch_samples = options.batch;
  runner_options.threads = options.threads;
  runner_options.device = options.device;
  ASSIGN_OR_RETURN(auto runners, LoadRunners(runner_options));
  const std::shared_ptr<Runner> runner = std::move(runners.front());
  RunnerRequest request{.samples = options.batch};
  ASSIGN_OR_RETURN(request.inputs, RandomInputs(runner->info().inputs, {.samples = options.batch,
                                                                        .length = options.length,
                                                                        .seed = options.seed}));
  return [runner, request]() -> absl::Status {
    std::vector<Computed> computed = runner->Run({&request, 1});
    RETURN_IF_ERROR(computed.front().status());
    const Outputs& outputs = **computed.front();
    return outputs.Encode(0, {0, outputs.rows(0)}, {}, {}).status();
  };
}

struct Measured {
  int64_t batches = 0;
  absl::Duration elapsed;
};

// Runs whole batches until the duration is over.
absl::StatusOr<Measured> RunFor(const std::function<absl::Status()>& batch,
                                absl::Duration duration) {
  Measured measured;
  const absl::Time start = absl::Now();
  while (measured.elapsed < duration) {
    RETURN_IF_ERROR(batch());
    ++measured.batches;
    measured.elapsed = absl::Now() - start;
  }
  return measured;
}

absl::Status Measure(const Options& options, const std::function<absl::Status()>& batch,
                     absl::Duration warmup, absl::Duration duration) {
  RETURN_IF_ERROR(RunFor(batch, warmup).status());
  ASSIGN_OR_RETURN(const Measured measured, RunFor(batch, duration));
  const double seconds = absl::ToDoubleSeconds(measured.elapsed);
  const auto batches = static_cast<double>(measured.batches);
  const nlohmann::ordered_json json = {
      {"samples_per_s", batches * static_cast<double>(options.batch) / seconds},
      {"batch_ms", seconds * 1e3 / batches},
      {"batches", measured.batches},
      {"seconds", seconds},
      {"batch", options.batch},
      {"threads", options.threads}};
  std::cout << json.dump() << std::endl;
  return absl::OkStatus();
}

absl::Status MeasureAll(const Options& options) {
  ASSIGN_OR_RETURN(const std::function<absl::Status()> batch, PrepareBatch(options));
  if (!options.on_line) return Measure(options, batch, options.warmup, options.duration);
  for (std::string warmup, duration; std::cin >> warmup >> duration;) {
    ASSIGN_OR_RETURN(const absl::Duration unmeasured, ParseDuration(warmup));
    ASSIGN_OR_RETURN(const absl::Duration measured, ParseDuration(duration));
    RETURN_IF_ERROR(Measure(options, batch, unmeasured, measured));
  }
  return absl::OkStatus();
}

// Runs in its own thread, like the batcher of the server: the main heap of glibc returns large
// tensors to the system after every batch, the heaps of other threads do not, and this alone halved
// the rate.
absl::Status Run(const Options& options) {
  absl::Status status;
  std::thread([&] { status = MeasureAll(options); }).join();
  return status;
}

}  // namespace
}  // namespace distill

int main(int argc, char** argv) {
  distill::RestartWithPassiveOpenMp(argv);
  distill::Options options;
  CLI::App app("Computes batches with a model directory, without a server.", "model_in_process");
  app.add_option("--model", options.model, "Model directory")->type_name("DIR")->required();
  app.add_option("--batch", options.batch, "Samples computed together")
      ->check(CLI::Range(int64_t{1}, distill::kMaxBatchSamples))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads of the computation; 0: one per core")
      ->capture_default_str();
  app.add_option("--device", options.device, "As teacher_server takes it")->capture_default_str();
  app.add_option("--length", options.length, "Of inputs of variable length");
  app.add_option("--seed", options.seed, "Of the inputs");
  distill::AddParsed(app, "--duration", options.duration, distill::ParseDuration, "5s",
                     "What is measured, after --warmup");
  distill::AddParsed(app, "--warmup", options.warmup, distill::ParseDuration, "1s",
                     "What is not measured");
  app.add_flag("--on_line", options.on_line,
               "Measure for every line 'WARMUP DURATION' of standard input, and idle in between");
  if (const auto exit_code = distill::ParseOrExit(app, argc, argv)) return *exit_code;
  if (const absl::Status status = distill::Run(options); !status.ok()) {
    distill::log::Error(status.message());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
