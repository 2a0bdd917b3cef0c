// The bridge: LibTorch's dispatcher for Node, and beside it what is no operator.
#include <napi.h>

#include <atomic>
#include <thread>

#include "autograd.h"
#include "distributed.h"
#include "handles.h"
#include "heap.h"
#include "lend.h"
#include "meta.h"
#include "ops.h"
#include "profile.h"
#include "rendezvous.h"
#include "runtime.h"
#include "tensors.h"

namespace {

/// The thread whose JavaScript holds the handles; none before the first load and after that thread's end.
std::atomic<std::thread::id>& owner() {
  static std::atomic<std::thread::id> thread;
  return thread;
}

/// The slot table takes no locks and grad mode belongs to a thread, so the engine serves one JavaScript thread at a time.
void claim(Napi::Env env) {
  std::thread::id none;
  if (owner().compare_exchange_strong(none, std::this_thread::get_id())) {
    env.AddCleanupHook([] {
      unlabel::release_all();
      unlabel::ranks::leave_store();
      owner() = std::thread::id();
    });
  } else if (none != std::this_thread::get_id()) {
    throw Napi::Error::New(env, "Expected LibTorch on one JavaScript thread, got a second: load it in the main thread or in one worker, or start processes");
  }
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  claim(env);
  unlabel::export_ops(env, exports);
  unlabel::export_tensors(env, exports);
  unlabel::export_autograd(env, exports);
  unlabel::export_distributed(env, exports);
  unlabel::export_heap(env, exports);
  unlabel::export_lend(env, exports);
  unlabel::export_meta(env, exports);
  unlabel::export_profile(env, exports);
  unlabel::export_rendezvous(env, exports);
  unlabel::export_runtime(env, exports);
  unlabel::export_shared_batch(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(torch, init)
