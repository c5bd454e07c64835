// Replies to proposals: collected from each partner that has any, dealt with, then acknowledged.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/core/adapter.h"

namespace psl {

// One thread, which it may block for as long as a partner takes (at most `patience`), so it has a thread of
// its own.
class ReplyCollector {
 public:
  // Deals with one reply and calls `done` once, from any thread, when it needs no other look.
  using Take = std::function<void(const Inbound& reply, std::function<void(Status)> done)>;

  // `adapter` has info().collects and outlives it.
  ReplyCollector(Adapter& adapter, Take take, Env& env, Span every, Span patience = seconds(30))
      : adapter_(adapter), take_(std::move(take)), env_(env), every_(every), patience_(patience) {}

  // Brings what is there, deals with each in turn, acknowledges it, and returns when to be called again. A
  // reply that could not be dealt with is left alone for a minute, and those behind it are dealt with; a
  // partner that fails is asked again later.
  Instant tick(Instant now);

 private:
  Adapter& adapter_;
  const Take take_;
  Env& env_;
  const Span every_;
  const Span patience_;
  // Handles of those that could not be dealt with, and until when they are left alone.
  std::map<std::string, Instant> failed_;

  // False: it is left in its mailbox.
  bool settle(const Inbound& reply);
};

}  // namespace psl
