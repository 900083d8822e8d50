// batching_bench: how long forming a batch takes with 65,536 samples queued, and with 256.
// scripts/bench/service.py runs it. Prints one line of JSON.
//
// A batch is formed and taken from a queue that holds that many samples; then what was taken is
// queued again, which is not measured. In a server a model computes between one batch and the next,
// and leaves nothing of the queue in the core's caches; here that is a walk through some memory, so
// that the small queue gains nothing by fitting into a cache. The two queues take turns. A round's
// time is the median of its batches, so that other processes on the machine do not count.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/command_line.h"
#include "teacher_server/batching/fair_queue.h"
#include "teacher_server/batching/form_batch.h"
#include "tests/bench/percentiles.h"

namespace distill {
namespace {

constexpr BatchRule kRule;
constexpr int64_t kQuantum = kRule.max_batch_samples / 8;
constexpr int64_t kRequestSamples = 8;
constexpr int64_t kFew = 256, kMany = 65'536;  // samples
constexpr int kTurn = 5;                       // batches
constexpr size_t kModelBytes = 4 << 20;        // more than a core's caches hold
constexpr absl::Time kNow = absl::UnixEpoch();

QueuedWork Request(uint64_t stream) {
  QueuedWork queued{.enqueued = kNow, .key = "3,32,32;"};
  queued.work.stream = stream;
  queued.work.request.samples = kRequestSamples;
  queued.work.deadline = kNow + absl::Minutes(1);
  queued.work.done = [](WorkResult) {};
  return queued;
}

// What a model does to the caches.
class Model {
 public:
  void Run() {
    for (char& byte : memory_) ++byte;
  }

 private:
  std::vector<char> memory_ = std::vector<char>(kModelBytes);
};

// A queue that always holds as much.
class SteadyQueue {
 public:
  // `streams`: 0: one per request.
  SteadyQueue(int64_t samples, int64_t streams) {
    for (int64_t i = 0; i < samples / kRequestSamples; ++i) {
      queue_.Push(Request(static_cast<uint64_t>(streams == 0 ? i : i % streams)));
    }
  }

  void FormBatches(Model& model, std::vector<absl::Duration>& took) {
    for (int i = 0; i < kTurn; ++i) {
      model.Run();
      const absl::Time begin = absl::Now();
      std::vector<std::unique_ptr<QueuedWork>> batch =
          queue_.Take(FormBatch(queue_, kRule, kNow).take);
      took.push_back(absl::Now() - begin);
      for (std::unique_ptr<QueuedWork>& queued : batch) queue_.Push(std::move(*queued));
    }
  }

 private:
  FairQueue queue_{kQuantum};
};

nlohmann::ordered_json Measure(int64_t streams, int rounds, int turns) {
  SteadyQueue few(kFew, streams);
  SteadyQueue many(kMany, streams);
  Model model;
  nlohmann::ordered_json result = {{"streams", streams}};
  for (int round = -1; round < rounds; ++round) {  // the first one warms up
    std::vector<absl::Duration> few_took, many_took;
    for (int turn = 0; turn < turns; ++turn) {
      few.FormBatches(model, few_took);
      many.FormBatches(model, many_took);
    }
    if (round < 0) continue;
    result["few_us"].push_back(1e3 * Summarize(few_took).p50);
    result["many_us"].push_back(1e3 * Summarize(many_took).p50);
  }
  return result;
}

}  // namespace
}  // namespace distill

int main(int argc, char** argv) {
  int rounds = 15;
  int turns = 60;
  CLI::App app("How long forming a batch takes.", "batching_bench");
  app.add_option("--rounds", rounds)->capture_default_str();
  app.add_option("--turns", turns, "of each queue in a round")->capture_default_str();
  if (const auto exit_code = distill::ParseOrExit(app, argc, argv)) return *exit_code;
  nlohmann::ordered_json results;
  for (const int64_t streams : {8, 0}) {
    results.push_back(distill::Measure(streams, rounds, turns));
  }
  std::cout << results.dump() << std::endl;
  return EXIT_SUCCESS;
}
