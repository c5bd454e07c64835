#include "gateway/rpc/call_set.h"

#include <chrono>
#include <utility>
#include <vector>

namespace psl {

bool CallSet::add(std::shared_ptr<Call> call) {
  const std::lock_guard lock(mutex_);
  const Call* key = call.get();
  calls_.emplace(key, std::move(call));
  return !draining_;
}

void CallSet::remove(const Call& call) {
  std::shared_ptr<Call> last;  // destroyed after the lock is given back
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(&call);
  if (found == calls_.end()) return;
  last = std::move(found->second);
  calls_.erase(found);
  if (calls_.empty()) empty_.notify_all();
}

void CallSet::drain() {
  std::vector<std::shared_ptr<Call>> under_way;
  {
    const std::lock_guard lock(mutex_);
    draining_ = true;
    for (const auto& [key, call] : calls_) under_way.push_back(call);
  }
  for (const auto& call : under_way) call->drain();
}

bool CallSet::wait_until_empty(Span most) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, std::chrono::microseconds(most.us), [this] { return calls_.empty(); });
}

}  // namespace psl
