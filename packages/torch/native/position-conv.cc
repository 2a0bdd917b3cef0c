// unlabel::position_conv2d, an operator beside LibTorch's own: convolution over maps of few positions. Each position of the output
// is a sum of matrix products, one a row of the kernel that lies on the map: in channels-last layout what such a row sees, and its
// weights, are slices of the tensors as they are, where these are channels-last. Nothing is padded, and a product has all images as its rows, where
// oneDNN's kernels have a row of a map that is two or four wide. Threads share channels, not products, which are too small for it.
// In bfloat16 each product is rounded once, and their sum is kept in float32 until it is whole.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <vector>

#include "threads.h"

namespace unlabel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Channels that a thread gets at least.
constexpr int64_t kLeastChannels = 16;
/// Above it counting positions would take forever.
constexpr int64_t kMostPadding = 1024;

/// One axis of a convolution.
struct Axis {
  int64_t input;
  int64_t kernel;
  int64_t stride;
  int64_t padding;

  int64_t output() const { return (input + 2 * padding - kernel) / stride + 1; }
  /// Where tap 0 lies for an output position: maybe beside the map.
  int64_t start(int64_t position) const { return position * stride - padding; }
  /// The taps that lie on the map for an output position, from the first to before the second.
  std::array<int64_t, 2> taps(int64_t position) const {
    return {std::max<int64_t>(0, -start(position)), std::min(kernel, input - start(position))};
  }
};

struct Shape {
  Axis y;
  Axis x;

  Shape(const at::Tensor& map, const at::Tensor& weight, at::IntArrayRef stride, at::IntArrayRef padding)
      : y{map.size(2), weight.size(2), stride[0], padding[0]}, x{map.size(3), weight.size(3), stride[1], padding[1]} {}

  int64_t positions() const { return y.output() * x.output(); }
  int64_t taps() const { return y.kernel * x.kernel; }
};

/// What one output position sees through neighbouring taps.
struct Run {
  int64_t position;  // of the output
  int64_t input;     // the first position seen
  int64_t tap;       // the first tap
  int64_t length;    // positions and taps
};

/// Each row of the kernel that lies on the map, for each output position, in their order.
std::vector<Run> runs_of(const Shape& shape) {
  const auto& [y, x] = shape;
  std::vector<Run> runs;
  for (int64_t row = 0; row < y.output(); ++row) {
    for (int64_t column = 0; column < x.output(); ++column) {
      const auto [top, bottom] = y.taps(row);
      const auto [left, right] = x.taps(column);
      for (int64_t ky = top; ky < bottom && left < right; ++ky) {
        const int64_t input = (y.start(row) + ky) * x.input + x.start(column) + left;
        runs.push_back({row * x.output() + column, input, ky * x.kernel + left, right - left});
      }
    }
  }
  return runs;
}

/// The same with runs of one tap each.
std::vector<Run> pairs_of(const Shape& shape) {
  std::vector<Run> pairs;
  for (const Run& run : runs_of(shape)) {
    for (int64_t i = 0; i < run.length; ++i) pairs.push_back({run.position, run.input + i, run.tap + i, 1});
  }
  return pairs;
}

at::Tensor channels_first(const at::Tensor& x) { return x.permute({0, 3, 1, 2}); }

/// Values as they lie in channels-last layout, `[first dimension, all others]`: no copy where they lie so already.
at::Tensor rows_of(const at::Tensor& x) { return x.permute({0, 2, 3, 1}).reshape({x.size(0), -1}); }

/// Rows as the channels-last tensor of `like`'s shape.
at::Tensor map_of(const at::Tensor& rows, const at::Tensor& like) {
  return channels_first(rows.view({like.size(0), like.size(2), like.size(3), like.size(1)}));
}

/// Calls `body(from, count)` for parts of the channels, a thread each. Neither gradients nor profiles follow what it does: in a
/// profile the threads' times would add up.
template <typename Body>
void by_channels(int64_t channels, Body body) {
  const int64_t most = std::max<int64_t>(1, channels / kLeastChannels);
  in_parts(static_cast<int>(std::min<int64_t>(at::get_num_threads(), most)), [&](int part, int parts) {
    const at::AutoDispatchBelowADInplaceOrView ungraded;
    const at::RecordFunctionGuard unrecorded(false);
    const int64_t from = channels * part / parts;
    body(from, channels * (part + 1) / parts - from);
  });
}

