// Down the columns of a plane, then along each row while that is in the nearest cache.
#include "blur.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "paint.h"
#include "vectors.h"

namespace unlabel {

namespace {

// The sum over a symmetric kernel: `step` values lie between neighbours of `centre`.
UNLABEL_INLINE Float8 weighted(const float* const* before, const float* const* after, const float* weights, int half, size_t at) {
  Float8 value, a, b;
  std::memcpy(&value, before[0] + at, sizeof value);
  Float8 sum = value * weights[0];
  for (int k = 1; k <= half; ++k) {
    std::memcpy(&a, before[k] + at, sizeof a);
    std::memcpy(&b, after[k] + at, sizeof b);
    sum += (a + b) * weights[k];
  }
  return sum;
}

int reflected(int i, int size) { return i < 0 ? -i : i >= size ? 2 * size - 2 - i : i; }

// Blurs one plane into another: down the columns, then along the row. `weights` begins at the centre. Reads and writes up to a
// block behind the planes' ends.
UNLABEL_CLONES
void blur_plane(const float* from, int width, int height, const float* weights, int half, float* row, float* to) {
  const float* before[most_taps / 2 + 1];
  const float* after[most_taps / 2 + 1];
  const size_t columns = static_cast<size_t>(width);
  float* const centre = row + half;
  for (int y = 0; y < height; ++y) {
    for (int k = 0; k <= half; ++k) {
      before[k] = from + columns * static_cast<size_t>(reflected(y - k, height));
      after[k] = from + columns * static_cast<size_t>(reflected(y + k, height));
    }
    for (size_t x = 0; x < columns; x += lanes) {
      const Float8 sum = weighted(before, after, weights, half, x);
      std::memcpy(centre + x, &sum, sizeof sum);
    }
    for (int k = 1; k <= half; ++k) {
      centre[-k] = centre[k];
      centre[width - 1 + k] = centre[width - 1 - k];
    }
    for (int k = 0; k <= half; ++k) {
      before[k] = centre - k;
      after[k] = centre + k;
    }
    for (size_t x = 0; x < columns; x += lanes) {
      const Float8 sum = weighted(before, after, weights, half, x);
      std::memcpy(to + columns * static_cast<size_t>(y) + x, &sum, sizeof sum);
    }
  }
}

}  // namespace

void blur(std::vector<float>& planes, int channels, int width, int height, float sigma, int kernel) {
  const int half = (kernel - 1) / 2;
  std::vector<double> exact(static_cast<size_t>(half) + 1);
  double total = 0;
  for (size_t k = 0; k < exact.size(); ++k) {
    const double distance = static_cast<double>(k) / static_cast<double>(sigma);
    exact[k] = std::exp(-0.5 * distance * distance);
    total += k == 0 ? exact[k] : 2 * exact[k];
  }
  std::vector<float> weights(exact.size());
  std::transform(exact.begin(), exact.end(), weights.begin(), [&](double w) { return static_cast<float>(w / total); });

  thread_local std::vector<float> blurred, row;
  blurred.resize(planes.size());
  row.resize(static_cast<size_t>(width + 2 * half) + 2 * lanes);
  const size_t pitch = planes.size() / static_cast<size_t>(channels);
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    blur_plane(planes.data() + c * pitch, width, height, weights.data(), half, row.data(), blurred.data() + c * pitch);
  }
  planes.swap(blurred);
}

}  // namespace unlabel
