// Random commands for a ledger, the same for the same seed: events of two tenants and three principals that
// share documents and addresses, and everything that can happen to their deliveries.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "tests/gateway/store/letters.h"

namespace psl {

class Traffic {
 public:
  explicit Traffic(uint32_t seed) : chance_(seed) {}

  size_t below(size_t bound) { return chance_() % bound; }
  // Of the time that passes with each command.
  Instant now() const { return letters::after(seconds_); }

  // `ledger` shows where the deliveries stand.
  Command next(Ledger& ledger) {
    seconds_ += static_cast<int64_t>(below(3));
    if (deliveries_.empty() || below(3) == 0) return accept();
    const Uuid id = deliveries_[below(deliveries_.size())];
    const DeliveryState state = state_of(ledger, id);
    if (state == DeliveryState::sending) return outcome(id);
    switch (below(5)) {
      case 0:
        return OpenLateTask{id, now()};
      case 1:
        return MoveDelivery{id,
                            now(),
                            Happening::retried,
                            "",
                            letters::after(seconds_ + 1),
                            "operator",
                            "key " + std::to_string(below(3))};
      case 2: {
        constexpr Happening some[] = {Happening::partner_accepted, Happening::partner_refused,
                                      Happening::may_repeat, Happening::given_up, Happening::cancelled};
        return MoveDelivery{id, now(), some[below(std::size(some))], "MOVED", now(), "", ""};
      }
      default:
        return letters::attempt(id, seconds_);
    }
  }

 private:
  AcceptEvent accept() {
    const std::string key = "key " + std::to_string(++events_);
    AcceptEvent event = letters::letter(key, "1.2." + std::to_string(below(8)), "");
    event.tenant = below(4) == 0 ? "cpts-2" : "cpts";
    event.principal = below(3) == 0 ? "clinic" : "hospital";
    event.kind = below(3) == 0 ? "orientation" : "discharge_letter";
    event.lane = lanes[below(lanes.size())];
    event.accepted_at = now();
    event.alert_at = letters::after(seconds_ + 100);
    event.give_up_at = letters::after(seconds_ + 1000);
    for (int i = 0; i <= static_cast<int>(below(3)); ++i) {
      const Uuid id = letters::id_of(key + " " + std::to_string(i));
      deliveries_.push_back(id);
      if (below(6) == 0) {
        event.unresolved.push_back({id, i, "NO_ADDRESS"});
      } else {
        event.deliveries.push_back({id, i, below(2) == 0 ? "mail" : "dmp",
                                    sha256("address " + std::to_string(below(4))), event.accepted_at});
      }
    }
    return event;
  }
  Command outcome(const Uuid& id) {
    constexpr Verdict verdicts[] = {Verdict::accepted, Verdict::try_later, Verdict::rejected,
                                    Verdict::unknown};
    return letters::outcome(id, verdicts[below(4)], seconds_, seconds_ + 2);
  }
  static DeliveryState state_of(Ledger& ledger, const Uuid& id) {
    const auto row = ledger.event(*ledger.event_of(id));
    for (const DeliveryRow& one : row->deliveries) {
      if (one.due.id == id && !one.same_as) return one.due.state;
    }
    return DeliveryState::pending;
  }

  std::mt19937 chance_;
  int64_t seconds_ = 0;
  int events_ = 0;
  std::vector<Uuid> deliveries_;
};

}  // namespace psl
