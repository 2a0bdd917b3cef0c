// Columns first, then rows, clamped to [0, 65535] in between as PIL does. Sums are made in one order, whatever the machine.
#include "resample-any.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "simd.h"

namespace unlabel {

namespace {

constexpr float top = 65535;
// Values of a row that are summed up together.
constexpr size_t block = 64;

UNLABEL_INLINE float clamped(float x) { return x < 0 ? 0 : x > top ? top : x; }

// With the number of channels known beforehand, the sums stay in registers.
template <int Channels>
UNLABEL_INLINE void columns_of(const float* row, int x0, const Axis& axis, float* __restrict out) {
  for (int i = 0; i < axis.size; ++i, out += Channels) {
    const float* pixel = row + Channels * static_cast<ptrdiff_t>(axis.begin(i) - x0);
    const float* weight = axis.exact_weights(i);
    const int count = axis.count[static_cast<size_t>(i)];
    float sum[Channels] = {};
    for (int k = 0; k < count; ++k, pixel += Channels) {
      for (int c = 0; c < Channels; ++c) sum[c] += pixel[c] * weight[k];
    }
    for (int c = 0; c < Channels; ++c) out[c] = clamped(sum[c]);
  }
}

UNLABEL_INLINE void columns_of_many(const float* row, int x0, const Axis& axis, int channels, float* __restrict out) {
  for (int i = 0; i < axis.size; ++i, out += channels) {
    const float* pixel = row + channels * static_cast<ptrdiff_t>(axis.begin(i) - x0);
    const float* weight = axis.exact_weights(i);
    const int count = axis.count[static_cast<size_t>(i)];
    for (int c = 0; c < channels; ++c) out[c] = 0;
    for (int k = 0; k < count; ++k, pixel += channels) {
      for (int c = 0; c < channels; ++c) out[c] += pixel[c] * weight[k];
    }
    for (int c = 0; c < channels; ++c) out[c] = clamped(out[c]);
  }
}

UNLABEL_CLONES
void resize_columns(const float* row, int x0, const Axis& axis, int channels, float* out) {
  switch (channels) {
    case 1: return columns_of<1>(row, x0, axis, out);
    case 2: return columns_of<2>(row, x0, axis, out);
    case 3: return columns_of<3>(row, x0, axis, out);
    case 4: return columns_of<4>(row, x0, axis, out);
    default: return columns_of_many(row, x0, axis, channels, out);
  }
}

// Lines and output have room for whole blocks.
UNLABEL_CLONES
void resize_rows(const float* const* lines, const float* weight, int count, size_t size, uint16_t* __restrict out) {
  for (size_t i = 0; i < size; i += block) {
    float sum[block] = {};
    for (int k = 0; k < count; ++k) {
      const float* line = lines[k] + i;
      for (size_t j = 0; j < block; ++j) sum[j] += line[j] * weight[k];
    }
    for (size_t j = 0; j < block; ++j) out[i + j] = static_cast<uint16_t>(static_cast<int32_t>(clamped(sum[j]) + 0.5f));
  }
}

}  // namespace

WideResampler::WideResampler(Axis columns, Axis rows, Placement to, int channels)
    : columns_(std::move(columns)),
      rows_(std::move(rows)),
      to_(to),
      channels_(channels),
      kept_(*std::max_element(rows_.count.begin(), rows_.count.end())),
      width_(static_cast<size_t>(columns_.size) * static_cast<size_t>(channels)),
      stride_((width_ + block - 1) / block * block) {
  ring_.resize(stride_ * static_cast<size_t>(kept_));
  lines_.resize(static_cast<size_t>(kept_));
  samples_.resize(stride_);
}

void WideResampler::feed(const float* row, int x0, int y) {
  if (y < first_row() || next_ >= rows_.size) return;
  resize_columns(row, x0, columns_, channels_, line(y));
  while (next_ < rows_.size && rows_.end(next_) <= y + 1) emit(next_++);
}

void WideResampler::emit(int out) {
  const int count = rows_.end(out) - rows_.begin(out);
  for (int k = 0; k < count; ++k) lines_[static_cast<size_t>(k)] = line(rows_.begin(out) + k);
  resize_rows(lines_.data(), rows_.exact_weights(out), count, width_, samples_.data());
  uint8_t* to = to_.origin + out * to_.step_y;
  const size_t pixel = static_cast<size_t>(channels_);
  if (to_.step_x == static_cast<ptrdiff_t>(pixel * sizeof(uint16_t))) {
    std::memcpy(to, samples_.data(), width_ * sizeof(uint16_t));
    return;
  }
  for (size_t x = 0; x < width_; x += pixel, to += to_.step_x) std::memcpy(to, samples_.data() + x, pixel * sizeof(uint16_t));
}

// 255 becomes 65535.
UNLABEL_CLONES
void widen(const uint8_t* from, size_t count, float* to) {
  for (size_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]) * 257;
}

UNLABEL_CLONES
void widen(const uint16_t* from, size_t count, float* to) {
  for (size_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
}

}  // namespace unlabel
