#include "gateway/intake/event_checks.h"

#include <algorithm>
#include <set>

#include "gateway/intake/person_checks.h"
#include "gateway/intake/text_checks.h"
#include "gateway/intake/times.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr int recipients_most = 50;
constexpr int authors_most = 10;
constexpr int approvers_most = 10;
constexpr int related_persons_most = 10;
constexpr int participants_most = 20;
constexpr int addressees_most = 20;
constexpr Span one_day = seconds(86400);

bool check_time(bool present, const google::protobuf::Timestamp& at, bool required, const std::string& path,
                FaultList& faults) {
  if (!present) {
    if (required) faults.add(path, "required");
    return false;
  }
  if (in_range(at)) return true;
  faults.add(path, "a time between the years 1 and 9999 expected");
  return false;
}

void check_basis(const v1::CoordinationEvent& event, FaultList& faults) {
  if (event.legal_basis() == v1::LEGAL_BASIS_UNSPECIFIED) faults.add("event.legal_basis", "required");
  const bool consent = event.legal_basis() == v1::LEGAL_BASIS_CONSENT;
  check_time(event.has_consent_at(), event.consent_at(), consent, "event.consent_at", faults);
  if (event.legal_basis() != v1::LEGAL_BASIS_PATIENT_ACCESS) return;
  for (int i = 0; i < event.recipients_size(); ++i) {
    if (event.recipients(i).target_case() == v1::Recipient::kPatient) continue;
    faults.add("event.recipients[" + std::to_string(i) + "]",
               "with LEGAL_BASIS_PATIENT_ACCESS, only the patient may be a recipient");
  }
}

void check_times(const v1::CoordinationEvent& event, Instant now, FaultList& faults) {
  if (check_time(event.has_occurred_at(), event.occurred_at(), true, "event.occurred_at", faults) &&
      instant_of(event.occurred_at()) > now + one_day) {
    faults.add("event.occurred_at", "at most one day after the submission expected");
  }
  const bool alert = check_time(event.has_alert_at(), event.alert_at(), false, "event.alert_at", faults);
  const bool give_up =
      check_time(event.has_give_up_at(), event.give_up_at(), false, "event.give_up_at", faults);
  if (give_up && instant_of(event.give_up_at()) <= now)
    faults.add("event.give_up_at", "a time after the submission expected");
  if (alert && give_up && instant_of(event.alert_at()) >= instant_of(event.give_up_at())) {
    faults.add("event.give_up_at", "a time after alert_at expected");
  }
}

bool domain_allowed(std::string_view domain, const v1::Tenant& tenant) {
  for (const std::string& allowed : tenant.mail_domains()) {
    const bool whole_tree = allowed.front() == '.';
    if (whole_tree ? domain.size() > allowed.size() && domain.ends_with(allowed) : domain == allowed)
      return true;
  }
  return false;
}

// The address, or nothing when it is at fault.
std::string check_mailbox(const std::string& text, const v1::Tenant& tenant, const std::string& path,
                          FaultList& faults) {
  const auto mailbox = Mailbox::parse(text);
  if (!mailbox.ok()) {
    faults.add_under(path, mailbox.error());
    return {};
  }
  if (!domain_allowed(mailbox->domain(), tenant)) {
    faults.add(path + ".mailbox", "a domain that this tenant's mail_domains allow expected");
    return {};
  }
  return mailbox->reveal();
}

std::string check_tool(const std::string& name, const v1::Tenant& tenant, const std::string& path,
                       FaultList& faults) {
  if (std::find(tenant.tools().begin(), tenant.tools().end(), name) == tenant.tools().end())
    faults.add(path, "a tool of the tenant's configuration expected");
  return "tool " + name;
}

