// Backward and grad, grad mode, autocast.
#include "autograd.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include "convert.h"
#include "errors.h"
#include "handles.h"
#include "heap.h"

namespace unlabel {
namespace {

const at::Tensor& tensor_arg(const Napi::Value& value, const char* name) {
  if (!value.IsNumber()) throw std::invalid_argument(std::string("Expected a tensor for ") + name + ", got " + describe(value));
  return at_handle(value.As<Napi::Number>().DoubleValue());
}

std::vector<at::Tensor> tensors_arg(const Napi::Value& value, const char* name) {
  if (!value.IsArray()) throw std::invalid_argument(std::string("Expected an array of tensors for ") + name);
  const auto array = value.As<Napi::Array>();
  std::vector<at::Tensor> out;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array[i];
    out.push_back(item.IsNull() ? at::Tensor() : tensor_arg(item, name));
  }
  return out;
}

/// backward(roots, gradients, retainGraph)
Napi::Value backward(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto roots = tensors_arg(info[0], "roots");
    const auto gradients = tensors_arg(info[1], "gradients");
    torch::autograd::backward(roots, gradients, info[2].ToBoolean().Value());
    follow_heap();
    return info.Env().Undefined();
  });
}

/// grad(outputs, inputs, gradOutputs, retainGraph, createGraph) → handles, null where an input was not used
Napi::Value grad(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto grads = torch::autograd::grad(tensors_arg(info[0], "outputs"), tensors_arg(info[1], "inputs"),
                                             tensors_arg(info[2], "gradOutputs"), info[3].ToBoolean().Value(),
                                             info[4].ToBoolean().Value(), /*allow_unused=*/true);
    follow_heap();
    Napi::Array out = Napi::Array::New(info.Env(), grads.size());
    for (size_t i = 0; i < grads.size(); ++i) {
      out.Set(static_cast<uint32_t>(i), from_ivalue(info.Env(), grads[i]));
    }
    return out;
  });
}

Napi::Value requires_grad(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value { return Napi::Boolean::New(info.Env(), tensor_arg(info[0], "tensor").requires_grad()); });
}

Napi::Value set_requires_grad(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const at::Tensor& t = tensor_arg(info[0], "tensor");
    const bool on = info[1].ToBoolean().Value();
    // LibTorch would take the call and change nothing.
    if (!on && !t.is_leaf()) throw std::invalid_argument("Expected a leaf, got the result of an operator; use detach()");
    t.set_requires_grad(on);
    return info.Env().Undefined();
  });
}

Napi::Value is_leaf(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value { return Napi::Boolean::New(info.Env(), tensor_arg(info[0], "tensor").is_leaf()); });
}

Napi::Value get_grad(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value { return from_ivalue(info.Env(), tensor_arg(info[0], "tensor").grad()); });
}

Napi::Value set_grad(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const at::Tensor& t = tensor_arg(info[0], "tensor");
    if (info[1].IsNull()) {
      t.mutable_grad() = at::Tensor();
      return info.Env().Undefined();
    }
    const at::Tensor& grad = tensor_arg(info[1], "grad");
    const auto refuse_grad = [](const std::string& expected, const std::string& found) {
      throw std::invalid_argument("Expected " + expected + " for grad, got " + found);
    };
    // The same checks as PyTorch's: backward and optimizers trust a gradient to be like its tensor.
    if (grad.is_same(t)) refuse_grad("another tensor", "the tensor itself");
    if (grad.sizes() != t.sizes()) refuse_grad("shape " + c10::str(t.sizes()), c10::str(grad.sizes()));
    if (grad.scalar_type() != t.scalar_type()) refuse_grad(dtype_name(t.scalar_type()), dtype_name(grad.scalar_type()));
    if (grad.device() != t.device()) refuse_grad(t.device().str(), grad.device().str());
    t.mutable_grad() = grad;
    return info.Env().Undefined();
  });
}

/// setData(tensor, source): gives a parameter new contents (another dtype, device or layout) and keeps its identity
Napi::Value set_data(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    tensor_arg(info[0], "tensor").set_data(tensor_arg(info[1], "source"));
    return info.Env().Undefined();
  });
}

/// gradMode(on?) → what it was
Napi::Value grad_mode(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const bool was = c10::GradMode::is_enabled();
    if (info[0].IsBoolean()) {
      const bool on = info[0].As<Napi::Boolean>().Value();
      c10::GradMode::set_enabled(on);
      // Autocast's cache holds casts with their graph. Older LibTorch (2.6 does) would put casts without one beside them, and
      // the same weight, used with gradients later in the block, would get none.
      at::autocast::set_autocast_cache_enabled(on);
    }
    return Napi::Boolean::New(info.Env(), was);
  });
}

/// autocast(deviceType, enabled, dtype) → { enabled, dtype } as they were
Napi::Value autocast(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto type = at::Device(info[0].ToString().Utf8Value()).type();
    const auto dtype = dtype_from(info[2].ToString().Utf8Value());
    Napi::Object was = Napi::Object::New(info.Env());
    was.Set("enabled", at::autocast::is_autocast_enabled(type));
    was.Set("dtype", dtype_name(at::autocast::get_autocast_dtype(type)));
    at::autocast::set_autocast_enabled(type, info[1].ToBoolean().Value());
    at::autocast::set_autocast_dtype(type, dtype);
    // Weights cast within the block are cached; they go stale as soon as an optimizer changes the weights.
    at::autocast::clear_cache();
    return was;
  });
}

}  // namespace

void export_autograd(Napi::Env env, Napi::Object exports) {
  exports.Set("backward", Napi::Function::New(env, backward, "backward"));
  exports.Set("grad", Napi::Function::New(env, grad, "grad"));
  exports.Set("requiresGrad", Napi::Function::New(env, requires_grad, "requiresGrad"));
  exports.Set("setRequiresGrad", Napi::Function::New(env, set_requires_grad, "setRequiresGrad"));
  exports.Set("isLeaf", Napi::Function::New(env, is_leaf, "isLeaf"));
  exports.Set("getGrad", Napi::Function::New(env, get_grad, "getGrad"));
  exports.Set("setGrad", Napi::Function::New(env, set_grad, "setGrad"));
  exports.Set("setData", Napi::Function::New(env, set_data, "setData"));
  exports.Set("gradMode", Napi::Function::New(env, grad_mode, "gradMode"));
  exports.Set("autocast", Napi::Function::New(env, autocast, "autocast"));
}

}  // namespace unlabel
