// The process: random numbers, threads, devices, what the linked library is.
#include "runtime.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/native/DispatchStub.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <torch/csrc/api/include/torch/version.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "convert.h"
#include "errors.h"
#include "handles.h"
#include "threads.h"

namespace unlabel {
namespace {

std::string& cuda_problem() {
  static auto* text = new std::string();
  return *text;
}

/// The folder that LibTorch was loaded from.
std::string library_folder() {
  Dl_info found;
  if (dladdr(reinterpret_cast<void*>(&at::show_config), &found) == 0 || found.dli_fname == nullptr) return "";
  const std::string file = found.dli_fname;
  return file.substr(0, file.rfind('/'));
}

/// Opens libtorch_cuda where a driver answers, so that one bridge serves machines with and without a GPU.
void open_cuda() {
#ifdef __linux__
  if (dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL) == nullptr) return;
  const std::string path = library_folder() + "/libtorch_cuda.so";
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) cuda_problem() = dlerror();
#endif
}

/// openCuda(): opens libtorch_cuda whether a driver answers or not → null where there is no such library, else why it does not open, or ""
Napi::Value open_cuda_library(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
#ifdef __linux__
    const std::string path = library_folder() + "/libtorch_cuda.so";
    if (access(path.c_str(), F_OK) == 0) {
      const bool opens = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr;
      return Napi::String::New(info.Env(), opens ? "" : dlerror());
    }
#endif
    return info.Env().Null();
  });
}

/// The generation of each GPU, such as 8.0 for an A100, asked of the driver: LibTorch has no call for it in every version.
std::vector<double> cuda_capabilities() {
  std::vector<double> found;
#ifdef __linux__
  void* driver = dlopen("libcuda.so.1", RTLD_NOW);
  if (driver == nullptr) return found;
  const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
  const auto count = reinterpret_cast<int (*)(int*)>(dlsym(driver, "cuDeviceGetCount"));
  const auto device = reinterpret_cast<int (*)(int*, int)>(dlsym(driver, "cuDeviceGet"));
  const auto attribute = reinterpret_cast<int (*)(int*, int, int)>(dlsym(driver, "cuDeviceGetAttribute"));
  constexpr int major_capability = 75, minor_capability = 76;
  int devices = 0;
  if (!init || !count || !device || !attribute || init(0) != 0 || count(&devices) != 0) return found;
  for (int i = 0; i < devices; ++i) {
    int id = 0, major = 0, minor = 0;
    if (device(&id, i) != 0 || attribute(&major, major_capability, id) != 0 || attribute(&minor, minor_capability, id) != 0) return {};
    found.push_back(major + minor / 10.0);
  }
#endif
  return found;
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

/// seed(n): LibTorch's generators on every device
Napi::Value seed(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    at::manual_seed(static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value()));
    return info.Env().Undefined();
  });
}

at::Generator generator(const Napi::Value& device) {
  return at::globalContext().defaultGenerator(at::Device(device.ToString().Utf8Value()));
}

Napi::Value get_rng_state(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    at::Generator g = generator(info[0]);
    std::lock_guard<std::mutex> lock(g.mutex());
    return Napi::Number::New(info.Env(), keep(g.get_state()));
  });
}

Napi::Value set_rng_state(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    at::Generator g = generator(info[0]);
    std::lock_guard<std::mutex> lock(g.mutex());
    g.set_state(at_handle(info[1].As<Napi::Number>().DoubleValue()));
    return info.Env().Undefined();
  });
}

#ifdef __linux__
/// Cores that this process may use, as they were when this library was loaded.
cpu_set_t allowed_cores;
const bool cores_known = sched_getaffinity(0, sizeof(allowed_cores), &allowed_cores) == 0;
bool threads_bound = false;

bool use_cores(const cpu_set_t& cores) { return sched_setaffinity(0, sizeof(cores), &cores) == 0; }

