// LibTorch's thread pools, which are the process's.
#pragma once

namespace distill {

// Intra-op threads (0: one a core that the process may use) and one inter-op thread; OpenBLAS,
// which ignores LibTorch's setting, is told the same. Call before the first operation. Returns the
// number of intra-op threads.
int SetThreads(int threads);

}  // namespace distill
