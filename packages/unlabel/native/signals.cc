// A handler of the system's own: it ends the process at once where that is asked for, even in the middle of a long native call, and
// otherwise hands the signal on to Node's. Within it only what POSIX calls async-signal-safe is called.
#include "signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <string>

namespace unlabel {
namespace {

constexpr int kSignals = 32;
// Launchers such as npx pass on a signal that the terminal has sent to everyone: two so close are one.
constexpr int64_t kSame = 250'000'000;

std::array<struct sigaction, kSignals> before;
std::array<bool, kSignals> watched;

// The moment of the first signal, in ns; 0 before it.
std::atomic<int64_t> first{0};
// Whether the first ends the process, after these words.
std::atomic<bool> at_first{false};
std::string words_for_people, words_for_programs;
std::atomic<int> holds{0};
std::atomic<bool> asked{false}, leaving{false};
static_assert(std::atomic<int64_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
}

// Nobody may be reading, and a full pipe would keep the process for ever; who reads has a moment to.
bool has_room(int file) {
  pollfd one{file, POLLOUT, 0};
  return poll(&one, 1, 300) == 1 && (one.revents & POLLOUT) != 0;
}

void say(int file, const std::string& words) {
  const char* at = words.data();
  for (size_t left = words.size(); left > 0 && has_room(file);) {
    // A pipe that has room has it for so much.
    const ssize_t written = write(file, at, std::min<size_t>(left, PIPE_BUF));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    at += written;
    left -= static_cast<size_t>(written);
  }
}

void leave() {
  if (leaving.exchange(true)) return;
  say(STDERR_FILENO, words_for_people);
  say(STDOUT_FILENO, words_for_programs);
  _exit(130);
}

// As the signal does where nobody handles it.
void end(int number) {
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  sigaction(number, &usual, nullptr);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  raise(number);
}

void on_signal(int number, siginfo_t* info, void* context) {
  const int error = errno;
  if (at_first) {
    asked = true;
    if (holds == 0) leave();
  } else {
    int64_t since = 0;
    const int64_t moment = now();
    if (!first.compare_exchange_strong(since, moment) && moment - since > kSame) end(number);
    const struct sigaction& next = before[static_cast<size_t>(number)];
    if ((next.sa_flags & SA_SIGINFO) != 0) {
      next.sa_sigaction(number, info, context);
    } else if (next.sa_handler == SIG_DFL) {
      end(number);
    } else if (next.sa_handler != SIG_IGN) {
      next.sa_handler(number);
    }
  }
  errno = error;
}

void unwatch() {
  for (int number = 1; number < kSignals; ++number) {
    const auto at = static_cast<size_t>(number);
    if (!watched[at]) continue;
    struct sigaction found {};
    sigaction(number, nullptr, &found);
    // Another's that came after this one stays.
    if ((found.sa_flags & SA_SIGINFO) != 0 && found.sa_sigaction == on_signal) sigaction(number, &before[at], nullptr);
    watched[at] = false;
  }
}

/// watchSignals(numbers, forPeople?, forPrograms?): with words, the first signal writes them to stderr and stdout and ends the process
/// with exit code 130; without, the first goes on to Node's handlers and the second ends the process as it would by default.
Napi::Value watch(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  unwatch();
  const auto numbers = info[0].As<Napi::Array>();
  const bool speaks = info[1].IsString() && info[2].IsString();
  words_for_people = speaks ? info[1].As<Napi::String>().Utf8Value() : "";
  words_for_programs = speaks ? info[2].As<Napi::String>().Utf8Value() : "";
  first = 0;
  asked = false;
  at_first = speaks;
  for (uint32_t i = 0; i < numbers.Length(); ++i) {
    const int number = numbers.Get(i).As<Napi::Number>().Int32Value();
    if (number < 1 || number >= kSignals) throw Napi::RangeError::New(env, "Expected a signal's number, got " + std::to_string(number));
    const auto at = static_cast<size_t>(number);
    // What comes next is known before the handler can run.
    sigaction(number, nullptr, &before[at]);
    struct sigaction mine {};
    mine.sa_sigaction = on_signal;
    mine.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&mine.sa_mask);
    sigaction(number, &mine, nullptr);
    watched[at] = true;
  }
  return env.Undefined();
}

Napi::Value unwatch_call(const Napi::CallbackInfo& info) {
  unwatch();
  return info.Env().Undefined();
}

/// holdSignals(on): between on and off a first signal that ends the process waits
Napi::Value hold(const Napi::CallbackInfo& info) {
  if (info[0].ToBoolean()) {
    ++holds;
  } else if (--holds == 0 && asked) {
    leave();
  }
  return info.Env().Undefined();
}

}  // namespace

void export_signals(Napi::Env env, Napi::Object exports) {
  // A handler must not outlive its code.
  env.AddCleanupHook(unwatch);
  exports["watchSignals"] = Napi::Function::New(env, watch, "watchSignals");
  exports["unwatchSignals"] = Napi::Function::New(env, unwatch_call, "unwatchSignals");
  exports["holdSignals"] = Napi::Function::New(env, hold, "holdSignals");
}

}  // namespace unlabel
