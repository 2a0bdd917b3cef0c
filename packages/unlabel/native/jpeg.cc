// libjpeg-turbo behind a class: errors become ImageError; a file that ends early is an error, other warnings are not.
#include "jpeg.h"

#include <algorithm>

#include <jerror.h>

#include "exif.h"
#include "image.h"

namespace unlabel {

namespace {
// What a file of several scans needs, all of whose coefficients wait for the last: 64 megapixels at 4:2:0, 32 at 4:4:4.
constexpr int64_t max_bytes = 192'000'000;
// A progressive file may repeat its scans without end; sound encoders write about ten.
constexpr int max_scans = 200;
}  // namespace

void Jpeg::fail(j_common_ptr info) {
  auto* errors = reinterpret_cast<Errors*>(info->err);
  info->err->format_message(info, errors->text);
  std::longjmp(errors->jump, 1);
}

void Jpeg::warn(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) fail(info);
}

void Jpeg::check_scans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= max_scans) return;
  auto* errors = reinterpret_cast<Errors*>(info->err);
  std::snprintf(errors->text, sizeof errors->text, "more than %d scans", max_scans);
  std::longjmp(errors->jump, 1);
}

Jpeg::Jpeg(std::span<const uint8_t> bytes) : bytes_(bytes) {
  if (bytes.empty()) throw ImageError("the file is empty");
  if (bytes.size() < 3 || bytes[0] != 0xFF || bytes[1] != 0xD8 || bytes[2] != 0xFF) throw ImageError("not a JPEG", true);
  info_.err = jpeg_std_error(&errors_.base);
  errors_.base.error_exit = fail;
  errors_.base.emit_message = warn;
  progress_.progress_monitor = check_scans;
  try {
    guarded([this] {
      jpeg_create_decompress(&info_);
      info_.progress = &progress_;
      jpeg_save_markers(&info_, JPEG_APP0 + 1, 0xFFFF);
      jpeg_mem_src(&info_, bytes_.data(), static_cast<unsigned long>(bytes_.size()));
      jpeg_read_header(&info_, TRUE);
    });
    if (int64_t{width()} * height() > most_pixels) {
      throw ImageError("it has " + std::to_string(width()) + " × " + std::to_string(height()) +
                       " pixels; at most 100 million are read");
    }
    if (const int64_t bytes = coefficient_bytes(); bytes > max_bytes) {
      throw ImageError("it has several scans, which take " + std::to_string((bytes + 999'999) / 1'000'000) +
                       " MB to decode; at most " + std::to_string(max_bytes / 1'000'000) + " MB are used");
    }
  } catch (...) {
    jpeg_destroy_decompress(&info_);
    throw;
  }
}

int64_t Jpeg::coefficient_bytes() {
  bool several = false;
  guarded([this, &several] { several = jpeg_has_multiple_scans(&info_); });
  if (!several) return 0;
  int64_t blocks = 0;
  for (int i = 0; i < info_.num_components; ++i) {
    blocks += int64_t{info_.comp_info[i].width_in_blocks} * info_.comp_info[i].height_in_blocks;
  }
  return blocks * int64_t{sizeof(JBLOCK)};
}

int Jpeg::orientation() const {
  for (jpeg_saved_marker_ptr marker = info_.marker_list; marker; marker = marker->next) {
    const int value = exif_orientation(marker->data, marker->data_length);
    if (value != 1) return value;
  }
  return 1;
}

bool Jpeg::complete() const {
  // Only what follows the header counts: an embedded thumbnail has an end marker of its own.
  const uint8_t* at = bytes_.data() + bytes_.size() - 2;
  for (; at >= info_.src->next_input_byte; --at) {
    if (at[0] == 0xFF && at[1] == 0xD9) return true;
  }
  return false;
}

int Jpeg::start(int denominator, const Region& wanted, size_t slack) {
  const bool ink = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
  info_.out_color_space = ink ? JCS_CMYK : JCS_RGB;
  info_.scale_num = 1;
  info_.scale_denom = static_cast<unsigned>(denominator);
  guarded([this] { jpeg_start_decompress(&info_); });
  scaled_width_ = static_cast<int>(info_.output_width);
  scaled_height_ = static_cast<int>(info_.output_height);

  // Smooth chroma upsampling looks one chroma pixel to each side: two more columns make a crop equal the whole image.
  JDIMENSION x = static_cast<JDIMENSION>(std::max(0, wanted.x0 - 2));
  JDIMENSION width = static_cast<JDIMENSION>(std::min(scaled_width_, wanted.x1 + 2)) - x;
  guarded([this, &x, &width, &wanted] {
    if (width < info_.output_width) jpeg_crop_scanline(&info_, &x, &width);
    if (wanted.y0 > 0) jpeg_skip_scanlines(&info_, static_cast<JDIMENSION>(wanted.y0));
  });
  row_.resize(size_t{info_.output_width} * 3 + slack);
  if (ink) ink_.resize(size_t{info_.output_width} * 4);
  return static_cast<int>(x);
}

const uint8_t* Jpeg::next() {
  JSAMPROW row = ink_.empty() ? row_.data() : ink_.data();
  guarded([this, &row] { jpeg_read_scanlines(&info_, &row, 1); });
  if (!ink_.empty()) {
    // Adobe writes inks inverted (255 is none); each colour is what its ink and black let through.
    const int invert = info_.saw_Adobe_marker ? 0 : 255;
    for (size_t i = 0; i < info_.output_width; ++i) {
      const int black = ink_[4 * i + 3] ^ invert;
      for (size_t c = 0; c < 3; ++c) row_[3 * i + c] = static_cast<uint8_t>(((ink_[4 * i + c] ^ invert) * black + 127) / 255);
    }
  }
  return row_.data();
}

}  // namespace unlabel
