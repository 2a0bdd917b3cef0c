// Colours, blurs, solarises and normalises one view: samples in, floats out, while both are in the cache. The same operations,
// clamped at the same points, as src/data/augment.ts, which does them on a GPU.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace unlabel {

// What happens to one view.
struct Look {
  enum class Color { none, fused, exact };
  Color color = Color::none;

  // fused: matrix · x + offset · (mean gray of x), clamped. Other than three channels: the matrix's first number is the gain of
  // each of them, and the mean is that of all of them together.
  std::array<float, 9> matrix{};
  float offset = 0;

  // exact (saturation, hue and gray of three channels only): these in the order of `order` (0 brightness, 1 contrast, 2 saturation, 3 hue) if `jitter`, then gray if `grayscale`.
  bool jitter = false, grayscale = false;
  std::array<float, 4> amount{};
  std::array<int, 4> order{};

  float sigma = 0;  // of the blur in pixels; 0 for none
  bool solarize = false;
};

// The most taps of a blur.
constexpr int most_taps = 511;

// What happens to all views: (x − mean) / std by channel, and the blur's odd number of taps.
struct Finish {
  std::vector<float> mean, deviation;
  int kernel = 1;
};

// `rgb` holds width × height × 3 samples; `out` as many floats, in the same order. The kernel must be smaller than twice the sides.
void paint(const uint8_t* rgb, int width, int height, const Look& look, const Finish& finish, float* out);
void paint(const uint16_t* rgb, int width, int height, const Look& look, const Finish& finish, float* out);

// The same for any number of channels, as many as `finish` has means: brightness, contrast, blur, solarise, normalise.
void paint_any(const uint8_t* samples, int width, int height, const Look& look, const Finish& finish, float* out);
void paint_any(const uint16_t* samples, int width, int height, const Look& look, const Finish& finish, float* out);

}  // namespace unlabel
