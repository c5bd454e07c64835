#include "gateway/intake/case_desk.h"

#include <algorithm>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/care/circle.h"
#include "gateway/care/enrolment.h"
#include "gateway/intake/case_book.h"
#include "gateway/intake/case_steps.h"
#include "gateway/intake/circle_plan.h"
#include "gateway/intake/kinds.h"
#include "gateway/intake/person_identity.h"
#include "gateway/intake/times.h"

namespace psl {
namespace {

using WakeDone = std::function<void(Status)>;

// Of an enrolment whose protocol is not configured at the moment: exit rules count in months.
constexpr Span missing_protocol_looked_at_every = seconds(86400);

// Whether anybody but the next candidate hears of it.
bool must_be_told(const care::OrientationStep& step) {
  if (!step.told.empty()) return true;
  return step.visible != v1::OrientationUpdate::STEP_UNSPECIFIED &&
         step.state.event().recipients_size() > step.state.proposals_size();
}

v1::SubmitEventRequest time_request(const CaseRow& row, const stored::OrientationCase& before,
                                    v1::OrientationUpdate::Step step, Instant now) {
  v1::SubmitEventRequest request;
  request.set_idempotency_key("passerelle:time:" + row.id.text() + ":" + std::to_string(before.steps()));
  v1::CoordinationEvent& event = *request.mutable_event();
  event.set_tenant(row.tenant);
  *event.mutable_source() = before.event().source();
  event.set_legal_basis(before.event().legal_basis());
  if (before.event().has_consent_at()) *event.mutable_consent_at() = before.event().consent_at();
  set_time(*event.mutable_occurred_at(), now);
  v1::OrientationUpdate& update = *event.mutable_orientation_update();
  update.set_orientation_event_id(row.event_id.text());
  update.set_step(step);
  return request;
}

// Woken for nothing: by a delivery that is no proposal's, or by a clock that went back.
care::OrientationStep rest_of(stored::OrientationCase state, const CaseRow& row, Instant now) {
  care::OrientationStep step;
  step.open = row.open;
  step.attention = row.attention;
  step.wake_at = care::next_look(state, now);
  if (step.wake_at > Instant{}) step.wake_at = std::max(step.wake_at, now + seconds(1));
  step.state = std::move(state);
  return step;
}

// What changed meanwhile is looked at again when it is due.
Status settled(const Error& error) {
  return error.code == ErrorCode::case_changed ? Status() : Status(error);
}

void submit_step(CommandSink& sink, CaseStep step, const Uuid& event_id, WakeDone done) {
  sink.submit(StepCase{std::move(step), {}, event_id}, [done = std::move(done)](Result<Effect> effect) {
    if (!effect.ok()) return done(std::move(effect).error());
    done(*effect == Effect::done || *effect == Effect::case_changed ? Status()
                                                                    : error_of(ErrorCode::internal));
  });
}

// What cannot be told to those who are kept informed must not keep the next candidate from being asked: a
// human tells them.
void step_untold(const CaseSeams& seams, const CaseRow& row, care::OrientationStep step, Instant now,
                 WakeDone done) {
  log(LogLevel::error, "a step of an orientation cannot be told", {{"event", row.event_id}});
  if (step.attention.empty() && row.attention.empty()) step.attention = "STEP_NOT_TOLD";
  auto sealed = orientation_case_step(seams.ledger, seams.sealer, row.tenant, row, step, now);
  if (!sealed.ok()) return done(std::move(sealed).error());
  submit_step(seams.sink, std::move(*sealed), row.event_id, std::move(done));
}

void wake_orientation(const CaseSeams& seams, const CaseRow& row, Instant now, WakeDone done) {
  stored::OrientationCase before;
  if (Status opened = CaseBook(seams.ledger, seams.sealer).open(row, before); !opened.ok())
    return done(std::move(opened));
  const auto deliveries = proposal_deliveries(seams.ledger, before);
  if (!deliveries.ok()) return done(deliveries.error());
  const auto lost_consent = has_lost_consent(seams.ledger, seams.sealer, row.tenant, before, now);
  if (!lost_consent.ok()) return done(lost_consent.error());
  std::optional<care::OrientationStep> step;
  if (*lost_consent) step = care::end_with_consent(before, now);
  if (!step) step = care::elapse(before, deliveries->states, now, deliveries->left_at);
  CaseRow seen = row;
  // What needs somebody for another reason already is not hidden; it is over once all have left.
  if (step && step->attention == care::proposal_waits && !row.attention.empty()) {
    step->attention.clear();
  } else if (step && step->attention.empty() && row.attention == care::proposal_waits) {
    seen.attention.clear();
  }
  if (!step) step = rest_of(before, row, now);
  if (*lost_consent && step->attention.empty() && row.open) step->attention = care::consent_withdrawn;
  if (must_be_told(*step)) {
    const auto visible = step->visible == v1::OrientationUpdate::STEP_UNSPECIFIED
                             ? v1::OrientationUpdate::EXPIRED
                             : step->visible;
    return seams.intake.submit_own(Principal{row.principal}, time_request(row, before, visible, now),
                                   [&seams, row, step = std::move(*step), now, done = std::move(done)](
                                       const Result<v1::SubmitEventResponse>& answer) mutable {
                                     if (answer.ok()) return done({});
                                     if (may_pass(answer.error())) return done(settled(answer.error()));
                                     step_untold(seams, row, std::move(step), now, std::move(done));
                                   });
  }
  auto sealed = orientation_case_step(seams.ledger, seams.sealer, row.tenant, seen, *step, now);
  if (!sealed.ok()) return done(std::move(sealed).error());
  submit_step(seams.sink, std::move(*sealed), row.event_id, std::move(done));
}

void wake_enrolment(const CaseSeams& seams, const CaseRow& row, Instant now, WakeDone done) {
  const CaseBook book(seams.ledger, seams.sealer);
  stored::EnrolmentCase before;
  if (Status opened = book.open(row, before); !opened.ok()) return done(std::move(opened));
  const auto tenant = seams.tenants.find(row.tenant);
  const v1::PathwayEnrolment& enrolment = before.enrolment();
  const v1::Protocol* protocol =
      tenant == seams.tenants.end()
          ? nullptr
          : care::find_protocol(tenant->second.config, enrolment.protocol_id(), enrolment.protocol_version());
  std::optional<care::EnrolmentStep> step;
  // One that is no longer configured has no rules until it is back.
  if (protocol != nullptr) step = care::propose_exit(before, *protocol, now, tenant->second.offset_at);
  auto change =
      book.change({enrolment_kind, row.tenant, row.id, row.event_id}, row, step ? step->state : before);
  if (!change.ok()) return done(std::move(change).error());
  CaseStep out;
  out.at = now;
  out.tenant = row.tenant;
  if (step) {
    change->wake_at = step->wake_at;
    change->attention = step->attention;
    out.audit.push_back(step->audit);
  } else {
    // Woken for nothing, by a delivery of its first event.
    change->wake_at = protocol == nullptr ? now + missing_protocol_looked_at_every
                                          : care::next_exit(before, *protocol, now, tenant->second.offset_at);
  }
  if (!row.open) change->wake_at = {};
  out.cases.push_back(std::move(*change));
  submit_step(seams.sink, std::move(out), row.event_id, std::move(done));
}

// A consent that has ended stops what has not left, as its withdrawal does, and so does the end of a
// membership. A delivery of the circle's first event that failed wakes it too, and changes nothing.
void wake_circle(const CaseSeams& seams, const CaseRow& row, Instant now, WakeDone done) {
  const CaseBook book(seams.ledger, seams.sealer);
  stored::CircleCase circle;
  if (Status opened = book.open(row, circle); !opened.ok()) return done(std::move(opened));
  const auto macs = person_of_case(seams.ledger, seams.sealer, row);
  if (!macs.ok()) return done(macs.error());
  auto change = book.change({circle_kind, row.tenant, row.id, row.event_id}, row, circle);
  if (!change.ok()) return done(std::move(change).error());
  change->wake_at = next_circle_look(circle, now);
  know_circle_by(*macs, *change);
  CaseStep out;
  out.at = now;
  out.tenant = row.tenant;
  out.cases.push_back(std::move(*change));
  stop_members(care::lost_members(circle, circle, now), row.id, out);
  if (!circle.consents().empty() && !care::consent_holds(circle, now)) {
    for (const std::string& mac : macs->both()) {
      if (!mac.empty()) out.consent_withdrawn_of.push_back(mac);
    }
    out.audit.emplace_back("circle consent=ended");
  }
  submit_step(seams.sink, std::move(out), row.event_id, std::move(done));
}

// Of no kind that has a clock: it would stay due for ever.
void put_to_rest(const CaseSeams& seams, const CaseRow& row, Instant now, WakeDone done) {
  CaseChange change;
  change.id = row.id;
  change.tenant = row.tenant;
  change.kind = row.kind;
  change.expected_revision = row.revision;
  change.event_id = row.event_id;
  change.key = row.key;
  change.state = row.state;
  change.attention = row.attention;
  change.open = row.open;
  CaseStep out;
  out.at = now;
  out.tenant = row.tenant;
  out.cases.push_back(std::move(change));
  submit_step(seams.sink, std::move(out), row.event_id, std::move(done));
}

}  // namespace

void CaseDesk::wake(const CaseRow& row, Instant now, std::function<void(Status)> done) const {
  if (row.kind == orientation_kind) return wake_orientation(seams_, row, now, std::move(done));
  if (row.kind == enrolment_kind) return wake_enrolment(seams_, row, now, std::move(done));
  if (row.kind == circle_kind) return wake_circle(seams_, row, now, std::move(done));
  put_to_rest(seams_, row, now, std::move(done));
}

}  // namespace psl