/// Adds bfloat16 values to float32 ones.
void accumulate(float* total, const at::BFloat16* values, int64_t count, bool first) {
  if (first) {
    for (int64_t i = 0; i < count; ++i) total[i] = static_cast<float>(values[i]);
  } else {
    for (int64_t i = 0; i < count; ++i) total[i] += static_cast<float>(values[i]);
  }
}

/// Writes products to parts of a tensor, by index: the first overwrites, those after it add, and parts without any become zeros.
class Sums {
 public:
  explicit Sums(int64_t parts) : started_(static_cast<size_t>(parts)), totals_(static_cast<size_t>(parts)) {}

  void add(int64_t index, at::Tensor part, const at::Tensor& a, const at::Tensor& b) {
    const auto slot = static_cast<size_t>(index);
    const bool first = !started_[slot];
    started_[slot] = true;
    if (part.scalar_type() != at::kBFloat16) {
      part.addmm_(a, b, first ? 0 : 1);
      return;
    }
    if (!product_.defined()) product_ = at::empty(part.sizes(), part.options());
    at::mm_out(product_, a, b);
    if (first) totals_[slot] = at::empty(part.sizes(), part.options().dtype(at::kFloat));
    accumulate(totals_[slot].data_ptr<float>(), product_.data_ptr<at::BFloat16>(), product_.numel(), first);
  }

  template <typename Part>
  void finish(Part part) const {
    for (size_t i = 0; i < started_.size(); ++i) {
      if (!started_[i]) part(static_cast<int64_t>(i)).zero_();
      else if (totals_[i].defined()) part(static_cast<int64_t>(i)).copy_(totals_[i]);
    }
  }

 private:
  std::vector<bool> started_;
  /// In float32, for parts in bfloat16.
  std::vector<at::Tensor> totals_;
  at::Tensor product_;
};

struct PositionConv : torch::autograd::Function<PositionConv> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, at::IntArrayRef stride,
                            at::IntArrayRef padding) {
    const Shape shape(x, weight, stride, padding);
    const int64_t in = x.size(1), out = weight.size(0);
    const at::Tensor inputs = rows_of(x), taps = rows_of(weight);
    const at::Tensor result =
        at::empty({x.size(0), out, shape.y.output(), shape.x.output()}, x.options().memory_format(at::MemoryFormat::ChannelsLast));
    const at::Tensor maps = rows_of(result);
    const auto runs = runs_of(shape);
    by_channels(out, [&](int64_t from, int64_t count) {
      const auto part = [&](int64_t position) { return maps.narrow(1, position * out + from, count); };
      const at::Tensor own = taps.narrow(0, from, count);
      Sums sums(shape.positions());
      for (const auto& [position, input, tap, length] : runs) {
        sums.add(position, part(position), inputs.narrow(1, input * in, length * in), own.narrow(1, tap * in, length * in).t());
      }
      sums.finish(part);
    });
    ctx->save_for_backward({x, weight});
    ctx->saved_data["stride"] = stride;
    ctx->saved_data["padding"] = padding;
    return result;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    RECORD_FUNCTION("unlabel::position_conv2d_backward", c10::ArrayRef<const c10::IValue>{});
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const auto stride = ctx->saved_data["stride"].toIntVector(), padding = ctx->saved_data["padding"].toIntVector();
    const bool needs_x = ctx->needs_input_grad(0), needs_weight = ctx->needs_input_grad(1);
    if (at::GradMode::is_enabled()) {
      // Somebody wants derivatives of these gradients, which LibTorch's own operator has.
      const auto [dx, dw, none] = at::convolution_backward(grads[0], x, weight, std::nullopt, stride, padding, {1, 1}, false, {0, 0}, 1,
                                                           {needs_x, needs_weight, false});
      return {dx, dw, at::Tensor(), at::Tensor()};
    }
    const Shape shape(x, weight, stride, padding);
    const int64_t in = x.size(1), out = weight.size(0);
    const at::Tensor maps = rows_of(grads[0].contiguous(at::MemoryFormat::ChannelsLast));
    auto pairs = pairs_of(shape);
    at::Tensor dx, dw;
    if (needs_x) {
      const at::Tensor taps = rows_of(weight);
      const at::Tensor rows = at::empty({x.size(0), x.numel() / x.size(0)}, x.options());
      by_channels(in, [&](int64_t from, int64_t count) {
        const auto part = [&](int64_t input) { return rows.narrow(1, input * in + from, count); };
        Sums sums(shape.y.input * shape.x.input);
        for (const auto& [position, input, tap, length] : pairs) {
          sums.add(input, part(input), maps.narrow(1, position * out, out), taps.narrow(1, tap * in + from, count));
        }
        sums.finish(part);
      });
      dx = map_of(rows, x);
    }
    if (needs_weight) {
      const at::Tensor inputs = rows_of(x);
      const at::Tensor rows = at::empty({out, weight.numel() / out}, x.options());
      // By taps, so that the sums of one stay in the cache.
      std::stable_sort(pairs.begin(), pairs.end(), [](const Run& a, const Run& b) { return a.tap < b.tap; });
      by_channels(out, [&](int64_t from, int64_t count) {
        const auto part = [&](int64_t tap) { return rows.narrow(0, from, count).narrow(1, tap * in, in); };
        Sums sums(shape.taps());
        for (const auto& [position, input, tap, length] : pairs) {
          sums.add(tap, part(tap), maps.narrow(1, position * out + from, count).t(), inputs.narrow(1, input * in, in));
        }
        sums.finish(part);
      });
      dw = map_of(rows, weight);
    }
    return {dx, dw, at::Tensor(), at::Tensor()};
  }
};

