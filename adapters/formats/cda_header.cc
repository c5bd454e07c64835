#include "adapters/formats/cda_header.h"

#include <algorithm>
#include <initializer_list>

#include "adapters/formats/value_sets.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr std::string_view cda_space = "urn:hl7-org:v3";
constexpr size_t header_text_max = 500;
constexpr size_t header_faults_max = 20;
constexpr size_t identifier_bytes_max = 200;
constexpr int header_lines_max = 4;
constexpr int header_telecoms_max = 10;

bool is_xml_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Prefixes of identifiers that are no INS although they look like one. TYPES section N.1; TCDA.
bool is_obsolete_ins_oid(std::string_view oid) {
  constexpr std::string_view oids[] = {"1.2.250.1.213.1.4.2", "1.2.250.1.213.1.4.6", "1.2.250.1.213.1.4.7",
                                       "1.2.250.1.213.1.4.13"};
  return std::find(std::begin(oids), std::end(oids), oid) != std::end(oids);
}

v1::Telecom::Use use_of(std::string_view use) {
  if (use == "H" || use == "HP" || use == "HV") return v1::Telecom::USE_HOME;
  if (use == "WP" || use == "DIR" || use == "PUB") return v1::Telecom::USE_WORK;
  if (use == "MC") return v1::Telecom::USE_MOBILE;
  return v1::Telecom::USE_UNSPECIFIED;
}

template <typename Owner>
void read_cda_telecoms(const XmlElement& element, const std::string& path, Owner& owner, CdaNotes& notes) {
  for (const XmlElement* telecom : cda_children(element, "telecom")) {
    const std::string_view uri = telecom->attribute("value");
    if (uri.empty() || owner.telecoms_size() >= header_telecoms_max) continue;
    v1::Telecom& added = *owner.add_telecoms();
    added.set_uri(cda_text(uri, path + "/telecom/@value", notes));
    added.set_use(use_of(telecom->attribute("use")));
  }
}

// Lines as they would stand on an envelope: the street from its parts, then what completes it.
template <typename Owner>
void read_cda_address(const XmlElement& element, const std::string& path, Owner& owner, CdaNotes& notes) {
  const XmlElement* addr = cda_child(element, "addr");
  if (addr == nullptr || !addr->attribute("nullFlavor").empty()) return;
  const std::string addr_path = path + "/addr";
  v1::Address address;
  auto add_line = [&](std::string line) {
    if (!line.empty() && address.lines_size() < header_lines_max) address.add_lines(std::move(line));
  };
  auto part = [&](std::string_view name) {
    const XmlElement* found = cda_child(*addr, name);
    return found == nullptr ? std::string() : cda_text(found->text, addr_path, notes);
  };
  for (const XmlElement* line : cda_children(*addr, "streetAddressLine")) {
    add_line(cda_text(line->text, addr_path, notes));
  }
  std::string street;
  for (const std::string_view name : {"houseNumber", "houseNumberNumeric", "streetNameType", "streetName"}) {
    const std::string text = part(name);
    if (!text.empty()) street += (street.empty() ? "" : " ") + text;
  }
  add_line(std::move(street));
  for (const std::string_view name : {"additionalLocator", "unitID", "precinct", "postBox"})
    add_line(part(name));
  if (addr->children.empty()) add_line(cda_text(addr->text, addr_path, notes));
  address.set_postal_code(part("postalCode"));
  address.set_city(part("city"));
  address.set_country(part("country"));
  if (address.ByteSizeLong() > 0) *owner.mutable_address() = std::move(address);
}

// All parts of a name with that tag, in one text.
std::string name_parts(const XmlElement& name, std::string_view tag, const std::string& path,
                       CdaNotes& notes) {
  std::string joined;
  for (const XmlElement* part : cda_children(name, tag)) {
    const std::string text = cda_text(part->text, path, notes);
    if (!text.empty()) joined += (joined.empty() ? "" : " ") + text;
  }
  return joined;
}

// The first part with that qualifier; `qualifier` empty: without one.
std::string qualified_part(const XmlElement& name, std::string_view tag, std::string_view qualifier,
                           const std::string& path, CdaNotes& notes) {
  for (const XmlElement* part : cda_children(name, tag)) {
    if (part->attribute("qualifier") == qualifier) return cda_text(part->text, path, notes);
  }
  return {};
}

// Names begin a list when they do so letter by letter, separators apart (RNIV 1, EXI PP 20 and EXI SI 29).
bool begins_list(std::string_view first, std::string_view list) {
  const std::string head = strict_name(first);
  const std::string all = strict_name(list);
  if (head.size() > all.size() || !same_name(head, all.substr(0, head.size()))) return false;
  return head.size() == all.size() || all[head.size()] == ' ' || all[head.size()] == '-';
}

