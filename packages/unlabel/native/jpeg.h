// Decodes a rectangle of a JPEG, row by row, at 1, 1/2, 1/4 or 1/8 of its size.
#pragma once

#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

#include <jpeglib.h>

#include "errors.h"
#include "region.h"

namespace unlabel {

class Jpeg {
 public:
  // Parses the header. The bytes must outlive the object. Throws ImageError.
  explicit Jpeg(std::span<const uint8_t> bytes);
  ~Jpeg() { jpeg_destroy_decompress(&info_); }
  Jpeg(const Jpeg&) = delete;
  Jpeg& operator=(const Jpeg&) = delete;

  // As stored, before the orientation is applied.
  int width() const { return static_cast<int>(info_.image_width); }
  int height() const { return static_cast<int>(info_.image_height); }
  int orientation() const;

  // Whether the end marker is there; without it the file was cut off.
  bool complete() const;

  // Begins decoding `wanted` (in pixels of the image at 1 / `denominator`); returns the column of the rows' first pixel.
  // Behind each row, `slack` bytes more are readable.
  int start(int denominator, const Region& wanted, size_t slack);

  // Size at the denominator given to `start`.
  int scaled_width() const { return scaled_width_; }
  int scaled_height() const { return scaled_height_; }

  // The next row, 3 bytes a pixel; from row `wanted.y0` on. Valid until the next call.
  const uint8_t* next();

 private:
  struct Errors {
    jpeg_error_mgr base;
    jmp_buf jump;
    char text[JMSG_LENGTH_MAX];
  };

  // What libjpeg holds of the whole image: nothing of a file with one scan.
  int64_t coefficient_bytes();

  static void fail(j_common_ptr info);
  static void warn(j_common_ptr info, int level);
  static void check_scans(j_common_ptr info);

  // Runs libjpeg calls; an error inside jumps back here and is thrown. `work` must own nothing: its frame is skipped.
  template <class Work>
  void guarded(Work&& work) {
    if (setjmp(errors_.jump)) throw ImageError(std::string("damaged JPEG: ") + errors_.text);
    work();
  }

  std::span<const uint8_t> bytes_;
  jpeg_decompress_struct info_{};
  Errors errors_{};
  jpeg_progress_mgr progress_{};
  std::vector<uint8_t> row_, ink_;
  int scaled_width_ = 0, scaled_height_ = 0;
};

}  // namespace unlabel
