// Antialiased resize of a rectangle, fed row by row, with PIL's filters and support (Resampling.BILINEAR, BICUBIC).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace unlabel {

enum class Filter { bilinear, bicubic };

// Which input pixels, with which weights, make each output pixel along one axis.
struct Axis {
  // `start` and `length` lie in an input of `in` pixels; `out` pixels come out, the last one first if `mirrored`.
  Axis(double start, double length, int in, int out, Filter filter, bool mirrored = false, bool keeps_exact = false);

  int begin(int i) const { return first[static_cast<size_t>(i)]; }
  int end(int i) const { return first[static_cast<size_t>(i)] + count[static_cast<size_t>(i)]; }
  const int16_t* weights(int i) const { return weight.data() + static_cast<size_t>(i) * 2 * static_cast<size_t>(pairs); }

  const float* exact_weights(int i) const { return exact_weight.data() + static_cast<size_t>(i) * 2 * static_cast<size_t>(pairs); }

  int size;
  int pairs = 1;  // half of the most pixels that any output needs, rounded up
  int low, high;  // what all outputs together need: low ≤ x < high
  std::vector<int> first, count;
  std::vector<int16_t> weight;  // in units of 2^−14; 2 · pairs an output, zero where it needs fewer
  std::vector<float> exact_weight;  // the same in units of 1, if `keeps_exact`: 14 bits are too few for samples of 16
};

// Where the pixels of an output go: bytes from one pixel to the next along x and along y, so that it can lie turned.
struct Placement {
  uint8_t* origin;
  ptrdiff_t step_x, step_y;
};

// Turns the input's rows, given in order, into one output image; keeps no more of them than the filter needs.
class Resampler {
 public:
  Resampler(Axis columns, Axis rows, Placement to);

  int first_row() const { return rows_.low; }
  int end_row() const { return rows_.high; }
  int first_column() const { return columns_.low; }
  int end_column() const { return columns_.high; }

  // Bytes that must be readable behind the last pixel of a row; their values do not matter.
  size_t slack() const { return static_cast<size_t>(columns_.pairs) * 6 + 8; }

  // Row `y`, 3 bytes a pixel, beginning at column `x0`.
  void feed(const uint8_t* row, int x0, int y);

 private:
  void emit(int out);
  int16_t* line(int y) { return ring_.data() + stride_ * static_cast<size_t>(y % kept_); }

  Axis columns_, rows_;
  Placement to_;
  int kept_;       // rows in the ring
  size_t width_;   // values in a row
  size_t stride_;  // room for them
  std::vector<int16_t> ring_;
  std::vector<const int16_t*> lines_;
  std::vector<uint8_t> bytes_;
  int next_ = 0;
};

}  // namespace unlabel