std::string first_word(const std::string& names) { return names.substr(0, names.find(' ')); }

void read_patient_names(const XmlElement& name, const std::string& path, bool with_ins, v1::Patient& patient,
                        CdaNotes& notes) {
  patient.set_birth_family_name(qualified_part(name, "family", "BR", path, notes));
  patient.set_used_family_name(qualified_part(name, "family", "CL", path, notes));
  patient.set_first_birth_given_name(qualified_part(name, "given", "BR", path, notes));
  patient.set_used_given_name(qualified_part(name, "given", "CL", path, notes));
  patient.set_birth_given_names(qualified_part(name, "given", "", path, notes));
  if (with_ins) {
    if (patient.birth_family_name().empty())
      notes.fault(path + "/family[@qualifier='BR']", "required with an INS");
    if (patient.first_birth_given_name().empty()) {
      notes.fault(path + "/given[@qualifier='BR']", "required with an INS");
    }
    if (patient.birth_given_names().empty()) {
      notes.fault(path + "/given[not(@qualifier)]", "the list of birth given names is required with an INS");
    }
  } else if (patient.birth_family_name().empty()) {
    const XmlElement* family = cda_child(name, "family");
    if (family != nullptr) patient.set_birth_family_name(cda_text(family->text, path, notes));
    if (patient.birth_family_name().empty()) return notes.fault(path + "/family", "required");
    notes.issue(CdaIssue::name_unqualified, path);
  }
  if (patient.first_birth_given_name().empty()) {
    patient.set_first_birth_given_name(first_word(patient.birth_given_names()));
  } else if (!patient.birth_given_names().empty() &&
             !begins_list(patient.first_birth_given_name(), patient.birth_given_names())) {
    notes.issue(CdaIssue::first_name_not_in_list, path);
  }
}

// YYYY-MM-DD; an unknown day is 01, an unknown day and month the 31 December (RNIV 1, EXI PP 19).
void read_birth_date(const XmlElement& person, const std::string& path, bool with_ins, v1::Patient& patient,
                     CdaNotes& notes) {
  const std::string where = path + "/birthTime";
  const std::string_view value = cda_value(person, "birthTime", "value");
  const std::optional<Hl7Time> time = parse_hl7(value);
  std::string date;
  if (time) {
    const std::string year(value.substr(0, 4));
    const std::string month = time->digits >= 6 ? std::string(value.substr(4, 2)) : "12";
    const std::string day = time->digits >= 8   ? std::string(value.substr(6, 2))
                            : time->digits == 6 ? "01"
                                                : "31";
    date = year + "-" + month + "-" + day;
    if (time->digits < 8) notes.issue(CdaIssue::birth_date_imprecise, where);
  }
  if (date_ok(date)) {
    patient.set_birth_date(date);
  } else if (with_ins) {
    notes.fault(where, "a day that exists is required with an INS");
  } else {
    notes.issue(CdaIssue::birth_date_missing, where);
  }
}

void read_sex(const XmlElement& person, const std::string& path, bool with_ins, v1::Patient& patient,
              CdaNotes& notes) {
  const std::string where = path + "/administrativeGenderCode";
  const std::string_view code = cda_value(person, "administrativeGenderCode", "code");
  patient.set_sex(code == "F" ? v1::SEX_FEMALE : code == "M" ? v1::SEX_MALE : v1::SEX_UNDETERMINED);
  if (code.empty() && with_ins) return notes.fault(where + "/@code", "required with an INS");
  if (code != "F" && code != "M" && code != "UN") notes.issue(CdaIssue::sex_unknown, where);
}

void read_birth_place(const XmlElement& person, const std::string& path, bool with_ins, v1::Patient& patient,
                      CdaNotes& notes) {
  const std::string where = path + "/birthplace/place/addr";
  if (const XmlElement* addr = cda_at(person, {"birthplace", "place", "addr"})) {
    const XmlElement* county = cda_child(*addr, "county");
    const XmlElement* city = cda_child(*addr, "city");
    if (county != nullptr) patient.set_birth_place_code(cda_text(county->text, where, notes));
    if (city != nullptr) patient.set_birth_place_name(cda_text(city->text, where, notes));
  }
  if (with_ins && patient.birth_place_code().empty()) {
    notes.fault(where + "/county", "the COG code of the birth place is required with an INS");
  }
}

