// Red, green and blue of 8 bits keep a way of their own, all others become 16-bit views of the source's channels first. Three channels
// make one of gray, and one makes three alike; whatever else does not fit is refused.
#include "views.h"

#include <algorithm>
#include <string>
#include <vector>

namespace unlabel {

namespace {

// ITU-R BT.601 as PIL's mode L has it; equal channels stay as they are.
template <class Sample>
void to_gray(const Sample* rgb, size_t pixels, Sample* gray) {
  for (size_t i = 0; i < pixels; ++i, rgb += 3) {
    gray[i] = static_cast<Sample>((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
  }
}

uint8_t as_byte(uint8_t sample) { return sample; }
uint8_t as_byte(uint16_t sample) { return static_cast<uint8_t>((sample + 128u) / 257u); }
uint16_t as_wide(uint8_t sample) { return static_cast<uint16_t>(sample * 257u); }
uint16_t as_wide(uint16_t sample) { return sample; }

// The first three channels, or the first as gray.
template <class Sample>
void to_picture(const Sample* samples, size_t pixels, int channels, Sample* rgb) {
  for (size_t i = 0; i < pixels; ++i, rgb += 3, samples += channels) {
    if (channels < 3) std::fill_n(rgb, 3, samples[0]);
    else std::copy_n(samples, 3, rgb);
  }
}

bool fits(int source, const Target& target) {
  return target.picture || source == target.channels || (source == 1 && target.channels == 3) || (source == 3 && target.channels == 1);
}

// Writes a view of the target's channels to its place.
template <class Sample>
void write(const Target& target, size_t at, const Sample* samples) {
  const size_t to = target.places[at].slot * target.values();
  const Sample* const end = samples + target.values();
  if (target.painted) {
    float* const out = target.memory.floats().data() + to;
    if (target.channels == 3) paint(samples, target.width, target.height, target.looks[at], target.finish, out);
    else paint_any(samples, target.width, target.height, target.looks[at], target.finish, out);
  } else if (target.wide != nullptr) {
    std::transform(samples, end, target.wide + to, [](Sample sample) { return as_wide(sample); });
  } else {
    std::transform(samples, end, target.bytes + to, [](Sample sample) { return as_byte(sample); });
  }
}

// The same of `channels` that may be others than the target's.
template <class Sample>
void write_as(const Target& target, size_t at, const Sample* samples, int channels) {
  if (target.channels == channels) return write(target, at, samples);
  thread_local std::vector<Sample> others;
  others.resize(target.values());
  if (target.channels == 3) to_picture(samples, target.pixels(), channels, others.data());
  else to_gray(samples, target.pixels(), others.data());
  write(target, at, others.data());
}

void write_black(std::span<const Target> targets, size_t item) {
  for (const Target& target : targets) {
    if (target.count(item) == 0) continue;
    const std::vector<uint8_t> black(target.values());
    for (size_t at = target.first[item]; at < target.first[item + 1]; ++at) write(target, at, black.data());
  }
}

void render_all(const Source& source, std::span<const WideGroup> groups, int&) { render_wide(source, groups); }
void render_all(const Source& source, std::span<const Group> groups, int& decodes) { decodes = render(source, groups); }

// Renders views of the source's channels: right where they belong if `direct` gives a target's memory for them, and otherwise into
// the cache, on their way.
template <class Sample, class Direct>
int make(const Source& source, std::span<const Target> targets, size_t item, Direct&& direct) {
  thread_local std::vector<Sample> scratch;
  const auto values = [&](const Target& target) { return target.pixels() * static_cast<size_t>(source.channels); };
  size_t room = 0;
  for (const Target& target : targets) room += direct(target) ? 0 : target.count(item) * values(target);
  if (room > 0) scratch.resize(room);
  std::vector<std::vector<ViewOf<Sample>>> views(targets.size());
  std::vector<GroupOf<Sample>> groups;
  Sample* next = scratch.data();
  for (size_t t = 0; t < targets.size(); ++t) {
    const Target& target = targets[t];
    Sample* const out = direct(target);
    for (size_t at = target.first[item]; at < target.first[item + 1]; ++at) {
      views[t].push_back({target.places[at].box, out ? out + target.places[at].slot * values(target) : next});
      if (!out) next += values(target);
    }
    groups.push_back({views[t], target.width, target.height, target.filter});
  }
  int decodes = 0;
  render_all(source, groups, decodes);
  for (size_t t = 0; t < targets.size(); ++t) {
    const Target& target = targets[t];
    for (size_t k = 0; !direct(target) && k < target.count(item); ++k) {
      write_as(target, target.first[item] + k, views[t][k].out, source.channels);
    }
  }
  return decodes;
}

}  // namespace

int make_views(const Source& source, std::span<const Target> targets, size_t item) {
  try {
    for (const Target& target : targets) {
      if (target.count(item) == 0 || fits(source.channels, target)) continue;
      throw ImageError("it has " + std::to_string(source.channels) + " channels where " + std::to_string(target.channels) + " are read");
    }
    if (source.ordinary()) {
      return make<uint8_t>(source, targets, item, [](const Target& target) { return target.channels == 3 ? target.bytes : nullptr; });
    }
    return make<uint16_t>(source, targets, item, [&](const Target& target) {
      return target.channels == source.channels ? target.wide : nullptr;
    });
  } catch (...) {
    write_black(targets, item);
    throw;
  }
}

}  // namespace unlabel
