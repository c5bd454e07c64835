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

// The circle as a translation of one event needs it, so that what is stored of an event does not grow with
// every change before it: of each member what holds at `at` or later, else what held last (CDS 2.0.1 looks
// for members by the day on which they left), since when the member is there without a gap; the consent that
// decides; an objection that stands, when there is one. `at`: the event's occurred_at.
stored::CircleCase circle_told(const stored::CircleCase& circle, Instant at);

// The decision that counts: the last by its decided_at; of two at one instant, the one that shares less. Null
// when nobody asked. Points into the circle.
const v1::Consent* last_consent(const stored::CircleCase& circle);
// The patient objects to some member or standing and has not lifted that.
bool objects_to_anybody(const stored::CircleCase& circle);

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

// A member for whom nothing may wait any more because of the circle.
struct LostMember {
  std::string member_id;
  // The patient objects; else the member has left, or gets less than before, or elsewhere.
  bool objected = false;
};
// Of the circle as it is at `at`: all who have left or are objected to, and those whom the change from
// `before` brought down: another mailbox, or a standing or basis by which the table gives less.
std::vector<LostMember> lost_members(const stored::CircleCase& before, const stored::CircleCase& after,
                                     Instant at);
// Members of today and of before to whom the patient objects, each once, as last described. They point into
// the circle.
std::vector<const v1::CircleMember*> objected_members(const stored::CircleCase& circle);
// When the next membership ends; 0: none does.
Instant next_leave(const stored::CircleCase& circle, Instant at);

// One for each member of the day, in the order in which they joined: whoever is no longer, or not yet, in the
// circle is left out. A member whom the event already names as recipient or candidate (same mailbox, whatever
// its case) gets NOTHING (NAMED_ALREADY), as does one whose mailbox another member's turn has served; a
// mailbox of several members gets what the least entitled of them may receive (MAILBOX_SHARED). One who may
// receive it and has no mailbox: NOTHING (MEMBER_WITHOUT_ADDRESS). `recipient_index` is -1 until the caller
// has made a recipient of it.
std::vector<RoutedMember> route(const stored::CircleCase& circle, const v1::CoordinationEvent& event,
                                v1::Confidentiality confidentiality, Instant at);

}  // namespace psl::care
