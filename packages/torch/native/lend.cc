// A tensor's memory for another native module to write into, without a copy: an object that only C++ can look into.
#include "lend.h"

#include <ATen/ATen.h>

#include <memory>
#include <stdexcept>

#include "convert.h"
#include "errors.h"
#include "handles.h"

namespace unlabel {
namespace {

/// What the borrower finds behind the object (napi_unwrap), once `kLent` has proved that it is one. It takes the memory by
/// setting `owner` to null, calls `release(owner)` on the JavaScript thread when it is done, and may write to `data` until then.
/// Laid out in plain C, since the borrower is compiled by itself; kLent changes when this does.
struct Lent {
  void* data;
  size_t bytes;
  void* owner;
  void (*release)(void* owner);
};

constexpr napi_type_tag kLent = {0x6c656e64'74656e73, 0x756e6c61'62656c01};

void release_tensor(void* owner) { delete static_cast<at::Tensor*>(owner); }

void finalize(napi_env, void* data, void*) {
  const std::unique_ptr<Lent> lent(static_cast<Lent*>(data));
  if (lent->owner != nullptr) lent->release(lent->owner);
}

/// lend(handle) → an object for another native module
Napi::Value lend(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    if (!info[0].IsNumber()) throw std::invalid_argument("Expected a tensor, got " + describe(info[0]));
    const at::Tensor& tensor = at_handle(info[0].As<Napi::Number>().DoubleValue());
    if (!tensor.is_cpu() || tensor.layout() != at::kStrided || !tensor.is_non_overlapping_and_dense() || tensor.requires_grad()) {
      throw std::invalid_argument("Expected a dense tensor on the CPU without gradient");
    }
    const Napi::Object object = Napi::Object::New(info.Env());
    auto owned = std::make_unique<at::Tensor>(tensor);
    auto lent = std::make_unique<Lent>(Lent{tensor.mutable_data_ptr(), tensor.nbytes(), owned.get(), release_tensor});
    if (napi_type_tag_object(info.Env(), object, &kLent) != napi_ok ||
        napi_wrap(info.Env(), object, lent.get(), finalize, nullptr, nullptr) != napi_ok) {
      throw std::runtime_error("the memory could not be lent");
    }
    owned.release();
    lent.release();
    return object;
  });
}

}  // namespace

void export_lend(Napi::Env env, Napi::Object exports) { exports.Set("lend", Napi::Function::New(env, lend, "lend")); }

}  // namespace unlabel
