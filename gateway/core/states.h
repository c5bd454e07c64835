// The states of a delivery and the only function that moves it. ARCHITECTURE.md shows the same table.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace psl {

// Values equal passerelle.v1.DeliveryState and are stored: never renumber.
enum class DeliveryState : uint8_t {
  pending = 1,
  sending = 2,
  unknown = 3,
  delivered = 4,
  rejected = 5,
  handed_over = 6,
  cancelled = 7,
  expired = 8,
};

// What can happen to a delivery.
enum class Happening : uint8_t {
  attempt_started,   // recorded durably before the first byte leaves
  partner_accepted,  // the partner took it, or a look-up, receipt or DSN says so
  partner_busy,      // try later: nothing was taken
  partner_refused,   // for good
  outcome_lost,      // bytes left and no answer came, or the process died
  may_repeat,        // of an unknown one: the partner does not have it, or the channel is repeat-safe
  cannot_tell,       // of an unknown one: the channel can neither say nor repeat
  given_up,          // give_up_at passed, or attempts are spent
  proposal_expired,  // give_up_at of a proposal passed
  cancelled,         // CancelEvent, or a replacement arrived
  retried,           // RetryDelivery, or a new address
};

// The state after `happening`, or nothing when the table has no such edge.
std::optional<DeliveryState> next_state(DeliveryState from, Happening happening);

// True when only a human moves it on.
bool is_final(DeliveryState state);
// True when a human task must be open.
bool needs_human(DeliveryState state);

std::string_view name_of(DeliveryState state);
std::string_view name_of(Happening happening);

}  // namespace psl
