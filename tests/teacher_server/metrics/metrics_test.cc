#include "teacher_server/metrics/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/address.h"
#include "tests/teacher_server/metrics/metric_samples.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::IsOk;
using ::distill::testing::Samples;
using ::distill::testing::StatusIs;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::vector<std::string> kTwoModels = {"large", "small"};

// A TCP socket on 127.0.0.1.
class LocalSocket {
 public:
  ~LocalSocket() { ::close(socket_); }

  // Listens on a free port and returns it.
  int Listen() {
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }

  // The whole response to a GET.
  std::string Get(int port, const std::string& path) {
    const sockaddr_in address = Loopback(port);
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    const std::string request = absl::StrCat("GET ", path, " HTTP/1.0\r\n\r\n");
    EXPECT_EQ(::send(socket_, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string response;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::recv(socket_, buffer, sizeof(buffer), 0)) > 0;) {
      response.append(buffer, static_cast<size_t>(got));
    }
    return response;
  }

 private:
  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  const int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

TEST(MetricsTest, EverySeriesWithFixedLabelsIsThereFromTheStart) {
  const Metrics metrics(kTwoModels);
  const std::map<std::string, double> samples = Samples(metrics);
  for (const std::string& model : kTwoModels) {
    const std::string of = absl::StrCat("{model=\"", model, "\"");
    for (const char* name :
         {"streams_open", "samples_total", "received_bytes_total", "sent_bytes_total",
          "queue_samples", "queue_requests", "queue_seconds_count", "compute_seconds_count",
          "encode_seconds_count", "batch_samples_count"}) {
      EXPECT_TRUE(samples.contains(absl::StrCat("distill_", name, of, "}"))) << name;
    }
    for (const char* outcome : {"ok", "failed", "dropped"}) {
      EXPECT_TRUE(samples.contains(
          absl::StrCat("distill_requests_total", of, ",outcome=\"", outcome, "\"}")));
    }
  }
  for (const char* model : {"", "large", "small"}) {
    for (const char* reason :
         {"bad_message", "bad_open", "not_found", "unauthenticated", "too_many_streams",
          "bad_request", "expired", "internal", "too_large", "draining"}) {
      EXPECT_TRUE(samples.contains(
          absl::StrCat("distill_rejected_total{model=\"", model, "\",reason=\"", reason, "\"}")))
          << reason;
    }
  }
  for (const char* name : {"draining", "in_flight_bytes", "in_flight_samples", "byte_limit"}) {
    EXPECT_EQ(samples.at(absl::StrCat("distill_", name)), 0);
  }
  EXPECT_THAT(metrics.Text(), HasSubstr("distill_build_info{version=\""));
  EXPECT_TRUE(samples.contains("process_resident_memory_bytes"));
}

TEST(MetricsTest, CountsAreTheSumsOverModelsAndTokens) {
  Metrics metrics(kTwoModels);
  metrics.of("large").StreamOpened("ci");
  metrics.of("large").StreamOpened("");
  metrics.of("small").StreamOpened("");
  metrics.of("large").RequestAnswered(32);
  metrics.of("small").RequestAnswered(8);
  metrics.of("small").RequestFailed();
  metrics.of("large").RequestsDropped(3);
  metrics.of("large").Received(1000);
  metrics.of("small").Sent(70);
  const ServedCounts counts = metrics.counts();
  EXPECT_EQ(counts.streams, 3);
  EXPECT_EQ(counts.samples_served, 40);
  EXPECT_EQ(counts.requests_ok, 2);
  EXPECT_EQ(counts.requests_failed, 1);
  EXPECT_EQ(counts.requests_dropped, 3);
  EXPECT_EQ(counts.bytes_in, 1000);
  EXPECT_EQ(counts.bytes_out, 70);
}

TEST(MetricsTest, DrainingIsShown) {
  Metrics metrics(kTwoModels);
  metrics.SetDraining();
  EXPECT_EQ(Samples(metrics).at("distill_draining"), 1);
}

TEST(MetricsTest, AScrapeGetsThemAsTextAndNothingElseIsServed) {
  Metrics metrics(kTwoModels);
  metrics.of("small").RequestAnswered(7);
  const absl::StatusOr<std::string> address = metrics.Expose("127.0.0.1:0");
  ASSERT_THAT(address, IsOk());
  ASSERT_THAT(ParseAddress(*address), IsOk());
  const int port = ParseAddress(*address)->port;
  EXPECT_EQ(*address, absl::StrCat("127.0.0.1:", port));
  ASSERT_GT(port, 0);

  const std::string scrape = LocalSocket().Get(port, "/metrics");
  EXPECT_THAT(scrape, AllOf(HasSubstr("HTTP/1.1 200 OK"), HasSubstr("Content-Type: text/plain"),
                            HasSubstr("\ndistill_samples_total{model=\"small\"} 7\n"),
                            HasSubstr("\nprocess_resident_memory_bytes ")));
  for (const char* path : {"/", "/etc/passwd", "/../../../../etc/passwd"}) {
    EXPECT_THAT(LocalSocket().Get(port, path), Not(HasSubstr(" 200 "))) << path;
  }
  EXPECT_THAT(metrics.Expose("127.0.0.1:0"), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(MetricsTest, AnAddressThatCannotBeHadIsNamedWithTheReason) {
  LocalSocket taken;
  const std::string in_use = absl::StrCat("127.0.0.1:", taken.Listen());
  EXPECT_THAT(
      Metrics(kTwoModels).Expose(in_use),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               absl::StrCat("`metrics_listen`: cannot listen on ", in_use, ": address in use")));
  EXPECT_THAT(
      Metrics(kTwoModels).Expose("192.0.2.1:9000"),
      StatusIs(absl::StatusCode::kInternal,
               HasSubstr("`metrics_listen`: cannot listen on 192.0.2.1:9000: Cannot assign")));
  EXPECT_THAT(
      Metrics(kTwoModels).Expose("unix:/tmp/metrics"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("`metrics_listen` unix:/tmp/metrics: metrics have no Unix socket")));
  EXPECT_THAT(Metrics(kTwoModels).Expose("9000"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'9000': there is no port")));
}

TEST(MetricsTest, AHostNameIsAnAddressTooAndIpv6WhereTheLibraryHasIt) {
  Metrics metrics(kTwoModels);
  EXPECT_THAT(metrics.Expose("localhost:0"), IsOk());
  const absl::StatusOr<std::string> ipv6 = Metrics(kTwoModels).Expose("[::1]:0");
  if (!ipv6.ok()) {
    EXPECT_THAT(std::string(ipv6.status().message()),
                AllOf(StartsWith("`metrics_listen`"), HasSubstr("[::1]:0: "),
                      AnyOf(HasSubstr("has no IPv6"), HasSubstr("Cannot assign"))));
  }
}

// Civetweb's threads have 100 KiB, and on Debian 13 OpenBLAS takes 60 of them.
TEST(MetricsTest, ThreadsHaveRoomBesideTheThreadLocalStorageOfAllLibraries) {
  pthread_attr_t attributes;
  ASSERT_EQ(::pthread_attr_init(&attributes), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&attributes, 100 << 10), 0);
  size_t bytes = 0;
  ASSERT_EQ(::pthread_attr_getstacksize(&attributes, &bytes), 0);
  EXPECT_GE(bytes, size_t{1} << 20);
  ::pthread_attr_destroy(&attributes);
}

}  // namespace
}  // namespace distill
