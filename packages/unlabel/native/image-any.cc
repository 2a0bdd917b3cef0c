// Pixels of any number of channels to resized views of them: one pass over the rows that the views need.
#include <vector>

#include "image.h"
#include "region.h"
#include "resample-any.h"

namespace unlabel {

namespace {

template <class Sample>
void feed_all(std::span<const Sample> pixels, const Source& source, std::vector<WideResampler>& views) {
  const Region region = bounds(views);
  const size_t channels = static_cast<size_t>(source.channels);
  std::vector<float> row(static_cast<size_t>(region.x1 - region.x0) * channels);
  for (int y = region.y0; y < region.y1; ++y) {
    const size_t at = static_cast<size_t>(y) * static_cast<size_t>(source.width) + static_cast<size_t>(region.x0);
    widen(pixels.data() + at * channels, row.size(), row.data());
    for (WideResampler& view : views) view.feed(row.data(), region.x0, y);
  }
}

}  // namespace

void render_wide(const Source& source, std::span<const WideGroup> groups) {
  refuse_long(source);
  const Size whole{source.width, source.height};
  const Orientation turn(source.orientation);
  const int bytes = source.channels * static_cast<int>(sizeof(uint16_t));
  std::vector<WideResampler> views;
  for (const WideGroup& group : groups) {
    for (const WideView& view : group.views) {
      const Stored v = place(view.box, whole, turn, group.width, group.height, bytes, reinterpret_cast<uint8_t*>(view.out));
      views.emplace_back(Axis(v.x, v.width, whole.width, v.columns, group.filter, v.mirrored, true),
                         Axis(v.y, v.height, whole.height, v.rows, group.filter, false, true), v.to, source.channels);
    }
  }
  if (views.empty()) return;
  if (source.wide.empty()) feed_all(source.bytes, source, views);
  else feed_all(source.wide, source, views);
}

}  // namespace unlabel
