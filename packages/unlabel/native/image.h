// One image, from a file, from bytes or from pixels, to any number of resized views of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "errors.h"
#include "place.h"
#include "resample.h"

namespace unlabel {

// The most that is read of an image: pixels in all, and along one side, which is libjpeg's limit.
constexpr int most_pixels = 100'000'000;
constexpr int most_side = 65500;

// The most channels of pixels.
constexpr int most_channels = 256;

// Exactly one of the three: a path, the bytes of a JPEG, or `width` × `height` pixels, of an unpacked JPEG perhaps.
struct Source {
  // A JPEG, or pixels as it has them: red, green and blue of 8 bits.
  bool ordinary() const { return channels == 3 && wide.empty(); }

  std::string path;
  std::span<const uint8_t> bytes;
  std::span<const uint16_t> wide;  // pixels of 16 bits, which `bytes` does not hold then
  int width = 0, height = 0;
  int channels = 3;
  int orientation = 1;
  std::vector<std::span<const uint8_t>> shrunk;
};

// A JPEG's pixels as they are stored, and as its decoder shrinks them: at 1, 1/2, 1/4, 1/8.
struct Unpacked {
  int width, height, orientation;
  std::vector<std::vector<uint8_t>> levels;
};

// A box, and where its pixels go.
template <class Sample>
struct ViewOf {
  Box box;
  Sample* out;
};
using View = ViewOf<uint8_t>;
using WideView = ViewOf<uint16_t>;

// Views of one size, all made from the same level of the image: the smallest that suffices for each of them.
template <class Sample>
struct GroupOf {
  std::span<const ViewOf<Sample>> views;
  int width, height;
  Filter filter;
};
using Group = GroupOf<uint8_t>;
using WideGroup = GroupOf<uint16_t>;

// Pixels may come from formats that know no such limit. Throws ImageError.
void refuse_long(const Source& source);

// Upright size, from the header alone. Throws ImageError.
Size measure(const Source& source);

// The whole of a JPEG, shrunk as often as views of `least` pixels can make use of: `render` makes the same of it as of the file.
Unpacked unpack(const Source& source, int least);

// Decodes the part of the image that the views cover and writes `width` × `height` RGB pixels for each view, the same as if its
// group were alone. Returns how often the decoder ran over the image: once for each level that groups need, which mostly is one.
// Of ordinary sources.
int render(const Source& source, std::span<const Group> groups);

// Writes `width` × `height` pixels of the source's channels for each view. Of pixels, of 8 bits or 16.
void render_wide(const Source& source, std::span<const WideGroup> groups);

}  // namespace unlabel
