#include "adapters/formats/cda/cda_header_writer.h"

#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "adapters/formats/document_check.h"
#include "adapters/formats/value_sets.h"
#include "adapters/formats/xml_writer.h"
#include "gateway/core/checked.h"
#include "passerelle/v1/document.pb.h"
#include "passerelle/v1/identity.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr std::string_view header_loinc = "2.16.840.1.113883.6.1";

std::string_view use_code(v1::Telecom::Use use) {
  switch (use) {
    case v1::Telecom::USE_HOME:
      return "H";
    case v1::Telecom::USE_WORK:
      return "WP";
    case v1::Telecom::USE_MOBILE:
      return "MC";
    default:
      return {};
  }
}

struct CodeAndLabel {
  std::string_view code;
  std::string_view label;
};

// Values that a French receiver knows (CI-SIS ST v1.16 section 3.5.5.8).
CodeAndLabel confidentiality_of(v1::Confidentiality level) {
  switch (level) {
    case v1::CONFIDENTIALITY_RESTRICTED:
      return {"R", "Restreint"};
    case v1::CONFIDENTIALITY_VERY_RESTRICTED:
      return {"V", "Très restreint"};
    default:
      return {"N", "Normal"};
  }
}

// JDV_J143.
CodeAndLabel sex_of(v1::Sex sex) {
  switch (sex) {
    case v1::SEX_FEMALE:
      return {"F", "Féminin"};
    case v1::SEX_MALE:
      return {"M", "Masculin"};
    default:
      return {"UN", "Inconnu"};
  }
}

// classCode of a relatedEntity; CI-SIS ST v1.16 section 3.5.1.
std::string_view related_class_of(v1::RelatedPerson::Role role) {
  switch (role) {
    case v1::RelatedPerson::ROLE_EMERGENCY_CONTACT:
      return "ECON";
    case v1::RelatedPerson::ROLE_TRUSTED_PERSON:
      return "NOK";
    case v1::RelatedPerson::ROLE_CAREGIVER:
      return "CAREGIVER";
    default:
      return "CON";
  }
}

struct Participation {
  std::string_view type;  // JDV_J144
  Concept function;       // JDV_J47; no code: none
};

Participation participation_of(v1::CareParticipant::Role role) {
  constexpr std::string_view functions = "1.2.250.1.213.1.6.1.107";
  switch (role) {
    case v1::CareParticipant::ROLE_PRIMARY_CARE_PHYSICIAN:
      return {"INF", {"PCP", "2.16.840.1.113883.5.88", "Médecin traitant"}};
    case v1::CareParticipant::ROLE_REFERRER:
      return {"REFB", {}};
    case v1::CareParticipant::ROLE_PATHWAY_COORDINATOR:
      return {"INF", {"330", functions, "Coordonnateur de parcours"}};
    case v1::CareParticipant::ROLE_CONSULTANT:
      return {"CON", {}};
    default:
      return {"INF", {"353", functions, "Membre de l'équipe de soins"}};
  }
}

// JDV_J140.
std::string_view encounter_participation_of(v1::EncounterParticipant::Role role) {
  switch (role) {
    case v1::EncounterParticipant::ROLE_ADMITTER:
      return "ADM";
    case v1::EncounterParticipant::ROLE_CONSULTANT:
      return "CON";
    case v1::EncounterParticipant::ROLE_DISCHARGER:
      return "DIS";
    case v1::EncounterParticipant::ROLE_REFERRER:
      return "REF";
    default:
      return "ATND";
  }
}

class CdaHeaderWriter {
 public:
  CdaHeaderWriter(XmlWriter& xml, const CdaHeaderInput& input, CdaLevel level)
      : xml_(xml), input_(input), metadata_(input.metadata), level_(level) {}

  // In the order of the CDA schema.
  void write() {
    open_document();
    write_identity();
    line().write_patient();
    for (const v1::Professional& author : metadata_.authors()) line().write_author(author);
    if (metadata_.has_data_enterer()) line().write_data_enterer();
    for (const v1::RelatedPerson& person : metadata_.related_persons()) line().write_related_person(person);
    line().write_custodian();
    for (const v1::Professional& addressee : metadata_.addressees()) line().write_addressee(addressee);
    line().write_authenticator("legalAuthenticator", metadata_.legal_authenticator());
    for (const v1::Professional& approver : metadata_.approvers()) {
      line().write_authenticator("authenticator", approver);
    }
    for (const v1::CareParticipant& participant : metadata_.participants()) {
      line().write_participant(participant);
    }
    line().write_main_event();
    line().write_replaced();
    line().write_encounter();
    line();
  }

