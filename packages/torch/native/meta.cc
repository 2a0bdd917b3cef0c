// On the device "meta" tensors have a shape and no values. LibTorch knows the shapes of most results there by itself; those of the operators
// below it has in Python alone, so they are told here. Whatever would have to look at a value (item, nonzero) is left without, and fails.
#include "meta.h"

#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "errors.h"

namespace unlabel {
namespace {

using at::Tensor;
using Maybe = std::optional<Tensor>;
using Three = std::tuple<Tensor, Tensor, Tensor>;
using Mask = std::array<bool, 3>;

Tensor like(const Tensor& x) { return at::empty_like(x); }

Tensor like_if(bool wanted, const Maybe& x) { return wanted && x.has_value() && x->defined() ? like(*x) : Tensor(); }

Tensor convolution(const Tensor& input, const Tensor& weight, const Maybe&, at::IntArrayRef stride, at::IntArrayRef padding,
                   at::IntArrayRef dilation, bool transposed, at::IntArrayRef, int64_t) {
  TORCH_CHECK_NOT_IMPLEMENTED(!transposed, "Expected no transposed convolution on the device meta, got one");
  std::vector<int64_t> sizes{input.size(0), weight.size(0)};
  for (int64_t i = 2; i < input.dim(); ++i) {
    const auto at = static_cast<size_t>(i - 2);
    sizes.push_back((input.size(i) + 2 * padding[at] - dilation[at] * (weight.size(i) - 1) - 1) / stride[at] + 1);
  }
  const bool last = input.dim() == 4 && (input.suggest_memory_format() == at::MemoryFormat::ChannelsLast ||
                                         weight.suggest_memory_format() == at::MemoryFormat::ChannelsLast);
  return at::empty(sizes, input.options(), last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

Three convolution_backward(const Tensor& grad, const Tensor& input, const Tensor& weight, at::IntArrayRef, at::IntArrayRef,
                           at::IntArrayRef, bool, at::IntArrayRef, int64_t, Mask mask) {
  return {like_if(mask[0], input), like_if(mask[1], weight), mask[2] ? at::empty({grad.size(1)}, grad.options()) : Tensor()};
}

Three batch_norm(const Tensor& input, const Maybe&, const Maybe&, const Maybe&, const Maybe&, bool training, double, double) {
  const auto statistics = input.options().dtype(input.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  const int64_t channels = training ? input.size(1) : 0;
  return {like(input), at::empty({channels}, statistics), at::empty({channels}, statistics)};
}

Three batch_norm_backward(const Tensor&, const Tensor& input, const Maybe& weight, const Maybe&, const Maybe&, const Maybe&,
                          const Maybe&, bool, double, Mask mask) {
  return {like_if(mask[0], input), like_if(mask[1], weight), like_if(mask[2], weight)};
}

Three layer_norm_backward(const Tensor&, const Tensor& input, at::IntArrayRef, const Tensor&, const Tensor&, const Maybe& weight,
                          const Maybe& bias, Mask mask) {
  return {like_if(mask[0], input), like_if(mask[1], weight), like_if(mask[2], bias)};
}

/// Of variances and deviations: a sum has the same shape.
Tensor spread(const Tensor& x, at::OptionalIntArrayRef dim, const std::optional<at::Scalar>&, bool keepdim) {
  return at::sum(x, dim.value_or(at::IntArrayRef{}), keepdim);
}

Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index) {
  std::vector<int64_t> sizes = x.sizes().vec();
  if (!sizes.empty()) sizes[static_cast<size_t>(at::maybe_wrap_dim(dim, x.dim()))] = index.numel();
  return at::empty(sizes, x.options());
}

Tensor& index_put(Tensor& x, const c10::List<Maybe>& indices, const Tensor&, bool, bool) {
  for (const Maybe& index : indices) {
    const bool masks = index.has_value() && index->defined() && (index->scalar_type() == at::kBool || index->scalar_type() == at::kByte);
    TORCH_CHECK_NOT_IMPLEMENTED(!masks, "Expected numbers for an index, got a mask, whose ones would have to be counted on the host");
  }
  return x;
}

Tensor loss_backward(const Tensor&, const Tensor& x, const Tensor&, int64_t) { return like(x); }

Tensor& smooth_loss_backward(const Tensor&, const Tensor&, const Tensor&, int64_t, double, Tensor& out) { return out; }

Tensor reflection_pad(const Tensor& x, at::IntArrayRef padding) {
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes[sizes.size() - 1] += padding[0] + padding[1];
  sizes[sizes.size() - 2] += padding[2] + padding[3];
  return at::empty(sizes, x.options());
}

Tensor& fill_number(Tensor& x, const Tensor&, const at::Scalar&) { return x; }

Tensor& fill_tensor(Tensor& x, const Tensor&, const Tensor&) { return x; }

Tensor where(const Tensor& condition, const Tensor& x, const Tensor& other) {
  const auto sizes = at::infer_size(at::infer_size(condition.sizes(), x.sizes()), other.sizes());
  return at::empty(sizes, at::TensorOptions().device(at::kMeta).dtype(at::result_type(x, other)));
}

Tensor& where_out(const Tensor& condition, const Tensor& x, const Tensor& other, Tensor& out) {
  return const_cast<Tensor&>(out.resize_(at::infer_size(at::infer_size(condition.sizes(), x.sizes()), other.sizes())));
}

Tensor relu(const Tensor& x) { return like(x); }

Tensor& same(Tensor& x) { return x; }

Tensor& like_out(const Tensor& x, Tensor& out) { return const_cast<Tensor&>(out.resize_(x.sizes())); }

Tensor& both_out(const Tensor& x, const Tensor& other, Tensor& out) {
  return const_cast<Tensor&>(out.resize_(at::infer_size(x.sizes(), other.sizes())));
}

Tensor average_pool(const Tensor& x, at::IntArrayRef output) {
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes[sizes.size() - 2] = output[0];
  sizes[sizes.size() - 1] = output[1];
  return at::empty(sizes, x.options(), x.dim() == 4 ? x.suggest_memory_format() : at::MemoryFormat::Contiguous);
}

Tensor average_pool_backward(const Tensor&, const Tensor& x) { return like(x); }

Tensor roll(const Tensor& x, at::IntArrayRef, at::IntArrayRef) { return like(x); }

Tensor flip(const Tensor& x, at::IntArrayRef) { return like(x); }

Tensor dot(const Tensor& x, const Tensor&) { return at::empty({}, x.options()); }

/// Of what returns nothing, such as an optimizer's update.
void nothing(const c10::OperatorHandle& op, torch::jit::Stack* stack) { torch::jit::drop(*stack, op.schema().arguments().size()); }

template <typename Kernel>
void tell(torch::Library& library, const std::string& name, Kernel&& kernel) {
  const auto dot_at = name.find('.');
  const c10::OperatorName full("aten::" + name.substr(0, dot_at), dot_at == std::string::npos ? "" : name.substr(dot_at + 1));
  const auto found = c10::Dispatcher::singleton().findSchema(full);
  // Other versions of LibTorch know other shapes.
  if (found.has_value() && !found->hasKernelForDispatchKey(c10::DispatchKey::Meta)) library.impl(name.c_str(), std::forward<Kernel>(kernel));
}

void tell_all() {
  // Leaked on purpose: what it registers stays until the process ends.
  auto& library = *new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
  tell(library, "convolution_overrideable", &convolution);
  tell(library, "convolution_backward_overrideable", &convolution_backward);
  tell(library, "native_batch_norm", &batch_norm);
  tell(library, "native_batch_norm_backward", &batch_norm_backward);
  tell(library, "native_layer_norm_backward", &layer_norm_backward);
  tell(library, "var.correction", &spread);
  tell(library, "std.correction", &spread);
  tell(library, "index_select", &index_select);
  tell(library, "_index_put_impl_", &index_put);
  tell(library, "mse_loss_backward", &loss_backward);
  tell(library, "smooth_l1_loss_backward.grad_input", &smooth_loss_backward);
  tell(library, "reflection_pad2d", &reflection_pad);
  tell(library, "masked_fill_.Scalar", &fill_number);
  tell(library, "masked_fill_.Tensor", &fill_tensor);
  tell(library, "where.self", &where);
  tell(library, "where.self_out", &where_out);
  tell(library, "_adaptive_avg_pool2d", &average_pool);
  tell(library, "_adaptive_avg_pool2d_backward", &average_pool_backward);
  tell(library, "roll", &roll);
  tell(library, "flip", &flip);
  tell(library, "dot", &dot);
  tell(library, "relu", &relu);
  tell(library, "relu_", &same);
  tell(library, "abs.out", &like_out);
  tell(library, "logical_not.out", &like_out);
  tell(library, "logical_and.out", &both_out);
  tell(library, "logical_or.out", &both_out);
  for (const char* name : {"_fused_adam_", "_fused_adamw_", "_fused_sgd_"}) {
    tell(library, name, torch::CppFunction::makeFromBoxedFunction<&nothing>());
  }
}

/// metaShapes(): tells LibTorch the shapes that it lacks; once in a process
Napi::Value meta_shapes(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    static const bool told = (tell_all(), true);
    return Napi::Boolean::New(info.Env(), told);
  });
}

}  // namespace

void export_meta(Napi::Env env, Napi::Object exports) { exports.Set("metaShapes", Napi::Function::New(env, meta_shapes, "metaShapes")); }

}  // namespace unlabel
