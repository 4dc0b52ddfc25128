// Blocks of quantised weights taken apart sixteen values at a time, written once over vectors of sixteen bytes and lanes `V`.
// A Block<type> reads its scales when it is made; values(part) are its values from 16 part on, in the bits of dequantise.h:
// a product that a sum follows has at most 11 + 6 + 5 bits and is exact, so the fused sum rounds what the plain one does.

inline Bytes load_bytes(const std::byte* p) {
  Bytes bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  return bytes;
}
// Every byte shifted left, or right where `left` is negative; bits of its neighbour may come in, so the caller masks them. Bytes
// have no shifts of their own, and a compiler's way round that costs more.
inline Bytes shifted(Bytes bytes, int left) {
  using Shorts = std::uint16_t __attribute__((vector_size(16)));
  const auto pairs = std::bit_cast<Shorts>(bytes);
  return std::bit_cast<Bytes>(left < 0 ? pairs >> -left : pairs << left);
}
inline Bytes low_nibbles(Bytes bytes) { return bytes & 15; }
inline Bytes high_nibbles(Bytes bytes) { return shifted(bytes, -4) & 15; }

// n scale + minimum for the lower or upper nibbles n of sixteen bytes. A nibble has sixteen values: where a set picks among
// sixteen in one instruction, that is cheaper than to convert and multiply each.
template <bool kUpper, class Lanes>
inline Lanes nibble_values(Bytes both, Lanes scale, Lanes minimum) {
  if constexpr (requires { pick<kUpper>(scale, both); }) return pick<kUpper>(fma(load(kCounting), scale, minimum), both);
  else return fma(widen_bytes(kUpper ? high_nibbles(both) : low_nibbles(both)), scale, minimum);
}

