#pragma once
// Addresses for mappings in large pages.
#include <cstddef>

namespace lab {

constexpr std::size_t kLargePage = 2 << 20;

/// Reserves addresses for so many bytes, rounded up to pages, from a multiple of a large page on; nullptr where there are none. There
/// is no memory behind them before something is mapped over them or their protection is changed; munmap gives them back.
void* reserve_addresses(std::size_t bytes);

}  // namespace lab