// One id under an OID of the INS. Severity of a wrong key: RNIV 1 section 2.2 against what official test data
// holds.
void read_ins(const XmlElement& id, const std::string& path, v1::Patient& patient, CdaNotes& notes) {
  const std::string_view oid = id.attribute("root");
  const std::string_view matricule = id.attribute("extension");
  if (!ins_oid_allowed(oid, notes.environment())) {
    return notes.fault(path + "/@root", notes.environment() == Environment::production
                                            ? "the OID of a real INS is required in production"
                                            : "the OID of a test INS is required in a test environment");
  }
  if (!ins_shape_ok(matricule)) {
    return notes.fault(path + "/@extension", "15 characters of a matricule INS are required");
  }
  if (!ins_key_ok(matricule)) {
    if (oid == ins_nir_oid || oid == ins_nia_oid) {
      return notes.fault(path + "/@extension", "the key of the matricule INS is wrong");
    }
    notes.issue(CdaIssue::ins_key_wrong_on_test, path);
  }
  if (patient.has_ins() && (patient.ins().matricule() != matricule || patient.ins().oid() != oid)) {
    return notes.fault(path, "one INS only is expected");
  }
  patient.mutable_ins()->set_matricule(std::string(matricule));
  patient.mutable_ins()->set_oid(std::string(oid));
}

// True when there is an id under an OID of the INS, right or wrong.
bool read_patient_ids(const XmlElement& role, const std::string& path, v1::Patient& patient,
                      CdaNotes& notes) {
  bool with_ins = false;
  int position = 0;
  for (const XmlElement* id : cda_children(role, "id")) {
    const std::string where = path + "/id[" + std::to_string(++position) + "]";
    const std::string_view root = id->attribute("root");
    if (is_ins_oid(root)) {
      if (position > 1 && !with_ins) notes.issue(CdaIssue::ins_not_first, where);
      with_ins = true;
      read_ins(*id, where, patient, notes);
    } else if (is_obsolete_ins_oid(root)) {
      notes.issue(CdaIssue::ins_obsolete, where);
    } else if (!patient.has_local_id() && oid_ok(root) && !id->attribute("extension").empty()) {
      patient.mutable_local_id()->set_oid(std::string(root));
      patient.mutable_local_id()->set_value(cda_text(id->attribute("extension"), where, notes));
    }
  }
  return with_ins;
}

}  // namespace

void CdaNotes::fault(const std::string& path, std::string_view expected) {
  if (faults_.size() >= header_faults_max) return;
  faults_.push_back({std::string(options_.field), path + ": " + std::string(expected)});
}

Status CdaNotes::status() const {
  if (faults_.empty()) return {};
  Error error = error_of(ErrorCode::document_invalid);
  error.faults = faults_;
  return error;
}

const XmlElement* cda_child(const XmlElement& element, std::string_view name) {
  for (const XmlElement& child : element.children) {
    if (child.name == name && child.space == cda_space) return &child;
  }
  return nullptr;
}

std::vector<const XmlElement*> cda_children(const XmlElement& element, std::string_view name) {
  std::vector<const XmlElement*> found;
  for (const XmlElement& child : element.children) {
    if (child.name == name && child.space == cda_space) found.push_back(&child);
  }
  return found;
}

