#include "pool.h"

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

namespace recurra {
namespace {

class Block {  // memory that grows when a call needs more, and is kept from call to call
 public:
  void* of(size_t bytes) {
    if (bytes > size_ || !memory_) {
      std::free(memory_);
      size_ = (bytes / 4096 + 1) * 4096;
      memory_ = std::aligned_alloc(4096, size_);
      if (!memory_) size_ = 0;
    }
    return memory_;
  }

 private:
  void* memory_ = nullptr;
  size_t size_ = 0;
};

int usable_cores() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  int cores = int(std::thread::hardware_concurrency());
  return cores > 0 ? cores : 1;
}

int wanted_threads() {
  const char* text = std::getenv("RECURRA_THREADS");
  int wanted = text ? std::atoi(text) : 0;
  return wanted > 0 ? wanted : usable_cores();
}

// Arithmetic as on XLA's own threads: rounding to nearest, and 0 for numbers below the smallest normal number. A new
// thread inherits the arithmetic of the thread that made it, so that otherwise a network's bits would depend on it.
class Arithmetic {
#if defined(__x86_64__)
  static constexpr unsigned int wanted = 0x1f80 | 0x8040;  // no traps; flush results, take denormal numbers as zero
  unsigned int before_ = __builtin_ia32_stmxcsr();
  void set(unsigned int mode) { __builtin_ia32_ldmxcsr(mode); }
#elif defined(__aarch64__)
  static constexpr uint64_t wanted = uint64_t(1) << 24;
  uint64_t before_ = [] {
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }();
  void set(uint64_t mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#else
  static constexpr int wanted = 0;
  int before_ = 0;
  void set(int) {}
#endif

 public:
  Arithmetic() { set(wanted); }
  ~Arithmetic() { set(before_); }
  Arithmetic(const Arithmetic&) = delete;
  Arithmetic& operator=(const Arithmetic&) = delete;
};

void wait_a_little(int round) {
  if (round % 64) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  } else {
    sched_yield();
  }
}

class Pool {
 public:
  explicit Pool(int size) : blocks_(size) {
    for (int i = 1; i < size; i++) std::thread([this, i] { serve(i); }).detach();
  }

  int size() const { return int(blocks_.size()); }

  bool run(int64_t tasks, Work work, void* context, size_t scratch_bytes) {
    for (auto& block : blocks_)
      if (!block.of(scratch_bytes)) return false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      tasks_ = tasks;
      work_ = work;
      context_ = context;
      scratch_bytes_ = scratch_bytes;
      next_.store(0, std::memory_order_relaxed);
      busy_.store(size() - 1, std::memory_order_relaxed);
      generation_.fetch_add(1, std::memory_order_release);
    }
    started_.notify_all();
    take_tasks(0);
    for (int round = 1; busy_.load(std::memory_order_acquire) != 0; round++) {
      if (round < 4096) {
        wait_a_little(round);
      } else {
        std::unique_lock<std::mutex> lock(mutex_);
        finished_.wait(lock, [this] { return busy_.load(std::memory_order_acquire) == 0; });
      }
    }
    return true;
  }

  Block shared;
  std::mutex one_call;

 private:
  void take_tasks(int self) {
    const Arithmetic arithmetic;
    void* scratch = blocks_[self].of(scratch_bytes_);
    for (int64_t task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) work_(context_, task, scratch);
  }

  void serve(int self) {
    for (uint64_t seen = 0;;) {
      // Training calls again within a millisecond: wait actively for a while before sleeping.
      for (int round = 1; round < 4000 && generation_.load(std::memory_order_acquire) == seen; round++)
        wait_a_little(round);
      if (generation_.load(std::memory_order_acquire) == seen) {
        std::unique_lock<std::mutex> lock(mutex_);
        started_.wait(lock, [&] { return generation_.load(std::memory_order_acquire) != seen; });
      }
      seen++;
      take_tasks(self);
      if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        std::lock_guard<std::mutex> lock(mutex_);
        finished_.notify_one();
      }
    }
  }

  std::vector<Block> blocks_;
  std::mutex mutex_;
  std::condition_variable started_, finished_;
  std::atomic<uint64_t> generation_{0};
  std::atomic<int64_t> next_{0};
  std::atomic<int> busy_{0};
  int64_t tasks_ = 0;
  Work work_ = nullptr;
  void* context_ = nullptr;
  size_t scratch_bytes_ = 0;
};

// Threads do not survive a fork: the child process makes its own pool. A pool lives as long as its process.
Pool& pool() {
  static std::mutex mutex;
  static Pool* current = nullptr;
  static pid_t owner = 0;
  std::lock_guard<std::mutex> lock(mutex);
  if (!current || owner != getpid()) {
    current = new Pool(wanted_threads());
    owner = getpid();
  }
  return *current;
}

}  // namespace

int pool_size() { return pool().size(); }

bool do_tasks(int64_t tasks, Work work, void* context, size_t scratch_bytes) {
  return pool().run(tasks, work, context, scratch_bytes);
}

Call::Call() { pool().one_call.lock(); }
Call::~Call() { pool().one_call.unlock(); }
void* Call::shared(size_t bytes) { return pool().shared.of(bytes); }

void Meeting::arrive(uint32_t all) {
  arrived_.fetch_add(1);
  if (asleep_.load()) {
    { std::lock_guard<std::mutex> lock(mutex_); }
    complete_.notify_all();
  }
  for (int round = 1; !complete(all); round++) {
    if (round % 1024) {
      wait_a_little(1);
    } else {
      std::unique_lock<std::mutex> lock(mutex_);
      asleep_.fetch_add(1);
      complete_.wait(lock, [&] { return complete(all); });
      asleep_.fetch_sub(1);
    }
  }
}

}  // namespace recurra
