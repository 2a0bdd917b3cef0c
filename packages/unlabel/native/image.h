// One image, from a file, from bytes or from pixels, to any number of resized views of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "errors.h"
#include "resample.h"

namespace unlabel {

// Exactly one of the three: a path, the bytes of a JPEG, or `width` × `height` RGB pixels.
struct Source {
  std::string path;
  std::span<const uint8_t> bytes;
  int width = 0, height = 0;
};

// A rectangle in pixels of the upright image, mirrored afterwards if `flip`.
struct Box {
  double x, y, width, height;
  bool flip;
};

// A box, and where its pixels go.
struct View {
  Box box;
  uint8_t* out;
};

struct Size {
  int width, height;
};

// Upright size, from the header alone. Throws ImageError.
Size measure(const Source& source);

// Decodes the part of the image that the views cover, once, and writes `width` × `height` RGB pixels for each.
void render(const Source& source, std::span<const View> views, int width, int height, Filter filter);

}  // namespace unlabel
