// One pool of threads for all calls of the engine; its size is RECURRA_THREADS, or the number of usable cores.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace recurra {

typedef void (*Work)(void* context, int64_t task, void* scratch);

// Do the tasks 0 ... tasks - 1. A task starts only after all tasks with lower numbers have started. It gets its own
// memory, aligned to 64 bytes, which is not cleared between tasks. Returns false if there is not enough memory.
bool do_tasks(int64_t tasks, Work work, void* context, size_t scratch_bytes);

// Memory that all tasks of a call share; valid while `Call` lives. Calls wait for each other.
class Call {
 public:
  Call();
  ~Call();
  void* shared(size_t bytes);  // null if there is not enough memory
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
};

int pool_size();

// Where threads that go on at the same time wait for each other, again and again: actively for a moment, then asleep, so
// that on a busy machine the others get the core.
class Meeting {
 public:
  void arrive(uint32_t all);  // and wait until so many have arrived, counted from the first meeting on, modulo 2^32

 private:
  bool complete(uint32_t all) const { return int32_t(all - arrived_.load()) <= 0; }
  alignas(64) std::atomic<uint32_t> arrived_{0};
  std::atomic<int> asleep_{0};
  std::mutex mutex_;
  std::condition_variable complete_;
};

}  // namespace recurra
