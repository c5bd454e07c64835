// The thread around a stepped part of the door.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "gateway/base/env.h"
#include "gateway/base/result.h"

namespace psl {

// Calls a step again and again: after the time that it returned, or as soon as notify() says so.
class Ticker {
 public:
  Ticker() = default;
  ~Ticker() { stop(); }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Once. `step` returns how long it has nothing to do.
  void start(std::function<Span()> step);
  // From any thread, also before start() and after stop().
  void notify();
  // Lets a step that runs end, and joins.
  void stop();

 private:
  void loop(const std::function<Span()>& step);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool notified_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace psl
