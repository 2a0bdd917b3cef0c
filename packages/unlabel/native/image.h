// One image, from a file, from bytes or from pixels, to any number of resized views of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "errors.h"
#include "resample.h"

namespace unlabel {

// The most that is read of an image: pixels in all, and along one side, which is libjpeg's limit.
constexpr int most_pixels = 100'000'000;
constexpr int most_side = 65500;

// Exactly one of the three: a path, the bytes of a JPEG, or `width` × `height` RGB pixels, of an unpacked JPEG perhaps.
struct Source {
  std::string path;
  std::span<const uint8_t> bytes;
  int width = 0, height = 0;
  int orientation = 1;
  std::vector<std::span<const uint8_t>> shrunk;
};

// A JPEG's pixels as they are stored, and as its decoder shrinks them: at 1, 1/2, 1/4, 1/8.
struct Unpacked {
  int width, height, orientation;
  std::vector<std::vector<uint8_t>> levels;
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

// Views of one size, all made from the same level of the image: the smallest that suffices for each of them.
struct Group {
  std::span<const View> views;
  int width, height;
  Filter filter;
};

// Upright size, from the header alone. Throws ImageError.
Size measure(const Source& source);

// The whole of a JPEG, shrunk as often as views of `least` pixels can make use of: `render` makes the same of it as of the file.
Unpacked unpack(const Source& source, int least);

// Decodes the part of the image that the views cover and writes `width` × `height` RGB pixels for each view, the same as if its
// group were alone. Returns how often the decoder ran over the image: once for each level that groups need, which mostly is one.
int render(const Source& source, std::span<const Group> groups);

}  // namespace unlabel
