#include "adapters/formats/document_check.h"

#include <algorithm>
#include <string>

#include "adapters/formats/value_sets.h"
#include "adapters/formats/xml_writer.h"
#include "gateway/base/hash.h"
#include "gateway/core/checked.h"
#include "passerelle/v1/event.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr int64_t year_1800 = -5364662400;  // seconds since 1970
constexpr int64_t year_2200 = 7258118400;
constexpr size_t level_one_faults_max = 20;

// Collects what is wrong, by path.
class LevelOneCheck {
 public:
  explicit LevelOneCheck(const v1::CoordinationEvent& event) : event_(event) {}

  Status run() {
    patient("event.subject", event_.subject());
    organization("event.source.organization", event_.source().organization());
    metadata("event.discharge_letter.pdf.metadata", event_.discharge_letter().pdf().metadata());
    if (faults_.empty()) return {};
    Error error = error_of(ErrorCode::field_invalid);
    error.faults = std::move(faults_);
    return error;
  }

 private:
  void fault(const std::string& path, std::string text) {
    if (faults_.size() < level_one_faults_max) faults_.push_back({path, std::move(text)});
  }

  // A blank name and one that begins with a quotation mark are warnings of the official schematron
  // (dtr1-3-EN, -4-EN).
  void text(const std::string& path, const std::string& value) {
    if (value.empty()) return;
    if (!xml_text_ok(value)) return fault(path, "a text without control characters expected");
    if (value.find_first_not_of(" \t\r\n") == std::string::npos)
      return fault(path, "a text that is not blank expected");
    if (value.front() == '"') fault(path, "a text that does not begin with a quotation mark expected");
  }

  void oid(const std::string& path, const std::string& value) {
    if (!value.empty() && !oid_ok(value)) fault(path, "an OID expected");
  }

  void time(const std::string& path, bool present, const google::protobuf::Timestamp& at) {
    if (present && (at.seconds() < year_1800 || at.seconds() >= year_2200)) {
      fault(path, "a time between 1800 and 2200 expected");
    }
  }

  template <typename Owner>
  void contacts(const std::string& path, const Owner& owner) {
    int position = 0;
    for (const std::string& line : owner.address().lines()) {
      text(path + ".address.lines[" + std::to_string(position++) + "]", line);
    }
    text(path + ".address.postal_code", owner.address().postal_code());
    text(path + ".address.city", owner.address().city());
    text(path + ".address.country", owner.address().country());
    position = 0;
    for (const v1::Telecom& telecom : owner.telecoms()) {
      const bool https = telecom.uri().rfind("https:", 0) == 0;
      if (!https && !telecom_in_cda(telecom.uri())) {
        fault(path + ".telecoms[" + std::to_string(position) + "].uri",
              "a URI expected, as tel:+33384000000");
      }
      ++position;
    }
  }

  void organization(const std::string& path, const v1::Organization& organization) {
    if (organization.name().empty()) fault(path + ".name", "required");
    text(path + ".name", organization.name());
    contacts(path, organization);
  }

  void professional(const std::string& path, const v1::Professional& person, bool is_author) {
    if (person.family_name().empty()) fault(path + ".family_name", "required");
    text(path + ".family_name", person.family_name());
    text(path + ".given_name", person.given_name());
    if (!person.prefix().empty() && !civility_code_ok(person.prefix())) {
      fault(path + ".prefix", "M or MME expected (JDV_J245)");
    }
    if (!person.suffix().empty() && !title_code_ok(person.suffix())) {
      fault(path + ".suffix", "DR, PR, MC, MG, PC or PG expected (JDV_J246)");
    }
    const bool needed = is_author || !person.specialty_code().empty();
    if (needed && !specialty_code_ok(person.specialty_code())) {
      fault(path + ".specialty_code", "a code of JDV_J01 XdsAuthorSpecialty expected");
    }
    contacts(path, person);
    if (person.has_organization()) organization(path + ".organization", person.organization());
  }

  void patient(const std::string& path, const v1::Patient& patient) {
    text(path + ".birth_family_name", patient.birth_family_name());
    text(path + ".birth_given_names", patient.birth_given_names());
    text(path + ".first_birth_given_name", patient.first_birth_given_name());
    text(path + ".used_family_name", patient.used_family_name());
    text(path + ".used_given_name", patient.used_given_name());
    text(path + ".birth_place_name", patient.birth_place_name());
    if (!patient.has_ins() && !patient.has_local_id()) {
      fault(path + ".local_id", "required without an INS: a document needs an identifier of its patient");
    }
    if (patient.has_local_id() && is_ins_oid(patient.local_id().oid())) {
      fault(path + ".local_id.oid", "an OID of the INS is not the sender's own: use ins");
    }
    contacts(path, patient);
  }

  void coding(const std::string& path, const v1::Coding& coding, ValueSet set, const std::string& name) {
    if (find_concept(set, coding.code(), coding.system()) == nullptr)
      fault(path, "a code of " + name + " expected");
  }

  void encounter(const std::string& path, const v1::Encounter& encounter) {
    time(path + ".start", true, encounter.start());
    time(path + ".end", encounter.has_end(), encounter.end());
    if (!encounter.class_code().empty() && !encounter_class_code_ok(encounter.class_code())) {
      fault(path + ".class_code", "a code of JDV_J142 TypeRencontre expected");
    }
    coding(path + ".facility_type", encounter.facility_type(), ValueSet::facility_type,
           "JDV_J02 XdsHealthcareFacilityTypeCode");
    coding(path + ".practice_setting", encounter.practice_setting(), ValueSet::practice_setting,
           "JDV_J04 XdsPracticeSettingCode");
  }

