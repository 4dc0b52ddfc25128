// Blocks of quantised weights taken apart sixteen values at a time, written once over vectors of sixteen bytes and lanes `V`.
// A Block<type> reads its scales when it is made; values<part>() are its values from 16 part on, in the bits of dequantise.h:
// a product that a sum follows has at most 11 + 6 + 5 bits and is exact, so the fused sum rounds what the plain one does.

inline Bytes load_bytes(const std::byte* p) {
  Bytes bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  return bytes;
}
// Every byte shifted left, or right where kLeft is negative; bits of its neighbour may come in, so the caller masks them. Bytes
// have no shifts of their own, and a compiler's way round that costs more.
template <int kLeft>
inline Bytes shifted(Bytes bytes) {
  using Shorts = std::uint16_t __attribute__((vector_size(16)));
  const auto pairs = std::bit_cast<Shorts>(bytes);
  if constexpr (kLeft < 0) return std::bit_cast<Bytes>(pairs >> -kLeft);
  else return std::bit_cast<Bytes>(pairs << kLeft);
}
inline Bytes low_nibbles(Bytes bytes) { return bytes & 15; }
inline Bytes high_nibbles(Bytes bytes) { return shifted<-4>(bytes) & 15; }

// Byte i is 0 where bit 16 kPart + i of the 32 bits at p is set, else 255.
template <int kPart>
inline Bytes unset(const std::byte* p) {
  std::uint32_t bits;
  std::memcpy(&bits, p, sizeof bits);
  using Words = std::uint32_t __attribute__((vector_size(16)));
  const auto all = std::bit_cast<Bytes>(Words{} + bits);
  constexpr int a = 2 * kPart, b = a + 1;
  const Bytes spread = __builtin_shufflevector(all, all, a, a, a, a, a, a, a, a, b, b, b, b, b, b, b, b);
  const Bytes own = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  return std::bit_cast<Bytes>((spread & own) == 0);
}

template <DType type>
struct Block;

template <>
struct Block<DType::q8_0> {
  explicit Block(const std::byte* p) : quants(p + 2), scale(set1_f16(p)) {}
  template <int kPart>
  V values() const {
    return mul(widen_bytes(load_bytes(quants + 16 * kPart)), scale);
  }
  const std::byte* quants;
  V scale;
};

template <bool kMinimum, bool kFifth>
struct NibbleBlock {
  explicit NibbleBlock(const std::byte* p)
      : bits(p + (kMinimum ? 4 : 2)), nibbles(load_bytes(bits + (kFifth ? 4 : 0))), scale(set1_f16(p)),
        minimum(kMinimum ? set1_f16(p + 2) : V{}) {}
  template <int kPart>
  V values() const {
    const Bytes low = kPart == 0 ? low_nibbles(nibbles) : high_nibbles(nibbles);
    if constexpr (kMinimum && kFifth) return fma(widen_bytes(low | (~unset<kPart>(bits) & 16)), scale, minimum);
    else if constexpr (kMinimum) return fma(widen_bytes(low), scale, minimum);
    else if constexpr (kFifth) return mul(widen_bytes(low | (unset<kPart>(bits) & 0xF0)), scale);  // 0xF0 is -16
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
  template <int kPart>
  V values() const {
    constexpr int run = kPart / 2, place = kPart % 2 * 16;
    const Bytes both = load_bytes(nibbles + run / 2 * 32 + place);
    Bytes quants = run % 2 == 0 ? low_nibbles(both) : high_nibbles(both);
    if constexpr (kFifth) quants |= shifted<4 - run>(load_bytes(bits + place)) & 16;
    return fma(widen_bytes(quants), set1(scales[run]), set1(minima[8 + run]));
  }
  const std::byte *bits, *nibbles;
  alignas(64) float scales[16], minima[16];
};
template <> struct Block<DType::q4_k> : SuperNibbleBlock<false> { using SuperNibbleBlock::SuperNibbleBlock; };
template <> struct Block<DType::q5_k> : SuperNibbleBlock<true> { using SuperNibbleBlock::SuperNibbleBlock; };

template <>
struct Block<DType::q6_k> {
  explicit Block(const std::byte* p) : nibbles(p) { store(scales, mul(widen_bytes(load_bytes(p + 192)), set1_f16(p + 208))); }
  template <int kPart>
  V values() const {
    constexpr int half = kPart / 8, quarter = kPart % 8 / 2, place = kPart % 2 * 16;
    const Bytes both = load_bytes(nibbles + 64 * half + 32 * (quarter % 2) + place);
    const Bytes upper = shifted<4 - 2 * quarter>(load_bytes(nibbles + 128 + 32 * half + place)) & 0x30;
    const Bytes quants = ((quarter < 2 ? low_nibbles(both) : high_nibbles(both)) | upper) - 32;
    return mul(widen_bytes(quants), set1(scales[kPart]));
  }
  const std::byte* nibbles;
  alignas(64) float scales[16];
};

// Calls body.template operator()<part>() for every sixteen values of a block.
template <DType type, class Body>
inline void for_parts(Body body) {
  [&]<int... kParts>(std::integer_sequence<int, kParts...>) {
    (body.template operator()<kParts>(), ...);
  }(std::make_integer_sequence<int, static_cast<int>(block_length(type) / 16)>());
}
