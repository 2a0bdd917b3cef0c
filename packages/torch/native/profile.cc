// Which operators ran, when and for how long: LibTorch tells its observers, this one keeps a list.
#include "profile.h"

#include <ATen/record_function.h>

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "errors.h"

namespace unlabel {
namespace {

/// Microseconds of the clock that Node's process.hrtime reads.
double now() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Started : at::ObserverContext {
  double at = now();
};

struct Event {
  uint32_t name;
  uint64_t thread;
  double start, duration;
};

/// A step makes a few thousand events; a forgotten profile must not fill the memory.
constexpr size_t MOST_EVENTS = 5'000'000;

struct Recording {
  std::mutex mutex;
  std::unordered_map<std::string, uint32_t> ids;
  std::vector<std::string> names;
  std::vector<Event> events;
  at::CallbackHandle handle = 0;
  bool on = false;
};

// Leaked on purpose: threads of LibTorch's may end after static objects.
Recording& recording() {
  static auto* one = new Recording();
  return *one;
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction&) { return std::make_unique<Started>(); }

void end(const at::RecordFunction& function, at::ObserverContext* context) {
  const double start = static_cast<Started*>(context)->at;
  const double duration = now() - start;
  Recording& to = recording();
  const std::lock_guard lock(to.mutex);
  if (to.events.size() >= MOST_EVENTS) return;
  const auto [found, fresh] = to.ids.try_emplace(function.name(), static_cast<uint32_t>(to.names.size()));
  if (fresh) to.names.emplace_back(function.name());
  to.events.push_back({found->second, function.threadId(), start, duration});
}

/// profileStart()
Napi::Value start(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    Recording& to = recording();
    if (to.on) throw std::invalid_argument("Expected no profile under way, got one");
    to.events.clear();
    to.handle = at::addGlobalCallback(at::RecordFunctionCallback(begin, end).scopes(
        {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
    to.on = true;
    return info.Env().Undefined();
  });
}

/// profileStop() → { names, events }: four numbers an event: name, thread, start and duration in µs
Napi::Value stop(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    Recording& from = recording();
    if (!from.on) throw std::invalid_argument("Expected a profile under way, got none");
    at::removeCallback(from.handle);
    from.on = false;
    const std::lock_guard lock(from.mutex);
    Napi::Array names = Napi::Array::New(info.Env(), from.names.size());
    for (size_t i = 0; i < from.names.size(); ++i) names.Set(static_cast<uint32_t>(i), from.names[i]);
    Napi::Float64Array events = Napi::Float64Array::New(info.Env(), 4 * from.events.size());
    for (size_t i = 0; i < from.events.size(); ++i) {
      const Event& event = from.events[i];
      double* out = events.Data() + 4 * i;
      out[0] = event.name;
      out[1] = static_cast<double>(event.thread);
      out[2] = event.start;
      out[3] = event.duration;
    }
    from.events = {};
    Napi::Object found = Napi::Object::New(info.Env());
    found.Set("names", names);
    found.Set("events", events);
    return found;
  });
}

}  // namespace

void export_profile(Napi::Env env, Napi::Object exports) {
  exports.Set("profileStart", Napi::Function::New(env, start, "profileStart"));
  exports.Set("profileStop", Napi::Function::New(env, stop, "profileStop"));
}

}  // namespace unlabel
