// Why an image could not be read, in plain words; `foreign` marks a file that is no JPEG (another decoder may know it).
#pragma once

#include <stdexcept>
#include <string>

namespace unlabel {

struct ImageError : std::runtime_error {
  explicit ImageError(const std::string& reason, bool is_foreign = false)
      : std::runtime_error(reason), foreign(is_foreign) {}
  bool foreign;
};

}  // namespace unlabel
