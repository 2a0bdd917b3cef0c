#include "norm-relu.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "threads.h"

// Compiled for several instruction sets, of which the machine's is taken as the library is loaded.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__)
#if __GNUC__ >= 12
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES __attribute__((target_clones("avx2", "default")))
#endif
#else
#define CLONES
#endif
#define INLINE inline __attribute__((always_inline))

namespace unlabel::norm_relu {
namespace {

/// Rows summed in float before they join the sums in double.
constexpr int64_t kTile = 64;
/// Values below which threads cost more than they bring.
constexpr int64_t kLeast = 1 << 15;

INLINE float load(float value) { return value; }
INLINE float load(Half value) {
  const uint32_t bits = uint32_t{value.bits} << 16;
  float out;
  std::memcpy(&out, &bits, sizeof(out));
  return out;
}
INLINE void store(float* to, float value) { *to = value; }
INLINE void store(Half* to, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  // To the nearest, ties to even; what is no number stays none.
  const uint32_t nearest = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  to->bits = static_cast<uint16_t>(value == value ? nearest : 0x7fc0);
}

/// Not `max`: what is no number has to come through.
INLINE float relu(float value) { return value < 0 ? 0 : value; }
INLINE bool closed(float value) { return value <= 0; }

/// Calls `body(from, to, part)` for parts of the rows, a thread each.
template <typename Body>
void parallel(Map map, int threads, Body body) {
  in_parts(map.rows * map.channels < kLeast ? 1 : threads, [&](int part, int parts) {
    body(map.rows * part / parts, map.rows * (part + 1) / parts, part);
  });
}

template <typename T>
INLINE void moments_tile(int64_t rows, int64_t channels, const T* __restrict x, const float* __restrict about,
                         float* __restrict sum, float* __restrict square) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4, x += 4 * channels) {
    for (int64_t c = 0; c < channels; ++c) {
      const float d0 = load(x[c]) - about[c], d1 = load(x[channels + c]) - about[c];
      const float d2 = load(x[2 * channels + c]) - about[c], d3 = load(x[3 * channels + c]) - about[c];
      sum[c] += (d0 + d1) + (d2 + d3);
      square[c] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3);
    }
  }
  for (; r < rows; ++r, x += channels) {
    for (int64_t c = 0; c < channels; ++c) {
      const float d = load(x[c]) - about[c];
      sum[c] += d;
      square[c] += d * d;
    }
  }
}

template <typename T>
INLINE void forward_rows(int64_t rows, int64_t channels, const T* __restrict x, const T* __restrict shortcut,
                         const float* __restrict scale, const float* __restrict shift, T* __restrict out) {
  for (int64_t r = 0; r < rows; ++r, x += channels, out += channels) {
    if (shortcut) {
      for (int64_t c = 0; c < channels; ++c) store(out + c, relu(load(x[c]) * scale[c] + shift[c] + load(shortcut[c])));
      shortcut += channels;
    } else {
      for (int64_t c = 0; c < channels; ++c) store(out + c, relu(load(x[c]) * scale[c] + shift[c]));
    }
  }
}

template <typename T>
INLINE void sums_tile(int64_t rows, int64_t channels, const T* __restrict grad, const T* __restrict x, const T* __restrict out,
                      const float* __restrict mean, const float* __restrict scale, const float* __restrict shift,
                      T* __restrict masked, float* __restrict sum, float* __restrict dot) {
  for (int64_t r = 0; r < rows; ++r, grad += channels, x += channels) {
    if (out) {
      for (int64_t c = 0; c < channels; ++c) {
        const float g = closed(load(out[c])) ? 0 : load(grad[c]);
        store(masked + c, g);
        sum[c] += g;
        dot[c] += g * (load(x[c]) - mean[c]);
      }
      out += channels;
      masked += channels;
    } else {
      for (int64_t c = 0; c < channels; ++c) {
        const float at = load(x[c]);
        const float g = closed(at * scale[c] + shift[c]) ? 0 : load(grad[c]);
        sum[c] += g;
        dot[c] += g * (at - mean[c]);
      }
    }
  }
}

template <typename T>
INLINE void backward_rows(int64_t rows, int64_t channels, const T* __restrict grad, const T* __restrict x, bool through,
                          const float* __restrict mean, const float* __restrict scale, const float* __restrict shift,
                          const float* __restrict a, const float* __restrict b, T* __restrict dx) {
  for (int64_t r = 0; r < rows; ++r, grad += channels, x += channels, dx += channels) {
    if (through) {
      for (int64_t c = 0; c < channels; ++c) store(dx + c, load(grad[c]) * scale[c] - a[c] - b[c] * (load(x[c]) - mean[c]));
    } else {
      for (int64_t c = 0; c < channels; ++c) {
        const float at = load(x[c]);
        const float g = closed(at * scale[c] + shift[c]) ? 0 : load(grad[c]);
        store(dx + c, g * scale[c] - a[c] - b[c] * (at - mean[c]));
      }
    }
  }
}

