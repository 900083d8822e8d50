// What gRPC receives lies in pieces of 64 KiB from malloc, some twenty a message.
#pragma once

namespace distill {

// Lets malloc keep up to 8 MiB of free memory an arena, so that the next message arrives where the
// last one was: by default it gives them back to the system with each message and takes them again,
// a page fault for every 4 KiB. Once a process; free of cost after that.
void KeepReceiveMemory();

}  // namespace distill
