#pragma once
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace spillway::staging {

/// Pieces of memory for data on its way, within a bound, used again and again: fresh memory would cost a
/// page fault for every four kilobytes.
class Buffers {
 public:
  explicit Buffers(size_t most) : most_(most) {}

  class Lease {
   public:
    Lease(Buffers& owner, std::unique_ptr<char[]> memory, size_t capacity, size_t size)
        : owner_(owner), memory_(std::move(memory)), capacity_(capacity), size_(size) {}
    ~Lease() { owner_.give_back(std::move(memory_), capacity_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    std::span<char> span() const { return {memory_.get(), size_}; }
    char* data() const { return memory_.get(); }
    size_t size() const { return size_; }

   private:
    Buffers& owner_;
    std::unique_ptr<char[]> memory_;
    size_t capacity_, size_;
  };
  using Held = std::shared_ptr<Lease>;

  /// Waits until there is room. A piece larger than the bound is given when nothing else is out.
  Held take(size_t size);
  /// Null when there is no room now.
  Held try_take(size_t size);

 private:
  struct Free {
    std::unique_ptr<char[]> memory;
    size_t capacity;
  };
  bool fits(size_t capacity) const { return out_ + capacity <= most_ || out_ == 0; }
  Held make(size_t size, size_t capacity);
  void give_back(std::unique_ptr<char[]> memory, size_t capacity);

  const size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t out_ = 0, kept_ = 0;  // bytes lent; bytes at rest
  std::vector<Free> free_;
};

/// Buffers of two kinds. A thread of the crew that waits for one of the first holds none; those of the second
/// are taken outside the crew, for tasks that the crew has yet to begin. From one pool, waiting threads and
/// waiting tasks could hold each other up for ever.
struct Memory {
  Memory(size_t of_whole_files, size_t of_parts) : whole(of_whole_files), parts(of_parts) {}
  Buffers whole, parts;
};

}  // namespace spillway::staging