at::Tensor position_conv2d(const at::Tensor& x, const at::Tensor& weight, at::IntArrayRef stride, at::IntArrayRef padding) {
  TORCH_CHECK(x.dim() == 4 && x.numel() > 0, "Expected maps [B, C, H, W] that are not empty, got ", x.sizes());
  TORCH_CHECK(weight.dim() == 4 && weight.numel() > 0 && weight.size(1) == x.size(1), "Expected weights [out, ", x.size(1),
              ", height, width], got ", weight.sizes());
  const auto type = x.scalar_type();
  const bool known = type == at::kFloat || type == at::kDouble || type == at::kBFloat16;
  TORCH_CHECK(x.is_cpu() && weight.is_cpu() && known && type == weight.scalar_type(),
              "Expected maps and weights of float32, float64 or bfloat16 on the CPU, got ", x.scalar_type(), " on ", x.device(), " and ",
              weight.scalar_type(), " on ", weight.device());
  TORCH_CHECK(stride.size() == 2 && padding.size() == 2, "Expected two numbers for stride and padding, got ", stride, " and ", padding);
  for (int axis = 0; axis < 2; ++axis) {
    TORCH_CHECK(stride[axis] > 0 && padding[axis] >= 0 && padding[axis] <= kMostPadding, "Expected a stride above 0 and a padding of 0 to ",
                kMostPadding, ", got ", stride, " and ", padding);
    TORCH_CHECK(x.size(2 + axis) + 2 * padding[axis] >= weight.size(2 + axis), "Expected a kernel of at most the padded map, got ",
                weight.sizes(), " on ", x.sizes(), " with padding ", padding);
  }
  return PositionConv::apply(x, weight, stride, padding);
}

/// The same where autocast is on: in its number format, as LibTorch's own convolutions.
at::Tensor position_conv2d_autocast(const at::Tensor& x, const at::Tensor& weight, at::IntArrayRef stride, at::IntArrayRef padding) {
  const c10::impl::ExcludeDispatchKeyGuard once(c10::DispatchKey::AutocastCPU);
  const auto type = at::autocast::get_autocast_dtype(at::kCPU);
  const auto cast = [&](const at::Tensor& tensor) { return at::autocast::cached_cast(type, tensor, at::kCPU); };
  return position_conv2d(cast(x), cast(weight), stride, padding);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(unlabel, library) {
  library.def("position_conv2d(Tensor x, Tensor weight, int[2] stride=1, int[2] padding=0) -> Tensor", &position_conv2d);
}

TORCH_LIBRARY_IMPL(unlabel, AutocastCPU, library) { library.impl("position_conv2d", &position_conv2d_autocast); }

}  // namespace unlabel
