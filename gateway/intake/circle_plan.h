// The care circle of the person whom an event is about: what the event changes in it, and whom it is routed
// to.
#pragma once

#include <google/protobuf/arena.h>

#include <array>
#include <optional>
#include <vector>

#include "gateway/care/circle.h"
#include "gateway/intake/person_identity.h"
#include "gateway/intake/prepared_event.h"

namespace psl {

// One event's view of one circle; the event outlives it. open() first, close() last. Without a ledger the
// circle is empty and nothing of it is kept: that is a preview.
class CirclePlan {
 public:
  CirclePlan(PreparedEvent& event, const IntakeSeams& seams) : event_(event), seams_(seams) {}

  Status open();

  // A PathwayEnrolment of this principal: its own case, and its members in the circle. field_invalid
  // "event.pathway_enrolment.protocol_version" for a protocol that the tenant does not have.
  Status enrol(const Principal& principal);
  // A CareCircleChange.
  Status change();

  // consent_missing for an event that rests on the patient's consent when it is refused, withdrawn or over.
  // Its deliveries leave only while it holds.
  Status check_consent();

  // Appends the members who may have this event to its recipients, and tells each decision.
  Status route();
  // As route(), of any event, and only told.
  std::vector<care::RoutedMember> decide(const v1::CoordinationEvent& content,
                                         v1::Confidentiality confidentiality) const;
  // Refused, withdrawn or over; false when nobody ever asked.
  bool consent_ended() const;

  // What becomes of the circle, into the event. A circle on which somebody's delivery rests must still be as
  // it was then (CaseStep::seen), so that a withdrawal, an objection or a leave in between is not missed.
  Status close();

 private:
  Status take(Result<care::CircleStep> step);
  // What ends the consent, or objects, is said of the person: it holds in every other circle of this person,
  // too.
  Status end_elsewhere(bool members_known);
  Status end_in(const CaseRow& row, const v1::CareCircleChange& ending, std::vector<v1::Issue>& issues);
  Status keep_objections(const stored::CircleCase& circle, const Uuid& id, const PersonMacs& macs);
  bool goes_to_members() const;
  Status check_same_person(const v1::Patient& before) const;
  Uuid enrolment_id(const std::string& comparable) const;

  PreparedEvent& event_;
  const IntakeSeams& seams_;
  PersonMacs macs_;
  Uuid id_;
  std::optional<CaseRow> row_;
  // On an arena, for it has a hundred small parts to make and to free.
  alignas(8) std::array<char, 8192> first_of_arena_;  // a circle of ten with its history
  google::protobuf::Arena arena_{first_of_arena_.data(), first_of_arena_.size()};
  stored::CircleCase& circle_ = *google::protobuf::Arena::CreateMessage<stored::CircleCase>(&arena_);
  bool changed_ = false;
  std::string attention_;
};

// Fills Care.circle_id, by which translations know whom any event but a letter is about: the id that its
// circle has or would have. Without a ledger one of this event alone, which tells nothing and is nobody
// else's.
Status name_circle(PreparedEvent& event, const IntakeSeams& seams);

// Stops what waits for these members of `circle` because of it.
void stop_members(const std::vector<care::LostMember>& lost, const Uuid& circle, CaseStep& step);
// When time changes something for those who are in the circle; 0: never.
Instant next_circle_look(const stored::CircleCase& circle, Instant now);

// By what other circles of the same person are found (Ledger::cases_of_person).
void know_circle_by(const PersonMacs& macs, CaseChange& change);
// Whom the case's first event is about. Errors as Ledger::event and Sealer::open.
Result<PersonMacs> person_of_case(Ledger& ledger, Sealer& sealer, const CaseRow& row);
// The circles of the tenant that are known by this INS or by these traits.
Result<std::vector<CaseRow>> circles_of_person(Ledger& ledger, std::string_view tenant,
                                               const PersonMacs& macs);

// The event says that the patient refuses, or withdraws, consent.
bool ends_consent(const v1::CoordinationEvent& event);

}  // namespace psl
