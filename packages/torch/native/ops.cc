// Any ATen operator by name: the schema looked up once, one boxed call each time after.
#include "ops.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <deque>
#include <sstream>
#include <unordered_map>

#include "convert.h"
#include "errors.h"
#include "heap.h"
#include "lists.h"

namespace unlabel {
namespace {

struct Operator {
  c10::OperatorHandle handle;
  std::vector<ArgKind> kinds;
  ListRule rule = nullptr;
};

// Leaked on purpose, like the slot table: used until the process ends. A deque, since converting an argument may run
// JavaScript (a getter) that looks up another operator: entries must not move.
std::deque<Operator>& operators() {
  static auto* list = new std::deque<Operator>();
  return *list;
}

std::unordered_map<std::string, uint32_t>& operator_ids() {
  static auto* map = new std::unordered_map<std::string, uint32_t>();
  return *map;
}

/// "aten::add.Tensor" → ("aten::add", "Tensor").
c10::OperatorName split(const std::string& full) {
  const auto dot = full.find('.');
  return dot == std::string::npos ? c10::OperatorName(full, "") : c10::OperatorName(full.substr(0, dot), full.substr(dot + 1));
}

Napi::Value default_value(Napi::Env env, const c10::Argument& argument, const ArgKind& kind) {
  const c10::IValue& value = *argument.default_value();
  // The schema stores these as integers; people write names.
  if (kind.base == ArgKind::Base::DType && value.isInt()) {
    return Napi::String::New(env, dtype_name(static_cast<at::ScalarType>(value.toInt())));
  }
  if (kind.base == ArgKind::Base::MemoryFormat && value.isInt()) {
    switch (static_cast<at::MemoryFormat>(value.toInt())) {
      case at::MemoryFormat::ChannelsLast:
        return Napi::String::New(env, "channels_last");
      case at::MemoryFormat::Preserve:
        return Napi::String::New(env, "preserve");
      default:
        return Napi::String::New(env, "contiguous");
    }
  }
  if (kind.base == ArgKind::Base::Layout && value.isInt()) return Napi::String::New(env, "strided");
  return from_ivalue(env, value);
}

Napi::Object schema_object(Napi::Env env, const c10::FunctionSchema& schema) {
  Napi::Object out = Napi::Object::New(env);
  Napi::Array args = Napi::Array::New(env, schema.arguments().size());
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    const ArgKind kind = kind_of(argument);
    Napi::Object arg = Napi::Object::New(env);
    arg.Set("name", argument.name());
    arg.Set("type", kind.type);
    arg.Set("keyword", argument.kwarg_only());
    if (kind.broadcast > 0) arg.Set("broadcast", Napi::Number::New(env, static_cast<double>(kind.broadcast)));
    if (argument.default_value().has_value()) arg.Set("default", default_value(env, argument, kind));
    args.Set(static_cast<uint32_t>(i), arg);
  }
  Napi::Array returns = Napi::Array::New(env, schema.returns().size());
  for (size_t i = 0; i < schema.returns().size(); ++i) {
    Napi::Object ret = Napi::Object::New(env);
    ret.Set("name", schema.returns()[i].name());
    ret.Set("type", schema.returns()[i].real_type()->str());
    const auto* alias = schema.returns()[i].alias_info();
    ret.Set("inPlace", alias != nullptr && alias->isWrite());
    returns.Set(static_cast<uint32_t>(i), ret);
  }
  std::ostringstream text;
  text << schema;
  out.Set("text", text.str());
  out.Set("args", args);
  out.Set("returns", returns);
  return out;
}

/// op(name) → { id, text, args, returns }
Napi::Value op(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    if (!info[0].IsString()) throw std::invalid_argument("Expected an operator's name, got " + describe(info[0]));
    const std::string name = info[0].As<Napi::String>().Utf8Value();
    auto found = operator_ids().find(name);
    if (found == operator_ids().end()) {
      auto handle = c10::Dispatcher::singleton().findSchema(split(name));
      if (!handle.has_value()) throw std::invalid_argument("LibTorch has no operator \"" + name + "\"");
      Operator entry{*handle, {}, list_rule(name)};
      for (const c10::Argument& argument : handle->schema().arguments()) entry.kinds.push_back(kind_of(argument));
      operators().push_back(std::move(entry));
      found = operator_ids().emplace(name, static_cast<uint32_t>(operators().size() - 1)).first;
    }
    Napi::Object out = schema_object(info.Env(), operators()[found->second].handle.schema());
    out.Set("id", Napi::Number::New(info.Env(), found->second));
    return out;
  });
}

/// call(id, ...args) → the single result, or an array of several
Napi::Value call(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const double id = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
    if (!(id >= 0) || id >= static_cast<double>(operators().size())) throw std::invalid_argument("unknown operator id");
    const Operator& entry = operators()[static_cast<size_t>(id)];
    if (info.Length() != entry.kinds.size() + 1) throw std::invalid_argument("wrong number of arguments");
    c10::Stack stack;
    stack.reserve(std::max(entry.kinds.size(), entry.handle.schema().returns().size()));
    for (size_t i = 0; i < entry.kinds.size(); ++i) stack.push_back(to_ivalue(info[i + 1], entry.kinds[i]));
    if (entry.rule != nullptr) entry.rule(entry.handle.schema(), stack);
    entry.handle.callBoxed(stack);
    follow_heap();
    if (stack.empty()) return env.Undefined();
    if (stack.size() == 1) return from_ivalue(env, stack[0]);
    Napi::Array results = Napi::Array::New(env, stack.size());
    for (size_t i = 0; i < stack.size(); ++i) results.Set(static_cast<uint32_t>(i), from_ivalue(env, stack[i]));
    return results;
  });
}

/// schemas() → all operator names that the linked library knows
Napi::Value schemas(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto names = c10::Dispatcher::singleton().getAllOpNames();
    Napi::Array out = Napi::Array::New(info.Env(), names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string full = names[i].overload_name.empty() ? names[i].name : names[i].name + "." + names[i].overload_name;
      out.Set(static_cast<uint32_t>(i), full);
    }
    return out;
  });
}

}  // namespace

void export_ops(Napi::Env env, Napi::Object exports) {
  exports.Set("op", Napi::Function::New(env, op, "op"));
  exports.Set("call", Napi::Function::New(env, call, "call"));
  exports.Set("schemas", Napi::Function::New(env, schemas, "schemas"));
}

}  // namespace unlabel
