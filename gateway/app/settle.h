// Waits until events that were accepted are settled: each recipient reached, or in a human's hands.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway/app/client.h"

namespace psl {

struct AwaitedEvent {
  std::string file;
  std::string tenant;
  // As last known.
  v1::EventStatus status;
};

// Asks until `until` (on Env::monotonic). Each event is told once: when it is settled, when it can no longer
// be asked about, or, at the end, as it was last known. `asked` is called after each round of questions.
//
// A few events are asked for one by one. Of many, the lists of those that still move are read, some 500 to a
// call, and only the others are asked for.
void wait_settled(std::vector<AwaitedEvent> events, GatewayClient& client, Env& env, Instant until,
                  const std::function<void(const AwaitedEvent&, const Status&)>& tell,
                  const std::function<void()>& asked);

// No recipient is in progress; candidates whose turn has not come do not count.
bool all_final(const v1::EventStatus& status);
bool all_reached(const v1::EventStatus& status);

}  // namespace psl
