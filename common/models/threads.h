// LibTorch's thread pools, which are the process's.
#pragma once

namespace distill {

// Intra-op threads (0: one a core that the process may use) and one inter-op thread; OpenBLAS,
// which ignores LibTorch's setting, is told the same. Call before the first operation. Returns the
// number of intra-op threads.
int SetThreads(int threads);

// OpenMP keeps the number of threads for each thread that computes: call in a thread of one's own
// before it does. Cheap after the first time.
void UseThreadsHere();

}  // namespace distill
