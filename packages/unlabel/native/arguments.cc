// N-API values to what the threads work on.
#include "arguments.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace unlabel {

namespace {

// As packages/torch/native/lend.cc lays it out under this tag.
struct Lent {
  void* data;
  size_t bytes;
  void* owner;
  void (*release)(void* owner);
};
constexpr napi_type_tag lent_tag = {0x6c656e64'74656e73, 0x756e6c61'62656c01};

size_t samples_at(const Source& source, int denominator) {
  const auto side = [&](int whole) { return static_cast<size_t>((whole + denominator - 1) / denominator); };
  return side(source.width) * side(source.height) * static_cast<size_t>(source.channels);
}

Source pixels_of(const Napi::Object& pixels) {
  const Napi::Env env = pixels.Env();
  Source source;
  const Napi::Value data = pixels.Get("data");
  const bool wide = data.IsTypedArray() && data.As<Napi::TypedArray>().TypedArrayType() == napi_uint16_array;
  if (wide) source.wide = {data.As<Napi::Uint16Array>().Data(), data.As<Napi::TypedArray>().ElementLength()};
  else source.bytes = bytes_of(data);
  source.width = whole(pixels.Get("width"), 1, most_pixels, "width");
  source.height = whole(pixels.Get("height"), 1, most_pixels, "height");
  const Napi::Value channels = pixels.Get("channels");
  if (!channels.IsUndefined()) source.channels = whole(channels, 1, most_channels, "channels");
  if ((wide ? source.wide.size() : source.bytes.size()) != samples_at(source, 1)) {
    reject(env, "Expected width × height × " + std::to_string(source.channels) + (wide ? " numbers" : " bytes") + " for data");
  }
  if (pixels.Has("orientation")) source.orientation = whole(pixels.Get("orientation"), 1, 8, "orientation");
  if (!pixels.Has("shrunk")) return source;
  const Napi::Value levels = pixels.Get("shrunk");
  if (!levels.IsArray() || levels.As<Napi::Array>().Length() > 3) reject(env, "Expected at most three Uint8Arrays for shrunk");
  if (!source.ordinary()) reject(env, "Expected three channels of 8 bits where there is shrunk");
  for (uint32_t k = 0; k < levels.As<Napi::Array>().Length(); ++k) {
    source.shrunk.push_back(bytes_of(levels.As<Napi::Array>().Get(k)));
    if (source.shrunk.back().size() != samples_at(source, 2 << k)) reject(env, "Expected half as many pixels a side each time for shrunk");
  }
  return source;
}

std::span<const float> floats_of(const Napi::Value& value, size_t count, const char* name) {
  const bool is = value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_float32_array;
  if (!is || value.As<Napi::TypedArray>().ElementLength() != count) {
    reject(value.Env(), "Expected a Float32Array of " + std::to_string(count) + " numbers for " + name);
  }
  const Napi::Float32Array array = value.As<Napi::Float32Array>();
  const std::span<const float> numbers(array.Data(), count);
  if (!std::all_of(numbers.begin(), numbers.end(), [](float x) { return std::isfinite(x); })) {
    reject(value.Env(), std::string("Expected finite numbers for ") + name);
  }
  return numbers;
}

}  // namespace

void reject(Napi::Env env, const std::string& message) { throw Napi::TypeError::New(env, message); }

int whole(const Napi::Value& value, int low, int high, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= low && number <= high) || number != static_cast<int>(number)) {
    reject(value.Env(), "Expected a whole number from " + std::to_string(low) + " to " + std::to_string(high) + " for " + name);
  }
  return static_cast<int>(number);
}

std::span<uint8_t> bytes_of(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    reject(value.Env(), "Expected a path, a Uint8Array or { data, width, height } for each source");
  }
  Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

std::vector<Source> sources_of(const Napi::Value& value) {
  if (!value.IsArray()) reject(value.Env(), "Expected an array for sources");
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<Source> sources(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array[i];
    Source& source = sources[i];
    if (item.IsString()) {
      source.path = item.As<Napi::String>().Utf8Value();
      // An empty path means "no path" here, and the system would cut one with a null byte short.
      if (source.path.empty() || source.path.find('\0') != std::string::npos) reject(item.Env(), "Expected a path without null bytes");
    } else if (item.IsTypedArray() || !item.IsObject()) {
      source.bytes = bytes_of(item);
    } else {
      source = pixels_of(item.As<Napi::Object>());
    }
  }
  return sources;
}

std::vector<Look> looks_of(const Napi::Value& value, size_t count, const Finish& finish, int side) {
  const std::span<const float> numbers = floats_of(value, count * numbers_a_look, "looks");
  std::vector<Look> looks(count);
  for (size_t i = 0; i < count; ++i) {
    const float* at = numbers.data() + i * numbers_a_look;
    const float* color = at + 1;
    Look& look = looks[i];
    if (at[0] == 1) {
      look.color = Look::Color::fused;
      std::copy_n(color, 9, look.matrix.begin());
    } else if (at[0] == 2) {
      look.color = Look::Color::exact;
      look.jitter = color[0] != 0;
      std::copy_n(color + 1, 4, look.amount.begin());
      // The last step is the one that is left.
      int left = 0 + 1 + 2 + 3;
      int seen = 0;
      for (size_t step = 0; step < 3; ++step) {
        const int kind = color[5 + step] >= 0 && color[5 + step] <= 3 ? static_cast<int>(color[5 + step]) : 4;
        look.order[step] = kind;
        left -= kind;
        seen |= 1 << kind;
      }
      look.order[3] = left;
      if (left < 0 || left > 3 || (seen | 1 << left) != 0b1111) reject(value.Env(), "Expected each step once in looks");
      look.grayscale = color[8] != 0;
    }
    look.offset = at[10];
    look.sigma = at[11];
    look.solarize = at[12] != 0;
    if (look.sigma > 0 && finish.kernel >= 2 * side) reject(value.Env(), "Expected a blur of less than twice the view's side");
  }
  return looks;
}

Finish finish_of(const Napi::Value& value, int channels) {
  const size_t count = static_cast<size_t>(channels);
  const std::span<const float> numbers = floats_of(value, 2 * count + 1, "finish");
  const float* at = numbers.data();
  Finish finish{{at, at + count}, {at + count, at + 2 * count}};
  const float taps = at[2 * count];
  finish.kernel = taps >= 1 && taps <= most_taps ? static_cast<int>(taps) : 0;
  if (finish.kernel % 2 == 0) reject(value.Env(), "Expected an odd number up to " + std::to_string(most_taps) + " of taps");
  return finish;
}

Memory Memory::take(const Napi::Value& value) {
  bool is = false;
  if (value.IsObject()) napi_check_object_type_tag(value.Env(), value, &lent_tag, &is);
  void* found = nullptr;
  if (!is || napi_unwrap(value.Env(), value, &found) != napi_ok) reject(value.Env(), "Expected a tensor's memory for out");
  Lent* lent = static_cast<Lent*>(found);
  if (lent->owner == nullptr) reject(value.Env(), "Expected memory that has not been used yet for out");
  Memory memory;
  memory.data_ = lent->data;
  memory.bytes_ = lent->bytes;
  memory.owner_ = std::exchange(lent->owner, nullptr);
  memory.release_ = lent->release;
  return memory;
}

}  // namespace unlabel
