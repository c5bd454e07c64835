// Members, changes and the life of one circle, for tests of its rules.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/care/circle.h"

namespace psl::care {

using Change = v1::CareCircleChange;
using Enrolment = v1::PathwayEnrolment;

inline const Instant circle_day{1795338000LL * 1000000};
constexpr Span days(int64_t n) { return seconds(86400 * n); }

inline void put(google::protobuf::Timestamp& to, Instant at) { to.set_seconds(at.us / 1000000); }

inline Uuid numbered(int number) {
  Uuid id;
  id.bytes[15] = static_cast<uint8_t>(number);
  return id;
}

inline v1::CircleMember member_of_team(const std::string& id) {
  v1::CircleMember member;
  member.set_member_id(id);
  member.mutable_person()->set_mailbox(id + "@medecin.demo.mssante.fr");
  member.set_role(v1::MEMBER_ROLE_NURSE);
  member.set_standing(v1::STANDING_HEALTH_PROFESSIONAL);
  member.set_basis(v1::MEMBER_BASIS_CARE_TEAM);
  return member;
}

inline v1::CircleMember member_by_consent(const std::string& id) {
  v1::CircleMember member = member_of_team(id);
  member.set_basis(v1::MEMBER_BASIS_CONSENT);
  return member;
}

inline v1::CircleMember home_help(const std::string& id) {
  v1::CircleMember member = member_of_team(id);
  member.clear_person();
  member.mutable_structure()->set_mailbox(id + "@structure.demo.mssante.fr");
  member.set_role(v1::MEMBER_ROLE_HOME_HELP);
  member.set_standing(v1::STANDING_SOCIAL_PROFESSIONAL);
  return member;
}

inline Change joining(const std::vector<v1::CircleMember>& members) {
  Change change;
  for (const v1::CircleMember& member : members) *change.add_joins() = member;
  return change;
}

inline Change leaving(const std::string& id) {
  Change change;
  change.add_leaves()->set_member_id(id);
  return change;
}

inline Change consenting(v1::Consent::Decision decision, Instant decided_at) {
  Change change;
  change.mutable_consent()->set_decision(decision);
  put(*change.mutable_consent()->mutable_decided_at(), decided_at);
  return change;
}

inline Enrolment enrolling(const std::vector<v1::CircleMember>& members,
                           Enrolment::Status status = Enrolment::ACTIVE) {
  Enrolment enrolment;
  enrolment.set_status(status);
  for (const v1::CircleMember& member : members) *enrolment.add_members() = member;
  return enrolment;
}

inline v1::CoordinationEvent letter() {
  v1::CoordinationEvent event;
  event.mutable_discharge_letter();
  return event;
}

// One circle through its events, each a day after the one before.
class CircleLife {
 public:
  const CircleStep& change(const Change& change) {
    return take(change_circle(step_.circle, change, numbered(++event_), next()));
  }
  const CircleStep& enrol(const Enrolment& enrolment, int enrolment_case = 100) {
    return take(
        enrol_into_circle(step_.circle, enrolment, numbered(enrolment_case), numbered(++event_), next()));
  }
  // The fault of a change that is refused: "path: text".
  std::string fault(const Change& change) const {
    const auto step = change_circle(step_.circle, change, numbered(99), now_ + days(1));
    if (step.ok() || step.error().faults.empty()) return {};
    return step.error().faults[0].path + ": " + step.error().faults[0].text;
  }
  // "a:FULL:TEAM_SHARES ...", by today's circle.
  std::string routed(const v1::CoordinationEvent& event = letter(),
                     v1::Confidentiality confidentiality = v1::CONFIDENTIALITY_NORMAL) const {
    std::string text;
    for (const RoutedMember& one : route(step_.circle, event, confidentiality, now_)) {
      EXPECT_EQ(one.decision.member_id(), one.member->member_id());
      EXPECT_EQ(one.decision.recipient_index(), -1);
      EXPECT_FALSE(one.decision.text_fr().empty());
      text += (text.empty() ? "" : " ") + one.decision.member_id() + ":" +
              v1::RoutingDecision::Outcome_Name(one.decision.outcome()) + ":" + one.decision.rule() +
              (one.needs_consent ? "*" : "");
    }
    return text;
  }
  // "a b": who is in the circle, in order.
  std::string present() const {
    std::string text;
    for (const RoutedMember& one : route(step_.circle, letter(), v1::CONFIDENTIALITY_NORMAL, now_))
      text += (text.empty() ? "" : " ") + one.member->member_id();
    return text;
  }
  stored::CircleCase& circle() { return step_.circle; }
  Instant now() const { return now_; }
  void wait(Span by) { now_ = now_ + by; }

 private:
  Instant next() { return now_ = now_ + days(1); }
  const CircleStep& take(Result<CircleStep> step) {
    if (step.ok()) {
      step_ = *step;
    } else {
      ADD_FAILURE() << step.error().describe();
    }
    return step_;
  }

  CircleStep step_;
  Instant now_ = circle_day;
  int event_ = 0;
};

// The one issue of a step that found its cause recorded already.
inline void expect_repeated(const CircleStep& step, const std::string& path) {
  ASSERT_EQ(step.issues.size(), 1U);
  EXPECT_EQ(step.issues[0].code(), "ALREADY_RECORDED");
  EXPECT_EQ(step.issues[0].level(), v1::Issue::LEVEL_INFORMATION);
  EXPECT_EQ(step.issues[0].path(), "event.care_circle_change." + path);
}

inline Change objecting(const std::vector<std::string>& ids, const std::vector<v1::Standing>& standings,
                        bool lifted = false) {
  Change change;
  for (const std::string& id : ids) change.mutable_objection()->add_member_ids(id);
  for (const v1::Standing standing : standings) change.mutable_objection()->add_standings(standing);
  change.mutable_objection()->set_lifted(lifted);
  return change;
}

}  // namespace psl::care
