// Controls what gRPC and protobuf themselves log.
#pragma once

namespace distill {

// Keeps their lines off stderr, where they would duplicate every error that the programs report
// themselves, and where any peer could fill the log. GRPC_VERBOSITY in the environment enables them
// again.
void SilenceGrpcLog();

}  // namespace distill
