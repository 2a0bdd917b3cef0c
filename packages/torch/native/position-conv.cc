// unlabel::position_conv2d, an operator beside LibTorch's own: convolution over maps of few positions. Each position of the output
// is a sum of matrix products, one a row of the kernel that lies on the map: in channels-last layout what such a row sees, and its
// weights, are slices of the tensors as they are. Nothing is copied or padded, and a product has all images as its rows, where
// oneDNN's kernels have a row of a map that is two or four wide.
#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <array>

namespace unlabel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// One axis of a convolution.
struct Axis {
  int64_t input;
  int64_t kernel;
  int64_t stride;
  int64_t padding;

  int64_t output() const { return (input + 2 * padding - kernel) / stride + 1; }
  /// Where tap 0 lies on the input for an output position: may be outside.
  int64_t start(int64_t position) const { return position * stride - padding; }
  /// The taps that lie on the input for an output position, from `first` to before `last`.
  std::array<int64_t, 2> taps(int64_t position) const {
    return {std::max<int64_t>(0, -start(position)), std::min(kernel, input - start(position))};
  }
};

struct Shape {
  Axis y;
  Axis x;

  Shape(const at::Tensor& map, const at::Tensor& weight, at::IntArrayRef stride, at::IntArrayRef padding)
      : y{map.size(2), weight.size(2), stride[0], padding[0]}, x{map.size(3), weight.size(3), stride[1], padding[1]} {}
};

/// Calls `use(position, input, tap, length)` for each row of the kernel that lies on the map, by positions of the output: the
/// first positions of output and input, the first tap, and how many positions and taps from there.
template <typename Use>
void each_run(const Shape& shape, Use use) {
  const auto& [y, x] = shape;
  for (int64_t position = 0; position < y.output() * x.output(); ++position) {
    const int64_t row = position / x.output(), column = position % x.output();
    const auto [top, bottom] = y.taps(row);
    const auto [first, last] = x.taps(column);
    if (first >= last) continue;
    for (int64_t ky = top; ky < bottom; ++ky) {
      use(position, (y.start(row) + ky) * x.input + x.start(column) + first, ky * x.kernel + first, last - first);
    }
  }
}

/// The output positions of one axis at which a tap lies on the input, and what it sees there: `x` and `y` are channels-last with
/// that axis at `dim`. @return whether there are any
bool narrow_to_tap(const Axis& axis, int64_t tap, int64_t dim, at::Tensor& x, at::Tensor& y) {
  const int64_t count = axis.output();
  int64_t first = 0, last = count;
  while (first < count && axis.start(first) + tap < 0) ++first;
  while (last > first && axis.start(last - 1) + tap >= axis.input) --last;
  if (first == last) return false;
  y = y.slice(dim, first, last);
  x = x.slice(dim, axis.start(first) + tap, axis.start(last - 1) + tap + 1, axis.stride);
  return true;
}

at::Tensor last(const at::Tensor& x) { return x.permute({0, 2, 3, 1}); }
at::Tensor first(const at::Tensor& x) { return x.permute({0, 3, 1, 2}); }

/// Values as they lie in channels-last layout, `[first dimension, all others]`: no copy where they lie so already.
at::Tensor rows_of(const at::Tensor& x) { return last(x).reshape({x.size(0), -1}); }

/// Rows as the channels-last tensor of `like`'s shape.
at::Tensor map_of(const at::Tensor& rows, const at::Tensor& like) {
  return first(rows.view({like.size(0), like.size(2), like.size(3), like.size(1)}));
}

