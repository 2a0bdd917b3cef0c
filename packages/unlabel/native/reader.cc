// The Node module: one call a batch, one promise, the work on the pool's threads. src/data/native.ts has the types.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <napi.h>

#include "arguments.h"
#include "image.h"
#include "paint.h"
#include "pool.h"
#include "signals.h"

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
  void run(size_t item) override {
    const size_t values = static_cast<size_t>(width) * static_cast<size_t>(height) * 3;
    const std::span<const Place> some(places.data() + first[item], count[item]);
    // Painted views are bytes only on their way, in the cache.
    thread_local std::vector<uint8_t> bytes;
    if (!looks.empty()) bytes.resize(some.size() * values);
    std::vector<View> views;
    for (const Place& place : some) {
      views.push_back({place.box, looks.empty() ? out + place.slot * values : bytes.data() + views.size() * values});
    }
    const auto paint_all = [&] {
      for (size_t k = 0; !looks.empty() && k < some.size(); ++k) {
        paint(views[k].out, width, height, looks[first[item] + k], finish, memory.floats().data() + some[k].slot * values);
      }
    };
    try {
      render(sources[item], views, width, height, filter);
    } catch (...) {
      for (const View& view : views) std::fill_n(view.out, values, uint8_t{0});
      paint_all();
      throw;
    }
    paint_all();
  }
  Napi::Value result(Napi::Env env) override { return failed(env); }

  // Where a view comes from, and where it goes, counted in views.
  struct Place {
    Box box;
    size_t slot;
  };

  std::vector<Place> places;
  std::vector<size_t> first, count;
  int width = 0, height = 0;
  Filter filter = Filter::bilinear;
  Memory memory;            // of a tensor, where that is what is written to
  uint8_t* out = nullptr;   // without looks
  std::vector<Look> looks;  // one a place
  Finish finish;
};

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

  // read(out, sources, counts, slots, boxes, width, height, bicubic, looks, finish) → failures. An item has counts[i] views, of
  // five numbers each in `boxes` (x, y, width, height, flip); a view is written to its place in `out`, counted in views, that
  // `slots` holds. `out` is a Uint8Array or the memory of a byte tensor; with looks and finish (see arguments.h) that of a float
  // tensor.
  Napi::Value read(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto batch = std::make_unique<Reading>(env);
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
    Napi::Float64Array boxes = info[4].As<Napi::Float64Array>();
    const size_t views = slots.ElementLength();
    if (counts.ElementLength() != batch->sources.size()) reject(env, "Expected one count a source");
    if (boxes.ElementLength() != views * 5) reject(env, "Expected five numbers a view in boxes");
    const size_t size = static_cast<size_t>(batch->width) * static_cast<size_t>(batch->height) * 3;
    size_t room;
    if (info[8].IsUndefined()) {
      if (!info[0].IsTypedArray()) batch->memory = Memory::take(info[0]);
      const std::span<uint8_t> bytes = info[0].IsTypedArray() ? bytes_of(info[0]) : batch->memory.bytes();
      batch->out = bytes.data();
      room = bytes.size() / size;
    } else {
      batch->finish = finish_of(info[9]);
      batch->looks = looks_of(info[8], views, batch->finish, std::min(batch->width, batch->height));
      batch->memory = Memory::take(info[0]);
      room = batch->memory.floats().size() / size;
    }
    for (size_t i = 0; i < views; ++i) {
      if (slots[i] < 0 || static_cast<size_t>(slots[i]) >= room) reject(env, "Expected room for every view in out");
      const double* at = boxes.Data() + 5 * i;
      batch->places.push_back({{at[0], at[1], at[2], at[3], at[4] != 0}, static_cast<size_t>(slots[i])});
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

  // release(bytes): detaches the memory, which its owner then frees.
  Napi::Value release(const Napi::CallbackInfo& info) {
    if (!info[0].IsTypedArray()) reject(info.Env(), "Expected a Uint8Array to release");
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
  export_signals(env, exports);
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
