#include "gateway/intake/update_plan.h"

#include <algorithm>
#include <map>

#include "gateway/care/times.h"
#include "gateway/intake/case_book.h"
#include "gateway/intake/case_steps.h"
#include "gateway/intake/circle_plan.h"
#include "gateway/intake/kinds.h"

namespace psl {
namespace {

using Step = v1::OrientationUpdate;

// By the id that an update gives; without one, the proposal that was accepted. -1: none.
int proposal_named(const stored::OrientationCase& orientation, const std::string& id) {
  const auto uuid = Uuid::parse(id);
  for (int i = 0; i < orientation.proposals_size(); ++i) {
    const stored::Proposal& one = orientation.proposals(i);
    if (id.empty() ? one.state() == v1::PROPOSAL_STATE_ACCEPTED : uuid && one.delivery_id() == uuid->raw())
      return i;
  }
  return -1;
}

// How the policy names a candidate; empty: it cannot.
std::string name_of_candidate(const stored::OrientationCase& orientation, int proposal) {
  const int index = orientation.proposals(proposal).recipient_index();
  if (index < 0 || index >= orientation.event().recipients_size()) return {};
  const v1::Recipient& recipient = orientation.event().recipients(index);
  if (recipient.has_person()) return recipient.person().professional().national_id();
  if (recipient.has_structure()) return recipient.structure().organization().national_id();
  return recipient.tool().name();
}

// What a candidate may say of its own proposal; the rest is the sender's to say.
bool step_of_candidate(Step::Step step) { return step != Step::CANCELLED && step != Step::RESCHEDULED; }

Status admit_asker(const Principal& asker, const CaseRow& row, const stored::OrientationCase& orientation,
                   const v1::OrientationUpdate& update, bool for_preview, const Policy& policy) {
  if (row.principal == asker.name) return {};
  if (!for_preview && policy.allows(asker, Action::operate, row.tenant, "", "").ok()) return {};
  const int proposal = proposal_named(orientation, update.proposal_id());
  if (proposal < 0 || !step_of_candidate(update.step())) return error_of(ErrorCode::not_found);
  const std::string candidate = name_of_candidate(orientation, proposal);
  if (candidate.empty() || !policy.may_answer_for(asker, row.tenant, candidate).ok())
    return error_of(ErrorCode::not_found);
  return {};
}

bool step_of_time(Step::Step step) {
  return step == Step::EXPIRED || step == Step::UNREACHABLE || step == Step::SPENT;
}

// An answer that came too late changes nothing, but its author is told.
Result<care::OrientationStep> too_late(const stored::OrientationCase& before,
                                       const v1::OrientationUpdate& update) {
  const int proposal = proposal_named(before, update.proposal_id());
  if (proposal < 0) return error_of(ErrorCode::not_found);
  care::OrientationStep step;
  step.state = before;
  stored::Telling telling = stored::TELLING_TOO_LATE;
  if (before.proposals(proposal).state() == v1::PROPOSAL_STATE_TAKEN) telling = stored::TELLING_TAKEN;
  if (before.state() == v1::ORIENTATION_STATE_CANCELLED) telling = stored::TELLING_CANCELLED;
  step.told.push_back({before.proposals(proposal).recipient_index(), telling});
  step.audit = "orientation=too_late proposal=" + std::to_string(proposal + 1);
  return step;
}

Result<care::OrientationStep> next_step(const stored::OrientationCase& before,
                                        const v1::CoordinationEvent& said, Ledger& ledger, Instant now) {
  const v1::OrientationUpdate& update = said.orientation_update();
  if (update.step() == Step::TOO_LATE) return too_late(before, update);
  if (!step_of_time(update.step()))
    return care::apply(before, update, now, care::time_of(said.occurred_at()));
  const auto deliveries = proposal_deliveries(ledger, before);
  if (!deliveries.ok()) return deliveries.error();
  auto step = care::elapse(before, deliveries->states, now, deliveries->left_at);
  if (!step) return error_of(ErrorCode::case_changed);
  return std::move(*step);
}

bool has_mailbox(const v1::CircleMember& member, std::string_view mailbox) {
  const std::string& own = member.has_structure() ? member.structure().mailbox() : member.person().mailbox();
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(own, mailbox, {}, lower, lower);
}

// The recipients of an update, from those of its orientation.
class Concerned {
 public:
  Concerned(PreparedEvent& event, const IntakeSeams& seams, const stored::OrientationCase& before)
      : event_(event), before_(before), orientation_(before.event()), circle_(event, seams) {
    for (const stored::Proposal& one : before.proposals()) candidates_.push_back(one.recipient_index());
  }

