// gRPC receives data in pieces of 64 KiB from malloc, about twenty per message.
#pragma once

namespace distill {

// Lets malloc keep up to 8 MiB of free memory per arena, so that the next message reuses the memory
// of the last one. By default malloc returns that memory to the system and allocates it again for
// each message, with a page fault per 4 KiB. Takes effect once per process; further calls cost
// nothing.
void KeepReceiveMemory();

}  // namespace distill
