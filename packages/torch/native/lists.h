// What LibTorch's own kernels leave out with lists of tensors: the fused optimizers read past the end of a tensor of another size
// or layout, and some foreach operators past the end of a shorter list.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>

#include <string>
#include <vector>

namespace unlabel {

using ListRule = void (*)(const c10::FunctionSchema& schema, std::vector<c10::IValue>& stack);

/// What checks an operator's arguments before it is called, and lays them out, or nullptr. It throws std::invalid_argument.
ListRule list_rule(const std::string& op);

}  // namespace unlabel
