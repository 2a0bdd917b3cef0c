// The slot table: JavaScript holds a number (slot and generation), C++ holds the tensor.
// A disposed, reused or invented number never reaches a tensor; it is refused with an error.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace unlabel {

/// Stores a tensor and returns its handle: generation · 2^24 + slot, exact in a double.
double keep(at::Tensor tensor);

/// The tensor behind a handle. Throws std::invalid_argument for a disposed or foreign handle.
const at::Tensor& at_handle(double handle);

/// Frees one handle; false when it was no longer alive.
bool release(double handle);

/// Frees all handles: their JavaScript has ended.
void release_all();

struct HandleStats {
  int64_t tensors;
  int64_t bytes;  // of distinct storages, as seen by the tensors alive
};
HandleStats handle_stats();

}  // namespace unlabel
