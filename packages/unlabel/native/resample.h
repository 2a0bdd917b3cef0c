// Antialiased resize of a rectangle, fed row by row, with PIL's filters and support (Resampling.BILINEAR, BICUBIC).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace unlabel {

enum class Filter { bilinear, bicubic };

// Which input pixels, with which weights, make each output pixel along one axis.
struct Axis {
  // `start` and `length` lie in an input of `in` pixels; `out` pixels come out.
  Axis(double start, double length, int in, int out, Filter filter);

  int begin(int i) const { return first[static_cast<size_t>(i)]; }
  int end(int i) const { return first[static_cast<size_t>(i)] + count[static_cast<size_t>(i)]; }
  const float* weights(int i) const { return weight.data() + static_cast<size_t>(i) * static_cast<size_t>(taps); }

  int size;
  int taps;  // the most pixels that any output needs
  std::vector<int> first, count;
  std::vector<float> weight;
};

// Where the pixels of an output go: bytes from one pixel to the next along x and along y, so that it can lie turned or mirrored.
struct Placement {
  uint8_t* origin;
  ptrdiff_t step_x, step_y;
};

// Turns the input's rows, given in order, into one output image; keeps no more of them than the filter needs.
class Resampler {
 public:
  Resampler(Axis columns, Axis rows, Placement to);

  int first_row() const { return rows_.begin(0); }
  int end_row() const { return rows_.end(rows_.size - 1); }
  int first_column() const { return columns_.begin(0); }
  int end_column() const { return columns_.end(columns_.size - 1); }

  // Row `y` as floats, 3 a pixel, beginning at column `x0`; one float behind the row's end must be readable.
  void feed(const float* row, int x0, int y);

 private:
  void emit(int out);

  Axis columns_, rows_;
  Placement to_;
  size_t line_;  // floats in a kept row
  std::vector<float> ring_, sum_;
  std::vector<uint8_t> bytes_;
  int next_ = 0;
};

// `count` bytes to floats.
void to_floats(const uint8_t* from, size_t count, float* to);

}  // namespace unlabel