std::string check_recipient(const v1::Recipient& recipient, const v1::Tenant& tenant, const std::string& path,
                            FaultList& faults) {
  switch (recipient.target_case()) {
    case v1::Recipient::kPerson:
      if (recipient.person().has_professional()) {
        check_professional(recipient.person().professional(), false, path + ".person.professional", faults);
      }
      return check_mailbox(recipient.person().mailbox(), tenant, path + ".person", faults);
    case v1::Recipient::kStructure:
      if (recipient.structure().has_organization()) {
        check_organization(recipient.structure().organization(), path + ".structure.organization", faults);
      }
      return check_mailbox(recipient.structure().mailbox(), tenant, path + ".structure", faults);
    case v1::Recipient::kPatient:
      return "patient";
    case v1::Recipient::kSharedRecord:
      if (tenant.shared_record().empty())
        faults.add(path + ".shared_record", "the tenant has no repository of shared records");
      return "shared_record";
    case v1::Recipient::kTool:
      return check_tool(recipient.tool().name(), tenant, path + ".tool.name", faults);
    case v1::Recipient::TARGET_NOT_SET:
      break;
  }
  faults.add(path, "a target is required: person, structure, patient, shared_record or tool");
  return {};
}

void check_recipients(const v1::CoordinationEvent& event, const v1::Tenant& tenant, FaultList& faults) {
  if (event.recipients_size() == 0) faults.add("event.recipients", "at least one is required");
  if (event.recipients_size() > recipients_most) {
    faults.add("event.recipients", "at most 50 expected");
    return;
  }
  std::set<std::string> seen;
  for (int i = 0; i < event.recipients_size(); ++i) {
    const std::string path = "event.recipients[" + std::to_string(i) + "]";
    const std::string address = check_recipient(event.recipients(i), tenant, path, faults);
    if (!address.empty() && !seen.insert(address).second)
      faults.add(path, "the same address as an earlier recipient");
  }
}

void check_coding(const v1::Coding& coding, const std::string& path, FaultList& faults) {
  check_token(coding.code(), true, 64, path + ".code", faults);
  check_oid(coding.system(), false, path + ".system", faults);
  check_line(coding.label(), 0, 200, path + ".label", faults);
}

// Each entry of a list by `check_one(entry, its path)`; none of a list that is too long.
template <typename List, typename Check>
void check_list(const List& list, int most, const std::string& path, FaultList& faults, Check check_one) {
  if (list.size() > most) return faults.add(path, "at most " + std::to_string(most) + " expected");
  for (int i = 0; i < list.size(); ++i) check_one(list[i], path + "[" + std::to_string(i) + "]");
}

// An EncounterParticipant or a CareParticipant.
template <typename Participant>
void check_participant(const Participant& participant, const std::string& path, FaultList& faults) {
  if (participant.role() == Participant::ROLE_UNSPECIFIED) faults.add(path + ".role", "required");
  check_professional(participant.professional(), false, path + ".professional", faults);
}

void check_encounter(const v1::Encounter& encounter, const std::string& path, FaultList& faults) {
  check_token(encounter.class_code(), false, 20, path + ".class_code", faults);
  const bool start = check_time(encounter.has_start(), encounter.start(), true, path + ".start", faults);
  const bool end = check_time(encounter.has_end(), encounter.end(), false, path + ".end", faults);
  if (start && end && instant_of(encounter.end()) < instant_of(encounter.start()))
    faults.add(path + ".end", "a time not before start expected");
  if (encounter.has_local_id()) check_local_id(encounter.local_id(), path + ".local_id", faults);
  check_coding(encounter.facility_type(), path + ".facility_type", faults);
  check_coding(encounter.practice_setting(), path + ".practice_setting", faults);
  if (encounter.has_responsible())
    check_professional(encounter.responsible(), false, path + ".responsible", faults);
  check_list(encounter.participants(), participants_most, path + ".participants", faults,
             [&](const auto& one, const std::string& here) { check_participant(one, here, faults); });
}

