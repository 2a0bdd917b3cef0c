// EXIF 2.3, section 4.5: a TIFF header, then image file directory 0; orientation is its tag 0x0112, one
// SHORT by the standard, a whole number of another type by some writers.
#include "exif.h"

#include <cstring>

namespace unlabel {

int exif_orientation(const uint8_t* data, size_t size) {
  constexpr size_t prefix = 6;
  if (size < prefix + 8 || std::memcmp(data, "Exif\0\0", prefix) != 0) return 1;
  const uint8_t* tiff = data + prefix;
  const size_t length = size - prefix;
  const bool little = tiff[0] == 'I' && tiff[1] == 'I';
  if (!little && !(tiff[0] == 'M' && tiff[1] == 'M')) return 1;

  // Both return 0 outside of the data, which is no valid count, tag or orientation.
  const auto u16 = [&](size_t at) -> uint32_t {
    if (at > length || length - at < 2) return 0;
    return little ? tiff[at] | tiff[at + 1] << 8 : tiff[at] << 8 | tiff[at + 1];
  };
  const auto u32 = [&](size_t at) -> uint32_t {
    return little ? u16(at) | u16(at + 2) << 16 : u16(at) << 16 | u16(at + 2);
  };

  if (u16(2) != 42) return 1;
  const size_t directory = u32(4);
  const uint32_t entries = u16(directory);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + size_t{12} * i;
    if (entry > length || length - entry < 12) return 1;
    if (u16(entry) != 0x0112) continue;
    uint32_t value = 0;
    switch (u16(entry + 2)) {
      case 1:  // BYTE
      case 6:  // SBYTE
        value = tiff[entry + 8];
        break;
      case 3:  // SHORT
      case 8:  // SSHORT
        value = u16(entry + 8);
        break;
      case 4:  // LONG
      case 9:  // SLONG
        value = u32(entry + 8);
        break;
    }
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace unlabel
