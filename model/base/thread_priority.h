#pragma once
// Threads whose work may be late.
namespace lab {

/// Who goes first where there are fewer cores than threads: frames, then steps of a model that is watched, then what is derived or
/// made in the background.
enum class Priority { steps = 5, background = 10 };

/// Gives the calling thread, and those that it starts from now on, a priority below the others'. Where the system knows no
/// priorities of threads, nothing happens.
void give_way(Priority to);

}  // namespace lab
