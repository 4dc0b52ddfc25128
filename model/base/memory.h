#pragma once
// Memory for large arrays.
#include <cstddef>

namespace lab {

/// Uninitialised memory aligned to 64 bytes; throws std::bad_alloc. Blocks of megabytes are mappings of their own in large
/// pages where the system has them: they are first touched at a fifth of the cost, read a third faster, and given back for
/// good when they are freed.
void* allocate_aligned(std::size_t bytes);
/// Gives memory of `allocate_aligned` back; the same size must be told.
void free_aligned(void* memory, std::size_t bytes);

/// Lets the heap keep memory that was freed, up to some 100 MB, for whoever asks for it next: a frame of a window frees megabytes that
/// the next one asks for again. Holds for the whole program from then on.
void keep_freed_memory();

/// Packs `count` rows of `width` floats, `stride` apart, into `to`. Meant for what is kept but not soon read: long rows go
/// past the caches where the processor can do that, without reading what they overwrite.
void copy_past_caches(const float* from, std::ptrdiff_t stride, std::ptrdiff_t width, std::ptrdiff_t count, float* to);

}  // namespace lab
