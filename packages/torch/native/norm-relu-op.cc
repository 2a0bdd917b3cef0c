// unlabel::batch_norm_relu, an operator beside LibTorch's own: batch normalisation in training, a shortcut's addition and ReLU
// in one. As operators of their own they pass over a map 6 to 8 times forward and 8 backward, and a network of convolutions waits
// for memory about a quarter of its time; here they pass 3 or 4 times forward, 5 to 7 backward.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <optional>

#include "distributed.h"
#include "norm-relu.h"

namespace unlabel {
namespace {

using norm_relu::Half;
using norm_relu::Map;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

template <typename T>
const T* in(const at::Tensor& t) {
  return t.defined() ? static_cast<const T*>(t.const_data_ptr()) : nullptr;
}

template <typename T>
T* out(const at::Tensor& t) {
  return t.defined() ? static_cast<T*>(t.mutable_data_ptr()) : nullptr;
}

const float* floats(const at::Tensor& t) { return in<float>(t); }

/// Runs `body` with the type of `x`'s values.
template <typename Body>
void by_type(const at::Tensor& x, Body body) {
  if (x.scalar_type() == at::kFloat) {
    body(float{});
  } else {
    body(Half{});
  }
}

Map map_of(const at::Tensor& x) { return {x.size(0) * x.size(2) * x.size(3), x.size(1)}; }

void check(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& mean, const at::Tensor& var,
           const std::optional<at::Tensor>& shortcut) {
  TORCH_CHECK(x.dim() == 4 && x.numel() > 0, "Expected a map [B, C, H, W] that is not empty, got ", x.sizes());
  TORCH_CHECK(x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16),
              "Expected float32 or bfloat16 on the CPU, got ", x.scalar_type(), " on ", x.device());
  TORCH_CHECK(x.is_contiguous(at::MemoryFormat::ChannelsLast), "Expected a map in channels-last layout");
  TORCH_CHECK(x.numel() > x.size(1), "Expected more than one value a channel, got ", x.sizes());
  for (const at::Tensor* t : {&weight, &bias, &mean, &var}) {
    TORCH_CHECK(t->is_cpu() && t->scalar_type() == at::kFloat && t->dim() == 1 && t->size(0) == x.size(1) && t->is_contiguous(),
                "Expected float32 values on the CPU for each of ", x.size(1), " channels, got ", t->sizes());
  }
  if (!shortcut) return;
  TORCH_CHECK(shortcut->sizes() == x.sizes() && shortcut->scalar_type() == x.scalar_type() && shortcut->is_cpu(),
              "Expected a shortcut like the map, ", x.sizes(), ", got ", shortcut->sizes());
}

struct NormRelu : torch::autograd::Function<NormRelu> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& running_mean, const at::Tensor& running_var, double momentum, double eps,
                            const std::optional<at::Tensor>& added, bool sync) {
    const Map map = map_of(x);
    const int threads = at::get_num_threads();
    const at::Tensor shortcut = added ? added->contiguous(at::MemoryFormat::ChannelsLast) : at::Tensor();
    at::Tensor mean = at::empty_like(weight), variance = at::empty_like(weight);
    at::Tensor y = at::empty_like(x);
    by_type(x, [&](auto type) {
      using T = decltype(type);
      norm_relu::statistics<T>(map, in<T>(x), out<float>(mean), out<float>(variance), threads);
    });
    // Of one process its own, or of all that share the batch.
    const double own = static_cast<double>(map.rows);
    const double count = sync ? ranks::combine_statistics(mean, variance, own) : own;
    const at::Tensor scale = weight * (variance + eps).rsqrt_();
    const at::Tensor shift = bias - mean * scale;
    by_type(x, [&](auto type) {
      using T = decltype(type);
      norm_relu::forward<T>(map, in<T>(x), in<T>(shortcut), floats(scale), floats(shift), out<T>(y), threads);
    });
    // As LibTorch's own kernel moves them: a pass of another layout that saved them for its backward does not read them there.
    running_mean.variable_data().mul_(1 - momentum).add_(mean, momentum);
    running_var.variable_data().mul_(1 - momentum).add_(variance, momentum * count / (count - 1));
    ctx->save_for_backward({x, weight, mean, variance, scale, shift, shortcut.defined() ? y : at::Tensor()});
    ctx->saved_data["eps"] = eps;
    ctx->saved_data["count"] = count;
    ctx->saved_data["sync"] = sync;
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "batch_norm_relu has no second derivative");
    RECORD_FUNCTION("unlabel::batch_norm_relu_backward", c10::ArrayRef<const c10::IValue>{});
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &variance = saved[3], &scale = saved[4];
    const at::Tensor &shift = saved[5], &y = saved[6];
    const Map map = map_of(x);
    const int threads = at::get_num_threads();
    const at::Tensor grad = grads[0].contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor masked = y.defined() ? at::empty_like(x) : at::Tensor();
    const at::Tensor sum = at::empty_like(weight), dot = at::empty_like(weight);
    const norm_relu::Channels by{floats(mean), floats(scale), floats(shift)};
    by_type(x, [&](auto type) {
      using T = decltype(type);
      norm_relu::sums<T>(map, in<T>(grad), in<T>(x), in<T>(y), by, out<T>(masked), out<float>(sum), out<float>(dot), threads);
    });
    // From the derivative of (x − mean) / √(variance + eps) by x, through mean and variance too.
    const at::Tensor inverse = (variance + ctx->saved_data["eps"].toDouble()).rsqrt_();
    const double count = ctx->saved_data["count"].toDouble();
    at::Tensor all_sum = sum, all_dot = dot;
    if (ctx->saved_data["sync"].toBool()) {
      at::Tensor sums = at::stack({sum, dot}).to(at::kDouble);
      ranks::all_sum(sums);
      all_sum = sums[0].to(at::kFloat);
      all_dot = sums[1].to(at::kFloat);
    }
    const at::Tensor a = scale * all_sum / count;
    const at::Tensor b = scale * inverse * inverse * all_dot / count;
    at::Tensor dx = at::empty_like(x);
    by_type(x, [&](auto type) {
      using T = decltype(type);
      norm_relu::backward<T>(map, in<T>(y.defined() ? masked : grad), in<T>(x), y.defined(), by, floats(a), floats(b), out<T>(dx), threads);
    });
    const at::Tensor none;
    return {dx, dot * inverse, sum, none, none, none, none, masked, none};
  }
};

at::Tensor batch_norm_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& running_mean,
                           const at::Tensor& running_var, double momentum, double eps,
                           const std::optional<at::Tensor>& shortcut, bool sync) {
  check(x, weight, bias, running_mean, running_var, shortcut);
  return NormRelu::apply(x, weight, bias, running_mean, running_var, momentum, eps, shortcut, sync);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(unlabel, library) {
  library.def(
      "batch_norm_relu(Tensor x, Tensor weight, Tensor bias, Tensor(a!) running_mean, Tensor(b!) running_var, float momentum, "
      "float eps, Tensor? shortcut=None, bool sync=False) -> Tensor",
      &batch_norm_relu);
}

}  // namespace unlabel
