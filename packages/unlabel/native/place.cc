// Turns and mirrors as steps through memory, so that no pixel is moved twice.
#include "place.h"

#include <string>

#include "errors.h"

namespace unlabel {

Stored place(const Box& box, Size stored, Orientation turn, int width, int height, int bytes, uint8_t* out) {
  const Size image = turn.swap ? Size{stored.height, stored.width} : stored;
  constexpr double slack = 1e-3;
  const bool inside = box.width > 0 && box.height > 0 && box.x >= -slack && box.y >= -slack &&
                      box.x + box.width <= image.width + slack && box.y + box.height <= image.height + slack;
  if (!inside) {
    throw ImageError("the crop lies outside of the image, which has " + std::to_string(image.width) + " × " +
                     std::to_string(image.height) + " pixels");
  }
  Stored s = turn.swap ? Stored{box.y, box.x, box.height, box.width, height, width, false, {}}
                       : Stored{box.x, box.y, box.width, box.height, width, height, false, {}};
  if (turn.flip_x) s.x = stored.width - s.x - s.width;
  if (turn.flip_y) s.y = stored.height - s.y - s.height;
  // Steps along the output's own axes, then those of the stored image's columns and rows.
  const ptrdiff_t right = box.flip ? -bytes : bytes;
  const ptrdiff_t down = static_cast<ptrdiff_t>(bytes) * width;
  s.to.origin = out + (box.flip ? down - bytes : 0);
  s.to.step_x = turn.swap ? down : right;
  s.to.step_y = turn.swap ? right : down;
  if (turn.flip_y) {
    s.to.origin += s.to.step_y * (s.rows - 1);
    s.to.step_y = -s.to.step_y;
  }
  // Pixels are written in the order in which they lie; two mirrors along the columns undo each other.
  s.mirrored = turn.flip_x != (s.to.step_x < 0);
  if (s.to.step_x < 0) {
    s.to.origin += s.to.step_x * (s.columns - 1);
    s.to.step_x = -s.to.step_x;
  }
  return s;
}

}  // namespace unlabel
