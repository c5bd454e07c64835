#include "adapters/formats/document_check.h"

#include <algorithm>
#include <string>

#include "adapters/formats/calendar.h"
#include "adapters/formats/value_sets.h"
#include "gateway/base/hash.h"
#include "gateway/core/checked.h"
#include "passerelle/v1/event.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr int64_t year_1800 = -5364662400;  // seconds since 1970
constexpr int64_t year_2200 = 7258118400;
constexpr int64_t seconds_a_day = 86400;
constexpr int newborn_days = 28;
constexpr size_t name_characters = 100;

class DocumentCheck {
 public:
  DocumentCheck(const v1::CoordinationEvent& event, FieldCheck& check) : event_(event), check_(check) {}

  void run() {
    const v1::DocumentMetadata* metadata = metadata_of(event_);
    PSL_CHECK(metadata != nullptr);
    structured_ = event_.discharge_letter().has_structured();
    parts(FieldPath(structured_ ? "event.discharge_letter.structured.metadata"
                                : "event.discharge_letter.pdf.metadata"),
          *metadata);
  }

  void run_made(const FieldPath& path, const v1::DocumentMetadata& given, const v1::Professional* author) {
    made_ = true;
    parts(path, given);
    if (given.version() > 1) check_.fault(path / "version", "1 expected: this document replaces none");
    if (!given.authors().empty()) return;
    const FieldPath author_path("event.source.professional");
    if (author != nullptr) {
      professional(author_path, *author, true);
    } else {
      check_.fault(author_path, "required, as the author of the document, unless metadata.authors names one");
    }
  }

 private:
  void parts(const FieldPath& path, const v1::DocumentMetadata& metadata) {
    patient(FieldPath("event.subject"), event_.subject());
    organization(FieldPath("event.source.organization"), event_.source().organization());
    identity(path, metadata);
    people(path, metadata);
    circle(path, metadata);
    if (metadata.has_encounter()) {
      encounter(path / "encounter", metadata.encounter());
    } else if (!made_) {
      check_.fault(path / "encounter", "required");
    }
    newborn(metadata);
  }

  void time(const FieldPath& path, bool present, bool required, const google::protobuf::Timestamp& at) {
    if (!present) {
      if (required) check_.fault(path, "required");
    } else if (at.seconds() < year_1800 || at.seconds() >= year_2200) {
      check_.fault(path, "a time between 1800 and 2200 expected");
    }
  }

  void local_id(const FieldPath& path, const v1::LocalId& id) {
    check_.token(path / "value", id.value(), 64);
    check_.oid(path / "oid", id.oid());
    if (is_ins_oid(id.oid())) {
      check_.fault(path / "oid", "an OID of the INS is not the sender's own: use ins, for the patient alone");
    }
  }

  template <typename Owner>
  void contacts(const FieldPath& path, const Owner& owner) {
    if (owner.has_address()) address(path / "address", owner.address());
    const FieldPath telecoms = path / "telecoms";
    if (!check_.count(telecoms, owner.telecoms_size(), 0, 10)) return;
    for (int i = 0; i < owner.telecoms_size(); ++i) {
      const std::string& uri = owner.telecoms(i).uri();
      if (telecom_in_cda(uri) && uri.size() <= 200) continue;
      if (uri.rfind("https:", 0) == 0) {
        check_.issue(Rule::telecom_left_out, telecoms);
        continue;
      }
      const FieldPath telecom = path.at("telecoms", i);
      check_.fault(telecom / "uri", "a URI expected, as tel:+33384000000");
    }
  }

  void address(const FieldPath& path, const v1::Address& address) {
    if (check_.count(path / "lines", address.lines_size(), 0, 4)) {
      for (int i = 0; i < address.lines_size(); ++i)
        check_.name(path.at("lines", i), address.lines(i), 1, 100);
    }
    check_.name(path / "postal_code", address.postal_code(), 0, 20);
    check_.name(path / "city", address.city(), 0, 100);
    check_.name(path / "country", address.country(), 0, 60);
  }

  void organization(const FieldPath& path, const v1::Organization& organization) {
    if (organization.national_id().empty()) {
      check_.fault(path / "national_id", "required");
    } else if (!check_organization_id(organization.national_id()).ok()) {
      check_.fault(path / "national_id", "a national identifier with its type digit expected, as 1 + FINESS");
    }
    check_.name(path / "name", organization.name(), 1, 150);
    contacts(path, organization);
  }

