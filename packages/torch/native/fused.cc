// Checks before LibTorch's fused optimizer kernels, which make none.
#include "fused.h"

#include <ATen/ATen.h>

#include <stdexcept>

namespace unlabel {
namespace {

[[noreturn]] void refuse_fused(const std::string& expected, const std::string& name) {
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

}  // namespace

bool is_fused_optimizer(const std::string& name) {
  return name.rfind("aten::_fused_sgd", 0) == 0 || name.rfind("aten::_fused_ada", 0) == 0;
}

void check_fused_optimizer(const c10::FunctionSchema& schema, const c10::Stack& stack) {
  const auto params = stack[0].toTensorVector();
  for (const at::Tensor& param : params) {
    if (param.layout() != at::kStrided || !param.is_non_overlapping_and_dense()) refuse_fused("dense tensors", schema.arguments()[0].name());
  }
  for (size_t i = 1; i < stack.size(); ++i) {
    const std::string& name = schema.arguments()[i].name();
    if (stack[i].isTensor() && (name == "grad_scale" || name == "found_inf") && !is_single_float(stack[i].toTensor())) {
      refuse_fused("one float32", name);
    }
    if (!stack[i].isTensorList()) continue;
    const auto list = stack[i].toTensorVector();
    const bool may_be_empty = name == "momentum_buffer_list" || name == "max_exp_avg_sqs";
    if (list.empty() && may_be_empty) continue;
    if (list.size() != params.size()) {
      refuse_fused(std::to_string(params.size()) + " tensors (as many as parameters)", name + ", got " + std::to_string(list.size()));
    }
    for (size_t j = 0; j < list.size(); ++j) {
      const std::string where = name + "[" + std::to_string(j) + "]";
      if (name == "state_steps") {
        if (!is_single_float(list[j])) refuse_fused("one float32", where);
        continue;
      }
      const at::Tensor& param = params[j];
      const bool alike = list[j].layout() == at::kStrided && list[j].sizes() == param.sizes() &&
                         list[j].scalar_type() == param.scalar_type() && list[j].device() == param.device();
      if (!alike) refuse_fused("the parameter's shape, dtype and device", where);
      if (!same_layout(list[j], param)) refuse_fused("the parameter's layout in memory (channels_last or not)", where);
    }
  }
}

}  // namespace unlabel
