// The rules of an orientation: who is asked when, what an answer does, what time does. Pure functions; intake
// loads the state, and the store keeps what comes out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/base/uuid.h"
#include "gateway/core/states.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/orientation.pb.h"

namespace passerelle::v1 {
class Tenant;
}

namespace psl::care {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;

// Attentions that intake clears or reads: a proposal should have left by now; the consent that the
// orientation rests on has ended.
inline constexpr const char* proposal_waits = "PROPOSAL_WAITS_TO_LEAVE";
inline constexpr const char* consent_withdrawn = "CONSENT_WITHDRAWN";

// Somebody who must hear of a step, beside those who are kept informed.
struct Told {
  // Of the stored request of the orientation.
  int recipient_index = 0;
  stored::Telling telling = stored::TELLING_DOCUMENT;
  // Of state.proposals(): told only when the delivery of this one has left, or may have. -1: in any case.
  int proposal = -1;
};

// What one step comes to.
struct OrientationStep {
  stored::OrientationCase state;
  // Indices into state.proposals(), each in one list at most: their deliveries may leave now; may not leave
  // any more (`cancelled`); may not, because their time is over (`proposal_expired`). What has left has left.
  std::vector<int> release;
  std::vector<int> withdraw;
  std::vector<int> expire;
  // The same: accepted, and not sent in time: a human sees to it that whoever accepted gets the document.
  std::vector<int> hand_over;
  std::vector<Told> told;
  // What those who are kept informed are told; STEP_UNSPECIFIED: nothing.
  v1::OrientationUpdate::Step visible = v1::OrientationUpdate::STEP_UNSPECIFIED;
  // When to look again; 0: never.
  Instant wake_at;
  std::string attention;
  // Candidates may still be asked, or the accepted one has not seen the patient and is not taken to have.
  bool open = true;
  // For the audit: "orientation=accepted proposal=2 of=5".
  std::string audit;
};

// One candidate of a new orientation: its place among the stored request's recipients and its delivery.
struct NewProposal {
  int recipient_index = 0;
  Uuid delivery_id;
  // Routing found no address: it is unreachable from the start.
  bool unreachable = false;
};

// `state` has event, event_id, priority, alert_at, give_up_at, answer_within_s; proposals are made of
// `candidates`, in order. Asks the first, or all; CANDIDATES_SPENT when nobody can be asked.
OrientationStep begin(stored::OrientationCase state, std::span<const NewProposal> candidates, Instant now);

// An OrientationUpdate from outside (steps 1 to 10), at the moment when it is judged. Errors: already_taken,
// already_answered (the same answer again is no error: `visible` is then unspecified and nothing changes),
// proposal_closed, step_not_possible, not_found (no such proposal). Who accepted may still decline until the
// patient was seen, which opens the orientation again; to decline what another has taken changes nothing.
// RESCHEDULED replaces both dates. `happened_at`: when it was, as the event says; absent: now.
Result<OrientationStep> apply(const stored::OrientationCase& before, const v1::OrientationUpdate& update,
                              Instant now, std::optional<Instant> happened_at = std::nullopt);

// What time, and deliveries that failed, have done; `deliveries` are the states of the proposals' deliveries,
// in order, and `left_at` when each was delivered (0, or none: not known). Nothing when there is nothing to
// do before wake_at.
//
// A candidate's time runs from when its proposal left: until that is known, it is looked at each quarter of
// answer_within, every 15 minutes at most. One that has not left does not expire before give_up_at, and a
// human is told (proposal_waits).
//
// Who answers by mail never says that the patient was seen, so what is accepted ends by itself: at give_up_at
// those who wait are let go; a week after the last of its last step, give_up_at, the appointment and
// wanted_before, a year after its last step at the latest, it is open no more. Nobody is told and the state
// stays: what is said later still counts.
std::optional<OrientationStep> elapse(const stored::OrientationCase& before,
                                      std::span<const DeliveryState> deliveries, Instant now,
                                      std::span<const Instant> left_at = {});

// The consent that it rests on has ended: nobody is asked any more and no answer is awaited; with nobody who
// has accepted, it is over. Nothing when there is nothing to end.
std::optional<OrientationStep> end_with_consent(const stored::OrientationCase& before, Instant now);

// When time has something to do to it, always after `now`; 0: never.
Instant next_look(const stored::OrientationCase& orientation, Instant now);

// Its appointments, the last one last; of a state of an older program, the one that it kept.
std::vector<stored::Booking> bookings_of(const stored::OrientationCase& orientation);

// What an orientation shows of itself.
v1::OrientationStatus status_of(const stored::OrientationCase& orientation);

// How long a candidate has: the sender's, else the tenant's, else that of the kind.
Span answer_span(const v1::Orientation& orientation, const v1::Tenant& tenant);
// Of which there is at most one open for a person: "primary_care_physician", "specialist SM04".
std::string subject_of(const v1::Orientation& orientation);

}  // namespace psl::care