  void metadata(const std::string& path, const v1::DocumentMetadata& metadata) {
    oid(path + ".document_id", metadata.document_id());
    oid(path + ".set_id", metadata.set_id());
    const std::string& replaces = event_.discharge_letter().replaces();
    oid("event.discharge_letter.replaces", replaces);
    if (metadata.version() > 1 && replaces.empty()) {
      fault("event.discharge_letter.replaces", "required when version is above 1");
    }
    if (metadata.version() > 1 && metadata.set_id().empty()) {
      fault(path + ".set_id", "required when version is above 1");
    }
    if (!replaces.empty() && replaces == metadata.document_id()) {
      fault("event.discharge_letter.replaces", "another document than this one expected");
    }
    if (metadata.has_type())
      coding(path + ".type", metadata.type(), ValueSet::document_type, "JDV_J07 XdsTypeCode");
    text(path + ".title", metadata.title());
    time(path + ".created_at", true, metadata.created_at());
    time(path + ".signed_at", metadata.has_signed_at(), metadata.signed_at());
    if (metadata.authors().empty()) fault(path + ".authors", "1 to 10 expected");
    int position = 0;
    for (const v1::Professional& author : metadata.authors()) {
      professional(path + ".authors[" + std::to_string(position++) + "]", author, true);
    }
    if (metadata.has_legal_authenticator()) {
      professional(path + ".legal_authenticator", metadata.legal_authenticator(), false);
    }
    if (metadata.has_custodian()) organization(path + ".custodian", metadata.custodian());
    encounter(path + ".encounter", metadata.encounter());
  }

  const v1::CoordinationEvent& event_;
  std::vector<FieldFault> faults_;
};

// The official label, whatever the sender wrote beside the code.
void complete_coding(ValueSet set, v1::Coding& coding) {
  if (const Concept* known = find_concept(set, coding.code(), coding.system())) {
    coding.set_system(std::string(known->system));
    coding.set_label(std::string(known->label));
  }
}

void complete_professional(const v1::Organization& organization, v1::Professional& person) {
  if (!person.has_organization()) *person.mutable_organization() = organization;
  if (const Concept* known = find_concept(ValueSet::author_specialty, person.specialty_code())) {
    person.set_specialty_label(std::string(known->label));
  }
}

}  // namespace

bool telecom_in_cda(std::string_view uri) {
  const size_t colon = uri.find(':');
  if (colon == std::string_view::npos || colon + 1 == uri.size()) return false;
  constexpr std::string_view schemes[] = {"tel", "fax", "mailto", "http", "ftp", "mllp"};
  if (std::find(std::begin(schemes), std::end(schemes), uri.substr(0, colon)) == std::end(schemes))
    return false;
  return std::all_of(uri.begin(), uri.end(), [](char c) {
    return c > ' ' && c <= '~' && std::string_view("<>\"{}|\\^`").find(c) == std::string_view::npos;
  });
}

Status check_level_one(const v1::CoordinationEvent& event) { return LevelOneCheck(event).run(); }

void complete_metadata(const v1::CoordinationEvent& event, const Uuid& event_id,
                       v1::DocumentMetadata& metadata) {
  if (metadata.document_id().empty()) {
    // "document 1": an event with several documents will number them.
    metadata.set_document_id(Uuid::from_hash(sha256_of_parts({event_id.text(), "document", "1"})).oid());
  }
  if (metadata.version() == 0) metadata.set_version(1);
  if (metadata.set_id().empty()) metadata.set_set_id(metadata.document_id());
  if (!metadata.has_type()) metadata.mutable_type()->set_code(std::string(discharge_letter_type));
  complete_coding(ValueSet::document_type, *metadata.mutable_type());
  if (metadata.title().empty()) metadata.set_title(metadata.type().label());
  if (metadata.confidentiality() == v1::CONFIDENTIALITY_UNSPECIFIED) {
    metadata.set_confidentiality(v1::CONFIDENTIALITY_NORMAL);
  }
  const v1::Organization& source = event.source().organization();
  for (v1::Professional& author : *metadata.mutable_authors()) complete_professional(source, author);
  if (!metadata.has_legal_authenticator()) *metadata.mutable_legal_authenticator() = metadata.authors(0);
  complete_professional(source, *metadata.mutable_legal_authenticator());
  if (!metadata.has_signed_at()) *metadata.mutable_signed_at() = metadata.created_at();
  if (!metadata.has_custodian()) *metadata.mutable_custodian() = source;
  v1::Encounter& encounter = *metadata.mutable_encounter();
  if (encounter.class_code().empty()) encounter.set_class_code("IMP");
  complete_coding(ValueSet::facility_type, *encounter.mutable_facility_type());
  complete_coding(ValueSet::practice_setting, *encounter.mutable_practice_setting());
  metadata.mutable_created_at()->clear_nanos();
  metadata.mutable_signed_at()->clear_nanos();
  encounter.mutable_start()->clear_nanos();
  if (encounter.has_end()) encounter.mutable_end()->clear_nanos();
}

void complete_patient(v1::Patient& patient) {
  if (!patient.first_birth_given_name().empty()) return;
  const std::string& names = patient.birth_given_names();
  patient.set_first_birth_given_name(names.substr(0, names.find(' ')));
}

}  // namespace psl
