// Configures the thread pools of LibTorch, which are shared by the process.
#pragma once

namespace distill {

// Sets the number of intra-op threads (0: one per core that the process may use) and one inter-op
// thread; OpenBLAS, which ignores the setting of LibTorch, gets the same number. Call before the
// first operation. Returns the number of intra-op threads.
int SetThreads(int threads);

// OpenMP keeps a separate number of threads for each thread that computes: call this in each new
// thread before it computes. Calls after the first cost little.
void UseThreadsHere();

}  // namespace distill
