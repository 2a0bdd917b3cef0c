// JavaScript ↔ IValue, directed by the operator's schema.
#include "convert.h"

#include <ATen/core/List.h>
#include <ATen/core/jit_type.h>

#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "handles.h"

namespace unlabel {
namespace {

using Base = ArgKind::Base;

constexpr double kMaxSafe = 9007199254740991.0;

const std::array<std::pair<const char*, at::ScalarType>, 15> kDTypes{{
    {"float32", at::kFloat},
    {"float64", at::kDouble},
    {"float16", at::kHalf},
    {"bfloat16", at::kBFloat16},
    {"uint8", at::kByte},
    {"int8", at::kChar},
    {"int16", at::kShort},
    {"int32", at::kInt},
    {"int64", at::kLong},
    {"bool", at::kBool},
    {"complex64", at::kComplexFloat},
    {"complex128", at::kComplexDouble},
    {"uint16", at::kUInt16},
    {"uint32", at::kUInt32},
    {"uint64", at::kUInt64},
}};

[[noreturn]] void refuse(const ArgKind& kind, const std::string& expected, const Napi::Value& value) {
  throw std::invalid_argument("Expected " + expected + " for " + kind.name + ", got " + describe(value));
}

double number(const Napi::Value& value, const ArgKind& kind, const char* expected) {
  if (!value.IsNumber()) refuse(kind, expected, value);
  return value.As<Napi::Number>().DoubleValue();
}

int64_t integer(const Napi::Value& value, const ArgKind& kind) {
  if (value.IsBigInt()) {
    bool lossless = false;
    const int64_t big = value.As<Napi::BigInt>().Int64Value(&lossless);
    if (!lossless) refuse(kind, "a 64-bit integer", value);
    return big;
  }
  const double n = number(value, kind, "an integer");
  if (n != std::floor(n) || std::abs(n) > kMaxSafe) refuse(kind, "an integer", value);
  return static_cast<int64_t>(n);
}

at::Scalar scalar(const Napi::Value& value, const ArgKind& kind) {
  if (value.IsBoolean()) return at::Scalar(value.As<Napi::Boolean>().Value());
  if (value.IsBigInt()) return at::Scalar(integer(value, kind));
  const double n = number(value, kind, "a number or boolean");
  // JavaScript has one number type: whole numbers stand for integers, so that integer tensors keep their dtype.
  if (n == std::floor(n) && std::abs(n) <= kMaxSafe) return at::Scalar(static_cast<int64_t>(n));
  return at::Scalar(n);
}

std::string text(const Napi::Value& value, const ArgKind& kind, const char* expected) {
  if (!value.IsString()) refuse(kind, expected, value);
  return value.As<Napi::String>().Utf8Value();
}

const at::Tensor& tensor(const Napi::Value& value, const ArgKind& kind) {
  const double handle = number(value, kind, "a tensor");
  try {
    return at_handle(handle);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument("Expected a live tensor for " + kind.name + ": " + error.what());
  }
}

at::Device device(const Napi::Value& value, const ArgKind& kind) {
  const std::string name = text(value, kind, "a device such as \"cpu\" or \"cuda:0\"");
  try {
    return at::Device(name);
  } catch (const c10::Error&) {
    refuse(kind, "a device such as \"cpu\" or \"cuda:0\"", value);
  }
}

at::MemoryFormat memory_format(const Napi::Value& value, const ArgKind& kind) {
  const char* expected = "\"contiguous\", \"channels_last\" or \"preserve\"";
  const std::string name = text(value, kind, expected);
  if (name == "contiguous") return at::MemoryFormat::Contiguous;
  if (name == "channels_last") return at::MemoryFormat::ChannelsLast;
  if (name == "preserve") return at::MemoryFormat::Preserve;
  refuse(kind, expected, value);
}

c10::IValue single(const Napi::Value& value, const ArgKind& kind) {
  switch (kind.base) {
    case Base::Tensor:
      return tensor(value, kind);
    case Base::Scalar:
      return scalar(value, kind);
    case Base::Int:
      return integer(value, kind);
    case Base::Float:
      return number(value, kind, "a number");
    case Base::Bool:
      if (!value.IsBoolean()) refuse(kind, "true or false", value);
      return value.As<Napi::Boolean>().Value();
    case Base::Str:
      return text(value, kind, "a string");
    case Base::DType: {
      const std::string name = text(value, kind, "a dtype such as \"float32\"");
      try {
        return dtype_from(name);
      } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(std::string(error.what()) + " for " + kind.name);
      }
    }
    case Base::Device:
      return device(value, kind);
    case Base::MemoryFormat:
      return memory_format(value, kind);
    case Base::Layout:
      if (text(value, kind, "\"strided\"") != "strided") refuse(kind, "\"strided\"", value);
      return at::kStrided;
    case Base::Generator:
    case Base::Other:
      break;
  }
  throw std::invalid_argument("Expected null for " + kind.name + ": arguments of type " + kind.type + " are not supported");
}

template <typename T, typename Convert>
c10::IValue list_of(const Napi::Array& array, Convert convert) {
  c10::List<T> list;
  list.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) list.push_back(convert(Napi::Value(array[i])));
  return list;
}