  // Every identifier of a person in a header has the root of the national ones (CI-SIS ST v1.16
  // section 3.5.1).
  void professional(const FieldPath& path, const v1::Professional& person, bool is_author = false) {
    if (person.national_id().empty()) {
      check_.fault(path / "national_id", "required");
    } else if (!check_professional_id(person.national_id()).ok()) {
      check_.fault(path / "national_id", "a national identifier with its type digit expected, as 8 + RPPS");
    }
    check_.name(path / "family_name", person.family_name(), 1, name_characters);
    check_.name(path / "given_name", person.given_name(), 0, name_characters);
    civility(path, person.prefix());
    if (!person.suffix().empty() && !title_code_ok(person.suffix())) {
      check_.fault(path / "suffix", "DR, PR, MC, MG, PC or PG expected (JDV_J246)");
    }
    const bool needed = is_author || !person.specialty_code().empty();
    if (needed && !specialty_code_ok(person.specialty_code())) {
      check_.fault(path / "specialty_code", "a code of JDV_J01 XdsAuthorSpecialty expected");
    }
    contacts(path, person);
    if (person.has_organization()) organization(path / "organization", person.organization());
  }

  void civility(const FieldPath& path, const std::string& prefix) {
    if (!prefix.empty() && !civility_code_ok(prefix)) {
      check_.fault(path / "prefix", "M or MME expected (JDV_J245)");
    }
  }

  void person_name(const FieldPath& path, const v1::PersonName& name) {
    check_.name(path / "family_name", name.family_name(), name.birth_family_name().empty() ? 1 : 0,
                name_characters);
    check_.name(path / "given_name", name.given_name(), 0, name_characters);
    check_.name(path / "birth_family_name", name.birth_family_name(), 0, name_characters);
    civility(path, name.prefix());
  }

  void patient(const FieldPath& path, const v1::Patient& patient) {
    check_.name(path / "birth_family_name", patient.birth_family_name(), 1, name_characters);
    check_.name(path / "birth_given_names", patient.birth_given_names(), 0, 200);
    check_.name(path / "first_birth_given_name", patient.first_birth_given_name(), 0, name_characters);
    check_.name(path / "used_family_name", patient.used_family_name(), 0, name_characters);
    check_.name(path / "used_given_name", patient.used_given_name(), 0, name_characters);
    check_.name(path / "birth_place_name", patient.birth_place_name(), 0, name_characters);
    if (patient.has_local_id()) {
      local_id(path / "local_id", patient.local_id());
    } else if (!patient.has_ins()) {
      check_.fault(path / "local_id",
                   "required without an INS: a document needs an identifier of its patient");
    }
    contacts(path, patient);
    if (patient.birth_rank() < 0 || patient.birth_rank() > 9)
      check_.fault(path / "birth_rank", "0 to 9 expected");
    if (!check_.count(path / "guardians", patient.guardians_size(), 0, 4)) return;
    for (int i = 0; i < patient.guardians_size(); ++i)
      guardian(path.at("guardians", i), patient.guardians(i));
  }

  void guardian(const FieldPath& path, const v1::Guardian& guardian) {
    person_name(path / "name", guardian.name());
    if (guardian.has_local_id()) local_id(path / "local_id", guardian.local_id());
    contacts(path, guardian);
  }

  void coding(const FieldPath& path, const v1::Coding& coding, ValueSet set, std::string_view expected) {
    if (find_concept(set, coding.code(), coding.system()) == nullptr) check_.fault(path, expected);
  }

  // Identifiers, versions, type, title, dates: what tells one document from another.
  void identity(const FieldPath& path, const v1::DocumentMetadata& metadata) {
    const FieldPath replaces_path("event.discharge_letter.replaces");
    const std::string& replaces = event_.discharge_letter().replaces();
    if (!metadata.document_id().empty()) check_.oid(path / "document_id", metadata.document_id());
    if (!metadata.set_id().empty()) check_.oid(path / "set_id", metadata.set_id());
    if (!replaces.empty()) check_.oid(replaces_path, replaces);
    if (metadata.version() < 0 || metadata.version() > 999999) {
      check_.fault(path / "version", "1 to 999999 expected");
    }
    if (metadata.version() > 1 && !made_) {
      if (replaces.empty()) check_.fault(replaces_path, "required when version is above 1");
      if (metadata.set_id().empty()) check_.fault(path / "set_id", "required when version is above 1");
    }
    if (!replaces.empty() && replaces == metadata.document_id()) {
      check_.fault(replaces_path, "another document than this one expected");
    }
    if (structured_ && metadata.has_type() && metadata.type().code() != discharge_letter_type) {
      check_.fault(path / "type", "nothing, or 11490-0, expected: a structured letter is a discharge letter");
    } else if (metadata.has_type()) {
      coding(path / "type", metadata.type(), ValueSet::document_type,
             "a code of JDV_J07 XdsTypeCode expected");
    }
    check_.choice(path / "confidentiality", v1::Confidentiality_IsValid(metadata.confidentiality()), true,
                  false);
    check_.name(path / "title", metadata.title(), 0, 128);
    time(path / "created_at", metadata.has_created_at(), !made_, metadata.created_at());
    time(path / "signed_at", metadata.has_signed_at(), false, metadata.signed_at());
  }

