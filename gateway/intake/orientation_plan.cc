#include "gateway/intake/orientation_plan.h"

#include <algorithm>

#include "gateway/care/candidates.h"
#include "gateway/care/orientation.h"
#include "gateway/intake/answer_link.h"
#include "gateway/intake/case_book.h"
#include "gateway/intake/case_steps.h"
#include "gateway/intake/kinds.h"
#include "gateway/intake/person_identity.h"
#include "gateway/intake/times.h"

namespace psl {
namespace {

constexpr const char* shown_instead = "apercu";

v1::Recipient recipient_of_candidate(const v1::Candidate& candidate) {
  v1::Recipient recipient;
  if (candidate.has_person()) *recipient.mutable_person() = candidate.person();
  if (candidate.has_structure()) *recipient.mutable_structure() = candidate.structure();
  if (candidate.has_tool()) *recipient.mutable_tool() = candidate.tool();
  return recipient;
}

// How two recipients are compared: by mailbox, or by the name of a tool. Empty: comparable with nobody.
std::string address_of_target(const v1::Recipient& recipient) {
  return recipient.has_tool() ? "tool " + recipient.tool().name() : mailbox_of(recipient);
}

Status check_apart(const v1::CoordinationEvent& event, const v1::Recipient& candidate) {
  const std::string address = address_of_target(candidate);
  if (address.empty()) return {};
  for (int i = 0; i < event.recipients_size(); ++i) {
    if (address_of_target(event.recipients(i)) == address)
      return field_error("event.recipients[" + std::to_string(i) + "]",
                         "somebody who is not a candidate of this orientation expected");
  }
  return {};
}

// The right to answer, in the candidate's own message.
Status give_answer_ways(PreparedEvent& event, const IntakeSeams& seams, const PlannedDelivery& delivery,
                        Instant not_after, bool for_preview) {
  const bool has_page = !seams.answer_url.empty();
  const bool takes_replies = delivery.adapter->info().collects;
  stored::Routed& routed = *event.care.mutable_routed(delivery.recipient_index);
  if (for_preview) {
    if (has_page) routed.set_answer_link(seams.answer_url + shown_instead);
    if (takes_replies) routed.set_answer_code(shown_instead);
    return {};
  }
  const std::string& tenant = event.tenant->config.name();
  if (has_page) {
    auto token = make_answer_token(*seams.sealer, tenant, delivery.id, not_after);
    if (!token.ok()) return std::move(token).error();
    routed.set_answer_link(seams.answer_url + *token);
  }
  if (takes_replies) {
    auto code = make_answer_code(*seams.sealer, tenant, delivery.id);
    if (!code.ok()) return std::move(code).error();
    routed.set_answer_code(std::move(*code));
  }
  return {};
}

stored::OrientationCase new_case(const PreparedEvent& event) {
  const v1::CoordinationEvent& content = event.request.event();
  const v1::Tenant& tenant = event.tenant->config;
  stored::OrientationCase state;
  state.set_event_id(event.event_id.raw());
  *state.mutable_event() = content;
  const care::Priority priority = care::priority_of(
      content.orientation().facts(), content.subject().birth_date(), tenant, care::day_of(event.accepted_at));
  state.set_priority_class(priority.number);
  state.set_priority_score(priority.score);
  state.set_priority_rules(priority.rules);
  set_time(*state.mutable_alert_at(), event.alert_at);
  set_time(*state.mutable_give_up_at(), event.give_up_at);
  state.set_answer_within_s(care::answer_span(content.orientation(), tenant).us / 1000000);
  return state;
}

// As the ledger judges it when it is submitted.
Status check_none_open(const PreparedEvent& event, const IntakeSeams& seams) {
  const CaseChange& change = event.step.cases.back();
  if (!change.open) return {};
  const auto open = seams.ledger->cases_of_person(change.tenant, change.subject, change.person_macs, 2);
  if (!open.ok()) return open.error();
  // It may have been submitted before.
  const bool is_taken =
      std::ranges::any_of(*open, [&](const CaseRow& row) { return row.event_id != event.event_id; });
  return is_taken ? Status(error_of(ErrorCode::orientation_open)) : Status();
}

// One for each candidate, in order; the rest of the plan is not touched.
std::vector<care::NewProposal> proposals_of(PreparedEvent& event) {
  std::vector<care::NewProposal> proposals;
  for (PlannedDelivery& delivery : event.plan) {
    if (event.care.routed(delivery.recipient_index).telling() != stored::TELLING_PROPOSAL) continue;
    delivery.proposal = true;
    delivery.is_held = true;
    proposals.push_back({delivery.recipient_index, delivery.id, delivery.adapter == nullptr});
  }
  return proposals;
}

}  // namespace

Status add_candidates(PreparedEvent& event) {
  const v1::CoordinationEvent& content = event.request.event();
  const v1::Orientation& orientation = content.orientation();
  care::Choice choice;
  if (orientation.candidate_list().empty()) {
    choice.candidates = {orientation.candidates().begin(), orientation.candidates().end()};
  } else {
    choice = care::choose_candidates(orientation, event.tenant->config, care::day_of(event.accepted_at));
  }
  event.issues.insert(event.issues.end(), choice.issues.begin(), choice.issues.end());
  std::vector<v1::Recipient> recipients;
  for (const v1::Candidate& candidate : choice.candidates) {
    recipients.push_back(recipient_of_candidate(candidate));
    if (Status apart = check_apart(content, recipients.back()); !apart.ok()) return apart;
  }
  for (const v1::Recipient& recipient : recipients)
    event.add_recipient(recipient, v1::RECIPIENT_ORIGIN_CANDIDATE, stored::TELLING_PROPOSAL);
  return {};
}

Status begin_orientation(PreparedEvent& event, const IntakeSeams& seams, bool for_preview) {
  const std::vector<care::NewProposal> proposals = proposals_of(event);
  const care::OrientationStep step = care::begin(new_case(event), proposals, event.accepted_at);
  *event.care.mutable_orientation() = step.state;
  for (const int index : step.release) {
    const std::optional<Uuid> id = Uuid::from_raw(step.state.proposals(index).delivery_id());
    for (PlannedDelivery& delivery : event.plan) delivery.is_held = delivery.is_held && delivery.id != id;
  }
  const Instant not_after = event.give_up_at + seconds(step.state.answer_within_s());
  for (const PlannedDelivery& delivery : event.plan) {
    if (!delivery.proposal || delivery.adapter == nullptr) continue;
    if (event.request.event().recipients(delivery.recipient_index).has_tool()) continue;
    if (Status given = give_answer_ways(event, seams, delivery, not_after, for_preview); !given.ok())
      return given;
  }
  // A candidate whom no partner carries is passed over by the case: that is no task of its own.
  std::erase_if(event.plan,
                [](const PlannedDelivery& one) { return one.proposal && one.adapter == nullptr; });
  if (!seams.remembers()) return {};
  if (Status added = add_orientation_change(event, seams, std::nullopt, step); !added.ok()) return added;
  return for_preview ? check_none_open(event, seams) : Status();
}

}  // namespace psl
