// A part of an image in whole pixels.
#pragma once

#include <algorithm>
#include <vector>

namespace unlabel {

// Columns x0 ≤ x < x1 and rows y0 ≤ y < y1.
struct Region {
  int x0, y0, x1, y1;
};

// What all resamplers together need of the image; there is one at least.
template <class View>
Region bounds(const std::vector<View>& views) {
  Region all{views[0].first_column(), views[0].first_row(), views[0].end_column(), views[0].end_row()};
  for (const View& view : views) {
    all.x0 = std::min(all.x0, view.first_column());
    all.y0 = std::min(all.y0, view.first_row());
    all.x1 = std::max(all.x1, view.end_column());
    all.y1 = std::max(all.y1, view.end_row());
  }
  return all;
}

}  // namespace unlabel