 private:
  // One line for each part of the header, for those who read the document as text.
  CdaHeaderWriter& line() {
    xml_.raw("\n");
    return *this;
  }

  std::string time(const google::protobuf::Timestamp& at) const {
    return hl7(Instant{at.seconds() * 1000000}, input_.zone);
  }

  void id(std::string_view root, std::string_view extension) {
    xml_.element("id", {{"root", root}, {"extension", extension}});
  }

  void code(std::string_view element, const Concept& value) {
    xml_.open(element).attribute("code", value.code).attribute("displayName", value.label);
    xml_.attribute("codeSystem", value.system);
    if (value.system == header_loinc) xml_.attribute("codeSystemName", "LOINC");
    xml_.close();
  }

  void code(std::string_view element, ValueSet set, std::string_view value) {
    const Concept* known = find_concept(set, value);
    PSL_CHECK(known != nullptr);
    code(element, *known);
  }

  // Where the model does without a code: nothing when there is none.
  void optional_code(ValueSet set, std::string_view value) {
    if (const Concept* known = value.empty() ? nullptr : find_concept(set, value)) code("code", *known);
  }

  void open_document() {
    xml_.open("ClinicalDocument").attribute("xmlns", "urn:hl7-org:v3");
    if (level_ == CdaLevel::three) xml_.attribute("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");
    if (input_.patient.birth_rank() > 0) xml_.attribute("xmlns:sdtc", "urn:hl7-org:sdtc");
  }

  void write_identity() {
    xml_.element("realmCode", {{"code", "FR"}});
    xml_.element("typeId", {{"root", "2.16.840.1.113883.1.3"}, {"extension", "POCD_HD000040"}});
    xml_.element("templateId", {{"root", "2.16.840.1.113883.2.8.2.1"}});  // HL7 France
    xml_.element("templateId", {{"root", "1.2.250.1.213.1.1.1.1"}});      // CI-SIS
    if (level_ == CdaLevel::one) {
      xml_.element("templateId", {{"root", "1.3.6.1.4.1.19376.1.2.20"}});  // IHE XDS-SD
    } else {
      xml_.element("templateId", {{"root", "1.2.250.1.213.1.1.1.29"}, {"extension", "2022.01"}});
    }
    xml_.element("id", {{"root", metadata_.document_id()}});
    code("code", ValueSet::document_type, metadata_.type().code());
    xml_.element("title", metadata_.title());
    xml_.element("effectiveTime", {{"value", time(metadata_.created_at())}});
    const CodeAndLabel level = confidentiality_of(metadata_.confidentiality());
    xml_.element(
        "confidentialityCode",
        {{"code", level.code}, {"displayName", level.label}, {"codeSystem", "2.16.840.1.113883.5.25"}});
    xml_.element("languageCode", {{"code", "fr-FR"}});
    xml_.element("setId", {{"root", metadata_.set_id()}});
    xml_.element("versionNumber", {{"value", std::to_string(metadata_.version())}});
  }

  // The official schematron takes either free lines alone or typed parts. Parts, so that postal code and city
  // stay what they are: the lines become the street and what completes it, in the order in which readers
  // print them.
  template <typename Owner>
  void address(const Owner& owner) {
    static constexpr std::string_view line_parts[] = {"streetName", "additionalLocator", "unitID",
                                                      "precinct"};
    const v1::Address& address = owner.address();
    if (address.lines().empty() && address.postal_code().empty() && address.city().empty()) return;
    xml_.open("addr");
    for (int i = 0; i < address.lines_size() && i < static_cast<int>(std::size(line_parts)); ++i) {
      xml_.element(line_parts[i], address.lines(i));
    }
    if (!address.postal_code().empty()) xml_.element("postalCode", address.postal_code());
    if (!address.city().empty()) xml_.element("city", address.city());
    if (!address.country().empty()) xml_.element("country", address.country());
    xml_.close();
  }

