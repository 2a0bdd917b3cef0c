// What is not an operator: typed arrays in and out, metadata, lifetimes.
#include "tensors.h"

#include <ATen/ATen.h>

#include <cstring>

#include "convert.h"
#include "errors.h"
#include "handles.h"

namespace unlabel {
namespace {

const at::Tensor& arg(const Napi::CallbackInfo& info, size_t i) {
  if (!info[i].IsNumber()) throw std::invalid_argument("Expected a tensor, got " + describe(info[i]));
  return at_handle(info[i].As<Napi::Number>().DoubleValue());
}

std::vector<int64_t> shape_arg(const Napi::Value& value) {
  if (!value.IsArray()) throw std::invalid_argument("Expected an array for shape, got " + describe(value));
  ArgKind kind;
  kind.base = ArgKind::Base::Int;
  kind.list = true;
  kind.name = "shape";
  kind.type = "int[]";
  return to_ivalue(value, kind).toIntVector();
}

/// from(view, shape, dtype): copies the bytes of a typed array or Buffer.
Napi::Value from(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    if (!info[0].IsTypedArray()) throw std::invalid_argument("Expected a typed array for data, got " + describe(info[0]));
    const auto view = info[0].As<Napi::TypedArray>();
    const auto shape = shape_arg(info[1]);
    const auto dtype = dtype_from(info[2].ToString().Utf8Value());
    int64_t count = 1;
    for (const int64_t n : shape) {
      if (n < 0) throw std::invalid_argument("Expected sizes of 0 or more for shape, got " + std::to_string(n));
      if (__builtin_mul_overflow(count, n, &count)) throw std::invalid_argument("Expected a shape that fits in memory");
    }
    const size_t bytes = static_cast<size_t>(count) * c10::elementSize(dtype);
    if (bytes != view.ByteLength()) {
      throw std::invalid_argument("Expected " + std::to_string(bytes) + " bytes for data of that shape and dtype, got " +
                                  std::to_string(view.ByteLength()));
    }
    at::Tensor t = at::empty(shape, at::TensorOptions().dtype(dtype));
    if (bytes > 0) {
      const auto* data = static_cast<const char*>(view.ArrayBuffer().Data()) + view.ByteOffset();
      std::memcpy(t.mutable_data_ptr(), data, bytes);
    }
    return Napi::Number::New(info.Env(), keep(std::move(t)));
  });
}

/// bytes(handle): a copy of the elements in row-major order, as an ArrayBuffer.
Napi::Value bytes(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const at::Tensor t = arg(info, 0).detach().to(at::kCPU).resolve_conj().resolve_neg().contiguous();
    Napi::ArrayBuffer out = Napi::ArrayBuffer::New(info.Env(), t.nbytes());
    if (t.nbytes() > 0) std::memcpy(out.Data(), t.const_data_ptr(), t.nbytes());
    return out;
  });
}

Napi::Value shape(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto sizes = arg(info, 0).sizes();
    Napi::Array out = Napi::Array::New(info.Env(), sizes.size());
    for (size_t i = 0; i < sizes.size(); ++i) out.Set(static_cast<uint32_t>(i), static_cast<double>(sizes[i]));
    return out;
  });
}

Napi::Value dtype(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value { return Napi::String::New(info.Env(), dtype_name(arg(info, 0).scalar_type())); });
}

Napi::Value device(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value { return Napi::String::New(info.Env(), arg(info, 0).device().str()); });
}

Napi::Value is_contiguous(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const bool channels_last = info[1].ToString().Utf8Value() == "channels_last";
    const auto format = channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    return Napi::Boolean::New(info.Env(), arg(info, 0).is_contiguous(format));
  });
}

Napi::Value alive(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    try {
      arg(info, 0);
      return Napi::Boolean::New(info.Env(), true);
    } catch (const std::invalid_argument&) {
      return Napi::Boolean::New(info.Env(), false);
    }
  });
}

/// free(handle | handles)
Napi::Value free_handles(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    if (info[0].IsArray()) {
      const auto array = info[0].As<Napi::Array>();
      for (uint32_t i = 0; i < array.Length(); ++i) {
        const Napi::Value item = array[i];
        if (item.IsNumber()) release(item.As<Napi::Number>().DoubleValue());
      }
    } else if (info[0].IsNumber()) {
      release(info[0].As<Napi::Number>().DoubleValue());
    }
    return info.Env().Undefined();
  });
}

Napi::Value memory(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const HandleStats stats = handle_stats();
    Napi::Object out = Napi::Object::New(info.Env());
    out.Set("liveTensors", static_cast<double>(stats.tensors));
    out.Set("liveBytes", static_cast<double>(stats.bytes));
    return out;
  });
}

/// external(bytes): tells V8 of memory that it cannot see, so that it collects in time. Negative gives back.
Napi::Value external(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    return Napi::Number::New(
        info.Env(), static_cast<double>(Napi::MemoryManagement::AdjustExternalMemory(
                        info.Env(), info[0].As<Napi::Number>().Int64Value())));
  });
}

Napi::Value nbytes(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const at::Tensor& t = arg(info, 0);
    return Napi::Number::New(info.Env(), t.layout() == at::kStrided && !t.is_meta() ? static_cast<double>(t.nbytes()) : 0);
  });
}

}  // namespace

void export_tensors(Napi::Env env, Napi::Object exports) {
  exports.Set("from", Napi::Function::New(env, from, "from"));
  exports.Set("bytes", Napi::Function::New(env, bytes, "bytes"));
  exports.Set("shape", Napi::Function::New(env, shape, "shape"));
  exports.Set("dtype", Napi::Function::New(env, dtype, "dtype"));
  exports.Set("device", Napi::Function::New(env, device, "device"));
  exports.Set("isContiguous", Napi::Function::New(env, is_contiguous, "isContiguous"));
  exports.Set("alive", Napi::Function::New(env, alive, "alive"));
  exports.Set("free", Napi::Function::New(env, free_handles, "free"));
  exports.Set("memory", Napi::Function::New(env, memory, "memory"));
  exports.Set("external", Napi::Function::New(env, external, "external"));
  exports.Set("nbytes", Napi::Function::New(env, nbytes, "nbytes"));
}

}  // namespace unlabel
