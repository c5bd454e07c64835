#include "gateway/intake/event_checks.h"

#include "gateway/intake/circle_checks.h"
#include "gateway/intake/document_checks.h"
#include "gateway/intake/orientation_checks.h"
#include "gateway/intake/person_checks.h"
#include "gateway/intake/recipient_checks.h"
#include "gateway/intake/text_checks.h"
#include "gateway/intake/times.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr Span deadline_most = seconds(366 * 86400);

void check_basis(const v1::CoordinationEvent& event, Instant now, FaultList& faults) {
  if (event.legal_basis() == v1::LEGAL_BASIS_UNSPECIFIED) faults.add("event.legal_basis", "required");
  const bool consent = event.legal_basis() == v1::LEGAL_BASIS_CONSENT;
  check_past(event.has_consent_at(), event.consent_at(), consent, now, "event.consent_at", faults);
  if (event.legal_basis() != v1::LEGAL_BASIS_PATIENT_ACCESS) return;
  if (event.has_orientation() || event.has_orientation_update() || event.route_to_circle()) {
    faults.add("event.legal_basis",
               "LEGAL_BASIS_PATIENT_ACCESS is for what goes to the patient only: this goes to others");
  }
  for (int i = 0; i < event.recipients_size(); ++i) {
    if (event.recipients(i).target_case() == v1::Recipient::kPatient) continue;
    faults.add("event.recipients[" + std::to_string(i) + "]",
               "with LEGAL_BASIS_PATIENT_ACCESS, only the patient may be a recipient");
  }
}

void check_times(const v1::CoordinationEvent& event, Instant now, FaultList& faults) {
  check_past(event.has_occurred_at(), event.occurred_at(), true, now, "event.occurred_at", faults);
  const bool alert = check_time(event.has_alert_at(), event.alert_at(), false, "event.alert_at", faults);
  const bool give_up =
      check_time(event.has_give_up_at(), event.give_up_at(), false, "event.give_up_at", faults);
  if (give_up && instant_of(event.give_up_at()) <= now)
    faults.add("event.give_up_at", "a time after the submission expected");
  // Later than that, no human would ever be told.
  if (alert && instant_of(event.alert_at()) > now + deadline_most)
    faults.add("event.alert_at", "at most one year after the submission expected");
  if (give_up && instant_of(event.give_up_at()) > now + deadline_most)
    faults.add("event.give_up_at", "at most one year after the submission expected");
  if (alert && give_up && instant_of(event.alert_at()) >= instant_of(event.give_up_at())) {
    faults.add("event.give_up_at", "a time after alert_at expected");
  }
}

// What a PdfDocument and a StructuredLetter have in common: Passerelle writes the document.
template <typename Content>
void check_content(const v1::CoordinationEvent& event, const Content& content, Instant now,
                   const std::string& path, FaultList& faults) {
  if (!event.has_subject()) faults.add("event.subject", "required unless the content is sender_cda");
  if (!content.has_metadata()) return faults.add(path + ".metadata", "required");
  check_metadata(content.metadata(), !event.discharge_letter().replaces().empty(), now, path + ".metadata",
                 faults);
}

void check_letter(const v1::CoordinationEvent& event, Instant now, FaultList& faults) {
  const v1::DischargeLetter& letter = event.discharge_letter();
  const std::string path = "event.discharge_letter";
  check_oid(letter.replaces(), false, path + ".replaces", faults);
  if (!letter.readable_copy().empty() && letter.content_case() == v1::DischargeLetter::kPdf)
    faults.add(path + ".readable_copy", "allowed beside sender_cda and structured only");
  switch (letter.content_case()) {
    case v1::DischargeLetter::kSenderCda:
      if (letter.sender_cda().empty()) faults.add(path + ".sender_cda", "a CDA document is required");
      break;
    case v1::DischargeLetter::kPdf:
      if (letter.pdf().pdf().empty()) faults.add(path + ".pdf.pdf", "a PDF is required");
      check_content(event, letter.pdf(), now, path + ".pdf", faults);
      break;
    case v1::DischargeLetter::kStructured:
      check_content(event, letter.structured(), now, path + ".structured", faults);
      break;
    case v1::DischargeLetter::CONTENT_NOT_SET:
      faults.add(path, "a content is required: sender_cda, pdf or structured");
      break;
  }
}

// Who answers for a request: a document that nobody signs, or that goes to nobody, needs no professional.
bool needs_professional(const v1::CoordinationEvent& event) {
  const bool sent = event.recipients_size() > 0 || event.route_to_circle();
  return event.has_orientation() ||
         (sent && (event.has_pathway_enrolment() || event.has_care_circle_change()));
}

void check_source(const v1::CoordinationEvent& event, FaultList& faults) {
  if (!event.has_source()) return faults.add("event.source", "required");
  const v1::Source& source = event.source();
  check_organization(source.organization(), "event.source.organization", faults);
  check_line(source.software(), 1, 100, "event.source.software", faults);
  const bool needed = needs_professional(event);
  if (source.has_professional()) {
    check_professional(source.professional(), needed, "event.source.professional", faults);
  } else if (needed) {
    faults.add("event.source.professional", "required: who asks, and answers for the document");
  }
}

void check_kind(const v1::CoordinationEvent& event, const v1::Tenant& tenant, const AddressSet& recipients,
                Instant now, FaultList& faults) {
  if (!event.has_subject() && !event.has_discharge_letter() && !event.has_orientation_update())
    faults.add("event.subject", "required");
  switch (event.kind_case()) {
    case v1::CoordinationEvent::kDischargeLetter:
      return check_letter(event, now, faults);
    case v1::CoordinationEvent::kOrientation:
      return check_orientation(event, tenant, recipients, now, faults);
    case v1::CoordinationEvent::kOrientationUpdate:
      return check_orientation_update(event, faults);
    case v1::CoordinationEvent::kPathwayEnrolment:
      return check_enrolment(event, tenant, now, faults);
    case v1::CoordinationEvent::kCareCircleChange:
      return check_circle_change(event, tenant, now, faults);
    case v1::CoordinationEvent::KIND_NOT_SET:
      return;
  }
}

}  // namespace

Status check_envelope(const v1::SubmitEventRequest& request) {
  FaultList faults;
  check_token(request.idempotency_key(), true, 128, "idempotency_key", faults);
  if (!request.has_event()) {
    faults.add("event", "required");
    return std::move(faults).status();
  }
  check_config_name(request.event().tenant(), "event.tenant", faults);
  if (request.event().kind_case() == v1::CoordinationEvent::KIND_NOT_SET) {
    faults.add("event.discharge_letter",
               "a kind is required: discharge_letter, orientation, orientation_update, pathway_enrolment or "
               "care_circle_change");
  }
  return std::move(faults).status();
}

Status check_event(const v1::SubmitEventRequest& request, const v1::Tenant& tenant, Environment environment,
                   Instant now) {
  FaultList faults;
  find_unknown(request, "", faults);
  const v1::CoordinationEvent& event = request.event();
  check_source(event, faults);
  if (event.has_subject()) check_patient(event.subject(), environment, "event.subject", faults);
  check_basis(event, now, faults);
  check_times(event, now, faults);
  const AddressSet recipients = check_recipients(event, tenant, faults);
  check_kind(event, tenant, recipients, now, faults);
  return std::move(faults).status();
}

}  // namespace psl
