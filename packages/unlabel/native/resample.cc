// Columns first, then rows, clamped to [0, 255] in between, as PIL does; in floats instead of its fixed point.
#include "resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// The loops below are compiled twice and chosen at load time; neither form contracts to fused multiply-adds, so results
// are the same on every machine.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__)
#define UNLABEL_VECTORISED __attribute__((target_clones("avx2", "default")))
#else
#define UNLABEL_VECTORISED
#endif

namespace unlabel {

namespace {

using Float4 = float __attribute__((vector_size(16)));

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

// Keys' cubic with a = −0.5.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

UNLABEL_VECTORISED
void resize_columns(const float* row, int x0, const int* first, const int* count, const float* weight, int taps, int size,
                    float* out) {
  const Float4 low = {0, 0, 0, 0};
  const Float4 high = {255, 255, 255, 255};
  for (int i = 0; i < size; ++i, weight += taps, out += 3) {
    const float* pixel = row + 3 * static_cast<ptrdiff_t>(first[i] - x0);
    Float4 sum = low;
    for (int k = 0; k < count[i]; ++k, pixel += 3) {
      Float4 value;  // three channels, and the next pixel's first, which is overwritten
      std::memcpy(&value, pixel, sizeof value);
      sum += value * weight[k];
    }
    sum = sum < low ? low : sum;
    sum = sum > high ? high : sum;
    std::memcpy(out, &sum, sizeof sum);
  }
}

UNLABEL_VECTORISED
void add_scaled(float* __restrict sum, const float* __restrict line, float weight, size_t size) {
  for (size_t i = 0; i < size; ++i) sum[i] += line[i] * weight;
}

UNLABEL_VECTORISED
void scale(float* __restrict sum, const float* __restrict line, float weight, size_t size) {
  for (size_t i = 0; i < size; ++i) sum[i] = line[i] * weight;
}

UNLABEL_VECTORISED
void to_bytes(const float* __restrict from, size_t count, uint8_t* __restrict to) {
  for (size_t i = 0; i < count; ++i) {
    const float value = from[i] + 0.5f;
    to[i] = static_cast<uint8_t>(static_cast<int>(value < 0 ? 0.0f : value > 255 ? 255.0f : value));
  }
}

}  // namespace

UNLABEL_VECTORISED
void to_floats(const uint8_t* __restrict from, size_t count, float* __restrict to) {
  for (size_t i = 0; i < count; ++i) to[i] = from[i];
}

Axis::Axis(double start, double length, int in, int out, Filter filter)
    : size(out), taps(0), first(static_cast<size_t>(out)), count(static_cast<size_t>(out)) {
  const double scale = length / out;
  const double stretch = std::max(scale, 1.0);
  const double support = (filter == Filter::bilinear ? 1.0 : 2.0) * stretch;
  const auto centre = [&](int i) { return start + (i + 0.5) * scale; };
  for (int i = 0; i < out; ++i) {
    const int low = std::clamp(static_cast<int>(centre(i) - support + 0.5), 0, in - 1);
    const int high = std::clamp(static_cast<int>(centre(i) + support + 0.5), low + 1, in);
    first[static_cast<size_t>(i)] = low;
    count[static_cast<size_t>(i)] = high - low;
    taps = std::max(taps, high - low);
  }
  weight.resize(static_cast<size_t>(out) * static_cast<size_t>(taps));
  std::vector<double> exact(static_cast<size_t>(taps));
  for (int i = 0; i < out; ++i) {
    double total = 0;
    const size_t used = static_cast<size_t>(end(i) - begin(i));
    for (size_t k = 0; k < used; ++k) {
      const double x = (begin(i) + static_cast<double>(k) + 0.5 - centre(i)) / stretch;
      exact[k] = filter == Filter::bilinear ? triangle(x) : cubic(x);
      total += exact[k];
    }
    float* to = weight.data() + static_cast<size_t>(i) * static_cast<size_t>(taps);
    // No weight at all: a box that touches its pixel by a rounding error only.
    for (size_t k = 0; k < used; ++k) to[k] = static_cast<float>(total != 0 ? exact[k] / total : 1.0 / static_cast<double>(used));
  }
}

Resampler::Resampler(Axis columns, Axis rows, Placement to)
    : columns_(std::move(columns)), rows_(std::move(rows)), to_(to), line_(static_cast<size_t>(columns_.size) * 3) {
  ring_.resize(line_ * static_cast<size_t>(rows_.taps) + 1);
  sum_.resize(line_);
  bytes_.resize(line_);
}

void Resampler::feed(const float* row, int x0, int y) {
  if (y < first_row() || next_ >= rows_.size) return;
  // The last pixel is written four floats wide: what follows the line is put back.
  float* line = ring_.data() + line_ * static_cast<size_t>(y % rows_.taps);
  const float spilled = line[line_];
  resize_columns(row, x0, columns_.first.data(), columns_.count.data(), columns_.weight.data(), columns_.taps, columns_.size, line);
  line[line_] = spilled;
  while (next_ < rows_.size && rows_.end(next_) <= y + 1) emit(next_++);
}

void Resampler::emit(int out) {
  const float* weights = rows_.weights(out);
  for (int y = rows_.begin(out); y < rows_.end(out); ++y) {
    const float* line = ring_.data() + line_ * static_cast<size_t>(y % rows_.taps);
    if (y == rows_.begin(out)) {
      scale(sum_.data(), line, weights[0], line_);
    } else {
      add_scaled(sum_.data(), line, weights[y - rows_.begin(out)], line_);
    }
  }
  uint8_t* to = to_.origin + out * to_.step_y;
  if (to_.step_x == 3) {
    to_bytes(sum_.data(), line_, to);
    return;
  }
  to_bytes(sum_.data(), line_, bytes_.data());
  for (size_t x = 0; x < line_; x += 3, to += to_.step_x) std::memcpy(to, bytes_.data() + x, 3);
}

}  // namespace unlabel