  void people(const FieldPath& path, const v1::DocumentMetadata& metadata) {
    if (check_.count(path / "authors", metadata.authors_size(), made_ ? 0 : 1, 10)) {
      for (int i = 0; i < metadata.authors_size(); ++i) {
        professional(path.at("authors", i), metadata.authors(i), true);
      }
    }
    if (metadata.has_legal_authenticator()) {
      professional(path / "legal_authenticator", metadata.legal_authenticator());
    }
    if (metadata.has_custodian()) organization(path / "custodian", metadata.custodian());
    if (check_.count(path / "addressees", metadata.addressees_size(), 0, 20)) {
      for (int i = 0; i < metadata.addressees_size(); ++i) {
        professional(path.at("addressees", i), metadata.addressees(i));
      }
    }
    if (metadata.has_data_enterer()) professional(path / "data_enterer", metadata.data_enterer());
    if (check_.count(path / "approvers", metadata.approvers_size(), 0, 10)) {
      for (int i = 0; i < metadata.approvers_size(); ++i) {
        professional(path.at("approvers", i), metadata.approvers(i));
      }
    }
  }

  // Those around the patient.
  void circle(const FieldPath& path, const v1::DocumentMetadata& metadata) {
    if (check_.count(path / "related_persons", metadata.related_persons_size(), 0, 10)) {
      for (int i = 0; i < metadata.related_persons_size(); ++i) {
        related_person(path.at("related_persons", i), metadata.related_persons(i));
      }
    }
    if (!check_.count(path / "participants", metadata.participants_size(), 0, 20)) return;
    for (int i = 0; i < metadata.participants_size(); ++i) {
      const v1::CareParticipant& participant = metadata.participants(i);
      in_a_role(path.at("participants", i), participant,
                v1::CareParticipant::Role_IsValid(participant.role()));
    }
  }

  void related_person(const FieldPath& path, const v1::RelatedPerson& person) {
    check_.choice(path / "role", v1::RelatedPerson::Role_IsValid(person.role()),
                  person.role() != v1::RelatedPerson::ROLE_UNSPECIFIED, true);
    if (!person.relationship_code().empty() &&
        find_concept(ValueSet::patient_relation, person.relationship_code()) == nullptr) {
      check_.fault(path / "relationship_code", "a code of JDV_J11 RelationPatient expected");
    }
    person_name(path / "name", person.name());
    contacts(path, person);
  }

  template <typename Participant>
  void in_a_role(const FieldPath& path, const Participant& participant, bool known_role) {
    check_.choice(path / "role", known_role, participant.role() != Participant::ROLE_UNSPECIFIED, true);
    if (participant.has_professional()) {
      professional(path / "professional", participant.professional());
    } else {
      check_.fault(path / "professional", "required");
    }
  }

  void encounter(const FieldPath& path, const v1::Encounter& encounter) {
    time(path / "start", encounter.has_start(), !made_, encounter.start());
    time(path / "end", encounter.has_end(), structured_, encounter.end());
    if (encounter.has_end() && encounter.end().seconds() < encounter.start().seconds()) {
      check_.fault(path / "end", "a time not before start expected");
    }
    if (encounter.has_local_id()) local_id(path / "local_id", encounter.local_id());
    if (!encounter.class_code().empty() && !encounter_class_code_ok(encounter.class_code())) {
      check_.fault(path / "class_code", "a code of JDV_J142 TypeRencontre expected");
    }
    if (!made_ || encounter.has_facility_type())
      coding(path / "facility_type", encounter.facility_type(), ValueSet::facility_type,
             "a code of JDV_J02 XdsHealthcareFacilityTypeCode expected");
    if (!made_ || encounter.has_practice_setting())
      coding(path / "practice_setting", encounter.practice_setting(), ValueSet::practice_setting,
             "a code of JDV_J04 XdsPracticeSettingCode expected");
    if (encounter.has_responsible()) professional(path / "responsible", encounter.responsible());
    if (!check_.count(path / "participants", encounter.participants_size(), 0, 20)) return;
    for (int i = 0; i < encounter.participants_size(); ++i) {
      const v1::EncounterParticipant& participant = encounter.participants(i);
      in_a_role(path.at("participants", i), participant,
                v1::EncounterParticipant::Role_IsValid(participant.role()));
    }
  }

