#include "gateway/intake/intake.h"

#include <algorithm>
#include <utility>

#include "gateway/base/hash.h"
#include "gateway/base/log.h"
#include "gateway/intake/circle_plan.h"
#include "gateway/intake/event_checks.h"
#include "gateway/intake/kinds.h"
#include "gateway/intake/letter_document.h"
#include "gateway/intake/orientation_plan.h"
#include "gateway/intake/receipt.h"
#include "gateway/intake/sealing.h"
#include "gateway/intake/times.h"
#include "gateway/intake/update_plan.h"

namespace psl {

// Who asks for an event to be prepared, and what for.
struct Intake::Asked {
  const Principal& principal;
  const TenantSetup& tenant;
  bool own = false;
  bool for_preview = false;
};

struct Intake::Submission {
  Principal principal;
  bool own = false;
  const TenantSetup* tenant = nullptr;
  v1::SubmitEventRequest request;
  std::string content_mac;
  Done done;
  // Times that it may still be judged anew, because its case changed meanwhile.
  int again = 0;
};

namespace {

constexpr size_t issues_most = 100;
constexpr int judged_anew_most = 5;

// What the sender left out comes from the tenant; what it gave is kept, and the other bends to stay in order.
void set_deadlines(PreparedEvent& event) {
  const v1::CoordinationEvent& content = event.request.event();
  const v1::Tenant& tenant = event.tenant->config;
  const Instant now = event.accepted_at;
  event.alert_at =
      content.has_alert_at() ? instant_of(content.alert_at()) : now + span_of(tenant.alert_after());
  event.give_up_at =
      content.has_give_up_at() ? instant_of(content.give_up_at()) : now + span_of(tenant.give_up_after());
  if (event.alert_at < event.give_up_at) return;
  if (content.has_give_up_at()) {
    event.alert_at = now + Span{(event.give_up_at - now).us / 2};
  } else {
    event.give_up_at = event.alert_at + span_of(tenant.give_up_after());
  }
}

std::vector<PlannedDelivery> route(const PreparedEvent& event) {
  std::vector<PlannedDelivery> plan;
  for (int i = 0; i < event.request.event().recipients_size(); ++i) {
    const size_t before = plan.size();
    const auto add = [&](const Adapter* adapter, std::string_view name) {
      plan.push_back(
          {i, Uuid::from_hash(sha256_of_parts({"delivery", event.event_id.raw(), std::to_string(i), name})),
           adapter});
    };
    // A candidate is asked once, whatever the ways to it.
    const bool once =
        i < event.care.routed_size() && event.care.routed(i).telling() == stored::TELLING_PROPOSAL;
    for (const Adapter* adapter : event.tenant->adapters) {
      if (!(once && plan.size() > before) && adapter->carries(event.request, i))
        add(adapter, adapter->info().name);
    }
    if (plan.size() == before) add(nullptr, "");
  }
  return plan;
}

bool needs_document(const PreparedEvent& event) {
  return std::ranges::any_of(event.plan, [&](const PlannedDelivery& one) {
    const stored::Telling telling = event.care.routed(one.recipient_index).telling();
    return one.adapter != nullptr && one.adapter->info().needs_document &&
           (telling == stored::TELLING_DOCUMENT || telling == stored::TELLING_PROPOSAL);
  });
}

// The schema has no map and unknown fields are refused, so that protobuf writes a message in one way only.
Result<std::string> mac_of_content(Sealer& sealer, const v1::SubmitEventRequest& request) {
  return sealer.mac(request.event().tenant(), "content", request.SerializeAsString());
}

// A case, or somebody's consent, may change while it is prepared.
bool rests_on_a_case(const v1::CoordinationEvent& event) {
  return !is_letter(event) || event.route_to_circle() || event.legal_basis() == v1::LEGAL_BASIS_CONSENT;
}

// What of an event is worth keeping though nobody is told of it.
bool stands_alone(const v1::CoordinationEvent& event) {
  return event.has_pathway_enrolment() || event.has_care_circle_change();
}

Error error_of_effect(Effect effect) {
  switch (effect) {
    case Effect::key_reused:
      return error_of(ErrorCode::key_reused);
    case Effect::document_id_reused:
      return error_of(ErrorCode::document_id_reused);
    case Effect::version_reused:
      return error_of(ErrorCode::version_reused);
    case Effect::newer_version_known:
      return error_of(ErrorCode::newer_version_known);
    case Effect::replaced_appeared:
      return error_of(ErrorCode::busy,
                      "the document replaced was accepted just now: send again, with the same key");
    case Effect::disk_full:
      return error_of(ErrorCode::store_unavailable,
                      "the gateway's disk is full: send it again later, with the same key");
    case Effect::case_changed:
      return error_of(ErrorCode::case_changed);
    case Effect::case_open:
      return error_of(ErrorCode::orientation_open);
    default:
      return error_of(ErrorCode::internal);
  }
}

// Each of the partners must be able to serve its recipients, and says what it loses.
Status admit_all(PreparedEvent& event) {
  FaultList faults;
  for (const PlannedDelivery& delivery : event.plan) {
    if (delivery.adapter == nullptr) continue;
    const auto admitted = delivery.adapter->admit(event.dispatch(delivery));
    if (admitted.ok()) {
      event.admission_issues.insert(event.admission_issues.end(), admitted->begin(), admitted->end());
      continue;
    }
    if (admitted.error().code != ErrorCode::field_invalid) return admitted.error();
    for (const FieldFault& fault : admitted.error().faults) faults.add(fault.path, fault.text);
  }
  return std::move(faults).status();
}

}  // namespace

Uuid event_id_of(std::string_view tenant, std::string_view principal, std::string_view idempotency_key) {
  return Uuid::from_hash(sha256_of_parts({"event", tenant, principal, idempotency_key}));
}

Dispatch PreparedEvent::dispatch(const PlannedDelivery& delivery) const {
  return Dispatch{request,
                  header,
                  document.document,
                  care,
                  tenant->config,
                  delivery.recipient_index,
                  event_id,
                  delivery.id,
                  0,
                  instant_of(request.event().occurred_at())};
}

const v1::Patient& PreparedEvent::patient() const {
  return header.has_patient() ? header.patient() : request.event().subject();
}

stored::Routed& PreparedEvent::add_recipient(v1::Recipient recipient, v1::RecipientOrigin origin,
                                             stored::Telling telling) {
  v1::CoordinationEvent& event = *request.mutable_event();
  // What is told goes by index: those of the sender come first, also when nobody else asked for it.
  while (care.routed_size() < event.recipients_size())
    care.add_routed()->set_origin(v1::RECIPIENT_ORIGIN_SENDER);
  *event.add_recipients() = std::move(recipient);
  stored::Routed& routed = *care.add_routed();
  routed.set_origin(origin);
  routed.set_telling(telling);
  return routed;
}

Result<const TenantSetup*> Intake::admit_caller(const Principal& principal, Action action,
                                                const v1::SubmitEventRequest& request) const {
  if (const Status envelope = check_envelope(request); !envelope.ok()) return envelope.error();
  if (request.idempotency_key().starts_with(own_key_prefix))
    return field_error("idempotency_key", "a key that does not begin with \"passerelle:\" expected");
  const v1::CoordinationEvent& event = request.event();
  const auto tenant = seams_.tenants.find(event.tenant());
  // An unknown tenant is answered as a forbidden one: a caller learns nothing about the others.
  if (tenant == seams_.tenants.end()) return error_of(ErrorCode::not_allowed);
  const Status allowed = seams_.policy.allows(principal, action, event.tenant(), kind_of(event),
                                              event.source().organization().national_id());
  if (!allowed.ok()) return allowed.error();
  return &tenant->second;
}

Status Intake::plan_circle(const Asked& asked, PreparedEvent& event) const {
  const v1::CoordinationEvent& content = event.request.event();
  const bool concerned =
      stands_alone(content) || content.route_to_circle() || content.legal_basis() == v1::LEGAL_BASIS_CONSENT;
  if (!concerned) return {};
  CirclePlan circle(event, seams_);
  if (Status status = circle.open(); !status.ok()) return status;
  Status changed;
  if (content.has_pathway_enrolment()) changed = circle.enrol(asked.principal);
  if (content.has_care_circle_change()) changed = circle.change();
  if (!changed.ok()) return changed;
  if (Status status = circle.check_consent(); !status.ok()) return status;
  if (content.route_to_circle()) {
    if (Status status = circle.route(); !status.ok()) return status;
  }
  return circle.close();
}

Status Intake::plan_care(const Asked& asked, PreparedEvent& event) const {
  const v1::CoordinationEvent& content = event.request.event();
  event.step.at = event.accepted_at;
  event.step.tenant = content.tenant();
  if (content.has_orientation_update()) {
    if (Status status = plan_update(event, asked.own ? nullptr : &asked.principal, asked.for_preview, seams_);
        !status.ok())
      return status;
  } else {
    if (content.has_orientation()) {
      if (Status status = add_candidates(event); !status.ok()) return status;
    }
    if (Status status = plan_circle(asked, event); !status.ok()) return status;
    if (content.recipients_size() == 0 && content.route_to_circle() && !stands_alone(content)) {
      if (!seams_.remembers())
        return error_of(ErrorCode::not_supported,
                        "who gets it follows from the patient's circle: preview it at the gateway");
      // A preview says of each member what keeps this from it.
      if (!asked.for_preview || event.care.routing().empty()) return error_of(ErrorCode::nobody_to_route_to);
    }
  }
  if (Status status = name_circle(event, seams_); !status.ok()) return status;
  if (is_letter(content) && event.care.ByteSizeLong() == 0) return {};
  while (event.care.routed_size() < content.recipients_size())
    event.care.add_routed()->set_origin(v1::RECIPIENT_ORIGIN_SENDER);
  return {};
}

Status Intake::prepare_document(PreparedEvent& event) const {
  auto document = seams_.office.prepare(
      event.request, {event.tenant->config, event.event_id, event.care, needs_document(event)}, event.header);
  if (!document.ok()) return std::move(document).error();
  event.document = std::move(*document);
  return {};
}

Result<std::shared_ptr<PreparedEvent>> Intake::prepare(const Asked& asked,
                                                       v1::SubmitEventRequest request) const {
  auto event = std::make_shared<PreparedEvent>();
  event->accepted_at = seams_.env.now();
  if (!asked.own) {
    const Status checked = check_event(request, asked.tenant.config, seams_.environment, event->accepted_at);
    if (!checked.ok()) return checked.error();
  }
  event->tenant = &asked.tenant;
  event->event_id = event_id_of(request.event().tenant(), asked.principal.name, request.idempotency_key());
  event->request = std::move(request);
  set_deadlines(*event);
  const bool letter = is_letter(event->request.event());
  // A letter's header tells what the circle is asked with: whom it is about, how confidential it is.
  if (letter) {
    if (Status status = prepare_letter(*event, seams_); !status.ok()) return std::move(status).error();
  }
  if (Status status = plan_care(asked, *event); !status.ok()) return std::move(status).error();
  event->plan = route(*event);
  if (event->request.event().has_orientation()) {
    if (Status status = begin_orientation(*event, seams_, asked.for_preview); !status.ok())
      return std::move(status).error();
  }
  if (!letter) {
    if (Status status = prepare_document(*event); !status.ok()) return std::move(status).error();
  }
  std::vector<v1::Issue>& all = event->document.issues;
  all.insert(all.begin(), event->issues.begin(), event->issues.end());
  if (all.size() > issues_most) all.resize(issues_most);
  if (Status status = admit_all(*event); !status.ok()) return std::move(status).error();
  return event;
}

std::optional<Result<v1::SubmitEventResponse>> Intake::known(const Uuid& event_id,
                                                             const std::string& content_mac) const {
  const auto row = seams_.ledger->event(event_id);
  if (!row.ok()) {
    if (row.error().code == ErrorCode::not_found) return std::nullopt;
    return row.error();
  }
  if (row->content_mac != content_mac) return error_of(ErrorCode::key_reused);
  return stored_receipt(event_id, true);
}

Result<v1::SubmitEventResponse> Intake::stored_receipt(const Uuid& event_id, bool already_accepted) const {
  const auto row = seams_.ledger->event(event_id);
  if (!row.ok()) return row.error();
  auto status = stored_status(*row, {*seams_.sealer, *seams_.ledger});
  if (!status.ok()) return std::move(status).error();
  v1::SubmitEventResponse response;
  *response.mutable_status() = std::move(*status);
  response.set_already_accepted(already_accepted);
  return response;
}

void Intake::commit(const std::shared_ptr<Submission>& submission, const PreparedEvent& event,
                    AcceptEvent command) const {
  const Uuid event_id = command.id;
  v1::SubmitEventResponse fresh;
  *fresh.mutable_status() = fresh_status(command, stored_event(event));
  const bool with_past = ends_consent(event.request.event());
  seams_.sink->submit(std::move(command), [this, event_id, with_past, fresh = std::move(fresh),
                                           submission](Result<Effect> effect) {
    const Done& done = submission->done;
    if (!effect.ok()) return done(std::move(effect).error());
    switch (*effect) {
      case Effect::done:
        log(LogLevel::info, "event accepted",
            {{"event", event_id}, {"recipients", fresh.status().recipients_size()}});
        return done(with_past ? stored_receipt(event_id, false) : fresh);
      case Effect::linked:
        log(LogLevel::info, "event accepted, document known to some recipients", {{"event", event_id}});
        return done(stored_receipt(event_id, false));
      case Effect::already_accepted:
        return done(stored_receipt(event_id, true));
      case Effect::case_changed:
        if (submission->again-- > 0) return attempt(submission);
        return done(error_of_effect(*effect));
      case Effect::disk_full:
        log(LogLevel::error, "event refused: the disk is full", {{"event", event_id}});
        return done(error_of_effect(*effect));
      default:
        return done(error_of_effect(*effect));
    }
  });
}

void Intake::attempt(const std::shared_ptr<Submission>& submission) const {
  // A letter is large and is judged once; the others are small.
  const Asked asked{submission->principal, *submission->tenant, submission->own};
  auto event = prepare(asked, submission->again > 0 ? submission->request : std::move(submission->request));
  if (!event.ok()) return submission->done(std::move(event).error());
  auto command = seal_event(**event, submission->principal, submission->content_mac, seams_);
  if (!command.ok()) return submission->done(std::move(command).error());
  commit(submission, **event, std::move(*command));
}

void Intake::begin(std::shared_ptr<Submission> submission) const {
  auto mac = mac_of_content(*seams_.sealer, submission->request);
  if (!mac.ok()) return submission->done(std::move(mac).error());
  submission->content_mac = std::move(*mac);
  if (rests_on_a_case(submission->request.event())) submission->again = judged_anew_most;
  // A submission that is known already gets its receipt whatever changed since: limits, dates, the
  // configuration.
  const v1::SubmitEventRequest& request = submission->request;
  const Uuid event_id =
      event_id_of(request.event().tenant(), submission->principal.name, request.idempotency_key());
  if (auto receipt = known(event_id, submission->content_mac)) return submission->done(std::move(*receipt));
  attempt(submission);
}

void Intake::submit(const Principal& principal, v1::SubmitEventRequest request, Done answer) const {
  auto submission = std::make_shared<Submission>();
  submission->principal = principal;
  submission->done = [this, answer = std::move(answer)](Result<v1::SubmitEventResponse> result) {
    if (!result.ok() && seams_.refused) seams_.refused(result.error().code);
    answer(std::move(result));
  };
  const auto tenant = admit_caller(principal, Action::submit, request);
  if (!tenant.ok()) return submission->done(tenant.error());
  submission->tenant = *tenant;
  submission->request = std::move(request);
  begin(std::move(submission));
}

void Intake::submit_own(const Principal& owner, v1::SubmitEventRequest request, Done done) const {
  PSL_CHECK(request.idempotency_key().starts_with(own_key_prefix));
  const auto tenant = seams_.tenants.find(request.event().tenant());
  if (tenant == seams_.tenants.end()) return done(error_of(ErrorCode::not_found));
  auto submission = std::make_shared<Submission>();
  submission->principal = owner;
  submission->own = true;
  submission->tenant = &tenant->second;
  submission->request = std::move(request);
  submission->done = std::move(done);
  begin(std::move(submission));
}

Result<EventPreview> Intake::preview(const Principal& principal, v1::SubmitEventRequest request) const {
  const auto tenant = admit_caller(principal, Action::preview, request);
  if (!tenant.ok()) return tenant.error();
  auto event = prepare({principal, **tenant, false, true}, std::move(request));
  if (!event.ok()) return std::move(event).error();
  EventPreview preview;
  preview.routing = {(*event)->care.routing().begin(), (*event)->care.routing().end()};
  for (const PlannedDelivery& delivery : (*event)->plan) {
    if (delivery.adapter == nullptr) continue;
    auto payload = delivery.adapter->wrap((*event)->dispatch(delivery));
    if (!payload.ok()) return std::move(payload).error();
    const auto& issues = (*event)->document.issues;
    payload->issues.insert(payload->issues.begin(), issues.begin(), issues.end());
    // What most readers open, wherever the partner's own form hides it.
    if (const Bytes& pdf = (*event)->document.document.pdf)
      payload->files.push_back({"document.pdf", "application/pdf", pdf});
    preview.recipients.push_back(
        {delivery.recipient_index, delivery.adapter->info().name, std::move(*payload)});
  }
  return preview;
}

}  // namespace psl
