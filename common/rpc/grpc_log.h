// gRPC's own log.
#pragma once

namespace distill {

// Keeps gRPC's lines off stderr, where they would double every error that the programs report
// themselves; GRPC_VERBOSITY in the environment brings them back.
void SilenceGrpcLog();

}  // namespace distill