  void newborn(const v1::DocumentMetadata& metadata) {
    const v1::Patient& patient = event_.subject();
    const auto born = parse_hl7(digits_of(patient.birth_date()));
    if (patient.has_ins() || !born || patient.guardians_size() > 0) return;
    const int64_t age = event_.occurred_at().seconds() - born->at.us / 1000000;
    if (age < -seconds_a_day || age > newborn_days * seconds_a_day) return;
    for (const v1::RelatedPerson& person : metadata.related_persons()) {
      if (person.relationship_code() == "MTH" || person.relationship_code() == "NMTH") return;
    }
    check_.issue(Rule::newborn_without_mother, FieldPath("event.subject"));
  }

  static std::string digits_of(std::string date) {
    date.erase(std::remove(date.begin(), date.end(), '-'), date.end());
    return date;
  }

  const v1::CoordinationEvent& event_;
  FieldCheck& check_;
  bool structured_ = false;
  // Of an event that is no letter: what is left out has a default.
  bool made_ = false;
};

// The official label, whatever the sender wrote beside the code.
void complete_coding(ValueSet set, v1::Coding& coding) {
  if (const Concept* known = find_concept(set, coding.code(), coding.system())) {
    coding.set_system(std::string(known->system));
    coding.set_label(std::string(known->label));
  }
}

void complete_specialty(v1::Professional& person) {
  if (const Concept* known = find_concept(ValueSet::author_specialty, person.specialty_code())) {
    person.set_specialty_label(std::string(known->label));
  }
}

// Who answers for the document acts for its source, unless it says otherwise.
void complete_professional(const v1::Organization& organization, v1::Professional& person) {
  if (!person.has_organization()) *person.mutable_organization() = organization;
  complete_specialty(person);
}

void complete_encounter(v1::Encounter& encounter) {
  if (encounter.class_code().empty()) encounter.set_class_code("IMP");
  complete_coding(ValueSet::facility_type, *encounter.mutable_facility_type());
  complete_coding(ValueSet::practice_setting, *encounter.mutable_practice_setting());
  encounter.mutable_start()->clear_nanos();
  if (encounter.has_end()) encounter.mutable_end()->clear_nanos();
  if (encounter.has_responsible()) complete_specialty(*encounter.mutable_responsible());
  for (auto& participant : *encounter.mutable_participants()) {
    complete_specialty(*participant.mutable_professional());
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

const v1::DocumentMetadata* metadata_of(const v1::CoordinationEvent& event) {
  const v1::DischargeLetter& letter = event.discharge_letter();
  if (letter.has_structured()) return &letter.structured().metadata();
  return letter.has_pdf() ? &letter.pdf().metadata() : nullptr;
}

void check_document(const v1::CoordinationEvent& event, FieldCheck& check) {
  DocumentCheck(event, check).run();
}

void check_made_document(const v1::CoordinationEvent& event, const FieldPath& path,
                         const v1::DocumentMetadata& given, const v1::Professional* author,
                         FieldCheck& check) {
  DocumentCheck(event, check).run_made(path, given, author);
}

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
  for (auto& participant : *metadata.mutable_participants()) {
    complete_specialty(*participant.mutable_professional());
  }
  for (v1::Professional& addressee : *metadata.mutable_addressees()) complete_specialty(addressee);
  for (v1::Professional& approver : *metadata.mutable_approvers()) complete_specialty(approver);
  if (metadata.has_data_enterer()) complete_specialty(*metadata.mutable_data_enterer());
  if (!metadata.has_custodian()) *metadata.mutable_custodian() = source;
  complete_encounter(*metadata.mutable_encounter());
  if (!metadata.has_signed_at()) *metadata.mutable_signed_at() = metadata.created_at();
  metadata.mutable_created_at()->clear_nanos();
  metadata.mutable_signed_at()->clear_nanos();
}

void complete_patient(v1::Patient& patient) {
  if (!patient.first_birth_given_name().empty()) return;
  const std::string& names = patient.birth_given_names();
  patient.set_first_birth_given_name(names.substr(0, names.find(' ')));
}

}  // namespace psl
