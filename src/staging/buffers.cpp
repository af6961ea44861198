#include "staging/buffers.h"

#include <algorithm>
#include <bit>

namespace spillway::staging {
namespace {

constexpr size_t kLeast = 64 << 10, kStep = 1 << 20;

size_t rounded(size_t size) {
  return size <= kStep ? std::max(kLeast, std::bit_ceil(size)) : (size + kStep - 1) / kStep * kStep;
}

}  // namespace

// With the lock held.
Buffers::Held Buffers::make(size_t size, size_t capacity) {
  out_ += capacity;
  std::unique_ptr<char[]> memory;
  for (size_t i = free_.size(); i-- > 0;) {
    if (free_[i].capacity != capacity) continue;
    memory = std::move(free_[i].memory);
    kept_ -= capacity;
    free_.erase(free_.begin() + static_cast<ptrdiff_t>(i));
    break;
  }
  // What rests may fill only what is not lent.
  while (!memory && !free_.empty() && out_ + kept_ > most_) {
    kept_ -= free_.front().capacity;
    free_.erase(free_.begin());
  }
  if (!memory) memory = std::unique_ptr<char[]>(new char[capacity]);
  return std::make_shared<Lease>(*this, std::move(memory), capacity, size);
}

Buffers::Held Buffers::take(size_t size) {
  const size_t capacity = rounded(size);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return fits(capacity); });
  return make(size, capacity);
}

Buffers::Held Buffers::try_take(size_t size) {
  const size_t capacity = rounded(size);
  const std::lock_guard lock(mutex_);
  return fits(capacity) ? make(size, capacity) : nullptr;
}

void Buffers::give_back(std::unique_ptr<char[]> memory, size_t capacity) {
  {
    const std::lock_guard lock(mutex_);
    out_ -= capacity;
    kept_ += capacity;
    free_.push_back({std::move(memory), capacity});
  }
  changed_.notify_all();
}

}  // namespace spillway::staging
