// The Node module: one call a batch, one promise, the work on the pool's threads. src/data/native.ts has the types.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <napi.h>

#include "image.h"
#include "pool.h"

namespace unlabel {

namespace {

// A failure of one item never fails the batch.
struct Failure {
  std::string reason;
  bool foreign = false;
};

// One call: its inputs, and what its threads found out. Deleted on the JavaScript thread.
struct Batch {
  explicit Batch(Napi::Env env) : promise(Napi::Promise::Deferred::New(env)) {}
  virtual ~Batch() = default;
  virtual void run(size_t item) = 0;
  virtual Napi::Value result(Napi::Env env) = 0;

  void attempt(size_t item) {
    try {
      run(item);
    } catch (const ImageError& error) {
      failures[item] = {error.what(), error.foreign};
    } catch (const std::exception& error) {  // std::bad_alloc
      failures[item] = {std::string("it could not be decoded: ") + error.what()};
    }
  }

  Napi::Array failed(Napi::Env env) const {
    Napi::Array list = Napi::Array::New(env);
    for (size_t i = 0; i < failures.size(); ++i) {
      if (failures[i].reason.empty()) continue;
      Napi::Object failure = Napi::Object::New(env);
      failure["item"] = static_cast<double>(i);
      failure["reason"] = failures[i].reason;
      failure["foreign"] = failures[i].foreign;
      list[list.Length()] = failure;
    }
    return list;
  }

  Napi::Promise::Deferred promise;
  Napi::ObjectReference kept;  // the arrays whose memory the threads use
  std::vector<Source> sources;
  std::vector<Failure> failures;
  std::atomic<size_t> left{0};
};

struct Measuring : Batch {
  using Batch::Batch;
  void run(size_t item) override { sizes[item] = measure(sources[item]); }
  Napi::Value result(Napi::Env env) override {
    Napi::Int32Array pairs = Napi::Int32Array::New(env, sizes.size() * 2);
    for (size_t i = 0; i < sizes.size(); ++i) {
      pairs[2 * i] = sizes[i].width;
      pairs[2 * i + 1] = sizes[i].height;
    }
    Napi::Object object = Napi::Object::New(env);
    object["sizes"] = pairs;
    object["failures"] = failed(env);
    return object;
  }
  std::vector<Size> sizes;
};

struct Reading : Batch {
  using Batch::Batch;
  void run(size_t item) override {
    const std::span<const View> some(views.data() + first[item], count[item]);
    try {
      render(sources[item], some, width, height, filter);
    } catch (...) {
      const size_t size = static_cast<size_t>(width) * static_cast<size_t>(height) * 3;
      for (const View& view : some) std::fill_n(view.out, size, uint8_t{0});
      throw;
    }
  }
  Napi::Value result(Napi::Env env) override { return failed(env); }

  std::vector<View> views;
  std::vector<size_t> first, count;
  int width = 0, height = 0;
  Filter filter = Filter::bilinear;
};

[[noreturn]] void reject(Napi::Env env, const std::string& message) { throw Napi::TypeError::New(env, message); }

int whole(const Napi::Value& value, int low, int high, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= low && number <= high) || number != static_cast<int>(number)) {
    reject(value.Env(), "Expected a whole number from " + std::to_string(low) + " to " + std::to_string(high) + " for " + name);
  }
  return static_cast<int>(number);
}

std::span<const uint8_t> bytes_of(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    reject(value.Env(), "Expected a path, a Uint8Array or { data, width, height } for each source");
  }
  const Napi::Uint8Array array = value.As<Napi::Uint8Array>();
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
      const Napi::Object pixels = item.As<Napi::Object>();
      source.bytes = bytes_of(pixels.Get("data"));
      source.width = whole(pixels.Get("width"), 1, 65500, "width");
      source.height = whole(pixels.Get("height"), 1, 65500, "height");
      if (source.bytes.size() != static_cast<size_t>(source.width) * static_cast<size_t>(source.height) * 3) {
        reject(item.Env(), "Expected width × height × 3 bytes for data");
      }
    }
  }
  return sources;
}

