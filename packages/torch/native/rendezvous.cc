// LibTorch's TCPStore for JavaScript. Its calls may hang for good where the process that serves it is stopped, so they run on a thread
// of their own, and whoever asks waits no longer than the timeout. A second thread counts up a key a rank: its heartbeat, which goes on
// while JavaScript or a collective blocks, and ends with the process.
#include "rendezvous.h"

#include <arpa/inet.h>
#include <c10/util/Flags.h>
#include <c10/util/Logging.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/version.h>

#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "errors.h"

C10_DECLARE_int(caffe2_log_level);

namespace unlabel {
namespace ranks {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBeat{250};

/// Runs what it is given, one after the other, until nobody holds it.
class Errands {
 public:
  template <typename Body>
  auto run(Body body, milliseconds deadline) -> decltype(body()) {
    using Result = decltype(body());
    auto task = std::make_shared<std::packaged_task<Result()>>(std::move(body));
    auto result = task->get_future();
    {
      std::lock_guard lock(state_->mutex);
      state_->queue.emplace_back([task] { (*task)(); });
    }
    state_->wake.notify_one();
    if (result.wait_for(deadline) != std::future_status::ready) throw std::runtime_error("the store does not answer");
    return result.get();
  }

  Errands() {
    // Detached: a call that never ends must not keep the process.
    std::thread([state = state_] {
      for (;;) {
        std::function<void()> next;
        {
          std::unique_lock lock(state->mutex);
          state->wake.wait(lock, [&] { return state->over || !state->queue.empty(); });
          if (state->queue.empty()) return;
          next = std::move(state->queue.front());
          state->queue.pop_front();
        }
        next();
      }
    }).detach();
  }

  ~Errands() {
    {
      std::lock_guard lock(state_->mutex);
      state_->over = true;
    }
    state_->wake.notify_one();
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::function<void()>> queue;
    bool over = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

struct Heart {
  std::mutex mutex;
  std::condition_variable wake;
  bool over = false;
};

struct Meeting {
  std::string host;
  uint16_t port;
  std::string prefix;
  milliseconds timeout;
  c10::intrusive_ptr<c10d::Store> store;
  std::shared_ptr<Errands> errands;
  std::shared_ptr<Heart> heart;
};

// Leaked on purpose, like the slot table: threads may hold parts of it until the process ends.
std::unique_ptr<Meeting>& meeting() {
  static auto* one = new std::unique_ptr<Meeting>();
  return *one;
}

Meeting& met() {
  if (!meeting()) throw std::invalid_argument("Expected a process group, got none; call initProcessGroup first");
  return *meeting();
}

c10::intrusive_ptr<c10d::Store> connect(const std::string& host, uint16_t port, const std::string& prefix, milliseconds timeout,
                                        int listening = -1) {
  c10d::TCPStoreOptions options;
  options.port = port;
  options.isServer = listening >= 0;
  if (listening >= 0) options.masterListenFd = listening;
#if TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR < 7
  // Its newer server cannot take over a socket yet.
  options.useLibUV = listening < 0;
#endif
  // Who is missing is told by name, which waiting here would not.
  options.waitWorkers = false;
  options.timeout = timeout;
  const auto open = [&] { return c10::make_intrusive<c10d::PrefixStore>(prefix, c10::make_intrusive<c10d::TCPStore>(host, options)); };
  try {
    return open();
  } catch (const std::exception& error) {
    // Should another version's be unable to, too.
    if (!options.isServer || std::strstr(error.what(), "libuv") == nullptr) throw;
    options.useLibUV = false;
    return open();
  }
}

std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

void beat(const std::shared_ptr<Heart>& heart, c10::intrusive_ptr<c10d::Store> store, const std::string& key) {
  std::thread([heart, store = std::move(store), key] {
    std::unique_lock lock(heart->mutex);
    while (!heart->over) {
      lock.unlock();
      try {
        store->add(key, 1);
      } catch (...) {
        return;  // the store is gone: whoever asks it hears so
      }
      lock.lock();
      heart->wake.wait_for(lock, kBeat, [&] { return heart->over; });
    }
  }).detach();
}

std::string text_arg(const Napi::Value& value) { return value.ToString().Utf8Value(); }

[[noreturn]] void refuse_socket(const std::string& host, uint16_t port, int error) {
  throw std::runtime_error(std::string(error == EADDRINUSE ? "taken" : error == EADDRNOTAVAIL ? "elsewhere" : std::strerror(error)) + " " + host +
                           ":" + std::to_string(port));
}

/// listenAt(address, port) → the descriptor of a socket that listens there and nowhere else; an empty address is all of them
Napi::Value listen_at(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const std::string host = text_arg(info[0]);
    const auto port = static_cast<uint16_t>(info[1].ToNumber().Uint32Value());
    addrinfo hints{}, *found = nullptr;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    if (host.empty()) hints.ai_family = AF_INET;
    if (getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0 || found == nullptr) {
      throw std::invalid_argument("Expected an address for " + host);
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
    const int fd = socket(found->ai_family, SOCK_STREAM, 0);
    if (fd < 0) refuse_socket(host, port, errno);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 512) != 0) {
      const int error = errno;
      close(fd);
      refuse_socket(host, port, error);
    }
    return Napi::Number::New(info.Env(), fd);
  });
}

/// openStore(host, port, listening, prefix, rank, timeoutMs): `listening` is a descriptor of listenAt where this process serves, else −1
Napi::Value open_store(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    if (meeting()) throw std::invalid_argument("Expected no process group yet, got a second one; call destroyProcessGroup first");
    // LibTorch would write a stack of C++ for each connection that ends; what there is to say of it our errors say.
    if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_ERROR;
    auto made = std::make_unique<Meeting>();
    made->host = text_arg(info[0]);
    made->port = static_cast<uint16_t>(info[1].ToNumber().Uint32Value());
    const int listening = info[2].ToNumber().Int32Value();
    made->prefix = text_arg(info[3]);
    made->timeout = milliseconds(info[5].ToNumber().Int64Value());
    made->store = connect(made->host, made->port, made->prefix, made->timeout, listening);
    made->errands = std::make_shared<Errands>();
    made->heart = std::make_shared<Heart>();
    beat(made->heart, connect(made->host, made->port, made->prefix, made->timeout), "beat/" + info[4].ToString().Utf8Value());
    meeting() = std::move(made);
    return info.Env().Undefined();
  });
}

