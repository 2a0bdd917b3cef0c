// Checks of lists of tensors that LibTorch's own kernels leave out: the fused optimizers read past the end of a tensor
// of another size or layout, and some foreach operators past the end of a shorter list.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>

#include <string>
#include <vector>

namespace unlabel {

using ListCheck = void (*)(const c10::FunctionSchema& schema, const std::vector<c10::IValue>& stack);

/// The check that an operator needs before it is called, or nullptr. It throws std::invalid_argument.
ListCheck list_check(const std::string& op);

}  // namespace unlabel
