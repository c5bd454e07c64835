#include <initializer_list>
#include <vector>

#include "adapters/formats/text.h"
#include "adapters/formats/xdm.h"
#include "adapters/formats/xdm_ids.h"
#include "adapters/formats/xml_writer.h"
#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"
#include "gateway/core/checked.h"
#include "gateway/core/document_facts.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/event.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr size_t long_name_max = 256;      // characters of rim:LongName: identifiers and slot values
constexpr size_t display_name_max = 1024;  // characters of rim:FreeFormText

Instant instant_of_proto(const google::protobuf::Timestamp& at) {
  return Instant{at.seconds() * 1000000 + at.nanos() / 1000};
}

// What stands for a character inside a component of an HL7 v2 data type (HL7 v2.5 section 2.7).
std::string_view component_escape(char c) {
  switch (c) {
    case '|':
      return "\\F\\";
    case '^':
      return "\\S\\";
    case '&':
      return "\\T\\";
    case '~':
      return "\\R\\";
    case '\\':
      return "\\E\\";
    default:
      return "";
  }
}

// A text as one component: separators escaped, controls as spaces, cut before it passes `most` characters, so
// that no value made of components passes rim:LongName.
std::string component(std::string_view text, size_t most = 64) {
  std::string out;
  size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const std::string_view escaped = component_escape(c);
    if (!escaped.empty()) {
      count += escaped.size();
    } else if ((byte & 0xC0U) != 0x80) {
      ++count;
    }
    if (count > most) break;
    if (escaped.empty()) {
      out += byte < 0x20 || byte == 0x7F ? ' ' : c;
    } else {
      out += escaped;
    }
  }
  return out;
}

// XCN: "801234567897^NOM^Prénom^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"; EI for an id inside a structure,
// which has "/".
std::string person_xcn(const v1::Professional& person) {
  std::string xcn = component(person.national_id()) + "^" + component(person.family_name()) + "^" +
                    component(person.given_name());
  if (person.national_id().empty()) return xcn;
  const bool internal = person.national_id().find('/') != std::string::npos;
  return xcn + "^^^^^^&" + std::string(professional_oid) + "&ISO^D^^^" + (internal ? "EI" : "IDNPS");
}

// XON: "Nom^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1<FINESS>".
std::string organization_xon(const v1::Organization& organization) {
  const std::string name = component(organization.name(), 150);
  if (organization.national_id().empty()) return name;
  return name + "^^^^^&" + std::string(organization_oid) + "&ISO^IDNST^^^" +
         component(organization.national_id());
}

std::string local_cx(const v1::LocalId& id) {
  return component(id.value()) + "^^^&" + component(id.oid()) + "&ISO^PI";
}

// The INS; without one, the sender's own number, which the receiver must match by traits. Empty when there is
// neither.
std::string patient_cx(const v1::Patient& patient) {
  if (patient.has_ins())
    return component(patient.ins().matricule()) + "^^^&" + component(patient.ins().oid()) + "&ISO^NH";
  return patient.local_id().value().empty() ? std::string() : local_cx(patient.local_id());
}

std::string sex_code(v1::Sex sex) {
  if (sex == v1::SEX_FEMALE) return "F";
  if (sex == v1::SEX_MALE) return "M";
  return "U";  // HL7 table 0001
}

// The traits that the sender knows: birth name (L), used name (D), birth date, sex. TF-3 section 4.2.3.2.23.
std::vector<std::string> patient_info(const v1::Patient& patient) {
  std::vector<std::string> lines;
  const std::string given = first_given_name(patient);
  lines.push_back("PID-5|" + component(patient.birth_family_name()) + "^" + component(given) + "^^^^^L");
  if (!patient.used_family_name().empty() || !patient.used_given_name().empty()) {
    const std::string& family =
        patient.used_family_name().empty() ? patient.birth_family_name() : patient.used_family_name();
    const std::string& used = patient.used_given_name().empty() ? given : patient.used_given_name();
    lines.push_back("PID-5|" + component(family) + "^" + component(used) + "^^^^^D");
  }
  if (date_ok(patient.birth_date())) {
    const std::string& date = patient.birth_date();
    lines.push_back("PID-7|" + date.substr(0, 4) + date.substr(5, 2) + date.substr(8, 2));
  }
  lines.push_back("PID-8|" + sex_code(patient.sex()));
  return lines;
}

v1::Coding coding(std::string_view code, std::string_view system, std::string_view label) {
  v1::Coding made;
  made.set_code(std::string(code));
  made.set_system(std::string(system));
  made.set_label(std::string(label));
  return made;
}

v1::Coding with_default_system(v1::Coding given, std::string_view system) {
  if (given.system().empty()) given.set_system(std::string(system));
  return given;
}

