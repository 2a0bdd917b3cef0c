// The Node module: one call a batch, one promise, the work on the pool's threads. src/data/native.ts has the types.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <napi.h>

#include "arguments.h"
#include "image.h"
#include "list.h"
#include "pool.h"
#include "signals.h"
#include "spin.h"
#include "views.h"

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

struct Unpacking : Batch {
  using Batch::Batch;
  void run(size_t item) override { images[item] = unpack(sources[item], least); }
  Napi::Value result(Napi::Env env) override {
    Napi::Array list = Napi::Array::New(env, images.size());
    for (uint32_t i = 0; i < images.size(); ++i) {
      Unpacked& image = images[i];
      list[i] = env.Null();
      if (!failures[i].reason.empty()) continue;
      Napi::Object pixels = Napi::Object::New(env);
      pixels["width"] = image.width;
      pixels["height"] = image.height;
      pixels["orientation"] = image.orientation;
      Napi::Array shrunk = Napi::Array::New(env);
      for (size_t level = 0; level < image.levels.size(); ++level) {
        const Napi::Uint8Array bytes = handed_over(env, std::move(image.levels[level]));
        if (level == 0) pixels["data"] = bytes;
        else shrunk[shrunk.Length()] = bytes;
      }
      pixels["shrunk"] = shrunk;
      list[i] = pixels;
    }
    Napi::Object object = Napi::Object::New(env);
    object["images"] = list;
    object["failures"] = failed(env);
    return object;
  }

  // The memory itself, not a copy; JavaScript's from now on.
  static Napi::Uint8Array handed_over(Napi::Env env, std::vector<uint8_t> bytes) {
    auto* owned = new std::vector<uint8_t>(std::move(bytes));
    const auto free = [](Napi::Env, void*, std::vector<uint8_t>* memory) { delete memory; };
    const Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, owned->data(), owned->size(), free, owned);
    return Napi::Uint8Array::New(env, owned->size(), buffer, 0);
  }

  std::vector<Unpacked> images;
  int least = 1;
};

struct Reading : Batch {
  using Batch::Batch;
  void run(size_t item) override { decodes += make_views(sources[item], targets, item); }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    object["failures"] = failed(env);
    object["decodes"] = static_cast<double>(decodes.load());
    return object;
  }

  std::vector<Target> targets;
  std::atomic<int> decodes{0};  // runs of the JPEG decoder over an image
};