// Byte i is 0 where bit 16 part + i of the 32 bits at p is set, else 255.
inline Bytes unset(const std::byte* p, int part) {
  std::uint32_t bits;
  std::memcpy(&bits, p, sizeof bits);
  using Words = std::uint32_t __attribute__((vector_size(16)));
  const auto all = std::bit_cast<Bytes>(Words{} + bits);
  const Bytes spread = part == 0 ? __builtin_shufflevector(all, all, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)
                                 : __builtin_shufflevector(all, all, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const Bytes own = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  return std::bit_cast<Bytes>((spread & own) == 0);
}

template <DType type>
struct Block;

template <>
struct Block<DType::q8_0> {
  explicit Block(const std::byte* p) : quants(p + 2), scale(set1_f16(p)) {}
  template <class Part>
  V values(Part part) const {
    return mul(widen_bytes(load_bytes(quants + 16 * part)), scale);
  }
  const std::byte* quants;
  V scale;
};

template <bool kMinimum, bool kFifth>
struct NibbleBlock {
  explicit NibbleBlock(const std::byte* p)
      : bits(p + (kMinimum ? 4 : 2)), nibbles(load_bytes(bits + (kFifth ? 4 : 0))), scale(set1_f16(p)),
        minimum(kMinimum ? set1_f16(p + 2) : V{}) {}
  template <class Part>
  V values(Part part) const {
    if constexpr (kMinimum && !kFifth) return part == 0 ? nibble_values<false>(nibbles, scale, minimum) : nibble_values<true>(nibbles, scale, minimum);
    const Bytes low = part == 0 ? low_nibbles(nibbles) : high_nibbles(nibbles);
    if constexpr (kMinimum) return fma(widen_bytes(low | (~unset(bits, part) & 16)), scale, minimum);
    else if constexpr (kFifth) return mul(widen_bytes(low | (unset(bits, part) & 0xF0)), scale);  // 0xF0 is -16
    else return mul(widen_bytes(low - 8), scale);
  }
  const std::byte* bits;
  Bytes nibbles;
  V scale, minimum;
};
template <> struct Block<DType::q4_0> : NibbleBlock<false, false> { using NibbleBlock::NibbleBlock; };
template <> struct Block<DType::q4_1> : NibbleBlock<true, false> { using NibbleBlock::NibbleBlock; };
template <> struct Block<DType::q5_0> : NibbleBlock<false, true> { using NibbleBlock::NibbleBlock; };
template <> struct Block<DType::q5_1> : NibbleBlock<true, true> { using NibbleBlock::NibbleBlock; };

// Eight scales of six bits, then eight minima, from the twelve bytes that hold them.
inline Bytes six_bit_numbers(const std::byte* p) {
  std::uint32_t word[3], out[4];
  std::memcpy(word, p, sizeof word);
  out[0] = word[0] & 0x3F3F3F3Fu;
  out[1] = (word[2] & 0x0F0F0F0Fu) | (word[0] >> 2 & 0x30303030u);
  out[2] = word[1] & 0x3F3F3F3Fu;
  out[3] = (word[2] >> 4 & 0x0F0F0F0Fu) | (word[1] >> 2 & 0x30303030u);
  return load_bytes(reinterpret_cast<const std::byte*>(out));
}

template <bool kFifth>
struct SuperNibbleBlock {
  explicit SuperNibbleBlock(const std::byte* p) : bits(p + 16), nibbles(bits + (kFifth ? 32 : 0)) {
    const V numbers = widen_bytes(six_bit_numbers(p + 4));
    store(scales, mul(numbers, set1_f16(p)));
    store(minima, sub(set1(-0.0f), mul(numbers, set1_f16(p + 2))));
  }
  template <class Part>
  V values(Part part) const {
    const int run = part / 2, place = part % 2 * 16;
    const Bytes both = load_bytes(nibbles + run / 2 * 32 + place);
    const V scale = set1(scales[run]), minimum = set1(minima[8 + run]);
    if constexpr (!kFifth) return run % 2 == 0 ? nibble_values<false>(both, scale, minimum) : nibble_values<true>(both, scale, minimum);
    const Bytes fifth = shifted(load_bytes(bits + place), 4 - run) & 16;
    return fma(widen_bytes((run % 2 == 0 ? low_nibbles(both) : high_nibbles(both)) | fifth), scale, minimum);
  }
  const std::byte *bits, *nibbles;
  alignas(64) float scales[16], minima[16];
};
template <> struct Block<DType::q4_k> : SuperNibbleBlock<false> { using SuperNibbleBlock::SuperNibbleBlock; };
template <> struct Block<DType::q5_k> : SuperNibbleBlock<true> { using SuperNibbleBlock::SuperNibbleBlock; };

// Thirty-two values at a time are put together beforehand: half as many operations as for sixteen.
template <>
struct Block<DType::q6_k> {
  explicit Block(const std::byte* p) {
    store(scales, mul(widen_bytes(load_bytes(p + 192)), set1_f16(p + 208)));
    for (int half = 0; half < 2; ++half) {
      Shorts low, high, upper;
      std::memcpy(&low, p + 64 * half, sizeof low);
      std::memcpy(&high, p + 64 * half + 32, sizeof high);
      std::memcpy(&upper, p + 128 + 32 * half, sizeof upper);
      const Shorts quarters[4] = {(low & 0x0F0F) | (upper << 4 & 0x3030), (high & 0x0F0F) | (upper << 2 & 0x3030),
                                  (low >> 4 & 0x0F0F) | (upper & 0x3030), (high >> 4 & 0x0F0F) | (upper >> 2 & 0x3030)};
      for (int quarter = 0; quarter < 4; ++quarter) {
        const WideBytes all = reinterpret_cast<WideBytes>(quarters[quarter]) - 32;
        std::memcpy(quants + 128 * half + 32 * quarter, &all, sizeof all);
      }
    }
  }
  template <class Part>
  V values(Part part) const {
    return mul(widen_bytes(load_bytes(quants + 16 * part)), set1(scales[part]));
  }
  alignas(64) float scales[16];
  alignas(64) std::byte quants[256];

 private:
  using Shorts = std::uint16_t __attribute__((vector_size(32)));
  using WideBytes = std::uint8_t __attribute__((vector_size(32)));
};

// Calls body(part) for every sixteen values of a block, with a constant where the set wants them side by side.
template <DType type, class Body>
inline void for_parts(Body body) {
  constexpr int parts = static_cast<int>(block_length(type) / 16);
  if constexpr (kUnrolled) {
    [&]<int... kParts>(std::integer_sequence<int, kParts...>) {
      (body(std::integral_constant<int, kParts>()), ...);
    }(std::make_integer_sequence<int, parts>());
  } else {
    for (int part = 0; part < parts; ++part) body(part);
  }
}
