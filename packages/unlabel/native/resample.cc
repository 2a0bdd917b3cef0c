// Columns first, then rows, clamped to [0, 255] in between, as PIL does, in fixed point: weights of 14 bits, six bits behind
// the point between the passes. Integer sums have no order, so that plain and vector code agree to the bit.
#include "resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "simd.h"

#ifdef UNLABEL_AVX2
#include <immintrin.h>
#endif

namespace unlabel {

namespace {

constexpr int weight_bits = 14;
constexpr int middle_bits = 6;
constexpr int column_shift = weight_bits - middle_bits;
constexpr int row_shift = weight_bits + middle_bits;
constexpr int middle_top = 255 << middle_bits;

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

// Keys' cubic with a = −0.5.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// Two weights side by side, as the vector code multiplies them.
int32_t pair_at(const int16_t* weight) {
  int32_t pair;
  std::memcpy(&pair, weight, sizeof pair);
  return pair;
}

void resize_columns_plain(const uint8_t* row, int x0, const Axis& axis, int from, int16_t* out) {
  for (int i = from; i < axis.size; ++i) {
    const uint8_t* pixel = row + 3 * static_cast<ptrdiff_t>(axis.begin(i) - x0);
    const int16_t* weight = axis.weights(i);
    int32_t sum[3] = {1 << (column_shift - 1), 1 << (column_shift - 1), 1 << (column_shift - 1)};
    for (int k = 0; k < axis.count[static_cast<size_t>(i)]; ++k, pixel += 3) {
      for (int c = 0; c < 3; ++c) sum[c] += pixel[c] * weight[k];
    }
    for (int c = 0; c < 3; ++c) out[3 * i + c] = static_cast<int16_t>(std::clamp(sum[c] >> column_shift, 0, middle_top));
  }
}

void resize_rows_plain(const int16_t* const* lines, const int16_t* weight, int pairs, size_t size, uint8_t* out) {
  for (size_t i = 0; i < size; ++i) {
    int32_t sum = 1 << (row_shift - 1);
    for (int k = 0; k < 2 * pairs; ++k) sum += lines[k][i] * weight[k];
    out[i] = static_cast<uint8_t>(std::clamp(sum >> row_shift, 0, 255));
  }
}

#ifdef UNLABEL_AVX2

// Two pixels of a row at a time, for two pixels of the output at a time. Writes one value too many.
UNLABEL_AVX2
void resize_columns_avx2(const uint8_t* row, int x0, const Axis& axis, int16_t* out) {
  // r0 r1 g0 g1 b0 b1, each widened to 16 bits.
  const __m256i spread = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
  const __m256i half = _mm256_set1_epi32(1 << (column_shift - 1));
  const __m256i top = _mm256_set1_epi16(middle_top);
  const int* first = axis.first.data();
  const int16_t* weight = axis.weight.data();
  const int step = 2 * axis.pairs;
  int i = 0;
  for (; i + 1 < axis.size; i += 2, weight += 2 * step, out += 6) {
    const uint8_t* left = row + 3 * static_cast<ptrdiff_t>(first[i] - x0);
    const uint8_t* right = row + 3 * static_cast<ptrdiff_t>(first[i + 1] - x0);
    __m256i sum = half;
    for (int k = 0; k < step; k += 2, left += 6, right += 6) {
      const __m256i pixels = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(left))),
                                                     _mm_loadl_epi64(reinterpret_cast<const __m128i*>(right)), 1);
      const __m256i weights = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_set1_epi32(pair_at(weight + k))),
                                                      _mm_set1_epi32(pair_at(weight + step + k)), 1);
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, spread), weights));
    }
    sum = _mm256_srai_epi32(sum, column_shift);
    __m256i packed = _mm256_packs_epi32(sum, sum);
    packed = _mm256_min_epi16(_mm256_max_epi16(packed, _mm256_setzero_si256()), top);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(packed));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + 3), _mm256_extracti128_si256(packed, 1));
  }
  if (i < axis.size) resize_columns_plain(row, x0, axis, i, out - 3 * i);
}

// Sixteen values at a time; reads and writes up to fifteen too many.
UNLABEL_AVX2
void resize_rows_avx2(const int16_t* const* lines, const int16_t* weight, int pairs, size_t size, uint8_t* out) {
  const __m256i half = _mm256_set1_epi32(1 << (row_shift - 1));
  for (size_t i = 0; i < size; i += 16) {
    __m256i low = half;
    __m256i high = half;
    for (int k = 0; k < 2 * pairs; k += 2) {
      const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lines[k] + i));
      const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lines[k + 1] + i));
      const __m256i weights = _mm256_set1_epi32(pair_at(weight + k));
      low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), weights));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), weights));
    }
    const __m256i packed = _mm256_packs_epi32(_mm256_srai_epi32(low, row_shift), _mm256_srai_epi32(high, row_shift));
    const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(packed, packed), 0b1000);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm256_castsi256_si128(bytes));
  }
}

