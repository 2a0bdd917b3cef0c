// Work shared among the threads of LibTorch's own OpenMP: a second set would compete with them.
#pragma once

#include <atomic>
#include <exception>

// Found as this library is loaded, since LibTorch's wheels bring an OpenMP under a name of their own.
extern "C" {
void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned flags) __attribute__((weak));
int omp_get_thread_num(void) __attribute__((weak));
int omp_get_num_threads(void) __attribute__((weak));
}

namespace unlabel {

/// Calls `body(part, parts)` on each of `threads` threads, or once, on the calling one, where there is no OpenMP. The first
/// exception is thrown again when all have ended.
template <typename Body>
void in_parts(int threads, Body body) {
  if (threads <= 1 || !GOMP_parallel || !omp_get_thread_num || !omp_get_num_threads) {
    body(0, 1);
    return;
  }
  struct Work {
    Body* body;
    std::atomic_flag failed = ATOMIC_FLAG_INIT;
    std::exception_ptr error;
  } work{&body};
  GOMP_parallel(
      [](void* data) {
        Work& shared = *static_cast<Work*>(data);
        try {
          (*shared.body)(omp_get_thread_num(), omp_get_num_threads());
        } catch (...) {
          if (!shared.failed.test_and_set()) shared.error = std::current_exception();
        }
      },
      &work, static_cast<unsigned>(threads), 0);
  if (work.error) std::rethrow_exception(work.error);
}

}  // namespace unlabel
