// The bridge: LibTorch's dispatcher, and some twenty functions beside it, for Node.
#include <napi.h>

#include "autograd.h"
#include "ops.h"
#include "runtime.h"
#include "tensors.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  unlabel::export_ops(env, exports);
  unlabel::export_tensors(env, exports);
  unlabel::export_autograd(env, exports);
  unlabel::export_runtime(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(torch, init)
