// An orientation with numbered candidates, for tests of its rules.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gateway/care/orientation.h"

namespace psl::care {

inline constexpr Instant orientation_day{1795338000LL * 1000000};
constexpr Span minutes(int64_t n) { return seconds(60 * n); }

inline google::protobuf::Timestamp stamp(Instant at) {
  google::protobuf::Timestamp to;
  to.set_seconds(at.us / 1000000);
  to.set_nanos(static_cast<int32_t>(at.us % 1000000) * 1000);
  return to;
}

inline Uuid delivery_uuid(int index) {
  Uuid id;
  id.bytes[0] = 0xd0;
  id.bytes[15] = static_cast<uint8_t>(index);
  return id;
}

struct OrientationPlan {
  v1::Orientation::Mode mode = v1::Orientation::ONE_BY_ONE;
  int candidates = 3;
  Span answer = minutes(60);
  // From orientation_day; 0: none.
  Span alert = {};
  Span give_up = {};
  std::vector<int> unreachable = {};
};

// The candidates stand after two recipients who are kept informed.
inline OrientationStep begun(const OrientationPlan& plan, Instant now = orientation_day) {
  stored::OrientationCase state;
  state.mutable_event()->mutable_orientation()->set_mode(plan.mode);
  state.set_answer_within_s(plan.answer.us / 1000000);
  if (plan.alert.us != 0) *state.mutable_alert_at() = stamp(orientation_day + plan.alert);
  if (plan.give_up.us != 0) *state.mutable_give_up_at() = stamp(orientation_day + plan.give_up);
  std::vector<NewProposal> candidates;
  for (int i = 0; i < plan.candidates; ++i) {
    const bool unreachable = std::ranges::find(plan.unreachable, i) != plan.unreachable.end();
    candidates.push_back({i + 2, delivery_uuid(i), unreachable});
  }
  return begin(state, candidates, now);
}

inline v1::OrientationUpdate step_of(v1::OrientationUpdate::Step step, int proposal = -1) {
  v1::OrientationUpdate update;
  update.set_step(step);
  if (proposal >= 0) update.set_proposal_id(delivery_uuid(proposal).text());
  return update;
}

// "WAPDETXUN": waiting, accepted, proposed, declined, expired, taken, withdrawn (X), unreachable, the
// patient's no.
inline std::string letters_of(const stored::OrientationCase& state) {
  static constexpr std::string_view letters = "?WPADETXUN";
  std::string text;
  for (const stored::Proposal& proposal : state.proposals())
    text += letters[static_cast<size_t>(proposal.state())];
  return text;
}

// "3:TAKEN? 2:CONFIRMED": recipient index and what it is told; a question mark where only if the proposal
// left.
inline std::string told_of(const OrientationStep& step) {
  std::string text;
  for (const Told& told : step.told) {
    if (!text.empty()) text += " ";
    text += std::to_string(told.recipient_index) + ":" + stored::Telling_Name(told.telling).substr(8) +
            (told.proposal < 0 ? "" : "?");
  }
  return text;
}

inline constexpr Instant day = orientation_day;

inline OrientationStep after(const OrientationStep& before, const v1::OrientationUpdate& update,
                             Instant now = day + minutes(1)) {
  Result<OrientationStep> step = apply(before.state, update, now);
  if (!step.ok()) {
    ADD_FAILURE() << step.error().describe();
    return before;
  }
  return *step;
}

inline ErrorCode refusal(const OrientationStep& before, const v1::OrientationUpdate& update,
                         Instant now = day + minutes(1)) {
  const Result<OrientationStep> step = apply(before.state, update, now);
  return step.ok() ? ErrorCode::internal : step.error().code;
}

inline OrientationStep accepted(int proposal = 0) {
  return after(begun({}), step_of(v1::OrientationUpdate::ACCEPTED, proposal));
}

inline const std::vector<DeliveryState> all_delivered(5, DeliveryState::delivered);

}  // namespace psl::care