  Status open(const stored::Care& asked) {
    asked_ = asked;
    if (Status opened = circle_.open(); !opened.ok()) return opened;
    // The members of today, by what was asked for: a circle changes while an orientation runs.
    v1::CoordinationEvent named = orientation_;
    named.clear_recipients();
    for (int i = 0; i < orientation_.recipients_size(); ++i) {
      if (origin_of(i) != v1::RECIPIENT_ORIGIN_CIRCLE) *named.add_recipients() = orientation_.recipients(i);
    }
    for (care::RoutedMember& one : circle_.decide(named, confidentiality_of(orientation_)))
      members_[one.decision.member_id()] = {one.decision.outcome(), one.needs_consent, one.member};
    return {};
  }

  // Those who are kept informed of the request and of each of its steps.
  void tell_informed() {
    const bool rests_on_consent = orientation_.legal_basis() == v1::LEGAL_BASIS_CONSENT;
    if (rests_on_consent && circle_.consent_ended()) return;
    for (int i = 0; i < orientation_.recipients_size(); ++i) {
      if (std::ranges::find(candidates_, i) != candidates_.end()) continue;
      stored::Telling telling = stored::TELLING_DOCUMENT;
      bool on_consent = rests_on_consent;
      std::string member_id;
      if (origin_of(i) == v1::RECIPIENT_ORIGIN_CIRCLE) {
        member_id = asked_.routed(i).member_id();
        const Member& now = members_[member_id];
        if (now.outcome != v1::RoutingDecision::FULL && now.outcome != v1::RoutingDecision::REDUCED) continue;
        // Asked for at another mailbox, about which nothing is decided today.
        if (!has_mailbox(*now.member, mailbox_of(orientation_.recipients(i)))) continue;
        const bool full = now.outcome == v1::RoutingDecision::FULL &&
                          asked_.routed(i).telling() == stored::TELLING_DOCUMENT;
        if (!full) telling = stored::TELLING_REDUCED;
        on_consent = on_consent || now.needs_consent;
      }
      if (on_consent) event_.on_consent.push_back(event_.request.event().recipients_size());
      event_.add_recipient(orientation_.recipients(i), v1::RECIPIENT_ORIGIN_CONCERNED, telling)
          .set_member_id(member_id);
    }
  }

  void tell(const care::Told& told) {
    if (told.recipient_index < 0 || told.recipient_index >= orientation_.recipients_size()) return;
    if (told.proposal >= 0) {
      const auto id = Uuid::from_raw(before_.proposals(told.proposal).delivery_id());
      PSL_CHECK(id.has_value());
      event_.notices[event_.request.event().recipients_size()] = *id;
    }
    event_.add_recipient(orientation_.recipients(told.recipient_index), v1::RECIPIENT_ORIGIN_CONCERNED,
                         told.telling);
  }

  Status close() { return circle_.close(); }

 private:
  struct Member {
    v1::RoutingDecision::Outcome outcome = v1::RoutingDecision::NOTHING;
    bool needs_consent = false;
    const v1::CircleMember* member = nullptr;
  };

  v1::RecipientOrigin origin_of(int recipient) const {
    return recipient < asked_.routed_size() ? asked_.routed(recipient).origin() : v1::RECIPIENT_ORIGIN_SENDER;
  }

