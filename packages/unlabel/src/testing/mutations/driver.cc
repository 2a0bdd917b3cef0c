// Reads files as the image reader's threads do, without Node, so that sanitizers see its code and libjpeg's use alone. Arguments: a
// folder, then names on stdin. Prints how many were read and skipped; a sanitizer that finds something ends it with an error.
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "image.h"

namespace {

using namespace unlabel;

// Exactly as large as they must be, on the heap: a byte too far is found.
struct Canvas {
  Canvas(int side, size_t count) : side(side), pixels(count) {
    for (auto& each : pixels) each.resize(static_cast<size_t>(side) * static_cast<size_t>(side) * 3);
  }
  int side;
  std::vector<std::vector<uint8_t>> pixels;
};

void read(const Source& source) {
  const Size size = measure(source);
  const double w = size.width, h = size.height;
  const Box boxes[] = {{0, 0, w, h, false}, {0.31 * w, 0.27 * h, 0.11 * w, 0.23 * h, true}, {0.5 * w, 0.5 * h, 0.5 * w, 0.5 * h, false}};
  const auto onto = [&](Canvas& canvas) {
    std::vector<View> views;
    for (size_t i = 0; i < std::size(boxes); ++i) views.push_back({boxes[i], canvas.pixels[i].data()});
    return views;
  };
  Canvas small(24, std::size(boxes)), large(81, std::size(boxes));
  const std::vector<View> few = onto(small), many = onto(large);
  const Group groups[] = {{few, small.side, small.side, Filter::bilinear}, {many, large.side, large.side, Filter::bicubic}};
  for (const Group& group : groups) render(source, {&group, 1});
  // Together they may need two of the decoder's levels.
  render(source, groups);
}

void read_unpacked(const Source& source) {
  const Unpacked image = unpack(source, 24);
  Source pixels{"", image.levels[0], image.width, image.height, image.orientation, {}};
  for (size_t level = 1; level < image.levels.size(); ++level) pixels.shrunk.push_back(image.levels[level]);
  read(pixels);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "Expected a folder\n"), 2;
  int good = 0, bad = 0;
  for (std::string name; std::getline(std::cin, name);) {
    const std::string path = std::string(argv[1]) + "/" + name;
    std::ifstream file(path, std::ios::binary);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    const Source sources[] = {{path, {}, 0, 0, 1, {}}, {"", bytes, 0, 0, 1, {}}};
    for (const Source& source : sources) {
      try {
        read(source);
        read_unpacked(source);
        ++good;
      } catch (const ImageError& error) {
        if (error.what()[0] == '\0') return std::fprintf(stderr, "%s: no reason\n", name.c_str()), 1;
        ++bad;
      }
    }
  }
  std::printf("%d read, %d skipped\n", good, bad);
}
