// Lists of tensors: as many as there must be, each like its parameter, and laid out as the kernels want them.
#include "lists.h"

#include <ATen/ATen.h>

#include <stdexcept>

namespace unlabel {
namespace {

[[noreturn]] void refuse_list(const std::string& expected, const std::string& name) {
  throw std::invalid_argument("Expected " + expected + " for " + name);
}

/// Whether the n-th element in memory is the same one in both.
bool same_layout(const at::Tensor& a, const at::Tensor& b) {
  if (a.strides() == b.strides()) return true;
  if (a.is_contiguous() && b.is_contiguous()) return true;
  const auto last = at::MemoryFormat::ChannelsLast;
  return a.is_contiguous(last) && b.is_contiguous(last);
}

bool is_single_float(const at::Tensor& t) { return t.defined() && t.numel() == 1 && t.scalar_type() == at::kFloat; }

void check_foreach(const c10::FunctionSchema& schema, std::vector<c10::IValue>& stack) {
  if (!stack[0].isTensorList()) return;
  const size_t count = stack[0].toTensorList().size();
  for (size_t i = 1; i < stack.size(); ++i) {
    if (!stack[i].isTensorList() || stack[i].toTensorList().size() == count) continue;
    refuse_list(std::to_string(count) + " tensors", schema.arguments()[i].name() + ", got " + std::to_string(stack[i].toTensorList().size()));
  }
}

/// Every list matches the parameters one by one.
void check_fused(const c10::FunctionSchema& schema, const std::vector<c10::IValue>& stack) {
  const auto params = stack[0].toTensorVector();
  for (const at::Tensor& param : params) {
    if (param.layout() != at::kStrided || !param.is_non_overlapping_and_dense()) refuse_list("dense tensors", schema.arguments()[0].name());
  }
  for (size_t i = 1; i < stack.size(); ++i) {
    const std::string& name = schema.arguments()[i].name();
    if (stack[i].isTensor() && (name == "grad_scale" || name == "found_inf") && !is_single_float(stack[i].toTensor())) {
      refuse_list("one float32", name);
    }
    if (!stack[i].isTensorList()) continue;
    const auto list = stack[i].toTensorVector();
    const bool may_be_empty = name == "momentum_buffer_list" || name == "max_exp_avg_sqs";
    if (list.empty() && may_be_empty) continue;
    if (list.size() != params.size()) {
      refuse_list(std::to_string(params.size()) + " tensors (as many as parameters)", name + ", got " + std::to_string(list.size()));
    }
    for (size_t j = 0; j < list.size(); ++j) {
      const std::string where = name + "[" + std::to_string(j) + "]";
      if (name == "state_steps") {
        if (!is_single_float(list[j])) refuse_list("one float32", where);
        continue;
      }
      const at::Tensor& param = params[j];
      const bool alike = list[j].layout() == at::kStrided && list[j].sizes() == param.sizes() &&
                         list[j].scalar_type() == param.scalar_type() && list[j].device() == param.device();
      if (!alike) refuse_list("the parameter's shape, dtype and device", where);
      if (!same_layout(list[j], param)) refuse_list("the parameter's layout in memory (channels_last or not)", where);
    }
  }
}

/// LibTorch's fused optimizers copy every channels-last gradient on the CPU before they read it. As what they compute is the same
/// for each element, they get the values as they lie in memory, in one dimension.
void flatten_fused(const c10::FunctionSchema& schema, std::vector<c10::IValue>& stack) {
  check_fused(schema, stack);
  if (!schema.returns().empty()) return;
  for (c10::IValue& value : stack) {
    if (!value.isTensorList()) continue;
    auto list = value.toTensorVector();
    for (at::Tensor& t : list) {
      if (t.is_cpu() && !t.is_contiguous()) t = t.as_strided({t.numel()}, {1});
    }
    value = list;
  }
}

}  // namespace

ListRule list_rule(const std::string& op) {
  const auto is = [&](const char* prefix) { return op.rfind(prefix, 0) == 0; };
  if (is("aten::_fused_sgd") || is("aten::_fused_ada")) return flatten_fused;
  return is("aten::_foreach_") ? check_foreach : nullptr;
}

}  // namespace unlabel
