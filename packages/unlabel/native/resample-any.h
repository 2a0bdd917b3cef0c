// The resize of resample.h for any number of channels, of 8 or 16 bits: the same filters, support and clamping, in floats.
#pragma once

#include <cstdint>
#include <vector>

#include "resample.h"

namespace unlabel {

// Turns rows, given in order, into one output image of 16-bit samples; keeps no more of them than the filter needs.
class WideResampler {
 public:
  // The axes keep their exact weights.
  WideResampler(Axis columns, Axis rows, Placement to, int channels);

  int first_row() const { return rows_.low; }
  int end_row() const { return rows_.high; }
  int first_column() const { return columns_.low; }
  int end_column() const { return columns_.high; }

  // Row `y`, values 0 … 65535, beginning at column `x0`.
  void feed(const float* row, int x0, int y);

 private:
  void emit(int out);
  float* line(int y) { return ring_.data() + stride_ * static_cast<size_t>(y % kept_); }

  Axis columns_, rows_;
  Placement to_;
  int channels_;
  int kept_;       // rows in the ring
  size_t width_;   // values in a row
  size_t stride_;  // room for them
  std::vector<float> ring_;
  std::vector<const float*> lines_;
  std::vector<uint16_t> samples_;
  int next_ = 0;
};

// Samples as the resampler takes them.
void widen(const uint8_t* from, size_t count, float* to);
void widen(const uint16_t* from, size_t count, float* to);

}  // namespace unlabel
