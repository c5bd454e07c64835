#include "gateway/follow/replies.h"

#include <algorithm>
#include <future>
#include <memory>

#include "gateway/base/log.h"

namespace psl {
namespace {

constexpr int replies_at_once = 20;
constexpr Span reply_left_alone_for = seconds(60);
// So that a look stays within bounds.
constexpr int failed_replies_most = 100;

void tell_trouble(std::string_view what, const std::string& adapter, const Error& error) {
  log(LogLevel::warn, SafeText::code(what),
      {{"adapter", SafeText::code(adapter)}, {"cause", SafeText::code(reason_of(error.code))}});
}

}  // namespace

bool ReplyCollector::settle(const Inbound& reply) {
  // Shared with the answer, which may still hold it when this thread goes on.
  const auto settled = std::make_shared<std::promise<Status>>();
  take_(reply, [settled](Status status) { settled->set_value(std::move(status)); });
  Status status = settled->get_future().get();
  if (status.ok()) status = adapter_.acknowledge(reply, env_.monotonic() + patience_);
  if (!status.ok()) tell_trouble("a reply is left for the next time", adapter_.info().name, status.error());
  return status.ok();
}

Instant ReplyCollector::tick(Instant now) {
  // A clock that was set back leaves nothing alone for longer.
  std::erase_if(
      failed_, [&](const auto& one) { return one.second <= now || one.second > now + reply_left_alone_for; });
  // The oldest come first: as many more as are passed over.
  const int most = replies_at_once + std::min(static_cast<int>(failed_.size()), failed_replies_most);
  const auto replies = adapter_.collect(most, env_.monotonic() + patience_);
  if (!replies.ok()) {
    tell_trouble("replies not collected", adapter_.info().name, replies.error());
    return now + every_;
  }
  bool some_settled = false;
  for (const Inbound& reply : *replies) {
    if (failed_.contains(reply.handle)) continue;
    if (settle(reply)) {
      some_settled = true;
    } else {
      failed_[reply.handle] = now + reply_left_alone_for;
    }
  }
  // More may be there already; where nothing works, not at once.
  const bool more = some_settled && replies->size() == static_cast<size_t>(most);
  return more ? now : now + every_;
}

}  // namespace psl
