// What batch normalisation, a shortcut's addition and ReLU compute on channels-last maps, in as few passes over memory as that
// takes: plain loops without LibTorch, in one number format.
#pragma once

#include <cstdint>

namespace unlabel::norm_relu {

/// bfloat16 by its bits.
struct Half {
  uint16_t bits;
};

/// Rows are positions of all images; a row holds the channels of one.
struct Map {
  int64_t rows;
  int64_t channels;
};

/// Mean and biased variance of each channel. One pass: sums about the first row's values, which are near enough to the mean
/// for what is left of rounding to be small beside the variance.
template <typename T>
void statistics(Map map, const T* x, float* mean, float* variance, int threads);

/// `out = max(x · scale + shift + shortcut, 0)`; `shortcut` may be null.
template <typename T>
void forward(Map map, const T* x, const T* shortcut, const float* scale, const float* shift, T* out, int threads);

/// What the backward pass needs of a channel.
struct Channels {
  const float* mean;
  const float* scale;  // weight / √(variance + eps)
  const float* shift;  // bias − mean · scale
};

/// Sums over rows of `g` and of `g · (x − mean)`, where `g` is `grad` at positions that ReLU let through. Where there was a
/// shortcut `out` tells those, and `masked` receives `g`; else both are null and `x` tells them.
template <typename T>
void sums(Map map, const T* grad, const T* x, const T* out, Channels by, T* masked, float* sum, float* dot, int threads);

/// `dx = scale · g − a − b · (x − mean)` with `a` and `b` of each channel. `grad` is `masked` of the sums where there was a
/// shortcut, and then `through` is true.
template <typename T>
void backward(Map map, const T* grad, const T* x, bool through, Channels by, const float* a, const float* b, T* dx, int threads);

}  // namespace unlabel::norm_relu