v1::Coding confidentiality(v1::Confidentiality level) {
  if (level == v1::CONFIDENTIALITY_VERY_RESTRICTED)
    return coding("V", xds::confidentiality_system, "Très restreint");
  if (level == v1::CONFIDENTIALITY_RESTRICTED) return coding("R", xds::confidentiality_system, "Restreint");
  return coding("N", xds::confidentiality_system, "Normal");
}

// Writes the elements of ebRIM 3.0 that one registry object is made of, in the order of its schema: slots,
// name, classifications, external identifiers.
class RegistryWriter {
 public:
  RegistryWriter(XmlWriter& xml, const Uuid& delivery_id) : xml_(xml), seed_(delivery_id.raw()) {}

  // The same for the same delivery and purpose.
  std::string id(std::string_view purpose) const {
    return "urn:uuid:" + Uuid::from_hash(sha256_of_parts({"xdm", seed_, purpose})).text();
  }

  void begin(std::string object_id) { object_ = std::move(object_id); }

  void slot(std::string_view name, const std::vector<std::string>& values) {
    xml_.open("rim:Slot").attribute("name", name).open("rim:ValueList");
    for (const std::string& value : values) xml_.element("rim:Value", first_characters(value, long_name_max));
    xml_.close().close();
  }
  void slot(std::string_view name, const std::string& value) { slot(name, std::vector<std::string>{value}); }

  void name(std::string_view value) {
    xml_.open("rim:Name").open("rim:LocalizedString");
    xml_.attribute("charset", "UTF-8").attribute("value", first_characters(value, display_name_max));
    xml_.attribute("xml:lang", "fr-FR").close().close();
  }

  void code(std::string_view scheme, const v1::Coding& value) {
    open_classification().attribute("classificationScheme", scheme);
    xml_.attribute("nodeRepresentation", first_characters(value.code(), long_name_max));
    slot("codingScheme", value.system());
    name(value.label());
    xml_.close();
  }

  void node(std::string_view which) {
    open_classification().attribute("classificationNode", which);
    xml_.close();
  }

  void author(std::string_view scheme, const v1::Professional* person, const v1::Organization& organization) {
    open_classification().attribute("classificationScheme", scheme).attribute("nodeRepresentation", "");
    if (person != nullptr) slot("authorPerson", person_xcn(*person));
    slot("authorInstitution", organization_xon(organization));
    if (person != nullptr && !person->specialty_code().empty()) {
      slot("authorSpecialty", component(person->specialty_code()) + "^" +
                                  component(person->specialty_label(), 150) + "^" +
                                  std::string(xds::specialty_system));
    }
    xml_.close();
  }

  void external_identifier(std::string_view scheme, std::string_view label, std::string_view value) {
    xml_.open("rim:ExternalIdentifier").attribute("id", id("ei" + std::to_string(++count_)));
    xml_.attribute("registryObject", object_).attribute("identificationScheme", scheme);
    xml_.attribute("value", first_characters(value, long_name_max));
    name(label);
    xml_.close();
  }

 private:
  XmlWriter& open_classification() {
    return xml_.open("rim:Classification")
        .attribute("id", id("cl" + std::to_string(++count_)))
        .attribute("classifiedObject", object_);
  }

  XmlWriter& xml_;
  std::string seed_;
  std::string object_;
  int count_ = 0;
};

// authorPerson of the set is required: who sent the event, or else the document's first author.
const v1::Professional* submitter_of(const XdmInput& input) {
  if (input.source.has_professional()) return &input.source.professional();
  const auto& authors = input.header.metadata().authors();
  return authors.empty() ? nullptr : &authors.Get(0);
}

void write_submission_set(XmlWriter& xml, RegistryWriter& registry, const XdmInput& input) {
  const v1::DocumentMetadata& metadata = input.header.metadata();
  const std::string patient = patient_cx(input.header.patient());
  const std::string set_id = registry.id("submission-set");
  xml.open("rim:RegistryPackage").attribute("id", set_id).attribute("status", xds::approved);
  registry.begin(set_id);
  registry.slot("submissionTime", utc14(input.dated_at));
  registry.name(metadata.title());
  registry.author(xds::set_author, submitter_of(input), input.source.organization());
  const ActivityKind activity = activity_kind_of(metadata.encounter().class_code());
  registry.code(xds::set_content_type, coding(activity.code, activity_kind_oid, activity.label));
  registry.node(xds::submission_set_node);
  if (patient.empty()) registry.node(xds::set_limited_node);
  if (!patient.empty()) registry.external_identifier(xds::set_patient, "XDSSubmissionSet.patientId", patient);
  registry.external_identifier(xds::set_source, "XDSSubmissionSet.sourceId",
                               source_oid(metadata.custodian()));
  registry.external_identifier(
      xds::set_unique, "XDSSubmissionSet.uniqueId",
      Uuid::from_hash(sha256_of_parts({"xdm", input.delivery_id.raw(), "submission-set-unique-id"})).oid());
  xml.close();
}

