// Any number of channels, a plane each: what of paint.cc does not look at red, green and blue. Contrast moves towards the mean of all
// channels and pixels, where colours have their gray.
#include <algorithm>
#include <vector>

#include "blur.h"
#include "paint.h"
#include "vectors.h"

namespace unlabel {

namespace {

// Room for a block more behind each plane, as the blur needs it.
size_t pitch_of(size_t count) { return count + lanes; }

template <class Sample>
UNLABEL_INLINE void split_of(const Sample* samples, size_t count, size_t channels, float* planes) {
  constexpr float scale = 1 / top_of<Sample>;
  for (size_t c = 0; c < channels; ++c, planes += pitch_of(count)) {
    const Sample* from = samples + c;
    for (size_t i = 0; i < count; ++i) planes[i] = static_cast<float>(from[i * channels]) * scale;
  }
}

UNLABEL_CLONES
void split(const uint8_t* samples, size_t count, size_t channels, float* planes) { split_of(samples, count, channels, planes); }

UNLABEL_CLONES
void split(const uint16_t* samples, size_t count, size_t channels, float* planes) { split_of(samples, count, channels, planes); }

// x · gain + shift, clamped.
UNLABEL_CLONES
void scale(float* plane, size_t count, float gain, float shift) {
  for (size_t i = 0; i < count; ++i) plane[i] = std::min(std::max(plane[i] * gain + shift, 0.0f), 1.0f);
}

UNLABEL_CLONES
double sum(const float* plane, size_t count) {
  double total = 0;
  // Floats hold the terms of so few exactly enough; several sums are under way at once.
  constexpr size_t few = 512, at_once = 16;
  for (size_t from = 0; from < count; from += few) {
    const size_t end = std::min(from + few, count);
    float sums[at_once] = {};
    size_t i = from;
    for (; i + at_once <= end; i += at_once) {
      for (size_t k = 0; k < at_once; ++k) sums[k] += plane[i + k];
    }
    for (; i < end; ++i) sums[0] += plane[i];
    for (const float each : sums) total += static_cast<double>(each);
  }
  return total;
}

UNLABEL_CLONES
void invert_bright(float* plane, size_t count) {
  for (size_t i = 0; i < count; ++i) plane[i] = plane[i] >= 0.5f ? 1 - plane[i] : plane[i];
}

UNLABEL_CLONES
void normalise(const float* plane, size_t count, size_t channels, float gain, float shift, float* out) {
  for (size_t i = 0; i < count; ++i) out[i * channels] = plane[i] * gain - shift;
}

template <class Sample>
void paint_view(const Sample* samples, int width, int height, const Look& look, const Finish& finish, float* out) {
  const size_t count = static_cast<size_t>(width) * static_cast<size_t>(height);
  const size_t channels = finish.mean.size();
  const size_t pitch = pitch_of(count);
  thread_local std::vector<float> planes;
  planes.resize(channels * pitch);
  split(samples, count, channels, planes.data());

  const auto each = [&](auto&& change) {
    for (size_t c = 0; c < channels; ++c) change(planes.data() + c * pitch);
  };
  const auto mean = [&] {
    double total = 0;
    each([&](const float* plane) { total += sum(plane, count); });
    return static_cast<float>(total / static_cast<double>(count * channels));
  };
  if (look.color == Look::Color::fused) {
    const float shift = look.offset != 0 ? look.offset * mean() : 0;
    each([&](float* plane) { scale(plane, count, look.matrix[0], shift); });
  } else if (look.color == Look::Color::exact && look.jitter) {
    for (const int kind : look.order) {
      if (kind > 1) continue;
      const float amount = look.amount[static_cast<size_t>(kind)];
      const float shift = kind == 1 ? mean() * (1 - amount) : 0;
      each([&](float* plane) { scale(plane, count, amount, shift); });
    }
  }
  if (look.sigma > 0) blur(planes, static_cast<int>(channels), width, height, look.sigma, finish.kernel);
  if (look.solarize) each([&](float* plane) { invert_bright(plane, count); });
  for (size_t c = 0; c < channels; ++c) {
    const float deviation = finish.deviation[c];
    normalise(planes.data() + c * pitch, count, channels, 1 / deviation, finish.mean[c] / deviation, out + c);
  }
}

}  // namespace

void paint_any(const uint8_t* samples, int width, int height, const Look& look, const Finish& finish, float* out) {
  paint_view(samples, width, height, look, finish, out);
}

void paint_any(const uint16_t* samples, int width, int height, const Look& look, const Finish& finish, float* out) {
  paint_view(samples, width, height, look, finish, out);
}

}  // namespace unlabel
