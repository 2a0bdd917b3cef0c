// The slot table behind tensor handles. All access is on the JavaScript thread of one environment.
#include "handles.h"

#include <cmath>
#include <stdexcept>
#include <unordered_set>

namespace unlabel {
namespace {

constexpr int kSlotBits = 24;  // 16.7 million tensors alive at once
constexpr int64_t kSlotMask = (int64_t{1} << kSlotBits) - 1;
constexpr int64_t kMaxGeneration = (int64_t{1} << 28) - 1;  // slot and generation stay below 2^53

struct Slot {
  at::Tensor tensor;
  int64_t generation = 1;
  bool alive = false;
};

std::vector<Slot>& slots() {
  // Leaked on purpose: tensors must not be destroyed after LibTorch's own statics at exit.
  static auto* table = new std::vector<Slot>();
  return *table;
}

std::vector<int64_t>& free_slots() {
  static auto* list = new std::vector<int64_t>();
  return *list;
}

Slot* find(double handle) {
  if (!(handle >= 0) || handle > 9007199254740991.0 || handle != std::floor(handle)) return nullptr;
  const auto bits = static_cast<int64_t>(handle);
  const auto index = static_cast<size_t>(bits & kSlotMask);
  if (index >= slots().size()) return nullptr;
  Slot& slot = slots()[index];
  return slot.alive && slot.generation == (bits >> kSlotBits) ? &slot : nullptr;
}

}  // namespace

double keep(at::Tensor tensor) {
  auto& table = slots();
  int64_t index;
  if (free_slots().empty()) {
    index = static_cast<int64_t>(table.size());
    if (index > kSlotMask) throw std::runtime_error("more than 16 million tensors are alive: dispose of some, or use scope()");
    table.emplace_back();
  } else {
    index = free_slots().back();
    free_slots().pop_back();
  }
  Slot& slot = table[index];
  slot.tensor = std::move(tensor);
  slot.alive = true;
  return static_cast<double>((slot.generation << kSlotBits) | index);
}

const at::Tensor& at_handle(double handle) {
  Slot* slot = find(handle);
  if (slot == nullptr) throw std::invalid_argument("the tensor has been disposed of, or was never one");
  return slot->tensor;
}

bool release(double handle) {
  Slot* slot = find(handle);
  if (slot == nullptr) return false;
  slot->alive = false;
  // A slot whose generations are spent is retired rather than reused, so that no old handle can come back to life.
  if (++slot->generation <= kMaxGeneration) free_slots().push_back(slot - slots().data());
  at::Tensor gone = std::move(slot->tensor);  // destroyed last: its destructor may run autograd's
  return true;
}

void release_all() {
  for (size_t i = 0; i < slots().size(); ++i) {
    const Slot& slot = slots()[i];
    if (slot.alive) release(static_cast<double>((slot.generation << kSlotBits) | static_cast<int64_t>(i)));
  }
}

HandleStats handle_stats() {
  HandleStats stats{0, 0};
  std::unordered_set<const void*> seen;
  for (const Slot& slot : slots()) {
    if (!slot.alive) continue;
    ++stats.tensors;
    if (slot.tensor.has_storage() && !slot.tensor.is_meta() && seen.insert(slot.tensor.storage().unsafeGetStorageImpl()).second) {
      stats.bytes += static_cast<int64_t>(slot.tensor.storage().nbytes());
    }
  }
  return stats;
}

}  // namespace unlabel