const XmlElement* cda_at(const XmlElement& element, std::initializer_list<std::string_view> names) {
  const XmlElement* at = &element;
  for (const std::string_view name : names) {
    at = cda_child(*at, name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string_view cda_value(const XmlElement& element, std::string_view child, std::string_view attribute) {
  const XmlElement* found = cda_child(element, child);
  return found == nullptr ? std::string_view() : found->attribute(attribute);
}

std::string cda_text(std::string_view text, const std::string& path, CdaNotes& notes) {
  std::string line;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_xml_space(text[i])) {
      line += text[i];
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
    // A character is never cut: its continuation bytes come along.
    const bool whole = i + 1 == text.size() || (static_cast<uint8_t>(text[i + 1]) & 0xC0U) != 0x80;
    if (line.size() >= header_text_max && whole) {
      if (i + 1 < text.size()) notes.issue(CdaIssue::text_cut, path);
      break;
    }
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string cda_identifier(const XmlElement& id) {
  std::string text(id.attribute("root"));
  if (text.empty()) return {};
  if (const std::string_view extension = id.attribute("extension"); !extension.empty()) {
    text += "^";
    text += extension;
  }
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  return printable && text.size() <= identifier_bytes_max ? text : std::string();
}

std::optional<Hl7Time> read_cda_time(const XmlElement* time, const std::string& path, CdaNotes& notes) {
  if (time == nullptr || time->attribute("value").empty()) return std::nullopt;
  const std::optional<Hl7Time> read = parse_hl7(time->attribute("value"));
  if (!read) {
    notes.issue(CdaIssue::time_unreadable, path);
  } else if (!read->has_offset && read->digits > 8) {
    notes.issue(CdaIssue::time_without_offset, path);
  }
  return read;
}

void read_cda_coding(const XmlElement* code, const std::string& path, v1::Coding& coding, CdaNotes& notes) {
  if (code == nullptr || code->attribute("code").empty()) return;
  coding.set_code(cda_text(code->attribute("code"), path, notes));
  coding.set_system(cda_text(code->attribute("codeSystem"), path, notes));
  coding.set_label(cda_text(code->attribute("displayName"), path, notes));
  if (coding.label().empty()) coding.set_label(coding.code());
}

void read_cda_organization(const XmlElement& element, const std::string& path, v1::Organization& organization,
                           CdaNotes& notes) {
  for (const XmlElement* id : cda_children(element, "id")) {
    if (id->attribute("root") != organization_oid || !organization.national_id().empty()) continue;
    organization.set_national_id(cda_text(id->attribute("extension"), path + "/id", notes));
    if (!check_organization_id(organization.national_id()).ok()) {
      notes.issue(CdaIssue::organization_id_wrong, path + "/id");
    }
  }
  if (const XmlElement* name = cda_child(element, "name")) {
    organization.set_name(cda_text(name->text, path + "/name", notes));
  }
  read_cda_address(element, path, organization, notes);
  read_cda_telecoms(element, path, organization, notes);
}

void read_cda_professional(const XmlElement& entity, const std::string& path, bool is_author,
                           v1::Professional& professional, CdaNotes& notes) {
  for (const XmlElement* id : cda_children(entity, "id")) {
    if (id->attribute("root") != professional_oid || !professional.national_id().empty()) continue;
    professional.set_national_id(cda_text(id->attribute("extension"), path + "/id", notes));
    if (!check_professional_id(professional.national_id()).ok()) {
      notes.issue(CdaIssue::professional_id_wrong, path + "/id");
    }
  }
  if (const XmlElement* name = cda_at(entity, {"assignedPerson", "name"})) {
    const std::string where = path + "/assignedPerson/name";
    professional.set_family_name(name_parts(*name, "family", where, notes));
    professional.set_given_name(name_parts(*name, "given", where, notes));
    professional.set_prefix(name_parts(*name, "prefix", where, notes));
    professional.set_suffix(name_parts(*name, "suffix", where, notes));
    if (professional.national_id().empty()) notes.issue(CdaIssue::professional_id_missing, path + "/id");
  } else if (const XmlElement* device = cda_child(entity, "assignedAuthoringDevice")) {
    const std::string where = path + "/assignedAuthoringDevice";
    professional.set_family_name(name_parts(*device, "softwareName", where, notes));
    professional.set_given_name(name_parts(*device, "manufacturerModelName", where, notes));
  }
  v1::Coding specialty;
  read_cda_coding(cda_child(entity, "code"), path + "/code", specialty, notes);
  professional.set_specialty_code(specialty.code());
  professional.set_specialty_label(specialty.label());
  if (const Concept* known = find_concept(ValueSet::author_specialty, specialty.code())) {
    professional.set_specialty_label(std::string(known->label));
  } else if (is_author || !specialty.code().empty()) {
    notes.issue(CdaIssue::specialty_unknown, path + "/code");
  }
  read_cda_address(entity, path, professional, notes);
  read_cda_telecoms(entity, path, professional, notes);
  if (const XmlElement* organization = cda_child(entity, "representedOrganization")) {
    read_cda_organization(*organization, path + "/representedOrganization",
                          *professional.mutable_organization(), notes);
  }
}

void read_cda_patient(const XmlElement& role, const std::string& path, v1::Patient& patient,
                      CdaNotes& notes) {
  const bool with_ins = read_patient_ids(role, path, patient, notes);
  patient.set_status(with_ins ? v1::IDENTITY_STATUS_QUALIFIED : v1::IDENTITY_STATUS_PROVISIONAL);
  read_cda_address(role, path, patient, notes);
  read_cda_telecoms(role, path, patient, notes);
  const XmlElement* person = cda_child(role, "patient");
  const std::string person_path = path + "/patient";
  const XmlElement* name = person == nullptr ? nullptr : cda_child(*person, "name");
  if (name == nullptr) return notes.fault(person_path + "/name", "required");
  read_patient_names(*name, person_path + "/name", with_ins, patient, notes);
  read_sex(*person, person_path, with_ins, patient, notes);
  read_birth_date(*person, person_path, with_ins, patient, notes);
  read_birth_place(*person, person_path, with_ins, patient, notes);
}

}  // namespace psl