// Those whom the document names and who are neither its authors nor its patient.
void check_named(const v1::DocumentMetadata& metadata, const std::string& path, FaultList& faults) {
  const auto professional = [&](const v1::Professional& one, const std::string& here) {
    check_professional(one, false, here, faults);
  };
  if (metadata.has_legal_authenticator())
    professional(metadata.legal_authenticator(), path + ".legal_authenticator");
  if (metadata.has_data_enterer()) professional(metadata.data_enterer(), path + ".data_enterer");
  check_list(metadata.addressees(), addressees_most, path + ".addressees", faults, professional);
  check_list(metadata.approvers(), approvers_most, path + ".approvers", faults, professional);
  check_list(metadata.participants(), participants_most, path + ".participants", faults,
             [&](const auto& one, const std::string& here) { check_participant(one, here, faults); });
  check_list(metadata.related_persons(), related_persons_most, path + ".related_persons", faults,
             [&](const auto& one, const std::string& here) { check_related_person(one, here, faults); });
}

void check_versions(const v1::DocumentMetadata& metadata, bool replaces, const std::string& path,
                    FaultList& faults) {
  check_oid(metadata.document_id(), false, path + ".document_id", faults);
  check_oid(metadata.set_id(), false, path + ".set_id", faults);
  if (metadata.version() < 0 || metadata.version() > 999999)
    faults.add(path + ".version", "1 or more expected");
  if (metadata.version() <= 1) return;
  if (metadata.set_id().empty()) faults.add(path + ".set_id", "required when version is above 1");
  if (!replaces) faults.add("event.discharge_letter.replaces", "required when version is above 1");
}

void check_metadata(const v1::DocumentMetadata& metadata, bool replaces, Instant now, const std::string& path,
                    FaultList& faults) {
  check_versions(metadata, replaces, path, faults);
  if (metadata.has_type()) check_coding(metadata.type(), path + ".type", faults);
  check_line(metadata.title(), 0, 128, path + ".title", faults);
  if (check_time(metadata.has_created_at(), metadata.created_at(), true, path + ".created_at", faults) &&
      instant_of(metadata.created_at()) > now + one_day) {
    faults.add(path + ".created_at", "at most one day after the submission expected");
  }
  if (metadata.authors_size() == 0 || metadata.authors_size() > authors_most)
    faults.add(path + ".authors", "1 to 10 expected");
  for (int i = 0; i < metadata.authors_size() && i < authors_most; ++i) {
    check_professional(metadata.authors(i), true, path + ".authors[" + std::to_string(i) + "]", faults);
  }
  check_named(metadata, path, faults);
  check_time(metadata.has_signed_at(), metadata.signed_at(), false, path + ".signed_at", faults);
  if (metadata.has_custodian()) check_organization(metadata.custodian(), path + ".custodian", faults);
  if (metadata.has_encounter()) {
    check_encounter(metadata.encounter(), path + ".encounter", faults);
  } else {
    faults.add(path + ".encounter", "required");
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

}  // namespace

Status check_envelope(const v1::SubmitEventRequest& request) {
  FaultList faults;
  check_token(request.idempotency_key(), true, 128, "idempotency_key", faults);
  if (!request.has_event()) {
    faults.add("event", "required");
    return std::move(faults).status();
  }
  check_config_name(request.event().tenant(), "event.tenant", faults);
  if (request.event().kind_case() == v1::CoordinationEvent::KIND_NOT_SET)
    faults.add("event.discharge_letter", "a kind is required");
  return std::move(faults).status();
}

Status check_event(const v1::SubmitEventRequest& request, const v1::Tenant& tenant, Environment environment,
                   Instant now) {
  FaultList faults;
  find_unknown(request, "", faults);
  const v1::CoordinationEvent& event = request.event();
  if (event.has_source()) {
    check_organization(event.source().organization(), "event.source.organization", faults);
    check_line(event.source().software(), 1, 100, "event.source.software", faults);
    if (event.source().has_professional())
      check_professional(event.source().professional(), false, "event.source.professional", faults);
  } else {
    faults.add("event.source", "required");
  }
  if (event.has_subject()) check_patient(event.subject(), environment, "event.subject", faults);
  check_basis(event, faults);
  check_times(event, now, faults);
  check_recipients(event, tenant, faults);
  if (event.kind_case() == v1::CoordinationEvent::kDischargeLetter) check_letter(event, now, faults);
  return std::move(faults).status();
}

}  // namespace psl
