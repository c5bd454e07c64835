// Many events, from files, over few calls of SubmitEvents: read as they are sent, a bounded number on the
// way, each sent again under its key until the gateway has answered for it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/app/client.h"
#include "gateway/app/event_place.h"

namespace psl {

struct BulkOptions {
  // Each has a call, and a thread of its own.
  int connections = 1;
  // For how long a connection goes on without an answer that is final, before it gives up.
  Span patience = seconds(30);
  // Events on the way at once on one connection: what the gateway takes before it reads no further.
  int window = 64;
  // A call in which nothing was answered for so long is broken.
  Span answer_timeout = seconds(60);
};

// What became of the events, by the names of their places: each is told once, in the order in which they end.
// Calls come from several threads, one at a time.
class BulkReport {
 public:
  virtual ~BulkReport() = default;
  virtual void accepted(const std::string& file, const std::string& tenant,
                        v1::SubmitEventsResponse answer) = 0;
  // `unread`: the file itself is wrong; else the gateway refused it, or could not be reached.
  virtual void refused(const std::string& file, const Error& error, bool unread) = 0;
  // Called at least twice a second, so that a person sees that it lives.
  virtual void tick() = 0;
};

using ConnectGateway = std::function<Result<std::unique_ptr<GatewayClient>>()>;

// Returns when every event is told. An error only when no connection could be prepared; then none is.
Status submit_events(const std::vector<EventPlace>& events, const ConnectGateway& connect,
                     const BulkOptions& options, Env& env, BulkReport& report);

}  // namespace psl