  PreparedEvent& event_;
  const stored::OrientationCase& before_;
  const v1::CoordinationEvent& orientation_;
  CirclePlan circle_;
  stored::Care asked_;
  std::vector<int> candidates_;
  std::map<std::string, Member> members_;
};

Result<stored::Care> care_of_event(const IntakeSeams& seams, const Uuid& event_id) {
  const auto row = seams.ledger->event(event_id);
  if (!row.ok()) return row.error();
  const auto plain = seams.sealer->open(row->tenant, row->key, row->id, content_column, row->content);
  if (!plain.ok()) return plain.error();
  stored::StoredEvent content;
  if (!content.ParseFromString(*plain)) return error_of(ErrorCode::corrupt);
  return content.care();
}

Status tell_all(PreparedEvent& event, const IntakeSeams& seams, const stored::OrientationCase& before,
                const care::OrientationStep& step, const Uuid& orientation_id) {
  const auto asked = care_of_event(seams, orientation_id);
  if (!asked.ok()) return asked.error();
  Concerned concerned(event, seams, before);
  if (Status opened = concerned.open(*asked); !opened.ok()) return opened;
  if (step.visible != Step::STEP_UNSPECIFIED) concerned.tell_informed();
  for (const care::Told& told : step.told) concerned.tell(told);
  return concerned.close();
}

// An update is about whom its orientation is about, and no less restricted.
void fill_from_orientation(const v1::CoordinationEvent& orientation, v1::CoordinationEvent& event) {
  *event.mutable_subject() = orientation.subject();
  if (!orientation.has_visibility()) return;
  const v1::Visibility& before = orientation.visibility();
  v1::Visibility& now = *event.mutable_visibility();
  if (before.hidden_from_professionals()) now.set_hidden_from_professionals(true);
  if (before.hidden_from_patient()) now.set_hidden_from_patient(true);
  if (before.hidden_from_legal_representatives()) now.set_hidden_from_legal_representatives(true);
}

}  // namespace

Status plan_update(PreparedEvent& event, const Principal* asker, bool for_preview, const IntakeSeams& seams) {
  if (!seams.remembers())
    return error_of(ErrorCode::not_supported,
                    "who gets an orientation_update follows from its orientation: preview it at the gateway");
  v1::OrientationUpdate& update = *event.request.mutable_event()->mutable_orientation_update();
  const auto orientation_id = Uuid::parse(update.orientation_event_id());
  if (!orientation_id) return field_error("event.orientation_update.orientation_event_id", "a UUID expected");
  stored::OrientationCase before;
  const auto row =
      CaseBook(*seams.ledger, *seams.sealer)
          .read(case_id_of(orientation_kind, event.tenant->config.name(), orientation_id->raw()), before);
  if (!row.ok()) return row.error();
  if (!row->has_value()) return error_of(ErrorCode::not_found);
  if (asker != nullptr) {
    if (Status admitted = admit_asker(*asker, **row, before, update, for_preview, seams.policy);
        !admitted.ok())
      return admitted;
    update.set_channel(v1::ANSWER_CHANNEL_API);
  }
  if (update.step() == Step::ACCEPTED) {
    const auto lost = has_lost_consent(*seams.ledger, *seams.sealer, event.tenant->config.name(), before,
                                       event.accepted_at);
    if (!lost.ok()) return lost.error();
    if (*lost) return error_of(ErrorCode::consent_missing);
  }
  auto step = next_step(before, event.request.event(), *seams.ledger, event.accepted_at);
  if (!step.ok()) return std::move(step).error();
  // What time does is said when it is judged, not when it was first looked at.
  if (step_of_time(update.step()) && step->visible != Step::STEP_UNSPECIFIED) update.set_step(step->visible);
  fill_from_orientation(before.event(), *event.request.mutable_event());
  // A mask stays on all that comes after it.
  if (step->visible != Step::STEP_UNSPECIFIED && event.request.event().has_visibility())
    *step->state.mutable_event()->mutable_visibility() = event.request.event().visibility();
  *event.care.mutable_orientation() = step->state;
  event.follows = *orientation_id;
  if (step->state.SerializeAsString() != before.SerializeAsString()) {
    if (Status added = add_orientation_change(event, seams, *row, *step); !added.ok()) return added;
  } else if (!step->audit.empty()) {
    event.step.audit.push_back(step->audit);
  }
  return tell_all(event, seams, before, *step, *orientation_id);
}

}  // namespace psl
