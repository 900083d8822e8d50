// What a program sets about its own process before anything else runs.
#pragma once

namespace distill {

// libgomp's threads spin while they wait, which starves a second process on the same cores; passive
// waiting is read from the environment before main, so where OMP_WAIT_POLICY is unset this sets it
// and starts the program again in place (execv; same pid, same arguments). Call first in main.
// A user's own OMP_WAIT_POLICY is kept. If the restart fails, the program continues as it is.
void RestartWithPassiveOpenMp(char** argv);

// Keeps freed memory for the next allocation: glibc gives blocks of a few hundred KiB and more back
// to the system at once and takes them again, a page fault for every 4 KiB, which is a third of the
// time of a small model's training. The process then stays as large as it ever was; not for one
// whose size others decide on. Call before the first threads.
void KeepFreedMemory();

// Raises the number of files and sockets that the process may have open as far as it is allowed to:
// by default a thousand silent connections would be enough to lock everyone else out.
void RaiseOpenFileLimit();

}  // namespace distill
