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
#include "paint.h"

namespace {

using namespace unlabel;

// Exactly as large as they must be, on the heap: a byte too far is found.
template <class Sample>
struct Canvas {
  Canvas(int side, int channels, const std::vector<Box>& boxes) : side(side), pixels(boxes.size()) {
    for (size_t i = 0; i < boxes.size(); ++i) {
      pixels[i].resize(static_cast<size_t>(side) * static_cast<size_t>(side) * static_cast<size_t>(channels));
      views.push_back({boxes[i], pixels[i].data()});
    }
  }
  int side;
  std::vector<std::vector<Sample>> pixels;
  std::vector<ViewOf<Sample>> views;
};

std::vector<Box> boxes_of(const Source& source) {
  const Size size = measure(source);
  const double w = size.width, h = size.height;
  return {{0, 0, w, h, false}, {0.31 * w, 0.27 * h, 0.11 * w, 0.23 * h, true}, {0.5 * w, 0.5 * h, 0.5 * w, 0.5 * h, false}};
}

template <class Sample>
void paint_all(const Canvas<Sample>& canvas, int channels) {
  const size_t count = static_cast<size_t>(channels);
  const Finish finish{std::vector<float>(count, 0.5f), std::vector<float>(count, 0.25f), 7};
  Look look;
  look.color = Look::Color::exact;
  look.jitter = true;
  look.amount = {0.8f, 1.2f, 0.7f, 0.1f};
  look.order = {1, 0, 3, 2};
  for (const std::vector<Sample>& pixels : canvas.pixels) {
    look.sigma = look.sigma > 0 ? 0 : 1.5f;
    look.solarize = !look.solarize;
    std::vector<float> out(pixels.size());
    if (channels == 3) paint(pixels.data(), canvas.side, canvas.side, look, finish, out.data());
    else paint_any(pixels.data(), canvas.side, canvas.side, look, finish, out.data());
  }
}

void read_wide(const Source& source) {
  const std::vector<Box> boxes = boxes_of(source);
  Canvas<uint16_t> small(23, source.channels, boxes), large(81, source.channels, boxes);
  const WideGroup groups[] = {{small.views, small.side, small.side, Filter::bilinear}, {large.views, large.side, large.side, Filter::bicubic}};
  render_wide(source, groups);
  paint_all(small, source.channels);
}

void read(const Source& source) {
  const std::vector<Box> boxes = boxes_of(source);
  Canvas<uint8_t> small(24, 3, boxes), large(81, 3, boxes);
  const std::vector<View>&few = small.views, &many = large.views;
  const Group groups[] = {{few, small.side, small.side, Filter::bilinear}, {many, large.side, large.side, Filter::bicubic}};
  for (const Group& group : groups) render(source, {&group, 1});
  paint_all(small, 3);
  // Together they may need two of the decoder's levels.
  render(source, groups);
}

void read_unpacked(const Source& source) {
  const Unpacked image = unpack(source, 24);
  Source pixels;
  pixels.bytes = image.levels[0];
  pixels.width = image.width;
  pixels.height = image.height;
  pixels.orientation = image.orientation;
  for (size_t level = 1; level < image.levels.size(); ++level) pixels.shrunk.push_back(image.levels[level]);
  read(pixels);

  // The same samples as an image of one channel, and of three and five channels of 16 bits.
  Source other = pixels;
  other.shrunk.clear();
  other.channels = 1;
  other.width *= 3;
  if (other.width <= most_side) read_wide(other);
  for (const int channels : {3, 5}) {
    std::vector<uint16_t> samples(static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * static_cast<size_t>(channels));
    for (size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<uint16_t>(image.levels[0][i % image.levels[0].size()] * 257);
    Source wide = pixels;
    wide.shrunk.clear();
    wide.bytes = {};
    wide.wide = samples;
    wide.channels = channels;
    read_wide(wide);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "Expected a folder\n"), 2;
  int good = 0, bad = 0;
  for (std::string name; std::getline(std::cin, name);) {
    const std::string path = std::string(argv[1]) + "/" + name;
    std::ifstream file(path, std::ios::binary);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    Source sources[2];
    sources[0].path = path;
    sources[1].bytes = bytes;
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
