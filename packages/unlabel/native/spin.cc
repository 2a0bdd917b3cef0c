// How often OpenMP's threads look for work before they sleep, while the process runs. GNU's runtime reads it from GOMP_SPINCOUNT once and has
// no call to change it, but keeps it in a variable that each wait reads anew. That variable is found by its value; where it is not there
// exactly once, as in another runtime, nothing is changed.
#include "spin.h"

#include <cstdint>
#include <cstring>
#include <vector>

#ifdef __linux__
#include <link.h>
#endif

namespace unlabel {
namespace {

uint64_t* found = nullptr;

#ifdef __linux__
struct Search {
  uint64_t value;
  std::vector<uint64_t*> places;
};

// What the loader has closed to writing again holds no variable.
bool is_closed(const dl_phdr_info& library, uintptr_t at) {
  for (int i = 0; i < library.dlpi_phnum; ++i) {
    const auto& part = library.dlpi_phdr[i];
    const uintptr_t start = library.dlpi_addr + part.p_vaddr;
    // Whole pages are closed.
    if (part.p_type == PT_GNU_RELRO && at >= (start & ~uintptr_t{4095}) && at < start + part.p_memsz) return true;
  }
  return false;
}

int look(dl_phdr_info* library, size_t, void* data) {
  if (std::strstr(library->dlpi_name, "libgomp") == nullptr) return 0;
  auto& search = *static_cast<Search*>(data);
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const auto& part = library->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) == 0) continue;
    const uintptr_t start = (library->dlpi_addr + part.p_vaddr + 7) & ~uintptr_t{7};
    const uintptr_t end = library->dlpi_addr + part.p_vaddr + part.p_memsz;
    for (uintptr_t at = start; at + sizeof(uint64_t) <= end; at += sizeof(uint64_t)) {
      auto* place = reinterpret_cast<uint64_t*>(at);
      if (*place == search.value && !is_closed(*library, at)) search.places.push_back(place);
    }
  }
  return 0;
}
#endif

/// spin(before, now) → whether the count, which was `before` when it was first asked, is now `now`
Napi::Value spin(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto count = [&](const Napi::Value& value) {
    const double number = value.ToNumber().DoubleValue();
    if (!(number >= 0 && number <= 1e15)) throw Napi::RangeError::New(env, "Expected a count of looks from 0");
    return static_cast<uint64_t>(number);
  };
  const uint64_t before = count(info[0]), now = count(info[1]);
#ifdef __linux__
  if (found == nullptr) {
    Search search{before, {}};
    // A small number may be anywhere.
    if (before >= 1000) dl_iterate_phdr(look, &search);
    if (search.places.size() == 1) found = search.places.front();
  }
#endif
  if (found == nullptr) return Napi::Boolean::New(env, false);
  __atomic_store_n(found, now, __ATOMIC_RELAXED);
  return Napi::Boolean::New(env, true);
}

}  // namespace

void export_spin(Napi::Env env, Napi::Object exports) { exports["spin"] = Napi::Function::New(env, spin, "spin"); }

}  // namespace unlabel
