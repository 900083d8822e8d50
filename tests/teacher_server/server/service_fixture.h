// A TeacherService over a FakeRunner, reached without an address: what a server adds is left out.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "teacher_server/batching/batcher.h"
#include "teacher_server/server/teacher_service.h"
#include "tests/teacher_server/server/client_stream.h"
#include "tests/teacher_server/testing/fake_runner.h"

namespace distill::testing {

class ServiceTest : public ::testing::Test {
 protected:
  // Call before the first use of the service. Later changes to the limits, the timeout or the
  // runner's info have no effect.
  void StartService() {
    batcher_ =
        std::make_unique<Batcher>(BatcherOptions{.rule = {.batch_delay = absl::ZeroDuration()}},
                                  absl::MakeConstSpan(&any_runner_, 1), Clock::Real());
    auto teacher =
        std::make_shared<const ServedTeacher>(ServedTeacher{.info = runner_.info(),
                                                            .numerics = runner_.numerics(),
                                                            .limits = limits_,
                                                            .batcher = batcher_.get()});
    budget_ = std::make_shared<Budget>(BudgetLimits{.bytes = 1 << 30,
                                                    .samples = 65536,
                                                    .stream_bytes = StreamReserve(limits_),
                                                    .max_streams = kMaxStreams});
    StreamContext context{
        .teachers = std::make_shared<const ServedTeachers>(std::vector{std::move(teacher)}),
        .metrics = &metrics_,
        .budget = budget_,
        .clock = &Clock::Real(),
        .open_timeout = open_timeout_};
    service_ = std::make_unique<TeacherService>(std::move(context), access_);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    channel_ = server_->InProcessChannel({});
  }

  void TearDown() override {
    runner_.Release();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    if (service_ != nullptr) service_->WaitForStreams(absl::InfiniteFuture());
  }

  static constexpr int kMaxStreams = 2;

  FakeRunner runner_;
  StreamLimits limits_;
  absl::Duration open_timeout_ = absl::Minutes(1);

  Runner* any_runner_ = &runner_;
  const std::string name_ = runner_.info().name;
  Metrics metrics_{absl::MakeConstSpan(&name_, 1)};
  Access access_{kMaxStreams, nullptr};
  std::shared_ptr<Budget> budget_;
  std::unique_ptr<Batcher> batcher_;
  std::unique_ptr<TeacherService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace distill::testing
