// What both sides of a device kernel's door speak of: the bindings (any C++ compiler) and the
// launchers in the .cu files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace mt {

typedef void* Stream;  // a cudaStream_t; null on the emulated device

enum class Dtype { float16, bfloat16, float32, float64 };

inline const char* name_of(Dtype dtype) {
    static const char* const names[] = {"float16", "bfloat16", "float32", "float64"};
    return names[int(dtype)];
}
inline std::size_t size_of(Dtype dtype) {
    return dtype == Dtype::float64 ? 8 : dtype == Dtype::float32 ? 4 : 2;
}

// How near a kernel's products are to those of its dtype.
enum class Precision {
    full,  // as the dtype's own arithmetic, with sums in float32 at least
    tf32,  // float32 operands are rounded to 10 bits of mantissa
};

// What the table says of a rung, for every family.
struct RungText {
    const char *name, *idea, *needs;
    Precision precision = Precision::full;
};

}  // namespace mt