/// Each of the engine's threads, of which the calling one is the first, on a core of its own, or on any again.
bool bind_threads(bool bound) {
  // Whom nobody has bound here may be where the user has put them.
  if (!bound && !threads_bound) return true;
  const int threads = at::get_num_threads();
  // With a core left over, whoever waits for one finds it.
  if (!cores_known || threads < 2 || CPU_COUNT(&allowed_cores) != threads) return false;
  // A program that is started meanwhile is none of these threads. libuv forks for each.
  static const int told = pthread_atfork(nullptr, nullptr, [] {
    if (threads_bound) use_cores(allowed_cores);
  });
  if (told != 0) return false;
  std::vector<cpu_set_t> each;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &allowed_cores)) continue;
    CPU_ZERO(&each.emplace_back());
    CPU_SET(core, &each.back());
  }
  std::atomic<int> placed{0};
  in_parts(threads, [&](int part, int parts) {
    if (parts == threads && use_cores(bound ? each[part] : allowed_cores)) ++placed;
  });
  threads_bound = bound && placed > 0;
  if (placed == threads) return true;
  if (bound) bind_threads(false);
  return false;
}
#else
bool threads_bound = false;
bool bind_threads(bool) { return false; }
#endif

/// bindThreads(bound) → whether that could be done
Napi::Value bind_threads_to_cores(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value { return Napi::Boolean::New(info.Env(), bind_threads(info[0].ToBoolean())); });
}

/// threads(n?) → threads for arithmetic, after setting
Napi::Value threads(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    if (info[0].IsNumber()) {
      const double count = info[0].As<Napi::Number>().DoubleValue();
      // OpenMP ends the process where it cannot start a thread.
      if (!(count >= 1 && count <= 1024)) throw std::invalid_argument("Expected 1 to 1024 for threads, got " + describe(info[0]));
      // New threads begin where the calling one is bound.
      if (threads_bound) bind_threads(false);
      at::set_num_threads(static_cast<int>(count));
    }
    return Napi::Number::New(info.Env(), at::get_num_threads());
  });
}

/// What OpenMP found in the environment as it was loaded, right before this library was.
const std::optional<std::string> wait_policy = environment("OMP_WAIT_POLICY"), spin_count = environment("GOMP_SPINCOUNT");

Napi::Value describe_engine(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    Napi::Object out = Napi::Object::New(env);
    out.Set("version", TORCH_VERSION);
    out.Set("path", library_folder());
    out.Set("cpuCapability", at::get_cpu_capability());
    out.Set("config", at::show_config());
    out.Set("parallel", at::get_parallel_info());
    out.Set("mkl", at::hasMKL());
    out.Set("onednn", at::hasMKLDNN());
    out.Set("cudaDevices", static_cast<double>(at::hasCUDA() ? at::globalContext().getAcceleratorHooksInterface(at::kCUDA).deviceCount() : 0));
    const auto capabilities = cuda_capabilities();
    Napi::Array listed = Napi::Array::New(env, capabilities.size());
    for (size_t i = 0; i < capabilities.size(); ++i) listed.Set(static_cast<uint32_t>(i), capabilities[i]);
    out.Set("cudaCapabilities", listed);
    out.Set("cudaProblem", cuda_problem());
    out.Set("mps", at::hasMPS());
    out.Set("waitPolicy", wait_policy ? Napi::String::New(env, *wait_policy) : env.Null());
    out.Set("spinCount", spin_count ? Napi::String::New(env, *spin_count) : env.Null());
    return out;
  });
}

}  // namespace

void export_runtime(Napi::Env env, Napi::Object exports) {
  open_cuda();
  exports.Set("seed", Napi::Function::New(env, seed, "seed"));
  exports.Set("getRngState", Napi::Function::New(env, get_rng_state, "getRngState"));
  exports.Set("setRngState", Napi::Function::New(env, set_rng_state, "setRngState"));
  exports.Set("threads", Napi::Function::New(env, threads, "threads"));
  exports.Set("bindThreads", Napi::Function::New(env, bind_threads_to_cores, "bindThreads"));
  exports.Set("openCuda", Napi::Function::New(env, open_cuda_library, "openCuda"));
  exports.Set("describe", Napi::Function::New(env, describe_engine, "describe"));
}

}  // namespace unlabel