c10::IValue list(const Napi::Value& value, const ArgKind& kind) {
  const Napi::Env env = value.Env();
  Napi::Array array;
  if (value.IsArray()) {
    array = value.As<Napi::Array>();
  } else if (kind.broadcast > 0 && (value.IsNumber() || value.IsBigInt())) {
    array = Napi::Array::New(env, kind.broadcast);
    for (int64_t i = 0; i < kind.broadcast; ++i) array.Set(static_cast<uint32_t>(i), value);
  } else {
    refuse(kind, "an array (" + kind.type + ")", value);
  }
  switch (kind.base) {
    case Base::Tensor:
      if (kind.optional_item) {
        return list_of<std::optional<at::Tensor>>(array, [&](const Napi::Value& v) -> std::optional<at::Tensor> {
          if (v.IsNull() || v.IsUndefined()) return std::nullopt;
          return tensor(v, kind);
        });
      }
      return list_of<at::Tensor>(array, [&](const Napi::Value& v) { return tensor(v, kind); });
    case Base::Int:
      return list_of<int64_t>(array, [&](const Napi::Value& v) { return integer(v, kind); });
    case Base::Float:
      return list_of<double>(array, [&](const Napi::Value& v) { return number(v, kind, "a number"); });
    case Base::Bool:
      return list_of<bool>(array, [&](const Napi::Value& v) {
        if (!v.IsBoolean()) refuse(kind, "true or false", v);
        return v.As<Napi::Boolean>().Value();
      });
    case Base::Scalar:
      return list_of<at::Scalar>(array, [&](const Napi::Value& v) { return scalar(v, kind); });
    default:
      throw std::invalid_argument("arguments of type " + kind.type + " (" + kind.name + ") are not supported");
  }
}

Base base_of(const c10::Type& type) {
  switch (type.kind()) {
    case c10::TypeKind::TensorType:
      return Base::Tensor;
    case c10::TypeKind::NumberType:
      return Base::Scalar;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      return Base::Int;
    case c10::TypeKind::FloatType:
      return Base::Float;
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType:
      return Base::Bool;
    case c10::TypeKind::StringType:
      return Base::Str;
    case c10::TypeKind::ScalarTypeType:
      return Base::DType;
    case c10::TypeKind::DeviceObjType:
      return Base::Device;
    case c10::TypeKind::LayoutType:
      return Base::Layout;
    case c10::TypeKind::MemoryFormatType:
      return Base::MemoryFormat;
    case c10::TypeKind::GeneratorType:
      return Base::Generator;
    default:
      return Base::Other;
  }
}

