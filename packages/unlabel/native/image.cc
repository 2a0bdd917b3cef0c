// Joins the parts: bytes → decoder → rows → one resampler a view.
#include "image.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exif.h"
#include "jpeg.h"
#include "place.h"
#include "region.h"

namespace unlabel {

namespace {

constexpr size_t max_file = size_t{512} << 20;
constexpr size_t head = size_t{64} << 10;

[[noreturn]] void refuse(int error) {
  if (error == ENOENT) throw ImageError("the file is gone");
  if (error == EACCES || error == EPERM) throw ImageError("no permission to read it");
  throw ImageError(std::generic_category().message(error));
}

// Reads a regular file, or its first `limit` bytes, into a buffer that the thread keeps for the next file.
std::span<const uint8_t> read_file(const std::string& path, size_t limit) {
  thread_local std::vector<uint8_t> buffer;
  struct File {
    int descriptor;
    ~File() { ::close(descriptor); }
  };
  // Without O_NONBLOCK a named pipe would wait for a writer for ever.
  const File file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  struct stat status;
  if (file.descriptor < 0 || ::fstat(file.descriptor, &status) != 0) refuse(errno);
  if (!S_ISREG(status.st_mode)) throw ImageError("not a file");
  const size_t size = std::min(static_cast<size_t>(status.st_size), limit);
  if (size > max_file) throw ImageError("the file is larger than 512 MB");
  buffer.resize(size);
  size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::read(file.descriptor, buffer.data() + filled, size - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(errno);
    if (got == 0) break;  // it was cut while being read
    filled += static_cast<size_t>(got);
  }
  return {buffer.data(), filled};
}

Size upright(Size stored, int orientation) {
  return Orientation(orientation).swap ? Size{stored.height, stored.width} : stored;
}

Size upright(const Jpeg& jpeg) { return upright({jpeg.width(), jpeg.height()}, jpeg.orientation()); }

// libjpeg rounds the size of a shrunk image up.
Size shrunk(Size whole, int denominator) {
  return {(whole.width + denominator - 1) / denominator, (whole.height + denominator - 1) / denominator};
}

// The largest power of two by which every view shrinks anyway: that part the decoder does, at less than no cost.
int shrink(const std::vector<Stored>& views) {
  double least = 8;
  for (const Stored& v : views) least = std::min({least, v.width / v.columns, v.height / v.rows});
  return least >= 8 ? 8 : least >= 4 ? 4 : least >= 2 ? 2 : 1;
}

size_t slack(const std::vector<Resampler>& views) {
  size_t most = 0;
  for (const Resampler& view : views) most = std::max(most, view.slack());
  return most;
}

// What is made of the image at 1 / denominator.
struct Level {
  int denominator;
  Size size;
  std::vector<Resampler> views;
};

// Each group's level depends on the group alone, so that its pixels do.
std::vector<Level> levels(std::span<const Group> groups, Size whole, Orientation turn, int most) {
  std::vector<Level> made;
  for (const Group& group : groups) {
    std::vector<Stored> placed;
    for (const View& view : group.views) placed.push_back(place(view.box, whole, turn, group.width, group.height, 3, view.out));
    if (placed.empty()) continue;
    const int denominator = std::min(shrink(placed), most);
    auto level = std::find_if(made.begin(), made.end(), [&](const Level& other) { return other.denominator == denominator; });
    if (level == made.end()) level = made.insert(level, Level{denominator, shrunk(whole, denominator), {}});
    const double d = denominator;
    for (const Stored& v : placed) {
      level->views.emplace_back(Axis(v.x / d, v.width / d, level->size.width, v.columns, group.filter, v.mirrored),
                                Axis(v.y / d, v.height / d, level->size.height, v.rows, group.filter), v.to);
    }
  }
  return made;
}

// The level's pixels, which lie there already.
void resize(std::span<const uint8_t> pixels, Level& level) {
  const Region region = bounds(level.views);
  // Copied, for the pixels behind a row's end that the resampler may touch.
  std::vector<uint8_t> row(static_cast<size_t>(region.x1 - region.x0) * 3 + slack(level.views));
  for (int y = region.y0; y < region.y1; ++y) {
    const size_t at = (static_cast<size_t>(y) * static_cast<size_t>(level.size.width) + static_cast<size_t>(region.x0)) * 3;
    std::copy_n(pixels.data() + at, static_cast<size_t>(region.x1 - region.x0) * 3, row.data());
    for (Resampler& view : level.views) view.feed(row.data(), region.x0, y);
  }
}

void decode(Jpeg& jpeg, Level& level) {
  const Region region = bounds(level.views);
  const int x0 = jpeg.start(level.denominator, region, slack(level.views));
  if (jpeg.scaled_width() != level.size.width || jpeg.scaled_height() != level.size.height) {
    throw ImageError("damaged JPEG: its size changed");
  }
  for (int y = region.y0; y < region.y1; ++y) {
    const uint8_t* row = jpeg.next();
    for (Resampler& view : level.views) view.feed(row, x0, y);
  }
}

}  // namespace

void refuse_long(const Source& source) {
  if (std::max(source.width, source.height) <= most_side) return;
  throw ImageError("it has " + std::to_string(source.width) + " × " + std::to_string(source.height) +
                   " pixels; at most 65,500 a side are read");
}

Size measure(const Source& source) {
  refuse_long(source);
  if (source.width > 0) return upright({source.width, source.height}, source.orientation);
  if (source.path.empty()) return upright(Jpeg(source.bytes));
  const std::span<const uint8_t> start = read_file(source.path, head);
  try {
    return upright(Jpeg(start));
  } catch (const ImageError& error) {
    // Large metadata may push the size out of the first bytes.
    if (error.foreign || start.size() < head) throw;
  }
  return upright(Jpeg(read_file(source.path, SIZE_MAX)));
}

Unpacked unpack(const Source& source, int least) {
  const std::span<const uint8_t> bytes = source.path.empty() ? source.bytes : read_file(source.path, SIZE_MAX);
  Unpacked image{};
  for (int denominator = 1; denominator <= 8; denominator *= 2) {
    Jpeg jpeg(bytes);
    if (denominator == 1) {
      if (!jpeg.complete()) throw ImageError("damaged JPEG: it ends early");
      image = {jpeg.width(), jpeg.height(), jpeg.orientation(), {}};
    } else if (std::min(image.width, image.height) < denominator * least) {
      break;
    }
    const Size size = shrunk({image.width, image.height}, denominator);
    jpeg.start(denominator, {0, 0, size.width, size.height}, 0);
    if (jpeg.scaled_width() != size.width || jpeg.scaled_height() != size.height) throw ImageError("damaged JPEG: its size changed");
    const size_t row = static_cast<size_t>(size.width) * 3;
    std::vector<uint8_t>& level = image.levels.emplace_back(row * static_cast<size_t>(size.height));
    for (uint8_t* to = level.data(); to < level.data() + level.size(); to += row) std::copy_n(jpeg.next(), row, to);
  }
  return image;
}

int render(const Source& source, std::span<const Group> groups) {
  if (std::all_of(groups.begin(), groups.end(), [](const Group& group) { return group.views.empty(); })) return 0;

  refuse_long(source);
  if (source.width > 0) {
    const int most = 1 << source.shrunk.size();
    for (Level& level : levels(groups, {source.width, source.height}, Orientation(source.orientation), most)) {
      const size_t halved = static_cast<size_t>(std::countr_zero(static_cast<unsigned>(level.denominator)));
      resize(halved == 0 ? source.bytes : source.shrunk[halved - 1], level);
    }
    return 0;
  }

  const std::span<const uint8_t> bytes = source.path.empty() ? source.bytes : read_file(source.path, SIZE_MAX);
  std::optional<Jpeg> jpeg(std::in_place, bytes);
  if (!jpeg->complete()) throw ImageError("damaged JPEG: it ends early");
  int runs = 0;
  for (Level& level : levels(groups, {jpeg->width(), jpeg->height()}, Orientation(jpeg->orientation()), 8)) {
    // libjpeg cannot give a second size of what it has read.
    if (runs > 0) jpeg.emplace(bytes);
    decode(*jpeg, level);
    ++runs;
  }
  return runs;
}

}  // namespace unlabel
