#include "gateway/intake/document_checks.h"

#include <set>

#include "gateway/intake/person_checks.h"
#include "gateway/intake/text_checks.h"
#include "passerelle/v1/document.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr int authors_most = 10;
constexpr int approvers_most = 10;
constexpr int related_persons_most = 10;
constexpr int participants_most = 20;
constexpr int addressees_most = 20;
constexpr int codings_most = 5;

// An EncounterParticipant or a CareParticipant.
template <typename Participant>
void check_participant(const Participant& participant, const std::string& path, FaultList& faults) {
  if (participant.role() == Participant::ROLE_UNSPECIFIED) faults.add(path + ".role", "required");
  check_professional(participant.professional(), false, path + ".professional", faults);
}

void check_encounter(const v1::Encounter& encounter, const std::string& path, FaultList& faults) {
  check_token(encounter.class_code(), false, 20, path + ".class_code", faults);
  check_period(encounter, true, path, faults);
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
  if (metadata.version() <= 1) return;
  if (metadata.set_id().empty()) faults.add(path + ".set_id", "required when version is above 1");
  if (!replaces) faults.add("event.discharge_letter.replaces", "required when version is above 1");
}

// Whatever is there, whichever the event.
void check_given(const v1::DocumentMetadata& metadata, Instant now, const std::string& path,
                 FaultList& faults) {
  check_oid(metadata.document_id(), false, path + ".document_id", faults);
  check_oid(metadata.set_id(), false, path + ".set_id", faults);
  if (metadata.version() < 0 || metadata.version() > 999999)
    faults.add(path + ".version", "1 or more expected");
  if (metadata.has_type()) check_coding(metadata.type(), path + ".type", faults);
  check_line(metadata.title(), 0, 128, path + ".title", faults);
  check_past(metadata.has_created_at(), metadata.created_at(), false, now, path + ".created_at", faults);
  check_list(metadata.authors(), authors_most, path + ".authors", faults,
             [&](const auto& one, const std::string& here) { check_professional(one, true, here, faults); });
  check_named(metadata, path, faults);
  check_time(metadata.has_signed_at(), metadata.signed_at(), false, path + ".signed_at", faults);
  if (metadata.has_custodian()) check_organization(metadata.custodian(), path + ".custodian", faults);
  if (metadata.has_encounter()) check_encounter(metadata.encounter(), path + ".encounter", faults);
}

}  // namespace

void check_coding(const v1::Coding& coding, const std::string& path, FaultList& faults) {
  check_token(coding.code(), true, 64, path + ".code", faults);
  check_oid(coding.system(), false, path + ".system", faults);
  check_line(coding.label(), 0, 200, path + ".label", faults);
}

void check_codings(const google::protobuf::RepeatedPtrField<v1::Coding>& codings, const std::string& path,
                   FaultList& faults) {
  std::set<std::string> systems;
  check_list(codings, codings_most, path, faults, [&](const v1::Coding& coding, const std::string& here) {
    check_coding(coding, here, faults);
    if (coding.system().empty()) {
      faults.add(here + ".system", "required");
    } else if (!systems.insert(coding.system()).second) {
      faults.add(here + ".system", "another system than that of an earlier code expected");
    }
  });
}

void check_metadata(const v1::DocumentMetadata& metadata, bool replaces, Instant now, const std::string& path,
                    FaultList& faults) {
  check_given(metadata, now, path, faults);
  check_versions(metadata, replaces, path, faults);
  if (!metadata.has_created_at()) faults.add(path + ".created_at", "required");
  if (metadata.authors_size() == 0) faults.add(path + ".authors", "1 to 10 expected");
  if (!metadata.has_encounter()) faults.add(path + ".encounter", "required");
}

void check_metadata_given(const v1::DocumentMetadata& metadata, Instant now, const std::string& path,
                          FaultList& faults) {
  check_given(metadata, now, path, faults);
  if (metadata.version() > 1) faults.add(path + ".version", "1 expected: this kind has no later versions");
}

}  // namespace psl