void write_entry_slots(RegistryWriter& registry, const XdmInput& input) {
  const v1::DocumentMetadata& metadata = input.header.metadata();
  const v1::Patient& patient = input.header.patient();
  // creationTime from effectiveTime, service times from the stay: the mapping of the volet.
  registry.slot("creationTime", utc14(instant_of_proto(metadata.created_at())));
  registry.slot("hash", to_hex(sha1(input.cda)));
  registry.slot("languageCode", "fr-FR");
  registry.slot("legalAuthenticator", person_xcn(metadata.legal_authenticator()));
  if (metadata.encounter().has_start())
    registry.slot("serviceStartTime", utc14(instant_of_proto(metadata.encounter().start())));
  if (metadata.encounter().has_end())
    registry.slot("serviceStopTime", utc14(instant_of_proto(metadata.encounter().end())));
  registry.slot("size", std::to_string(input.cda.size()));
  // The sender's own number, or the INS when it has none (same mapping).
  const std::string source_id =
      patient.local_id().value().empty() ? patient_cx(patient) : local_cx(patient.local_id());
  if (!source_id.empty()) registry.slot("sourcePatientId", source_id);
  registry.slot("sourcePatientInfo", patient_info(patient));
  registry.slot("URI", "DOC0001.XML");
  if (!input.header.replaces().empty()) registry.slot(xds::action_slot, "C");
}

void write_entry_codes(RegistryWriter& registry, const XdmInput& input) {
  const v1::DocumentMetadata& metadata = input.header.metadata();
  registry.code(xds::entry_class, input.header.document_class());
  registry.code(xds::entry_confidentiality, confidentiality(metadata.confidentiality()));
  if (input.visibility.hidden_from_professionals())
    registry.code(xds::entry_confidentiality, coding(xds::hidden_from_professionals, xds::mask_system,
                                                     "Masqué aux professionnels de santé"));
  if (input.visibility.hidden_from_patient())
    registry.code(xds::entry_confidentiality,
                  coding(xds::hidden_from_patient, xds::mask_system, "Non visible par le patient"));
  if (input.visibility.hidden_from_legal_representatives())
    registry.code(xds::entry_confidentiality, coding(xds::hidden_from_representatives, xds::mask_system,
                                                     "Non visible par les représentants légaux du patient"));
  registry.code(xds::entry_format, input.header.format());
  registry.code(xds::entry_facility,
                with_default_system(metadata.encounter().facility_type(), xds::facility_system));
  registry.code(xds::entry_practice,
                with_default_system(metadata.encounter().practice_setting(), xds::practice_system));
  registry.code(xds::entry_type, metadata.type());
}

void write_document_entry(XmlWriter& xml, RegistryWriter& registry, const XdmInput& input) {
  const v1::DocumentMetadata& metadata = input.header.metadata();
  const std::string entry_id = registry.id("document-entry");
  xml.open("rim:ExtrinsicObject").attribute("id", entry_id).attribute("mimeType", "text/xml");
  xml.attribute("objectType", xds::document_entry_type).attribute("status", xds::approved);
  registry.begin(entry_id);
  write_entry_slots(registry, input);
  registry.name(metadata.title());
  for (const v1::Professional& author : metadata.authors()) {
    registry.author(xds::entry_author, &author,
                    author.has_organization() ? author.organization() : metadata.custodian());
  }
  write_entry_codes(registry, input);
  const std::string patient = patient_cx(input.header.patient());
  if (patient.empty()) registry.node(xds::entry_limited_node);
  if (!patient.empty())
    registry.external_identifier(xds::entry_patient, "XDSDocumentEntry.patientId", patient);
  registry.external_identifier(xds::entry_unique, "XDSDocumentEntry.uniqueId", metadata.document_id());
  xml.close();
}

}  // namespace

std::string write_xdm_metadata(const XdmInput& input) {
  XmlWriter xml(16384);
  RegistryWriter registry(xml, input.delivery_id);
  xml.open("lcm:SubmitObjectsRequest");
  xml.attribute("xmlns:lcm", xds::lcm_space);
  xml.attribute("xmlns:rim", xds::rim_space);
  xml.open("rim:RegistryObjectList");
  write_submission_set(xml, registry, input);
  write_document_entry(xml, registry, input);
  const std::string set_id = registry.id("submission-set");
  xml.open("rim:Association").attribute("id", registry.id("has-member"));
  xml.attribute("associationType", xds::has_member);
  xml.attribute("sourceObject", set_id).attribute("targetObject", registry.id("document-entry"));
  registry.slot("SubmissionSetStatus", "Original");
  xml.close();
  return xml.finish();
}

}  // namespace psl
