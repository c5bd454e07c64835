#include "gateway/core/states.h"

#include "gateway/core/outcome.h"

namespace psl {

std::optional<DeliveryState> next_state(DeliveryState from, Happening happening) {
  using S = DeliveryState;
  const bool waiting = from == S::pending || from == S::unknown;
  switch (happening) {
    case Happening::attempt_started:
      if (from == S::pending) return S::sending;
      break;
    case Happening::partner_accepted:  // also proved later, by a look-up, a receipt or a DSN
      if (from == S::sending || waiting) return S::delivered;
      break;
    case Happening::partner_busy:
      if (from == S::sending) return S::pending;
      break;
    case Happening::partner_refused:  // also after it was taken: error 900 to 906, DSN, ZAM
      if (from == S::sending || waiting || from == S::delivered) return S::rejected;
      break;
    case Happening::outcome_lost:
      if (from == S::sending) return S::unknown;
      break;
    case Happening::may_repeat:
      if (from == S::unknown) return S::pending;
      break;
    case Happening::cannot_tell:
      if (from == S::unknown) return S::handed_over;
      break;
    case Happening::given_up:
      if (waiting) return S::handed_over;
      break;
    case Happening::proposal_expired:
      if (from == S::pending) return S::expired;
      break;
    case Happening::cancelled:
      if (from == S::pending) return S::cancelled;
      break;
    case Happening::retried:
      if (from == S::rejected || from == S::handed_over) return S::pending;
      break;
  }
  return std::nullopt;
}

bool is_final(DeliveryState state) {
  return state != DeliveryState::pending && state != DeliveryState::sending &&
         state != DeliveryState::unknown;
}

bool needs_human(DeliveryState state) {
  return state == DeliveryState::rejected || state == DeliveryState::handed_over;
}

std::string_view name_of(DeliveryState state) {
  switch (state) {
    case DeliveryState::pending:
      return "pending";
    case DeliveryState::sending:
      return "sending";
    case DeliveryState::unknown:
      return "unknown";
    case DeliveryState::delivered:
      return "delivered";
    case DeliveryState::rejected:
      return "rejected";
    case DeliveryState::handed_over:
      return "handed_over";
    case DeliveryState::cancelled:
      return "cancelled";
    case DeliveryState::expired:
      return "expired";
  }
  return "?";
}

std::string_view name_of(Happening happening) {
  switch (happening) {
    case Happening::attempt_started:
      return "attempt_started";
    case Happening::partner_accepted:
      return "partner_accepted";
    case Happening::partner_busy:
      return "partner_busy";
    case Happening::partner_refused:
      return "partner_refused";
    case Happening::outcome_lost:
      return "outcome_lost";
    case Happening::may_repeat:
      return "may_repeat";
    case Happening::cannot_tell:
      return "cannot_tell";
    case Happening::given_up:
      return "given_up";
    case Happening::proposal_expired:
      return "proposal_expired";
    case Happening::cancelled:
      return "cancelled";
    case Happening::retried:
      return "retried";
  }
  return "?";
}

Happening happening_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::accepted:
      return Happening::partner_accepted;
    case Verdict::try_later:
      return Happening::partner_busy;
    case Verdict::rejected:
      return Happening::partner_refused;
    case Verdict::unknown:
      break;
  }
  return Happening::outcome_lost;
}

}  // namespace psl
