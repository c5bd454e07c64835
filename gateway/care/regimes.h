// The table of the law: who in a care circle may receive what, on which basis. regimes.def is the table,
// docs/circle.md the same for a lawyer; a test compares them cell by cell.
#pragma once

#include <string_view>

#include "passerelle/v1/circle.pb.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl::care {

// What an event tells of the patient.
enum class ContentClass {
  clinical,      // a letter, an orientation, an enrolment (its protocol tells the illness)
  coordination,  // who is in the circle
  restricted,    // clinical, and marked restricted, very restricted or hidden from professionals
};

enum class ConsentState { none, holds, refused };  // refused: refused, withdrawn or expired

struct RegimeQuestion {
  passerelle::v1::Standing standing = passerelle::v1::STANDING_OTHER;
  passerelle::v1::MemberBasis basis = passerelle::v1::MEMBER_BASIS_CONSENT;
  ContentClass content = ContentClass::clinical;
  ConsentState consent = ConsentState::none;
  // The patient objects to this member, or to its standing.
  bool objected = false;
};

struct RegimeAnswer {
  passerelle::v1::RoutingDecision::Outcome outcome = passerelle::v1::RoutingDecision::NOTHING;
  // A row of the table: "TEAM_SHARES", "CONSENT_HOLDS", "CONSENT_MISSING", "PATIENT_OBJECTS"... Static text.
  std::string_view rule;
  std::string_view text_fr;
  // It holds only while consent does.
  bool needs_consent = false;
};

// Deny by default: what no row allows is NOTHING.
RegimeAnswer judge(const RegimeQuestion& question);

}  // namespace psl::care
