// Where a box of an upright image lies in the image as it is stored, and where its pixels go.
#pragma once

#include <cstdint>

#include "exif.h"
#include "resample.h"

namespace unlabel {

struct Size {
  int width, height;
};

// A rectangle in pixels of the upright image, mirrored afterwards if `flip`.
struct Box {
  double x, y, width, height;
  bool flip;
};

// A box as it lies in the stored image, and where its pixels go in the upright output.
struct Stored {
  double x, y, width, height;
  int columns, rows;
  bool mirrored;  // columns from the last to the first
  Placement to;
};

// `width` × `height` pixels of `bytes` bytes each are to be written at `out`. Throws ImageError where the box leaves the image.
Stored place(const Box& box, Size stored, Orientation turn, int width, int height, int bytes, uint8_t* out);

}  // namespace unlabel
