// What operators graph and alert on, in Prometheus' text format. Labels are names of the configuration and
// words of closed lists: never an address, a name, or a text that came from outside.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/core/outcome.h"
#include "gateway/core/store.h"

namespace psl {

// Thread safe, and cheap enough for every event: a counter is one atomic addition after a look-up.
// docs/operator.md says what each series means and which alert it is for.
class Metrics {
  struct Series;

 public:
  // Asks `ledger` for what waits, at most once a second however many scrapes come. `ledger` and `env` outlive
  // it.
  Metrics(Ledger& ledger, Env& env);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // An event that is durable, and was not known already. Names of the configuration.
  void accepted(std::string_view tenant, std::string_view kind);
  // A submission that was refused.
  void refused(ErrorCode code);
  // An attempt whose outcome is durable: as CourierSeams::observe.
  void attempted(const DueDelivery& due, const Outcome& outcome);
  // Told by MeteredStore: a delivery moved otherwise than by an attempt, and one group commit.
  void moved(Happening happening);
  void committed(Span took, size_t commands);
  // A certificate of ours: "grpc", "http", or the partner's name. Says when the first of its chain expires.
  void certificate(std::string_view use, Instant expires_at);

  // The whole text, version 0.0.4 of the format.
  std::string text();

 private:
  const std::unique_ptr<Series> series_;
};

}  // namespace psl
