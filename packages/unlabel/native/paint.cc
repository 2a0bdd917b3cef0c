// Eight pixels at a time, one vector a channel, in tiles that stay in the nearest cache: a step is a loop over a tile, so that
// the processor has many pixels under way at once. Exact jitter follows torchvision's functionals step by step; its contrast
// needs the mean of what came before, and the steps before it run twice, which is faster than storing their results.
#include "paint.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "blur.h"
#include "vectors.h"

namespace unlabel {

namespace {

using Byte16 = uint8_t __attribute__((vector_size(16)));
using Byte32 = uint8_t __attribute__((vector_size(32)));
using Short8 = uint16_t __attribute__((vector_size(16)));

// ITU-R BT.601, as torchvision rounds it.
constexpr float gray_weights[3] = {0.2989f, 0.587f, 0.114f};

struct Pixels {
  Float8 red, green, blue;
};

UNLABEL_INLINE Float8 all(float value) { return Float8{} + value; }
UNLABEL_INLINE Float8 least(Float8 a, Float8 b) { return a < b ? a : b; }
UNLABEL_INLINE Float8 most(Float8 a, Float8 b) { return a > b ? a : b; }
UNLABEL_INLINE Float8 unit(Float8 x) { return least(most(x, Float8{}), all(1)); }

// Every third byte of each half from `Channel` on, as floats. Bytes are brought to the low ends of 32-bit lanes, where the
// rest is cut off: one shuffle within the halves of a register.
template <int Channel>
UNLABEL_INLINE Float8 third(Byte32 b) {
  constexpr int i = Channel, j = Channel + 20;
  const Byte32 spread = __builtin_shufflevector(b, b, i, i, i, i, i + 3, i, i, i, i + 6, i, i, i, i + 9, i, i, i,  //
                                                j, j, j, j, j + 3, j, j, j, j + 6, j, j, j, j + 9, j, j, j);
  return __builtin_convertvector((Int8)spread & 255, Float8);
}

// 24 bytes as they lie, red, green, blue, red, …; values 0 … 255.
UNLABEL_INLINE Pixels load(const uint8_t* at) {
  Byte16 a, b;
  std::memcpy(&a, at, 16);
  std::memcpy(&b, at + 8, 16);
  const Byte32 bytes = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,  //
                                               16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
  return {third<0>(bytes), third<1>(bytes), third<2>(bytes)};
}

// The same of 16 bits; values 0 … 65535.
UNLABEL_INLINE Pixels load(const uint16_t* at) {
  Short8 a, b, c;
  std::memcpy(&a, at, 16);
  std::memcpy(&b, at + 8, 16);
  std::memcpy(&c, at + 16, 16);
  const auto ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto cc = __builtin_shufflevector(c, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const Short8 red = __builtin_shufflevector(ab, cc, 0, 3, 6, 9, 12, 15, 18, 21);
  const Short8 green = __builtin_shufflevector(ab, cc, 1, 4, 7, 10, 13, 16, 19, 22);
  const Short8 blue = __builtin_shufflevector(ab, cc, 2, 5, 8, 11, 14, 17, 20, 23);
  return {__builtin_convertvector(__builtin_convertvector(red, Int8), Float8),
          __builtin_convertvector(__builtin_convertvector(green, Int8), Float8),
          __builtin_convertvector(__builtin_convertvector(blue, Int8), Float8)};
}

// The inverse of load.
UNLABEL_INLINE void store(const Pixels& p, float* to) {
  const Float8 low = __builtin_shufflevector(p.red, p.green, 0, 8, 1, 9, 2, 10, 3, 11);
  const Float8 high = __builtin_shufflevector(p.red, p.green, 4, 12, 5, 13, 6, 14, 7, 15);
  const Float8 middle = __builtin_shufflevector(low, high, 6, 7, 8, 9, 10, 11, 12, 13);
  const Float8 first = __builtin_shufflevector(low, p.blue, 0, 1, 8, 2, 3, 9, 4, 5);
  const Float8 second = __builtin_shufflevector(middle, p.blue, 10, 0, 1, 11, 2, 3, 12, 4);
  const Float8 third = __builtin_shufflevector(high, p.blue, 3, 13, 4, 5, 14, 6, 7, 15);
  std::memcpy(to, &first, sizeof first);
  std::memcpy(to + 8, &second, sizeof second);
  std::memcpy(to + 16, &third, sizeof third);
}

UNLABEL_INLINE Float8 gray_of(const Pixels& p) {
  return p.red * gray_weights[0] + p.green * gray_weights[1] + p.blue * gray_weights[2];
}

template <class Change>
UNLABEL_INLINE Pixels each(const Pixels& p, Change&& change) {
  return {change(p.red), change(p.green), change(p.blue)};
}

UNLABEL_INLINE Float8 size_of(Float8 x) { return (Float8)((Int8)x & 0x7FFFFFFF); }

// Hue through HSV, branch by branch as vectors, by 0 … 6 sextants. Value times saturation is the range of the channels, so that
// neither is divided by; where the range is 0 every hue gives the same gray.
UNLABEL_INLINE Pixels turn_hue(const Pixels& p, float sextants) {
  const Float8 top = most(most(p.red, p.green), p.blue);
  const Float8 range = top - least(least(p.red, p.green), p.blue);
  // Measured from the channel that is the largest, by how far the other two lie apart.
  const Int8 red = p.red == top, green = p.green == top;
  const Float8 apart = red ? p.green - p.blue : green ? p.blue - p.red : p.red - p.green;
  const Float8 from = red ? all(sextants) : green ? all(sextants + 2) : all(sextants + 4);
  const Float8 turned = apart / most(range, all(1e-20f)) + from;
  const Float8 hue = turned >= 5 ? turned - 6 : turned;  // −1 … 5
  // How much of the range each channel lies below the largest.
  const Pixels below{unit(2 - size_of(hue - 3)), unit(size_of(hue - 2) - 1), unit(2 - size_of(hue - 1))};
  return each(below, [&](Float8 x) __attribute__((always_inline)) { return top - range * x; });
}

// A look's colours, ready to be applied.
struct Colors {
  bool fused = false;
  float matrix[9]{};  // of samples
  float offset = 0;

  int steps = 0;  // of the exact jitter, so many
  int kinds[4]{};
  float amounts[4]{};  // by step
  float mean = 0;      // gray, that contrast moves towards
};

// Pixels as a plane a channel, `pitch` values apart, with room for whole blocks.
struct Planes {
  float* at;
  size_t pitch;

  UNLABEL_INLINE Pixels get(size_t i) const {
    Pixels p;
    std::memcpy(&p.red, at + i, sizeof p.red);
    std::memcpy(&p.green, at + pitch + i, sizeof p.green);
    std::memcpy(&p.blue, at + 2 * pitch + i, sizeof p.blue);
    return p;
  }
  UNLABEL_INLINE void set(size_t i, const Pixels& p) const {
    std::memcpy(at + i, &p.red, sizeof p.red);
    std::memcpy(at + pitch + i, &p.green, sizeof p.green);
    std::memcpy(at + 2 * pitch + i, &p.blue, sizeof p.blue);
  }
  template <class Change>
  UNLABEL_INLINE void change(size_t count, Change&& changed) const {
    for (size_t i = 0; i < count; i += lanes) set(i, changed(get(i)));
  }
};

constexpr size_t tile_size = 64 * lanes;

// The last block of `count` pixels is padded with zeros.
template <class Sample, class Change>
UNLABEL_INLINE void load_planes(const Sample* rgb, size_t count, Planes to, Change&& changed) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) to.set(i, changed(load(rgb + 3 * i)));
  if (i == count) return;
  Sample last[3 * lanes] = {};
  std::memcpy(last, rgb + 3 * i, 3 * (count - i) * sizeof(Sample));
  to.set(i, changed(load(last)));
}

// So many pixels, coloured.
template <class Sample>
UNLABEL_INLINE void color(const Sample* rgb, size_t count, const Colors& c, Planes to) {
  if (c.fused) {
    const float* m = c.matrix;
    load_planes(rgb, count, to, [&](const Pixels& p) __attribute__((always_inline)) {
      return Pixels{unit(p.red * m[0] + p.green * m[1] + p.blue * m[2] + c.offset),
                    unit(p.red * m[3] + p.green * m[4] + p.blue * m[5] + c.offset),
                    unit(p.red * m[6] + p.green * m[7] + p.blue * m[8] + c.offset)};
    });
    return;
  }
  constexpr float scale = 1 / top_of<Sample>;
  load_planes(rgb, count, to, [](const Pixels& p) __attribute__((always_inline)) {
    return each(p, [](Float8 x) __attribute__((always_inline)) { return x * scale; });
  });
  for (int step = 0; step < c.steps; ++step) {
    const float amount = c.amounts[step];
    switch (c.kinds[step]) {
      case 0:
        to.change(count, [=](const Pixels& p) __attribute__((always_inline)) {
          return each(p, [=](Float8 x) __attribute__((always_inline)) { return unit(x * amount); });
        });
        break;
      case 1:
        to.change(count, [=, other = c.mean * (1 - amount)](const Pixels& p) __attribute__((always_inline)) {
          return each(p, [=](Float8 x) __attribute__((always_inline)) { return unit(x * amount + other); });
        });
        break;
      case 2:
        to.change(count, [=](const Pixels& p) __attribute__((always_inline)) {
          const Float8 other = gray_of(p) * (1 - amount);
          return each(p, [=](Float8 x) __attribute__((always_inline)) { return unit(x * amount + other); });
        });
        break;
      default:
        to.change(count, [sextants = 6 * (amount < 0 ? amount + 1 : amount)](const Pixels& p) __attribute__((always_inline)) {
          return turn_hue(p, sextants);
        });
    }
  }
}

// Calls `tile(first pixel, how many)` until all have had their turn.
template <class Tile>
UNLABEL_INLINE void for_tiles(size_t count, Tile&& tile) {
  for (size_t at = 0; at < count; at += tile_size) tile(at, std::min(tile_size, count - at));
}

template <class Sample>
UNLABEL_INLINE double mean_gray_of(const Sample* rgb, size_t count, Colors colors) {
  alignas(64) float room[3 * tile_size];
  const Planes planes{room, tile_size};
  double total = 0;
  for_tiles(count, [&](size_t at, size_t used) __attribute__((always_inline)) {
    color(rgb + 3 * at, used, colors, planes);
    // Floats hold the terms of a tile exactly enough.
    Float8 sum{};
    for (size_t i = 0; i < used; i += lanes) {
      Float8 gray = gray_of(planes.get(i));
      for (size_t k = used - i; k < lanes; ++k) gray[k] = 0;
      sum += gray;
    }
    for (size_t k = 0; k < lanes; ++k) total += sum[k];
  });
  return total / static_cast<double>(count);
}

UNLABEL_CLONES
double mean_gray(const uint8_t* rgb, size_t count, Colors colors) { return mean_gray_of(rgb, count, colors); }

UNLABEL_CLONES
double mean_gray(const uint16_t* rgb, size_t count, Colors colors) { return mean_gray_of(rgb, count, colors); }

// What comes last, ready to be applied.
struct Last {
  Last(const Finish& finish, bool to_gray, bool inverts) : gray(to_gray), solarize(inverts) {
    for (size_t c = 0; c < 3; ++c) {
      scale[c] = 1 / finish.deviation[c];
      shift[c] = finish.mean[c] / finish.deviation[c];
    }
  }
  float scale[3], shift[3];
  bool gray, solarize;
};

UNLABEL_INLINE void finish_planes(Planes planes, size_t count, const Last& last, float* out) {
  for (size_t i = 0; i < count; i += lanes, out += 3 * lanes) {
    Pixels p = planes.get(i);
    if (last.gray) p.red = p.green = p.blue = gray_of(p);
    if (last.solarize) p = each(p, [](Float8 x) __attribute__((always_inline)) { return x >= 0.5f ? 1 - x : x; });
    p = {p.red * last.scale[0] - last.shift[0], p.green * last.scale[1] - last.shift[1],
         p.blue * last.scale[2] - last.shift[2]};
    if (i + lanes <= count) {
      store(p, out);
    } else {
      float some[3 * lanes];
      store(p, some);
      std::memcpy(out, some, 3 * (count - i) * sizeof(float));
    }
  }
}

// The whole way, where no pixel looks at its neighbours. By value: what `out` points to is none of it.
template <class Sample>
UNLABEL_INLINE void paint_pixels_of(const Sample* rgb, size_t count, Colors colors, Last last, float* out) {
  alignas(64) float room[3 * tile_size];
  const Planes planes{room, tile_size};
  for_tiles(count, [&](size_t at, size_t used) __attribute__((always_inline)) {
    color(rgb + 3 * at, used, colors, planes);
    finish_planes(planes, used, last, out + 3 * at);
  });
}

UNLABEL_CLONES
void paint_pixels(const uint8_t* rgb, size_t count, Colors colors, Last last, float* out) { paint_pixels_of(rgb, count, colors, last, out); }

UNLABEL_CLONES
void paint_pixels(const uint16_t* rgb, size_t count, Colors colors, Last last, float* out) { paint_pixels_of(rgb, count, colors, last, out); }

// Coloured planes, with room for a block more behind each.
template <class Sample>
UNLABEL_INLINE void to_planes_of(const Sample* rgb, size_t count, Colors colors, bool gray, float* planes) {
  const size_t pitch = count + lanes;
  for_tiles(count, [&](size_t at, size_t used) __attribute__((always_inline)) {
    const Planes tile{planes + at, pitch};
    color(rgb + 3 * at, used, colors, tile);
    if (!gray) return;
    tile.change(used, [](Pixels p) __attribute__((always_inline)) {
      p.red = p.green = p.blue = gray_of(p);
      return p;
    });
  });
}

UNLABEL_CLONES
void to_planes(const uint8_t* rgb, size_t count, Colors colors, bool gray, float* planes) { to_planes_of(rgb, count, colors, gray, planes); }

UNLABEL_CLONES
void to_planes(const uint16_t* rgb, size_t count, Colors colors, bool gray, float* planes) { to_planes_of(rgb, count, colors, gray, planes); }

UNLABEL_CLONES
void from_planes(float* planes, size_t count, Last last, float* out) {
  finish_planes({planes, count + lanes}, count, last, out);
}

template <class Sample>
void paint_view(const Sample* rgb, int width, int height, const Look& look, const Finish& finish, float* out) {
  const size_t count = static_cast<size_t>(width) * static_cast<size_t>(height);
  Colors colors;
  if (look.color == Look::Color::fused) {
    if (look.offset != 0) colors.offset = look.offset * static_cast<float>(mean_gray(rgb, count, colors));
    colors.fused = true;
    for (size_t k = 0; k < 9; ++k) colors.matrix[k] = look.matrix[k] / top_of<Sample>;
  } else if (look.color == Look::Color::exact && look.jitter) {
    for (size_t step = 0; step < 4; ++step) {
      colors.kinds[step] = look.order[step];
      colors.amounts[step] = look.amount[static_cast<size_t>(look.order[step])];
      if (look.order[step] == 1) colors.steps = static_cast<int>(step);
    }
    colors.mean = static_cast<float>(mean_gray(rgb, count, colors));
    colors.steps = 4;
  }
  const bool gray = look.color == Look::Color::exact && look.grayscale;
  if (look.sigma <= 0) return paint_pixels(rgb, count, colors, Last(finish, gray, look.solarize), out);

  thread_local std::vector<float> planes;
  planes.resize(3 * (count + lanes));
  to_planes(rgb, count, colors, gray, planes.data());
  blur(planes, 3, width, height, look.sigma, finish.kernel);
  from_planes(planes.data(), count, Last(finish, false, look.solarize), out);
}

}  // namespace

void paint(const uint8_t* rgb, int width, int height, const Look& look, const Finish& finish, float* out) {
  paint_view(rgb, width, height, look, finish, out);
}

void paint(const uint16_t* rgb, int width, int height, const Look& look, const Finish& finish, float* out) {
  paint_view(rgb, width, height, look, finish, out);
}

}  // namespace unlabel