#endif

void resize_columns(const uint8_t* row, int x0, const Axis& axis, int16_t* out) {
#ifdef UNLABEL_AVX2
  if (has_avx2()) return resize_columns_avx2(row, x0, axis, out);
#endif
  resize_columns_plain(row, x0, axis, 0, out);
}

void resize_rows(const int16_t* const* lines, const int16_t* weight, int pairs, size_t size, uint8_t* out) {
#ifdef UNLABEL_AVX2
  if (has_avx2()) return resize_rows_avx2(lines, weight, pairs, size, out);
#endif
  resize_rows_plain(lines, weight, pairs, size, out);
}

}  // namespace

Axis::Axis(double start, double length, int in, int out, Filter filter, bool mirrored, bool keeps_exact)
    : size(out), low(in), high(0), first(static_cast<size_t>(out)), count(static_cast<size_t>(out)) {
  const double scale = length / out;
  const double stretch = std::max(scale, 1.0);
  const double support = (filter == Filter::bilinear ? 1.0 : 2.0) * stretch;
  const auto place = [&](int i) { return static_cast<size_t>(mirrored ? out - 1 - i : i); };
  const auto centre = [&](int i) { return start + (i + 0.5) * scale; };
  for (int i = 0; i < out; ++i) {
    const int from = std::clamp(static_cast<int>(centre(i) - support + 0.5), 0, in - 1);
    const int to = std::clamp(static_cast<int>(centre(i) + support + 0.5), from + 1, in);
    first[place(i)] = from;
    count[place(i)] = to - from;
    pairs = std::max(pairs, (to - from + 1) / 2);
    low = std::min(low, from);
    high = std::max(high, to);
  }
  weight.resize(static_cast<size_t>(out) * 2 * static_cast<size_t>(pairs));
  if (keeps_exact) exact_weight.resize(weight.size());
  std::vector<double> exact(2 * static_cast<size_t>(pairs));
  for (int i = 0; i < out; ++i) {
    double total = 0;
    const int from = first[place(i)];
    const size_t used = static_cast<size_t>(count[place(i)]);
    for (size_t k = 0; k < used; ++k) {
      const double x = (from + static_cast<double>(k) + 0.5 - centre(i)) / stretch;
      exact[k] = filter == Filter::bilinear ? triangle(x) : cubic(x);
      total += exact[k];
    }
    for (size_t k = 0; keeps_exact && k < used; ++k) {
      const double share = total != 0 ? exact[k] / total : 1.0 / static_cast<double>(used);
      exact_weight[place(i) * 2 * static_cast<size_t>(pairs) + k] = static_cast<float>(share);
    }
    // Sums are rounded, not weights: these then add up to one exactly, and a flat colour stays as it is.
    int16_t* to = weight.data() + place(i) * 2 * static_cast<size_t>(pairs);
    double sum = 0;
    int done = 0;
    for (size_t k = 0; k < used; ++k) {
      // No weight at all: a box that touches its pixel by a rounding error only.
      sum += total != 0 ? exact[k] / total : 1.0 / static_cast<double>(used);
      const int upto = static_cast<int>(std::lround(sum * (1 << weight_bits)));
      to[k] = static_cast<int16_t>(upto - done);
      done = upto;
    }
  }
}

Resampler::Resampler(Axis columns, Axis rows, Placement to)
    : columns_(std::move(columns)),
      rows_(std::move(rows)),
      to_(to),
      kept_(*std::max_element(rows_.count.begin(), rows_.count.end())),
      width_(static_cast<size_t>(columns_.size) * 3),
      stride_((width_ + 1 + 15) / 16 * 16) {
  ring_.resize(stride_ * static_cast<size_t>(kept_));
  lines_.resize(2 * static_cast<size_t>(rows_.pairs));
  bytes_.resize(stride_);
}

void Resampler::feed(const uint8_t* row, int x0, int y) {
  if (y < first_row() || next_ >= rows_.size) return;
  resize_columns(row, x0, columns_, line(y));
  while (next_ < rows_.size && rows_.end(next_) <= y + 1) emit(next_++);
}

void Resampler::emit(int out) {
  const int last = rows_.end(out) - 1;
  int y = rows_.begin(out);
  // Where an output needs fewer lines than others, the rest have no weight.
  for (const int16_t*& each : lines_) each = line(std::min(y++, last));
  resize_rows(lines_.data(), rows_.weights(out), rows_.pairs, width_, bytes_.data());
  uint8_t* to = to_.origin + out * to_.step_y;
  if (to_.step_x == 3) {
    std::memcpy(to, bytes_.data(), width_);
    return;
  }
  for (size_t x = 0; x < width_; x += 3, to += to_.step_x) std::memcpy(to, bytes_.data() + x, 3);
}

}  // namespace unlabel
