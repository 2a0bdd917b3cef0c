// LibTorch's fused optimizer kernels trust their lists: on the CPU a tensor of another size or layout is read past its end.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

namespace unlabel {

bool is_fused_optimizer(const std::string& name);

/// Throws std::invalid_argument unless every list matches the parameters one by one.
void check_fused_optimizer(const c10::FunctionSchema& schema, const c10::Stack& stack);

}  // namespace unlabel