  // The same address twice is an error of the official schematron (dtr1-5-URL). `most`: a custodian has at
  // most one.
  template <typename Owner>
  void telecoms(const Owner& owner, size_t most = 10) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const v1::Telecom& telecom : owner.telecoms()) {
      const std::string_view use = use_code(telecom.use());
      if (seen.size() >= most || !telecom_in_cda(telecom.uri()) || !seen.emplace(telecom.uri(), use).second)
        continue;
      xml_.open("telecom").attribute("value", telecom.uri());
      if (!use.empty()) xml_.attribute("use", use);
      xml_.close();
    }
  }

  void name_part(std::string_view element, std::string_view qualifier, std::string_view text) {
    if (text.empty()) return;
    xml_.open(element);
    if (!qualifier.empty()) xml_.attribute("qualifier", qualifier);
    xml_.text(text).close();
  }

  void write_patient() {
    const v1::Patient& patient = input_.patient;
    xml_.open("recordTarget").open("patientRole");
    if (patient.has_ins()) id(patient.ins().oid(), patient.ins().matricule());
    if (patient.has_local_id()) id(patient.local_id().oid(), patient.local_id().value());
    address(patient);
    telecoms(patient);
    xml_.open("patient").attribute("classCode", "PSN").open("name");
    name_part("family", "BR", patient.birth_family_name());
    name_part("given", "", patient.birth_given_names());
    name_part("given", "BR", patient.first_birth_given_name());
    name_part("family", "CL", patient.used_family_name());
    name_part("given", "CL", patient.used_given_name());
    xml_.close();
    write_birth(patient);
    for (const v1::Guardian& guardian : patient.guardians()) write_guardian(guardian);
    if (!patient.birth_place_code().empty() || !patient.birth_place_name().empty()) {
      xml_.open("birthplace").open("place").open("addr");
      if (!patient.birth_place_code().empty()) xml_.element("county", patient.birth_place_code());
      if (!patient.birth_place_name().empty()) xml_.element("city", patient.birth_place_name());
      xml_.close().close().close();
    }
    xml_.close().close().close();
  }

  void write_birth(const v1::Patient& patient) {
    const CodeAndLabel sex = sex_of(patient.sex());
    xml_.element("administrativeGenderCode",
                 {{"code", sex.code}, {"displayName", sex.label}, {"codeSystem", "2.16.840.1.113883.5.1"}});
    std::string birth;
    for (const char c : patient.birth_date()) {
      if (c != '-') birth += c;
    }
    xml_.element("birthTime", {{"value", birth}});
    if (patient.birth_rank() > 0) {
      xml_.element("sdtc:multipleBirthInd", {{"value", "true"}});
      xml_.element("sdtc:multipleBirthOrderNumber", {{"value", std::to_string(patient.birth_rank())}});
    }
  }

  void write_guardian(const v1::Guardian& guardian) {
    xml_.open("guardian");
    if (guardian.has_local_id()) id(guardian.local_id().oid(), guardian.local_id().value());
    address(guardian);
    telecoms(guardian);
    write_private_name("guardianPerson", guardian.name(), false);
    xml_.close();
  }

  // A guardian has the birth name and the one used every day; a related person one name only, the second when
  // there is one (CI-SISRelatedEntity: at most one family).
  void write_private_name(std::string_view element, const v1::PersonName& name, bool one_family) {
    const bool used = !name.family_name().empty();
    xml_.open(element).open("name");
    name_part("prefix", "", name.prefix());
    if (!used || !one_family) name_part("family", "BR", name.birth_family_name());
    name_part("family", one_family || name.birth_family_name().empty() ? "" : "CL", name.family_name());
    name_part("given", "", name.given_name());
    xml_.close().close();
  }

  void write_name(std::string_view element, const v1::Professional& person) {
    xml_.open(element).open("name");
    name_part("family", "", person.family_name());
    name_part("given", "", person.given_name());
    name_part("prefix", "", person.prefix());
    name_part("suffix", "", person.suffix());
    xml_.close().close();
  }

  // id, code, addr, telecom, person: what all roles of a professional have in common.
  void write_person(const v1::Professional& person, std::string_view element = "assignedPerson") {
    id(professional_oid, person.national_id());
    optional_code(ValueSet::author_specialty, person.specialty_code());
    address(person);
    telecoms(person);
    write_name(element, person);
  }

  void write_organization(const v1::Professional& person,
                          std::string_view element = "representedOrganization",
                          const v1::Coding* setting = nullptr) {
    if (!person.has_organization()) return;
    const v1::Organization& organization = person.organization();
    xml_.open(element);
    id(organization_oid, organization.national_id());
    xml_.element("name", organization.name());
    telecoms(organization);
    address(organization);
    if (setting != nullptr) code("standardIndustryClassCode", ValueSet::practice_setting, setting->code());
    xml_.close();
  }

  void write_assigned_entity(const v1::Professional& person, const v1::Coding* setting = nullptr) {
    xml_.open("assignedEntity");
    write_person(person);
    write_organization(person, "representedOrganization", setting);
    xml_.close();
  }

  void write_author(const v1::Professional& author) {
    xml_.open("author").element("time", {{"value", time(metadata_.created_at())}});
    xml_.open("assignedAuthor");
    write_person(author);
    write_organization(author);
    xml_.close().close();
  }

  void write_data_enterer() {
    xml_.open("dataEnterer").element("time", {{"value", time(metadata_.created_at())}});
    write_assigned_entity(metadata_.data_enterer());
    xml_.close();
  }

  void write_related_person(const v1::RelatedPerson& person) {
    xml_.open("informant").open("relatedEntity").attribute("classCode", related_class_of(person.role()));
    optional_code(ValueSet::patient_relation, person.relationship_code());
    address(person);
    telecoms(person);
    write_private_name("relatedPerson", person.name(), true);
    xml_.close().close();
  }

  void write_custodian() {
    const v1::Organization& custodian = metadata_.custodian();
    xml_.open("custodian").open("assignedCustodian").open("representedCustodianOrganization");
    id(organization_oid, custodian.national_id());
    xml_.element("name", custodian.name());
    telecoms(custodian, 1);
    address(custodian);
    xml_.close().close().close();
  }

  void write_addressee(const v1::Professional& addressee) {
    xml_.open("informationRecipient").open("intendedRecipient");
    id(professional_oid, addressee.national_id());
    address(addressee);
    telecoms(addressee);
    write_name("informationRecipient", addressee);
    write_organization(addressee, "receivedOrganization");
    xml_.close().close();
  }

  void write_authenticator(std::string_view element, const v1::Professional& signer) {
    xml_.open(element).element("time", {{"value", time(metadata_.signed_at())}});
    xml_.element("signatureCode", {{"code", "S"}});
    write_assigned_entity(signer);
    xml_.close();
  }

  // The time is required, and not asked from senders.
  void write_participant(const v1::CareParticipant& participant) {
    const Participation part = participation_of(participant.role());
    xml_.open("participant").attribute("typeCode", part.type);
    if (!part.function.code.empty()) code("functionCode", part.function);
    xml_.element("time", {{"nullFlavor", "NAV"}});
    xml_.open("associatedEntity").attribute("classCode", "PROV");
    write_person(participant.professional(), "associatedPerson");
    write_organization(participant.professional(), "scopingOrganization");
    xml_.close().close();
  }

  // An end equal to the beginning is an error of the official schematron (dtr1-6-IVL_TS): it is left out.
  void write_period() {
    const v1::Encounter& encounter = metadata_.encounter();
    xml_.open("effectiveTime").element("low", {{"value", time(encounter.start())}});
    if (encounter.has_end() && encounter.end().seconds() > encounter.start().seconds()) {
      xml_.element("high", {{"value", time(encounter.end())}});
    }
    xml_.close();
  }

  // The main act is the stay itself, done by the first author: exactly one performer, with the practice
  // setting.
  void write_main_event() {
    const v1::Encounter& encounter = metadata_.encounter();
    xml_.open("documentationOf").open("serviceEvent");
    code("code", ValueSet::encounter_class, encounter.class_code());
    write_period();
    xml_.open("performer").attribute("typeCode", "PRF");
    write_assigned_entity(metadata_.authors(0), &encounter.practice_setting());
    xml_.close().close().close();
  }

  void write_replaced() {
    if (input_.replaces.empty()) return;
    xml_.open("relatedDocument").attribute("typeCode", "RPLC").open("parentDocument");
    xml_.element("id", {{"root", input_.replaces}}).close().close();
  }

  void write_encounter() {
    const v1::Encounter& encounter = metadata_.encounter();
    xml_.open("componentOf").open("encompassingEncounter");
    if (encounter.has_local_id()) id(encounter.local_id().oid(), encounter.local_id().value());
    code("code", ValueSet::encounter_class, encounter.class_code());
    write_period();
    if (encounter.has_responsible()) {
      xml_.open("responsibleParty");
      write_assigned_entity(encounter.responsible());
      xml_.close();
    }
    for (const v1::EncounterParticipant& participant : encounter.participants()) {
      xml_.open("encounterParticipant");
      xml_.attribute("typeCode", encounter_participation_of(participant.role()));
      write_assigned_entity(participant.professional());
      xml_.close();
    }
    xml_.open("location").open("healthCareFacility");
    code("code", ValueSet::facility_type, encounter.facility_type().code());
    xml_.close().close().close().close();
  }

  XmlWriter& xml_;
  const CdaHeaderInput& input_;
  const v1::DocumentMetadata& metadata_;
  CdaLevel level_;
};

}  // namespace

void write_cda_header(XmlWriter& xml, const CdaHeaderInput& input, CdaLevel level) {
  CdaHeaderWriter(xml, input, level).write();
}

}  // namespace psl