template <typename Body>
auto ask(Body body, std::optional<milliseconds> deadline = std::nullopt) {
  const Meeting& here = met();
  return here.errands->run([store = here.store, body = std::move(body)] { return body(*store); }, deadline.value_or(here.timeout));
}

/// How long a store may take that does not answer: what a call says, else the group's timeout.
milliseconds deadline_of(const Napi::Value& given) {
  return given.IsNumber() ? milliseconds(given.ToNumber().Int64Value()) : met().timeout;
}

/// storeSet(key, text, deadlineMs?)
Napi::Value store_set(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    ask([key = text_arg(info[0]), value = bytes_of(text_arg(info[1]))](c10d::Store& store) { store.set(key, value); }, deadline_of(info[2]));
    return info.Env().Undefined();
  });
}

/// storeGet(key, waitMs, deadlineMs?) → the text, null where it has not come in that time; the deadline is of a store that does not answer
Napi::Value store_get(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const milliseconds wait(info[1].ToNumber().Int64Value());
    const milliseconds deadline = deadline_of(info[2]);
    const auto found = ask(
        [key = text_arg(info[0]), wait](c10d::Store& store) -> std::optional<std::vector<uint8_t>> {
          if (!store.check({key})) {
            if (wait.count() <= 0) return std::nullopt;
            try {
              store.wait({key}, wait);
            } catch (const c10::DistStoreError&) {
              return std::nullopt;
            }
          }
          return store.get(key);
        },
        wait + deadline);
    if (!found) return info.Env().Null();
    return Napi::String::New(info.Env(), std::string(found->begin(), found->end()));
  });
}

/// storeAdd(key, by, deadlineMs?)
Napi::Value store_add(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const int64_t sum =
        ask([key = text_arg(info[0]), by = info[1].ToNumber().Int64Value()](c10d::Store& store) { return store.add(key, by); }, deadline_of(info[2]));
    return Napi::Number::New(info.Env(), static_cast<double>(sum));
  });
}

Napi::Value store_delete(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    ask([key = text_arg(info[0])](c10d::Store& store) { return store.deleteKey(key); });
    return info.Env().Undefined();
  });
}

Napi::Value close_store(const Napi::CallbackInfo& info) {
  leave_store();
  return info.Env().Undefined();
}

}  // namespace

c10::intrusive_ptr<c10d::Store> meeting_store() {
  const Meeting& here = met();
  return connect(here.host, here.port, here.prefix + "group", here.timeout);
}

void leave_store() {
  if (!meeting()) return;
  {
    std::lock_guard lock(meeting()->heart->mutex);
    meeting()->heart->over = true;
  }
  meeting()->heart->wake.notify_one();
  meeting().reset();
}

}  // namespace ranks

void export_rendezvous(Napi::Env env, Napi::Object exports) {
  exports.Set("listenAt", Napi::Function::New(env, ranks::listen_at, "listenAt"));
  exports.Set("openStore", Napi::Function::New(env, ranks::open_store, "openStore"));
  exports.Set("storeSet", Napi::Function::New(env, ranks::store_set, "storeSet"));
  exports.Set("storeGet", Napi::Function::New(env, ranks::store_get, "storeGet"));
  exports.Set("storeAdd", Napi::Function::New(env, ranks::store_add, "storeAdd"));
  exports.Set("storeDelete", Napi::Function::New(env, ranks::store_delete, "storeDelete"));
  exports.Set("closeStore", Napi::Function::New(env, ranks::close_store, "closeStore"));
}

}  // namespace unlabel
