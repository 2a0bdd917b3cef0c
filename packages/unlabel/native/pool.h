// Threads of our own, so that decoding never waits behind file access in libuv's pool nor holds it up. Where the system gives
// fewer than asked for (a limit on processes or memory), there are fewer; where it gives none, jobs are done where they are added.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "cores.h"

namespace unlabel {

class Pool {
 public:
  explicit Pool(size_t threads) : size_(threads) {}
  ~Pool() { stop(); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Threads that there are, or, before the first job, that will be asked for; 1 where jobs are done by who adds them.
  size_t size() const { return size_; }

  // Threads start with the first job. Jobs begin in the order in which they were added, and must not throw.
  void add(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    start();
    ready_.notify_one();
  }

  // Waits for the jobs under way; those still queued go on with the new threads.
  void resize(size_t threads) {
    const bool running = !threads_.empty();
    stop();
    stopping_ = false;
    size_ = threads;
    started_ = false;
    if (running) start();
  }

  // Waits for the jobs under way and leaves the rest undone.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    ready_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  // Asks for threads once: after that there are as many as there are.
  void start() {
    if (!started_) {
      started_ = true;
      try {
        while (threads_.size() < size_) threads_.emplace_back([this] {
          use_any_core();
          work();
        });
      } catch (const std::system_error&) {
        size_ = std::max<size_t>(1, threads_.size());
      }
    }
    while (threads_.empty()) {
      std::unique_lock lock(mutex_);
      if (jobs_.empty()) return;
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }
  }

  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }
  }

  size_t size_;
  bool started_ = false;
  bool stopping_ = false;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
};

}  // namespace unlabel
