// Memory of large tensors on the CPU that is kept when they are freed, for others of the same size.
#pragma once

#include <cstddef>

namespace unlabel {

/// Gives LibTorch's tensors such memory from now on. False where the system has no such calls (Linux has).
bool keep_blocks();

/// Gives the kernel back what is kept and not used.
void release_blocks();

}  // namespace unlabel
