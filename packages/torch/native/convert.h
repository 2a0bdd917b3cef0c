// Values across the bridge: JavaScript ↔ IValue by schema type, dtype and device names.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <napi.h>

#include <string>

namespace unlabel {

/// One argument's type, read off its schema once.
struct ArgKind {
  enum class Base { Tensor, Scalar, Int, Float, Bool, Str, DType, Device, Layout, MemoryFormat, Generator, Other };
  Base base = Base::Other;
  bool list = false;          // T[]
  bool optional = false;      // T? or T[]?
  bool optional_item = false; // T?[]
  int64_t broadcast = 0;      // int[2]: a single number stands for that many
  std::string name;           // the argument's
  std::string type;           // as the schema prints it
};

ArgKind kind_of(const c10::Argument& argument);

/// Converts one JavaScript value. Throws std::invalid_argument that names argument, type and value.
c10::IValue to_ivalue(const Napi::Value& value, const ArgKind& kind);

/// Tensors become handles (null when undefined), lists arrays, integers numbers (bigint past 2^53).
Napi::Value from_ivalue(Napi::Env env, const c10::IValue& value);

at::ScalarType dtype_from(const std::string& name);
std::string dtype_name(at::ScalarType dtype);
std::string describe(const Napi::Value& value);

}  // namespace unlabel
