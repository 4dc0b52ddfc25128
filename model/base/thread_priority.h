#pragma once
// Threads whose work may be late.
namespace lab {

/// From now on the calling thread lets all others go first where there are fewer cores than threads. Where the system knows no
/// priorities of threads, nothing happens.
void give_way();

}  // namespace lab