// Each loop compiled for each format and instruction set: attributes of this kind need functions that are no templates.
#define LOOPS(T)                                                                                                              \
  CLONES void moments(int64_t rows, int64_t channels, const T* x, const float* about, float* sum, float* square) {            \
    moments_tile(rows, channels, x, about, sum, square);                                                                      \
  }                                                                                                                           \
  CLONES void apply(int64_t rows, int64_t channels, const T* x, const T* shortcut, const float* scale, const float* shift,    \
                    T* out) {                                                                                                 \
    forward_rows(rows, channels, x, shortcut, scale, shift, out);                                                             \
  }                                                                                                                           \
  CLONES void gather(int64_t rows, int64_t channels, const T* grad, const T* x, const T* out, Channels by, T* masked,         \
                     float* sum, float* dot) {                                                                                \
    sums_tile(rows, channels, grad, x, out, by.mean, by.scale, by.shift, masked, sum, dot);                                   \
  }                                                                                                                           \
  CLONES void spread(int64_t rows, int64_t channels, const T* grad, const T* x, bool through, Channels by, const float* a,    \
                     const float* b, T* dx) {                                                                                 \
    backward_rows(rows, channels, grad, x, through, by.mean, by.scale, by.shift, a, b, dx);                                   \
  }
LOOPS(float)
LOOPS(Half)
#undef LOOPS

/// Sums of two floats a channel over all rows: `tile(row, rows, first, second)` adds some rows'.
template <typename Tile>
std::vector<double> reduce(Map map, int threads, Tile tile) {
  const int64_t width = 2 * map.channels;
  std::vector<double> totals(static_cast<size_t>(std::max(threads, 1) * width));
  parallel(map, threads, [&](int64_t from, int64_t to, int part) {
    double* const total = totals.data() + part * width;
    std::vector<float> sums(static_cast<size_t>(width));
    for (int64_t row = from; row < to; row += kTile) {
      std::fill(sums.begin(), sums.end(), 0.0f);
      tile(row, std::min(kTile, to - row), sums.data(), sums.data() + map.channels);
      for (int64_t i = 0; i < width; ++i) total[i] += static_cast<double>(sums[static_cast<size_t>(i)]);
    }
  });
  for (size_t i = static_cast<size_t>(width); i < totals.size(); ++i) totals[i % static_cast<size_t>(width)] += totals[i];
  return totals;
}

}  // namespace

template <typename T>
void statistics(Map map, const T* x, float* mean, float* variance, int threads) {
  const int64_t channels = map.channels;
  std::vector<float> about(static_cast<size_t>(channels));
  for (int64_t c = 0; c < channels; ++c) about[static_cast<size_t>(c)] = load(x[c]);
  const auto total = reduce(map, threads, [&](int64_t row, int64_t rows, float* sum, float* square) {
    moments(rows, channels, x + row * channels, about.data(), sum, square);
  });
  for (int64_t c = 0; c < channels; ++c) {
    const double off = total[static_cast<size_t>(c)] / static_cast<double>(map.rows);
    const double square = total[static_cast<size_t>(channels + c)] / static_cast<double>(map.rows);
    mean[c] = static_cast<float>(static_cast<double>(about[static_cast<size_t>(c)]) + off);
    // Not `max`: what is no number has to come through.
    const double spread = square - off * off;
    variance[c] = static_cast<float>(spread < 0 ? 0 : spread);
  }
}

template <typename T>
void forward(Map map, const T* x, const T* shortcut, const float* scale, const float* shift, T* out, int threads) {
  parallel(map, threads, [&](int64_t from, int64_t to, int) {
    const int64_t at = from * map.channels;
    apply(to - from, map.channels, x + at, shortcut ? shortcut + at : nullptr, scale, shift, out + at);
  });
}

template <typename T>
void sums(Map map, const T* grad, const T* x, const T* out, Channels by, T* masked, float* sum, float* dot, int threads) {
  const auto total = reduce(map, threads, [&](int64_t row, int64_t rows, float* first, float* second) {
    const int64_t at = row * map.channels;
    gather(rows, map.channels, grad + at, x + at, out ? out + at : nullptr, by, masked ? masked + at : nullptr, first, second);
  });
  for (int64_t c = 0; c < map.channels; ++c) {
    sum[c] = static_cast<float>(total[static_cast<size_t>(c)]);
    dot[c] = static_cast<float>(total[static_cast<size_t>(map.channels + c)]);
  }
}

template <typename T>
void backward(Map map, const T* grad, const T* x, bool through, Channels by, const float* a, const float* b, T* dx, int threads) {
  parallel(map, threads, [&](int64_t from, int64_t to, int) {
    const int64_t at = from * map.channels;
    spread(to - from, map.channels, grad + at, x + at, through, by, a, b, dx + at);
  });
}

#define PUBLISHED(T)                                                                                     \
  template void statistics(Map, const T*, float*, float*, int);                                          \
  template void forward(Map, const T*, const T*, const float*, const float*, T*, int);                   \
  template void sums(Map, const T*, const T*, const T*, Channels, T*, float*, float*, int);              \
  template void backward(Map, const T*, const T*, bool, Channels, const float*, const float*, T*, int);
PUBLISHED(float)
PUBLISHED(Half)

}  // namespace unlabel::norm_relu
