// What gRPC and protobuf log by themselves.
#pragma once

namespace distill {

// Keeps their lines off stderr, where they would double every error that the programs report
// themselves, and any peer could fill the log; GRPC_VERBOSITY in the environment brings them back.
void SilenceGrpcLog();

}  // namespace distill