Target target_of(const Napi::Value& value, size_t items) {
  const Napi::Env env = value.Env();
  if (!value.IsObject()) reject(env, "Expected an object for each target");
  const Napi::Object given = value.As<Napi::Object>();
  Target target;
  target.width = whole(given.Get("width"), 1, 4096, "width");
  target.height = whole(given.Get("height"), 1, 4096, "height");
  if (given.Has("channels")) target.channels = whole(given.Get("channels"), 1, most_channels, "channels");
  target.picture = given.Get("picture").ToBoolean();
  if (target.picture && target.channels != 3) reject(env, "Expected three channels for a picture");
  target.filter = given.Get("bicubic").ToBoolean() ? Filter::bicubic : Filter::bilinear;

  const auto array_of = [&](const char* name, napi_typedarray_type type) {
    const Napi::Value array = given.Get(name);
    if (!array.IsTypedArray() || array.As<Napi::TypedArray>().TypedArrayType() != type) {
      reject(env, "Expected Int32Array counts, Int32Array slots, Float64Array boxes");
    }
    return array;
  };
  const Napi::Int32Array counts = array_of("counts", napi_int32_array).As<Napi::Int32Array>();
  const Napi::Int32Array slots = array_of("slots", napi_int32_array).As<Napi::Int32Array>();
  Napi::Float64Array boxes = array_of("boxes", napi_float64_array).As<Napi::Float64Array>();
  const size_t views = slots.ElementLength();
  if (counts.ElementLength() != items) reject(env, "Expected one count a source");
  if (boxes.ElementLength() != views * 5) reject(env, "Expected five numbers a view in boxes");

  const Napi::Value out = given.Get("out");
  const Napi::Value looks = given.Get("paintValues");
  size_t room;
  if (looks.IsUndefined()) {
    const bool wide = out.IsTypedArray() && out.As<Napi::TypedArray>().TypedArrayType() == napi_uint16_array;
    if (!out.IsTypedArray()) target.memory = Memory::take(out);
    const std::span<uint8_t> bytes = wide ? std::span<uint8_t>() : out.IsTypedArray() ? bytes_of(out) : target.memory.bytes();
    target.bytes = bytes.data();
    if (wide) target.wide = out.As<Napi::Uint16Array>().Data();
    room = (wide ? out.As<Napi::TypedArray>().ElementLength() : bytes.size()) / target.values();
  } else {
    target.painted = true;
    target.finish = finish_of(given.Get("finish"), target.channels);
    target.looks = looks_of(looks, views, target.finish, std::min(target.width, target.height));
    target.memory = Memory::take(out);
    room = target.memory.floats().size() / target.values();
  }
  for (size_t i = 0; i < views; ++i) {
    if (slots[i] < 0 || static_cast<size_t>(slots[i]) >= room) reject(env, "Expected room for every view in out");
    const double* at = boxes.Data() + 5 * i;
    target.places.push_back({{at[0], at[1], at[2], at[3], at[4] != 0}, static_cast<size_t>(slots[i])});
  }
  for (size_t i = 0; i < items; ++i) {
    if (counts[i] < 0) reject(env, "Expected no negative counts");
    target.first.push_back(target.first.back() + static_cast<size_t>(counts[i]));
  }
  if (target.first.back() != views) reject(env, "Expected as many slots as views");
  return target;
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

  // unpack(sources, least) → { images: pixels as sources_of takes them, null where they failed; failures }
  Napi::Value unpack(const Napi::CallbackInfo& info) {
    auto batch = std::make_unique<Unpacking>(info.Env());
    batch->sources = sources_of(info[0]);
    batch->images.resize(batch->sources.size());
    batch->least = whole(info[1], 1, 4096, "least");
    batch->kept = Napi::Persistent(info[0].As<Napi::Object>());
    return begin(info.Env(), std::move(batch));
  }

  // read(sources, targets) → { failures, decodes }. A target holds the views of one size, { out, counts, slots, boxes, width,
  // height, bicubic, channels, picture, paintValues, finish }: item i has counts[i] of them, of five numbers each in `boxes` (x, y, width, height,
  // flip); a view is written to its place in `out`, counted in views, that `slots` holds. `out` is a Uint8Array, a
  // Uint16Array or the memory of a byte tensor; with paintValues and finish (looks_of and finish_of in arguments.h) that of a float tensor.
  Napi::Value read(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto batch = std::make_unique<Reading>(env);
    batch->sources = sources_of(info[0]);
    if (!info[1].IsArray()) reject(env, "Expected an array for targets");
    const Napi::Array targets = info[1].As<Napi::Array>();
    Napi::Array kept = Napi::Array::New(env);
    kept[0u] = info[0];
    for (uint32_t t = 0; t < targets.Length(); ++t) {
      const Napi::Value target = targets[t];
      batch->targets.push_back(target_of(target, batch->sources.size()));
      kept[t + 1] = target.As<Napi::Object>().Get("out");
    }
    batch->kept = Napi::Persistent(kept.As<Napi::Object>());
    return begin(env, std::move(batch));
  }

  // release(samples): detaches the memory, which its owner then frees.
  Napi::Value release(const Napi::CallbackInfo& info) {
    if (!info[0].IsTypedArray()) reject(info.Env(), "Expected a typed array to release");
    info[0].As<Napi::TypedArray>().ArrayBuffer().Detach();
    return info.Env().Undefined();
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
  export_list(env, exports);
  export_signals(env, exports);
  export_spin(env, exports);
  exports["sizes"] = Napi::Function::New(env, [reader](const Napi::CallbackInfo& info) { return reader->sizes(info); }, "sizes");
  exports["unpack"] = Napi::Function::New(env, [reader](const Napi::CallbackInfo& info) { return reader->unpack(info); }, "unpack");
  exports["read"] = Napi::Function::New(env, [reader](const Napi::CallbackInfo& info) { return reader->read(info); }, "read");
  exports["release"] = Napi::Function::New(env, [reader](const Napi::CallbackInfo& info) { return reader->release(info); }, "release");
  exports["threads"] = Napi::Function::New(env, [reader](const Napi::CallbackInfo& info) { return reader->threads(info); }, "threads");
  return exports;
}

}  // namespace

}  // namespace unlabel

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return unlabel::initialise(env, exports); }
NODE_API_MODULE(reader, Init)