struct PositionConv : torch::autograd::Function<PositionConv> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, at::IntArrayRef stride,
                            at::IntArrayRef padding) {
    const Shape shape(x, weight, stride, padding);
    const int64_t in = x.size(1), out = weight.size(0), rows = shape.y.output(), columns = shape.x.output();
    const at::Tensor inputs = rows_of(x), taps = rows_of(weight);
    const at::Tensor maps = at::empty({x.size(0), rows * columns * out}, x.options());
    int64_t written = 0;  // positions, and the first of them that no product has written to
    each_run(shape, [&](int64_t position, int64_t input, int64_t tap, int64_t length) {
      for (; written < position; ++written) maps.narrow(1, written * out, out).zero_();
      const double kept = written > position ? 1 : 0;
      written = position + 1;
      maps.narrow(1, position * out, out)
          .addmm_(inputs.narrow(1, input * in, length * in), taps.narrow(1, tap * in, length * in).t(), kept);
    });
    for (; written < rows * columns; ++written) maps.narrow(1, written * out, out).zero_();
    ctx->save_for_backward({x, weight});
    ctx->saved_data["stride"] = stride;
    ctx->saved_data["padding"] = padding;
    return first(maps.view({x.size(0), rows, columns, out}));
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "position_conv2d has no second derivative");
    RECORD_FUNCTION("unlabel::position_conv2d_backward", c10::ArrayRef<const c10::IValue>{});
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const Shape shape(x, weight, ctx->saved_data["stride"].toIntVector(), ctx->saved_data["padding"].toIntVector());
    at::Tensor dx, dw;
    if (ctx->needs_input_grad(0)) dx = input_grad(shape, x, weight, grads[0]);
    if (ctx->needs_input_grad(1)) dw = weight_grad(shape, x, weight, grads[0]);
    return {dx, dw, at::Tensor(), at::Tensor()};
  }

  static at::Tensor input_grad(const Shape& shape, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& grad) {
    const int64_t in = x.size(1), out = weight.size(0);
    const at::Tensor taps = rows_of(weight), maps = rows_of(grad);
    const at::Tensor dx = at::zeros({x.size(0), x.numel() / x.size(0)}, x.options());
    each_run(shape, [&](int64_t position, int64_t input, int64_t tap, int64_t length) {
      dx.narrow(1, input * in, length * in).addmm_(maps.narrow(1, position * out, out), taps.narrow(1, tap * in, length * in));
    });
    return map_of(dx, x);
  }

  /// Weights are larger than maps here: each is written once, by a product over all positions that its tap sees.
  static at::Tensor weight_grad(const Shape& shape, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& grad) {
    const int64_t in = x.size(1), out = weight.size(0);
    const at::Tensor dw = at::empty({out, weight.numel() / out}, x.options());
    for (int64_t tap = 0; tap < shape.y.kernel * shape.x.kernel; ++tap) {
      at::Tensor slice = dw.narrow(1, tap * in, in), seen = last(x), maps = last(grad);
      const bool any = narrow_to_tap(shape.y, tap / shape.x.kernel, 1, seen, maps) &&
                       narrow_to_tap(shape.x, tap % shape.x.kernel, 2, seen, maps);
      if (any) {
        slice.addmm_(maps.reshape({-1, out}).t(), seen.reshape({-1, in}), 0);
      } else {
        slice.zero_();
      }
    }
    return map_of(dw, weight);
  }
};

at::Tensor position_conv2d(const at::Tensor& x, const at::Tensor& weight, at::IntArrayRef stride, at::IntArrayRef padding) {
  TORCH_CHECK(x.dim() == 4 && x.numel() > 0, "Expected maps [B, C, H, W] that are not empty, got ", x.sizes());
  TORCH_CHECK(weight.dim() == 4 && weight.numel() > 0 && weight.size(1) == x.size(1), "Expected weights [out, ", x.size(1),
              ", height, width], got ", weight.sizes());
  TORCH_CHECK(x.is_cpu() && weight.is_cpu() && at::isFloatingType(x.scalar_type()) && x.scalar_type() == weight.scalar_type(),
              "Expected maps and weights of one floating dtype on the CPU, got ", x.scalar_type(), " and ", weight.scalar_type());
  for (int axis = 0; axis < 2; ++axis) {
    TORCH_CHECK(stride[axis] > 0 && padding[axis] >= 0, "Expected a stride above 0 and a padding of 0 or more, got ", stride, " and ", padding);
    TORCH_CHECK(x.size(2 + axis) + 2 * padding[axis] >= weight.size(2 + axis), "Expected a kernel of at most the padded map, got ",
                weight.sizes(), " on ", x.sizes(), " with padding ", padding);
  }
  return PositionConv::apply(x, weight, stride, padding);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(unlabel, library) {
  library.def("position_conv2d(Tensor x, Tensor weight, int[2] stride=1, int[2] padding=0) -> Tensor", &position_conv2d);
}

}  // namespace unlabel