Napi::Value from_int(Napi::Env env, int64_t n) {
  if (std::abs(static_cast<double>(n)) <= kMaxSafe) return Napi::Number::New(env, static_cast<double>(n));
  return Napi::BigInt::New(env, n);
}

}  // namespace

ArgKind kind_of(const c10::Argument& argument) {
  ArgKind kind;
  kind.name = argument.name();
  kind.type = argument.real_type()->str();
  const c10::Type* type = argument.real_type().get();
  if (type->kind() == c10::TypeKind::OptionalType) {
    kind.optional = true;
    type = type->containedType(0).get();
  }
  if (type->kind() == c10::TypeKind::ListType) {
    kind.list = true;
    kind.broadcast = argument.N().value_or(0);
    type = type->containedType(0).get();
    if (type->kind() == c10::TypeKind::OptionalType) {
      kind.optional_item = true;
      type = type->containedType(0).get();
    }
  }
  kind.base = base_of(*type);
  return kind;
}

c10::IValue to_ivalue(const Napi::Value& value, const ArgKind& kind) {
  if (value.IsNull() || value.IsUndefined()) {
    if (!kind.optional) refuse(kind, kind.base == Base::Tensor && !kind.list ? "a tensor" : kind.type, value);
    return c10::IValue();
  }
  return kind.list ? list(value, kind) : single(value, kind);
}

Napi::Value from_ivalue(Napi::Env env, const c10::IValue& value) {
  if (value.isTensor()) {
    const at::Tensor& t = value.toTensor();
    if (!t.defined()) return env.Null();
    return Napi::Number::New(env, keep(t));
  }
  if (value.isNone()) return env.Null();
  if (value.isBool()) return Napi::Boolean::New(env, value.toBool());
  if (value.isInt()) return from_int(env, value.toInt());
  if (value.isDouble()) return Napi::Number::New(env, value.toDouble());
  if (value.isString()) return Napi::String::New(env, value.toStringRef());
  if (value.isSymInt()) return from_int(env, value.toSymInt().guard_int(__FILE__, __LINE__));
  if (value.isDevice()) return Napi::String::New(env, value.toDevice().str());
  if (value.isList()) {
    const auto items = value.toListRef();
    Napi::Array array = Napi::Array::New(env, items.size());
    for (size_t i = 0; i < items.size(); ++i) array.Set(static_cast<uint32_t>(i), from_ivalue(env, items[i]));
    return array;
  }
  throw std::invalid_argument("a result of type " + value.tagKind() + " has no JavaScript form");
}

at::ScalarType dtype_from(const std::string& name) {
  for (const auto& [key, dtype] : kDTypes) {
    if (name == key) return dtype;
  }
  std::string known;
  for (const auto& [key, dtype] : kDTypes) known += (known.empty() ? "" : ", ") + std::string(key);
  throw std::invalid_argument("Expected a dtype (" + known + "), got \"" + name + "\"");
}

std::string dtype_name(at::ScalarType dtype) {
  for (const auto& [key, value] : kDTypes) {
    if (value == dtype) return key;
  }
  return c10::toString(dtype);
}

std::string describe(const Napi::Value& value) {
  if (value.IsUndefined()) return "undefined";
  if (value.IsNull()) return "null";
  if (value.IsString()) {
    const std::string text = value.As<Napi::String>().Utf8Value();
    return "\"" + (text.size() > 80 ? text.substr(0, 80) + "…" : text) + "\"";
  }
  if (value.IsNumber() || value.IsBoolean()) return value.ToString().Utf8Value();
  if (value.IsBigInt()) return "a bigint";
  if (value.IsArray()) return "an array of " + std::to_string(value.As<Napi::Array>().Length());
  if (value.IsFunction()) return "a function";
  if (value.IsSymbol()) return "a symbol";
  return "an object";
}

}  // namespace unlabel
