// Eight floats at a time, as the painter has them; see simd.h for why bits are the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd.h"

namespace unlabel {

using Float8 = float __attribute__((vector_size(32)));
using Int8 = int32_t __attribute__((vector_size(32)));

constexpr size_t lanes = 8;

// The value of a sample that stands for 1.
template <class Sample>
constexpr float top_of = sizeof(Sample) == 1 ? 255.0f : 65535.0f;

}  // namespace unlabel
