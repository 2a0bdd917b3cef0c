// A training step allocates and frees the same memory again and again. By default glibc takes each large block from the kernel and
// hands it back, and the kernel clears it page by page, 4 kB at a time. Here tensors of a megabyte and more have blocks that are
// kept (blocks.cc); everything else, such as oneDNN's scratch space, stays within the process's heap, on huge pages.
#include "heap.h"

#ifdef __GLIBC__
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <cstdint>

#include "blocks.h"
#include "errors.h"

namespace unlabel {
namespace {

#ifdef __GLIBC__

constexpr uintptr_t kHugePage = uintptr_t{2} << 20;
constexpr int kGrowth = 512 << 20;  // address space asked for at once; memory only as it is touched

bool following = false;
uintptr_t followed = 0;  // huge pages were asked for up to here

uintptr_t heap_end() { return reinterpret_cast<uintptr_t>(sbrk(0)); }

bool keep_heap() {
  if (following) return true;
  // A trim threshold of −1 is the largest there is: nothing is given back.
  if (mallopt(M_MMAP_MAX, 0) != 1 || mallopt(M_TRIM_THRESHOLD, -1) != 1 || mallopt(M_TOP_PAD, kGrowth) != 1) return false;
  followed = heap_end();
  following = true;
  return true;
}

#else

bool keep_heap() { return false; }

#endif

/// keepHeap() → whether this system's allocator can do so
Napi::Value keep_heap_call(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const bool blocks = keep_blocks();
    return Napi::Boolean::New(info.Env(), keep_heap() || blocks);
  });
}

/// trimHeap(): gives the kernel back what is kept and not used
Napi::Value trim_heap_call(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    release_blocks();
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    return info.Env().Undefined();
  });
}

}  // namespace

void follow_heap() {
#ifdef __GLIBC__
  if (!following) return;
  const uintptr_t end = heap_end();  // kept by the C library: no system call
  if (end == followed) return;
  if (end > followed) {
    const uintptr_t from = (followed + kHugePage - 1) / kHugePage * kHugePage;
    // Refused where huge pages are switched off; the heap then works as it did.
    if (from < end) madvise(reinterpret_cast<void*>(from), end - from, MADV_HUGEPAGE);
  }
  followed = end;
#endif
}

void export_heap(Napi::Env env, Napi::Object exports) {
  exports.Set("keepHeap", Napi::Function::New(env, keep_heap_call, "keepHeap"));
  exports.Set("trimHeap", Napi::Function::New(env, trim_heap_call, "trimHeap"));
}

}  // namespace unlabel
