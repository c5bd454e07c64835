// The care circle of the person whom an event is about: what the event changes in it, and whom it is routed
// to.
#pragma once

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

  // What becomes of the circle, into the event. A circle whose consent somebody's delivery rests on must
  // still be as it was then (CaseStep::seen), so that a withdrawal in between is not missed.
  Status close();

 private:
  Status take(Result<care::CircleStep> step);
  Status check_same_person(const v1::Patient& before) const;
  Uuid enrolment_id(const std::string& comparable) const;

  PreparedEvent& event_;
  const IntakeSeams& seams_;
  PersonMacs macs_;
  Uuid id_;
  std::optional<CaseRow> row_;
  stored::CircleCase circle_;
  bool changed_ = false;
  std::string attention_;
};

// The event says that the patient refuses, or withdraws, consent.
bool ends_consent(const v1::CoordinationEvent& event);

}  // namespace psl
