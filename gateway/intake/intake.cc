#include "gateway/intake/intake.h"

#include <algorithm>

#include "gateway/base/hash.h"
#include "gateway/base/log.h"
#include "gateway/intake/event_checks.h"
#include "gateway/intake/receipt.h"
#include "gateway/intake/times.h"

namespace psl {
namespace {

constexpr std::string_view letter_kind = "discharge_letter";
constexpr size_t issues_most = 100;

std::string_view kind_of(const v1::CoordinationEvent& event) {
  return event.kind_case() == v1::CoordinationEvent::kDischargeLetter ? letter_kind : std::string_view();
}

Lane lane_of(v1::Lane lane) { return lane == v1::LANE_UNSPECIFIED ? Lane::letters : static_cast<Lane>(lane); }

// What the sender left out comes from the tenant; what it gave is kept, and the other bends to stay in order.
void set_deadlines(const v1::CoordinationEvent& event, const v1::Tenant& tenant, AcceptEvent& command) {
  const Instant now = command.accepted_at;
  command.alert_at =
      event.has_alert_at() ? instant_of(event.alert_at()) : now + span_of(tenant.alert_after());
  command.give_up_at =
      event.has_give_up_at() ? instant_of(event.give_up_at()) : now + span_of(tenant.give_up_after());
  if (command.alert_at < command.give_up_at) return;
  if (event.has_give_up_at()) {
    command.alert_at = now + Span{(command.give_up_at - now).us / 2};
  } else {
    command.give_up_at = command.alert_at + span_of(tenant.give_up_after());
  }
}

std::vector<PlannedDelivery> route(const v1::SubmitEventRequest& request, const Uuid& event_id,
                                   const TenantSetup& tenant) {
  std::vector<PlannedDelivery> plan;
  for (int i = 0; i < request.event().recipients_size(); ++i) {
    const size_t before = plan.size();
    const auto add = [&](const Adapter* adapter, std::string_view name) {
      plan.push_back({i,
                      Uuid::from_hash(sha256_of_parts({"delivery", event_id.raw(), std::to_string(i), name})),
                      adapter});
    };
    for (const Adapter* adapter : tenant.adapters) {
      if (adapter->carries(request, i)) add(adapter, adapter->info().name);
    }
    if (plan.size() == before) add(nullptr, "");
  }
  return plan;
}

stored::StoredEvent stored_event(const PreparedEvent& event) {
  stored::StoredEvent content;
  *content.mutable_request() = event.request;
  *content.mutable_header() = event.header;
  for (const v1::Issue& issue : event.document.issues) *content.add_issues() = issue;
  for (const v1::Issue& issue : event.admission_issues) *content.add_issues() = issue;
  content.set_pdf_inside(event.document.pdf_is_inside);
  return content;
}

NewDocument new_document(int part, const Bytes& bytes, std::string sealed) {
  return NewDocument{part, static_cast<int64_t>(bytes->size()), std::move(sealed)};
}

// Of the content that Passerelle writes a document from.
void inherit_into_content(const Restrictions& replaced, v1::SubmitEventRequest& request,
                          std::vector<v1::Issue>& issues) {
  v1::DischargeLetter& letter = *request.mutable_event()->mutable_discharge_letter();
  if (letter.has_pdf())
    inherit_confidentiality(replaced, *letter.mutable_pdf()->mutable_metadata(),
                            "event.discharge_letter.pdf.metadata.confidentiality", issues);
  if (letter.has_structured())
    inherit_confidentiality(replaced, *letter.mutable_structured()->mutable_metadata(),
                            "event.discharge_letter.structured.metadata.confidentiality", issues);
}

// The schema has no map and unknown fields are refused, so that protobuf writes a message in one way only.
Result<std::string> mac_of_content(Sealer& sealer, const v1::SubmitEventRequest& request) {
  return sealer.mac(request.event().tenant(), "content", request.SerializeAsString());
}

Error error_of_effect(Effect effect) {
  if (effect == Effect::key_reused) return error_of(ErrorCode::key_reused);
  if (effect == Effect::document_id_reused) return error_of(ErrorCode::document_id_reused);
  if (effect == Effect::version_reused) return error_of(ErrorCode::version_reused);
  if (effect == Effect::newer_version_known) return error_of(ErrorCode::newer_version_known);
  if (effect == Effect::replaced_appeared)
    return error_of(ErrorCode::busy,
                    "the document replaced was accepted just now: send again, with the same key");
  if (effect == Effect::disk_full)
    return error_of(ErrorCode::store_unavailable,
                    "the gateway's disk is full: send it again later, with the same key");
  return error_of(ErrorCode::internal);
}

}  // namespace

Uuid event_id_of(std::string_view tenant, std::string_view principal, std::string_view idempotency_key) {
  return Uuid::from_hash(sha256_of_parts({"event", tenant, principal, idempotency_key}));
}

Dispatch PreparedEvent::dispatch(const PlannedDelivery& delivery) const {
  return Dispatch{request,
                  header,
                  document.document,
                  tenant->config,
                  delivery.recipient_index,
                  event_id,
                  delivery.id,
                  0,
                  instant_of(request.event().occurred_at())};
}

Result<const TenantSetup*> Intake::admit_caller(const Principal& principal, Action action,
                                                const v1::SubmitEventRequest& request) const {
  if (const Status envelope = check_envelope(request); !envelope.ok()) return envelope.error();
  const v1::CoordinationEvent& event = request.event();
  const auto tenant = seams_.tenants.find(event.tenant());
  // An unknown tenant is answered as a forbidden one: a caller learns nothing about the others.
  if (tenant == seams_.tenants.end()) return error_of(ErrorCode::not_allowed);
  const Status allowed = seams_.policy.allows(principal, action, event.tenant(), kind_of(event),
                                              event.source().organization().national_id());
  if (!allowed.ok()) return allowed.error();
  return &tenant->second;
}

Result<std::shared_ptr<PreparedEvent>> Intake::prepare(const Principal& principal, const TenantSetup& tenant,
                                                       v1::SubmitEventRequest request) const {
  if (const Status checked = check_event(request, tenant.config, seams_.environment, seams_.env.now());
      !checked.ok())
    return checked.error();
  auto event = std::make_shared<PreparedEvent>();
  event->tenant = &tenant;
  event->event_id = event_id_of(request.event().tenant(), principal.name, request.idempotency_key());
  event->request = std::move(request);
  if (Status status = prepare_document(*event); !status.ok()) return std::move(status).error();
  event->plan = route(event->request, event->event_id, tenant);
  FaultList faults;
  for (const PlannedDelivery& delivery : event->plan) {
    if (delivery.adapter == nullptr) continue;
    const auto admitted = delivery.adapter->admit(event->dispatch(delivery));
    if (admitted.ok()) {
      event->admission_issues.insert(event->admission_issues.end(), admitted->begin(), admitted->end());
      continue;
    }
    if (admitted.error().code != ErrorCode::field_invalid) return admitted.error();
    for (const FieldFault& fault : admitted.error().faults) faults.add(fault.path, fault.text);
  }
  if (Status status = std::move(faults).status(); !status.ok()) return std::move(status).error();
  return event;
}

Result<std::optional<Restrictions>> Intake::restrictions_of_replaced(PreparedEvent& event,
                                                                     const std::string& document_id) const {
  if (document_id.empty() || seams_.ledger == nullptr) return std::optional<Restrictions>();
  auto replaced =
      restrictions_of(event.request.event().tenant(), document_id, *seams_.ledger, *seams_.sealer);
  if (replaced.ok()) event.replaced_unknown = !replaced->has_value();
  return replaced;
}

Status Intake::prepare_document(PreparedEvent& event) const {
  const v1::DischargeLetter& letter = event.request.event().discharge_letter();
  const bool from_cda = letter.content_case() == v1::DischargeLetter::kSenderCda;
  std::vector<v1::Issue> issues;
  auto replaced = Result<std::optional<Restrictions>>(std::nullopt);
  if (!from_cda) {
    // Before the document is written, for it says its confidentiality.
    replaced = restrictions_of_replaced(event, letter.replaces());
    if (!replaced.ok()) return std::move(replaced).error();
    if (*replaced) inherit_into_content(**replaced, event.request, issues);
  }
  auto document = seams_.office.prepare(event.request, event.tenant->config, event.event_id, event.header);
  if (!document.ok()) return std::move(document).error();
  event.document = std::move(*document);
  if (from_cda) {
    replaced = restrictions_of_replaced(event, event.header.replaces());
    if (!replaced.ok()) return std::move(replaced).error();
    if (*replaced)
      tell_lower_confidentiality(**replaced, event.header.metadata().confidentiality(),
                                 "event.discharge_letter.sender_cda", issues);
  }
  if (*replaced) inherit_visibility(**replaced, *event.request.mutable_event(), issues);
  std::vector<v1::Issue>& all = event.document.issues;
  all.insert(all.begin(), issues.begin(), issues.end());
  if (all.size() > issues_most) all.resize(issues_most);
  return {};
}

Result<AcceptEvent> Intake::seal(const Principal& principal, const PreparedEvent& event,
                                 std::string content_mac) const {
  const v1::CoordinationEvent& content = event.request.event();
  const std::string& tenant = content.tenant();
  AcceptEvent command;
  command.id = event.event_id;
  command.tenant = tenant;
  command.principal = principal.name;
  command.idempotency_key = event.request.idempotency_key();
  command.content_mac = std::move(content_mac);
  command.kind = std::string(kind_of(content));
  command.lane = lane_of(content.lane());
  command.accepted_at = seams_.env.now();
  command.occurred_at = instant_of(content.occurred_at());
  set_deadlines(content, event.tenant->config, command);
  command.document_id = event.header.metadata().document_id();
  command.replaces = event.header.replaces();
  command.set_id = event.header.metadata().set_id();
  command.version = std::max(1, event.header.metadata().version());
  command.replaced_unknown = event.replaced_unknown;
  const FrozenDocument& document = event.document.document;
  command.document_sha256 = to_hex(sha256(view(document.cda)));

  Error first;
  bool failed = false;
  // One place for the many steps that can fail in the same way.
  const auto take = [&](Result<std::string> result) -> std::string {
    if (result.ok()) return std::move(*result);
    if (!failed) first = std::move(result).error();
    failed = true;
    return {};
  };
  auto key = seams_.sealer->new_key(tenant, command.id);
  if (!key.ok()) return std::move(key).error();
  command.key = std::move(*key);
  const auto sealed = [&](std::string_view column, std::string_view plain) {
    return take(seams_.sealer->seal(tenant, command.key, command.id, column, plain));
  };
  const auto mac = [&](std::string_view purpose, std::string_view plain) {
    return take(seams_.sealer->mac(tenant, purpose, plain));
  };

  if (event.header.patient().has_ins())
    command.patient_mac = mac("patient", event.header.patient().ins().matricule());
  command.document_mac = mac("document", view(document.cda));
  command.content = sealed(content_column, stored_event(event).SerializeAsString());
  command.documents.push_back(new_document(0, document.cda, sealed(document_column(0), view(document.cda))));
  if (document.pdf && !event.document.pdf_is_inside)
    command.documents.push_back(
        new_document(1, document.pdf, sealed(document_column(1), view(document.pdf))));
  for (const PlannedDelivery& delivery : event.plan) {
    if (delivery.adapter == nullptr) {
      command.unresolved.push_back({delivery.id, delivery.recipient_index, "NO_ADDRESS"});
      continue;
    }
    const std::string address = take(delivery.adapter->address(event.dispatch(delivery)));
    command.deliveries.push_back({delivery.id, delivery.recipient_index, delivery.adapter->info().name,
                                  mac("address", address), command.accepted_at});
  }
  if (failed) return first;
  return command;
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
  auto status = stored_status(*row, *seams_.sealer);
  if (!status.ok()) return std::move(status).error();
  v1::SubmitEventResponse response;
  *response.mutable_status() = std::move(*status);
  response.set_already_accepted(already_accepted);
  return response;
}

void Intake::commit(const PreparedEvent& event, AcceptEvent command, Done done) const {
  const Uuid event_id = command.id;
  v1::SubmitEventResponse fresh;
  *fresh.mutable_status() = fresh_status(command, stored_event(event));
  seams_.sink->submit(std::move(command), [this, event_id, fresh = std::move(fresh),
                                           done = std::move(done)](Result<Effect> effect) {
    if (!effect.ok()) return done(std::move(effect).error());
    switch (*effect) {
      case Effect::done:
        log(LogLevel::info, "event accepted",
            {{"event", event_id}, {"recipients", fresh.status().recipients_size()}});
        return done(fresh);
      case Effect::linked:
        log(LogLevel::info, "event accepted, document known to some recipients", {{"event", event_id}});
        return done(stored_receipt(event_id, false));
      case Effect::already_accepted:
        return done(stored_receipt(event_id, true));
      case Effect::disk_full:
        log(LogLevel::error, "event refused: the disk is full", {{"event", event_id}});
        return done(error_of_effect(*effect));
      default:
        return done(error_of_effect(*effect));
    }
  });
}

void Intake::submit(const Principal& principal, v1::SubmitEventRequest request, Done answer) const {
  const Done done = [this, answer = std::move(answer)](Result<v1::SubmitEventResponse> result) {
    if (!result.ok() && seams_.refused) seams_.refused(result.error().code);
    answer(std::move(result));
  };
  const auto tenant = admit_caller(principal, Action::submit, request);
  if (!tenant.ok()) return done(tenant.error());
  auto mac = mac_of_content(*seams_.sealer, request);
  if (!mac.ok()) return done(std::move(mac).error());
  // A submission that is known already gets its receipt whatever changed since: limits, dates, the
  // configuration.
  const Uuid event_id = event_id_of(request.event().tenant(), principal.name, request.idempotency_key());
  if (auto receipt = known(event_id, *mac)) return done(std::move(*receipt));
  auto event = prepare(principal, **tenant, std::move(request));
  if (!event.ok()) return done(std::move(event).error());
  auto command = seal(principal, **event, std::move(*mac));
  if (!command.ok()) return done(std::move(command).error());
  commit(**event, std::move(*command), done);
}

Result<std::vector<RecipientPreview>> Intake::preview(const Principal& principal,
                                                      v1::SubmitEventRequest request) const {
  const auto tenant = admit_caller(principal, Action::preview, request);
  if (!tenant.ok()) return tenant.error();
  auto event = prepare(principal, **tenant, std::move(request));
  if (!event.ok()) return std::move(event).error();
  std::vector<RecipientPreview> previews;
  for (const PlannedDelivery& delivery : (*event)->plan) {
    if (delivery.adapter == nullptr) continue;
    auto payload = delivery.adapter->wrap((*event)->dispatch(delivery));
    if (!payload.ok()) return std::move(payload).error();
    const auto& issues = (*event)->document.issues;
    payload->issues.insert(payload->issues.begin(), issues.begin(), issues.end());
    // What most readers open, wherever the partner's own form hides it.
    if (const Bytes& pdf = (*event)->document.document.pdf)
      payload->files.push_back({"document.pdf", "application/pdf", pdf});
    previews.push_back({delivery.recipient_index, delivery.adapter->info().name, std::move(*payload)});
  }
  return previews;
}

}  // namespace psl
