// What JavaScript passed in, checked before any of it is used. Every refusal is a TypeError that says what was expected.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <napi.h>

#include "image.h"
#include "paint.h"

namespace unlabel {

[[noreturn]] void reject(Napi::Env env, const std::string& message);

// A whole number in [low, high].
int whole(const Napi::Value& value, int low, int high, const char* name);

std::span<uint8_t> bytes_of(const Napi::Value& value);

std::vector<Source> sources_of(const Napi::Value& value);

// `count` looks of `numbers_a_look` numbers; `side` is the smaller side of the views that they are for.
std::vector<Look> looks_of(const Napi::Value& value, size_t count, const Finish& finish, int side);

// Color (0 none, 1 fused, 2 exact), nine numbers (fused: the matrix; exact: whether to jitter, the four amounts, the order
// of the first three steps and whether to make gray), offset, sigma, solarize.
constexpr size_t numbers_a_look = 13;

// Means and standard deviations, one a channel, and taps of the blur: seven numbers for three channels.
Finish finish_of(const Napi::Value& value, int channels);

// A tensor's memory, lent by the engine (packages/torch/native/lend.cc) and given back when this is destroyed.
class Memory {
 public:
  // Takes it: the same object cannot be used again.
  static Memory take(const Napi::Value& value);

  Memory() = default;
  Memory(Memory&& other) noexcept { *this = std::move(other); }
  Memory& operator=(Memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(owner_, other.owner_);
    std::swap(release_, other.release_);
    return *this;
  }
  ~Memory() {
    if (owner_ != nullptr) release_(owner_);
  }

  std::span<float> floats() const { return {static_cast<float*>(data_), bytes_ / sizeof(float)}; }
  std::span<uint8_t> bytes() const { return {static_cast<uint8_t*>(data_), bytes_}; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
  void* owner_ = nullptr;
  void (*release_)(void*) = nullptr;
};

}  // namespace unlabel
