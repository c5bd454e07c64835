// The care circle of one patient: how it changes, and whom an event is routed to. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/base/uuid.h"
#include "gateway/care/regimes.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/circle.pb.h"
#include "passerelle/v1/event.pb.h"

namespace psl::care {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;

struct CircleStep {
  stored::CircleCase circle;
  // Consent is withdrawn, or refused, by this event, and was not before. It need not have been given to the
  // circle: an event may rest on a consent that only it told of.
  bool consent_withdrawn = false;
  std::vector<v1::Issue> issues;
  // For the audit: "circle joins=2 leaves=1 consent=withdrawn", without ids of people.
  std::string audit;
};

// Of one patient on one day, so that an event to all of them stays within bounds.
inline constexpr int circle_members_most = 100;

// `at`: the event's occurred_at. Faults by path: a leave of somebody who is not there, a period that ends
// before it starts... Nothing is ever taken out: a member who leaves keeps its membership, ended.
Result<CircleStep> change_circle(const stored::CircleCase& before, const v1::CareCircleChange& change,
                                 const Uuid& event_id, Instant at);

// Its members join or are brought up to date, and those whom it held and lists no longer are let go, unless
// it lists nobody; when it has ended, all are. Who is let go leaves when nothing else holds: a
// CareCircleChange that brought the member in, or another enrolment. `at`: the event's occurred_at.
Result<CircleStep> enrol_into_circle(const stored::CircleCase& before, const v1::PathwayEnrolment& enrolment,
                                     const Uuid& enrolment_case, const Uuid& event_id, Instant at);

// Sharing outside the team: given and neither expired, refused nor withdrawn since. Decisions count in the
// order of their decided_at; of two at one instant, the one that shares less.
bool consent_holds(const stored::CircleCase& circle, Instant at);
// When the one that holds at `at` ends by itself; 0: none holds, or it has no end.
Instant consent_end(const stored::CircleCase& circle, Instant at);

struct RoutedMember {
  // Points into the circle.
  const v1::CircleMember* member = nullptr;
  v1::RoutingDecision decision;
  bool needs_consent = false;
};

// One for each member of the day, in the order in which they joined: whoever is no longer, or not yet, in the
// circle is left out. A member whom the event already names as recipient or candidate (same mailbox, whatever
// its case) gets NOTHING (NAMED_ALREADY), as does one whose mailbox another member's turn has served; a
// mailbox of several members gets what the least entitled of them may receive (MAILBOX_SHARED). One who may
// receive it and has no mailbox: NOTHING (MEMBER_WITHOUT_ADDRESS). `recipient_index` is -1 until the caller
// has made a recipient of it.
std::vector<RoutedMember> route(const stored::CircleCase& circle, const v1::CoordinationEvent& event,
                                v1::Confidentiality confidentiality, Instant at);

}  // namespace psl::care
