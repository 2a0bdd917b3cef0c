// A training step allocates and frees the same gigabytes of activations again and again. Memory new from the kernel has to be
// cleared, which takes longer than much of the arithmetic on it; a heap that keeps it falls into pieces. Here a freed block waits
// for the next tensor of its size, and those that have waited longest go back before blocks would take more than a little beyond
// the most that tensors took together. Steps repeat their sizes, so nearly all find theirs.
#include "blocks.h"

#ifdef __linux__
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>
#endif

namespace unlabel {

#ifdef __linux__

namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kGrain = size_t{64} << 10;
/// Smaller tensors are LibTorch's own allocator's.
constexpr size_t kLeast = size_t{1} << 20;
/// What blocks may take beyond the tensors' peak, as a share of it and at the least: sizes peak at different moments of a step.
constexpr size_t kSlack = 16;
constexpr size_t kLeastSlack = size_t{128} << 20;

size_t rounded(size_t n, size_t to) { return (n + to - 1) / to * to; }

struct Block {
  char* at;
  size_t size;
};

class Blocks final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t n) override {
    if (n < kLeast) return c10::GetDefaultCPUAllocator()->allocate(n);
    void* at = take(rounded(n, kGrain));
    // Refused: LibTorch's own allocator says so in its own words.
    if (at == nullptr) return c10::GetDefaultCPUAllocator()->allocate(n);
    return {at, at, &give, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &give; }

  void copy_data(void* to, const void* from, size_t count) const override { std::memcpy(to, from, count); }

  void release() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Block& block : idle_) unmap(block);
    idle_.clear();
    idle_bytes_ = 0;
    peak_ = used_bytes_;
  }

 private:
  static void give(void* at);

  void* take(size_t size) {
    const std::lock_guard<std::mutex> lock(mutex_);
    // The one freed last is the likeliest to be in the processor's cache.
    const auto found = std::find_if(idle_.rbegin(), idle_.rend(), [&](const Block& block) { return block.size == size; });
    Block block{nullptr, size};
    if (found != idle_.rend()) {
      block = *found;
      idle_.erase(std::next(found).base());
      idle_bytes_ -= size;
    } else {
      size_t evicted = 0;
      const size_t peak = std::max(peak_, used_bytes_ + size);
      const size_t most = peak + std::max(peak / kSlack, kLeastSlack);
      while (evicted < idle_.size() && used_bytes_ + idle_bytes_ + size > most) drop(idle_[evicted++]);
      block.at = map(size);
      // Short of memory or of address space: all that is not used goes back first.
      while (block.at == nullptr && evicted < idle_.size()) {
        drop(idle_[evicted++]);
        block.at = map(size);
      }
      idle_.erase(idle_.begin(), idle_.begin() + static_cast<ptrdiff_t>(evicted));
      if (block.at == nullptr) return nullptr;
    }
    used_.emplace(block.at, size);
    used_bytes_ += size;
    peak_ = std::max(peak_, used_bytes_);
    return block.at;
  }

  /// False for what another allocator gave.
  bool put(void* at) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = used_.find(at);
    if (found == used_.end()) return false;
    idle_.push_back({static_cast<char*>(at), found->second});
    idle_bytes_ += found->second;
    used_bytes_ -= found->second;
    used_.erase(found);
    return true;
  }

  void drop(const Block& block) {
    unmap(block);
    idle_bytes_ -= block.size;
  }

  /// On huge pages where the block has room for one: they are cleared and looked up 512 times faster than small ones.
  static char* map(size_t size) {
    const size_t slack = size < kHugePage ? 0 : kHugePage;
    void* got = mmap(nullptr, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) return nullptr;
    if (slack == 0) return static_cast<char*>(got);
    char* from = static_cast<char*>(got);
    char* at = reinterpret_cast<char*>(rounded(reinterpret_cast<uintptr_t>(from), kHugePage));
    if (at > from) munmap(from, static_cast<size_t>(at - from));
    char* const end = from + size + slack;
    if (end > at + size) munmap(at + size, static_cast<size_t>(end - at) - size);
    // Refused where huge pages are switched off; small ones do then.
    madvise(at, size, MADV_HUGEPAGE);
    return at;
  }

  static void unmap(const Block& block) { munmap(block.at, block.size); }

  std::mutex mutex_;
  std::unordered_map<void*, size_t> used_;
  std::vector<Block> idle_;  // in the order in which they were freed
  size_t used_bytes_ = 0;
  size_t idle_bytes_ = 0;
  size_t peak_ = 0;  // the most that was used at once
};

// Leaked on purpose: tensors may be freed until the process ends.
Blocks& blocks() {
  static auto* instance = new Blocks();
  return *instance;
}

void Blocks::give(void* at) {
  // A small one, freed through `raw_deallocate`.
  if (!blocks().put(at)) c10::GetDefaultCPUAllocator()->raw_deallocate(at);
}

}  // namespace

bool keep_blocks() {
  // The priority with which LibTorch's own was set; an equal one may follow.
  c10::SetCPUAllocator(&blocks());
  return true;
}

void release_blocks() { blocks().release(); }

#else

bool keep_blocks() { return false; }

void release_blocks() {}

#endif

}  // namespace unlabel
