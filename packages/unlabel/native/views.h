// An item's views of every target: decoded, resized, painted, and written to where they belong.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "arguments.h"
#include "image.h"
#include "paint.h"

namespace unlabel {

// Where the views of one size go, and how they are made. They are written to `bytes`, to `wide`, or, painted, to `memory`.
struct Target {
  // Where a view comes from, and its place in the memory, counted in views.
  struct Place {
    Box box;
    size_t slot;
  };

  size_t pixels() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
  size_t values() const { return pixels() * static_cast<size_t>(channels); }
  size_t count(size_t item) const { return first[item + 1] - first[item]; }

  int width = 0, height = 0;
  int channels = 3;
  Filter filter = Filter::bilinear;
  std::vector<Place> places;
  std::vector<size_t> first{0};  // of an item's places, and their end
  Memory memory;                 // of a tensor, where that is what is written to
  uint8_t* bytes = nullptr;
  uint16_t* wide = nullptr;
  bool painted = false;
  bool picture = false;  // three channels for people, whatever the source has
  std::vector<Look> looks;  // one a place
  Finish finish;
};

// Makes the views of one item; where they cannot be made they are black. Throws ImageError. Returns how often a decoder ran.
int make_views(const Source& source, std::span<const Target> targets, size_t item);

}  // namespace unlabel