class Reader {
 public:
  explicit Reader(Napi::Env env)
      : pool_(std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 16)),
        done_(Done::New(env, "unlabel image reader", 0, 1, this)) {
    done_.Unref(env);
    // Runs before the memory that the threads write to is freed.
    env.AddCleanupHook([this] { pool_.stop(); });
  }

  // sizes(sources) → { sizes: Int32Array of width, height; failures }
  Napi::Value sizes(const Napi::CallbackInfo& info) {
    auto batch = std::make_unique<Measuring>(info.Env());
    batch->sources = sources_of(info[0]);
    batch->sizes.resize(batch->sources.size());
    batch->kept = Napi::Persistent(info[0].As<Napi::Object>());
    return begin(info.Env(), std::move(batch));
  }

  // read(out, sources, counts, slots, boxes, width, height, bicubic) → failures. An item has counts[i] views, of five numbers each
  // in `boxes` (x, y, width, height, flip); a view is written to its place in `out`, counted in views, that `slots` holds.
  Napi::Value read(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto batch = std::make_unique<Reading>(env);
    const std::span<const uint8_t> out = bytes_of(info[0]);
    batch->sources = sources_of(info[1]);
    batch->width = whole(info[5], 1, 4096, "width");
    batch->height = whole(info[6], 1, 4096, "height");
    batch->filter = info[7].ToBoolean() ? Filter::bicubic : Filter::bilinear;

    const auto is = [&](size_t at, napi_typedarray_type type) {
      return info[at].IsTypedArray() && info[at].As<Napi::TypedArray>().TypedArrayType() == type;
    };
    if (!is(2, napi_int32_array) || !is(3, napi_int32_array) || !is(4, napi_float64_array)) {
      reject(env, "Expected Int32Array counts, Int32Array slots, Float64Array boxes");
    }
    const Napi::Int32Array counts = info[2].As<Napi::Int32Array>();
    const Napi::Int32Array slots = info[3].As<Napi::Int32Array>();
    const Napi::Float64Array boxes = info[4].As<Napi::Float64Array>();
    const size_t views = slots.ElementLength();
    if (counts.ElementLength() != batch->sources.size()) reject(env, "Expected one count a source");
    if (boxes.ElementLength() != views * 5) reject(env, "Expected five numbers a view in boxes");
    const size_t size = static_cast<size_t>(batch->width) * static_cast<size_t>(batch->height) * 3;
    const size_t room = out.size() / size;
    for (size_t i = 0; i < views; ++i) {
      if (slots[i] < 0 || static_cast<size_t>(slots[i]) >= room) reject(env, "Expected room for every view in out");
      uint8_t* const to = const_cast<uint8_t*>(out.data()) + static_cast<size_t>(slots[i]) * size;
      const size_t at = 5 * i;
      batch->views.push_back({{boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3], boxes[at + 4] != 0}, to});
    }
    size_t total = 0;
    for (size_t i = 0; i < batch->sources.size(); ++i) {
      if (counts[i] < 0) reject(env, "Expected no negative counts");
      batch->first.push_back(total);
      batch->count.push_back(static_cast<size_t>(counts[i]));
      total += batch->count.back();
    }
    if (total != views) reject(env, "Expected as many slots as views");

    Napi::Array kept = Napi::Array::New(env, 2);
    kept[0u] = info[0];
    kept[1u] = info[1];
    batch->kept = Napi::Persistent(kept.As<Napi::Object>());
    return begin(env, std::move(batch));
  }

  Napi::Value threads(const Napi::CallbackInfo& info) {
    if (!info[0].IsUndefined()) pool_.resize(static_cast<size_t>(whole(info[0], 1, 256, "threads")));
    return Napi::Number::New(info.Env(), static_cast<double>(pool_.size()));
  }

 private:
  static void settle(Napi::Env env, Napi::Function, Reader* reader, Batch* batch) {
    if (env == nullptr) return;  // the process is ending
    const std::unique_ptr<Batch> owned(batch);
    const Napi::HandleScope scope(env);
    owned->promise.Resolve(owned->result(env));
    if (--reader->pending_ == 0) reader->done_.Unref(env);
  }
  using Done = Napi::TypedThreadSafeFunction<Reader, Batch, &Reader::settle>;

  Napi::Value begin(Napi::Env env, std::unique_ptr<Batch> owned) {
    Batch* batch = owned.release();
    const Napi::Promise promise = batch->promise.Promise();
    const size_t items = batch->sources.size();
    batch->failures.resize(items);
    // While work is pending, Node stays alive.
    if (pending_++ == 0) done_.Ref(env);
    if (items == 0) done_.NonBlockingCall(batch);
    batch->left = items;
    for (size_t i = 0; i < items; ++i) {
      pool_.add([this, batch, i] {
        batch->attempt(i);
        if (--batch->left == 0) done_.NonBlockingCall(batch);
      });
    }
    return promise;
  }

  Pool pool_;
  Done done_;
  size_t pending_ = 0;
};

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  auto* reader = new Reader(env);
  env.SetInstanceData(reader);
  exports["sizes"] = Napi::Function::New(env, [reader](const Napi::CallbackInfo& info) { return reader->sizes(info); }, "sizes");
  exports["read"] = Napi::Function::New(env, [reader](const Napi::CallbackInfo& info) { return reader->read(info); }, "read");
  exports["threads"] = Napi::Function::New(env, [reader](const Napi::CallbackInfo& info) { return reader->threads(info); }, "threads");
  return exports;
}

}  // namespace

}  // namespace unlabel

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return unlabel::initialise(env, exports); }
NODE_API_MODULE(reader, Init)
