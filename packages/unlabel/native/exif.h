// The one EXIF field that matters to a reader: how the camera was held.
#pragma once

#include <cstddef>
#include <cstdint>

namespace unlabel {

// Orientation (1 … 8) from the payload of a JPEG's APP1 marker; 1 where there is none or the data make no sense.
int exif_orientation(const uint8_t* data, size_t size);

// How stored pixels become upright ones: first mirror the stored axes, then swap x and y.
struct Orientation {
  bool flip_x, flip_y, swap;
  explicit Orientation(int exif)
      : flip_x(exif == 2 || exif == 3 || exif == 7 || exif == 8),
        flip_y(exif == 3 || exif == 4 || exif == 6 || exif == 7),
        swap(exif >= 5) {}
};

}  // namespace unlabel
