// wire_bench measures messages between two processes, in several ways. scripts/bench/wire.py runs
// it and compares.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/rpc/address.h"
#include "tests/bench/wire_peer.h"
#include "tests/bench/wire_side.h"
#include "tests/testing/delay_proxy.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

constexpr const WireSide* kSides[] = {&kWireSockets, &kWireStream, &kWireStreamAhead,
                                      &kWireProtobuf};
constexpr int kWarmUp = 32;  // messages until windows have grown and memory is allocated

// The servers of the sides, each started when it is first needed.
class Peers {
 public:
  absl::StatusOr<WireAddresses> AddressesOf(const WireSide& side) {
    std::unique_ptr<WirePeer>& peer = peers_[&side];
    if (peer == nullptr) {
      auto started = WirePeer::Start(side, folder_.path().string());
      if (!started.ok()) return started.status();
      peer = *std::move(started);
    }
    return peer->addresses();
  }

  // The server of the side at the end of a long line.
  absl::StatusOr<std::string> LongLineTo(const WireSide& side) {
    ASSIGN_OR_RETURN(const WireAddresses addresses, AddressesOf(side));
    std::unique_ptr<DelayProxy>& line = lines_[&side];
    if (line == nullptr) {
      ASSIGN_OR_RETURN(const Address tcp, ParseAddress(addresses.tcp));
      ASSIGN_OR_RETURN(line, DelayProxy::Start(tcp.port, kLongRoundTrip / 2));
    }
    return line->address();
  }

 private:
  const testing::TempDir folder_;
  std::map<const WireSide*, std::unique_ptr<WirePeer>> peers_;
  std::map<const WireSide*, std::unique_ptr<DelayProxy>> lines_;
};

enum class Transport { kTcp, kUnix, kLong };

const char* NameOf(Transport transport) {
  return transport == Transport::kTcp ? "tcp" : transport == Transport::kUnix ? "unix" : "long";
}

absl::StatusOr<std::string> AddressOf(Peers& peers, const WireSide& side, Transport transport) {
  if (transport == Transport::kLong) return peers.LongLineTo(side);
  ASSIGN_OR_RETURN(const WireAddresses addresses, peers.AddressesOf(side));
  return transport == Transport::kTcp ? addresses.tcp : addresses.unix_socket;
}

// Each iteration receives an answer and sends a request in its place.
absl::Status Measure(benchmark::State& state, const WireExchange& wire, WireClient& client) {
  absl::Status status;
  for (int i = 0; i < wire.in_flight && status.ok(); ++i) status = client.Send();
  const auto exchange = [&client, &status] {
    if (status.ok()) status = client.Receive();
    if (status.ok()) status = client.Send();
  };
  for (int i = 0; i < kWarmUp; ++i) exchange();
  for (auto _ : state) exchange();
  for (int i = 0; i < wire.in_flight && status.ok(); ++i) status = client.Receive();
  return status;
}

void RunExchange(benchmark::State& state, Peers& peers, const WireSide& side, Transport transport,
                 const WireExchange& exchange) {
  const auto run = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const std::string address, AddressOf(peers, side, transport));
    ASSIGN_OR_RETURN(const auto client, side.connect(address, exchange));
    return Measure(state, exchange, *client);
  };
  if (const absl::Status status = run(); !status.ok()) {
    state.SkipWithError(status.ToString().c_str());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() *
                          std::max(exchange.request_bytes(), exchange.answer_bytes()));
}

void Register(Peers& peers) {
  for (const WireExchange& exchange : kWireExchanges) {
    for (const Transport transport : {Transport::kTcp, Transport::kUnix, Transport::kLong}) {
      if (exchange.long_line != (transport == Transport::kLong)) continue;
      const WireSide* const other_server =
          transport == Transport::kLong ? &kWireStream : &kWireStreamAhead;
      for (const WireSide* side : kSides) {
        if (side == other_server) continue;
        const std::string name =
            absl::StrCat(exchange.name, "/", NameOf(transport), "/", side->name);
        benchmark::RegisterBenchmark(name.c_str(),
                                     [&peers, side, transport, &exchange](benchmark::State& state) {
                                       RunExchange(state, peers, *side, transport, exchange);
                                     })
            ->Iterations(exchange.messages)
            ->UseRealTime();
      }
    }
  }
}

const WireSide* FindSide(absl::string_view name) {
  for (const WireSide* side : kSides) {
    if (name == side->name) return side;
  }
  return nullptr;
}

}  // namespace
}  // namespace distill

int main(int argc, char** argv) {
  if (argc == 4 && absl::string_view(argv[1]) == distill::kWirePeerFlag) {
    const distill::WireSide* side = distill::FindSide(argv[2]);
    return side == nullptr ? EXIT_FAILURE : distill::RunWirePeer(*side, argv[3]);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return EXIT_FAILURE;
  distill::Peers peers;
  distill::Register(peers);
  benchmark::RunSpecifiedBenchmarks();
  return EXIT_SUCCESS;
}
