// The calls under way: who owns them, and how the door knows that none is left.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "gateway/base/env.h"

namespace psl {

// What every reactor is. It must end when gRPC cancels it: a call that nobody finishes blocks the server's
// end for ever.
class Call {
 public:
  virtual ~Call() = default;
  // The door closes: take nothing more, answer what was taken, end with DRAINING. Any thread, once.
  virtual void drain() {}
};

// Owns each call from its beginning until gRPC has nothing more to say about it. Thread safe.
class CallSet {
 public:
  // False when the door closes: the call is to be ended with DRAINING.
  [[nodiscard]] bool add(std::shared_ptr<Call> call);
  // The last thing that OnDone() does: unless others hold the call, it is gone.
  void remove(const Call& call);

  // From now on add() is false; tells those under way.
  void drain();
  // False: some were still under way after `most`.
  bool wait_until_empty(Span most);

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  std::unordered_map<const Call*, std::shared_ptr<Call>> calls_;
  bool draining_ = false;
};

}  // namespace psl
