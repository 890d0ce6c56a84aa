// A floating-point number as the integer of its bits.
#pragma once

#include <cstdint>
#include <type_traits>

namespace mt::MT_ISA {

// Integers as wide as T: choices among them are arithmetic, where a ?: could become a branch.
template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

template <class T>
inline Bits<T> to_bits(T value) {
    Bits<T> bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

template <class T>
inline T from_bits(Bits<T> bits) {
    T value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

}  // namespace mt::MT_ISA
