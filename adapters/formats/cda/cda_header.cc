#include "adapters/formats/cda/cda_header.h"

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
constexpr size_t path_name_max = 40;
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
void read_cda_telecoms(const XmlElement& element, Owner& owner, CdaNotes& notes) {
  for (const XmlElement* telecom : cda_children(element, "telecom")) {
    const std::string_view uri = telecom->attribute("value");
    if (uri.empty() || owner.telecoms_size() >= header_telecoms_max) continue;
    v1::Telecom& added = *owner.add_telecoms();
    added.set_uri(cda_text(uri, *telecom, notes));
    added.set_use(use_of(telecom->attribute("use")));
  }
}

// Lines as they would stand on an envelope: the street from its parts, then what completes it.
template <typename Owner>
void read_cda_address(const XmlElement& element, Owner& owner, CdaNotes& notes) {
  const XmlElement* addr = cda_child(element, "addr");
  if (addr == nullptr || !addr->attribute("nullFlavor").empty()) return;
  v1::Address address;
  auto add_line = [&](std::string line) {
    if (!line.empty() && address.lines_size() < header_lines_max) address.add_lines(std::move(line));
  };
  auto part = [&](std::string_view name) {
    const XmlElement* found = cda_child(*addr, name);
    return found == nullptr ? std::string() : cda_text(found->text, *addr, notes);
  };
  for (const XmlElement* line : cda_children(*addr, "streetAddressLine")) {
    add_line(cda_text(line->text, *addr, notes));
  }
  std::string street;
  for (const std::string_view name : {"houseNumber", "houseNumberNumeric", "streetNameType", "streetName"}) {
    const std::string text = part(name);
    if (!text.empty()) street += (street.empty() ? "" : " ") + text;
  }
  add_line(std::move(street));
  for (const std::string_view name : {"additionalLocator", "unitID", "precinct", "postBox"})
    add_line(part(name));
  if (addr->children().empty()) add_line(cda_text(addr->text, *addr, notes));
  address.set_postal_code(part("postalCode"));
  address.set_city(part("city"));
  address.set_country(part("country"));
  if (address.ByteSizeLong() > 0) *owner.mutable_address() = std::move(address);
}

// All parts of a name with that tag, in one text.
std::string name_parts(const XmlElement& name, std::string_view tag, CdaNotes& notes) {
  std::string joined;
  for (const XmlElement& part : name.children()) {
    if (!is_cda(part, tag)) continue;
    const std::string text = cda_text(part.text, part, notes);
    if (!text.empty()) joined += (joined.empty() ? "" : " ") + text;
  }
  return joined;
}

// The first part with that qualifier; `qualifier` empty: without one.
std::string qualified_part(const XmlElement& name, std::string_view tag, std::string_view qualifier,
                           CdaNotes& notes) {
  for (const XmlElement& part : name.children()) {
    if (is_cda(part, tag) && part.attribute("qualifier") == qualifier)
      return cda_text(part.text, part, notes);
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

void read_patient_names(const XmlElement& name, bool with_ins, v1::Patient& patient, CdaNotes& notes) {
  patient.set_birth_family_name(qualified_part(name, "family", "BR", notes));
  patient.set_used_family_name(qualified_part(name, "family", "CL", notes));
  patient.set_first_birth_given_name(qualified_part(name, "given", "BR", notes));
  patient.set_used_given_name(qualified_part(name, "given", "CL", notes));
  patient.set_birth_given_names(qualified_part(name, "given", "", notes));
  if (with_ins) {
    if (patient.birth_family_name().empty())
      notes.fault(Rule::ins_birth_name_missing, name, "family[@qualifier='BR']");
    if (patient.first_birth_given_name().empty())
      notes.fault(Rule::ins_first_name_missing, name, "given[@qualifier='BR']");
    if (patient.birth_given_names().empty())
      notes.fault(Rule::ins_given_names_missing, name, "given[not(@qualifier)]");
  } else if (patient.birth_family_name().empty()) {
    const XmlElement* family = cda_child(name, "family");
    if (family != nullptr) patient.set_birth_family_name(cda_text(family->text, *family, notes));
    if (patient.birth_family_name().empty()) return notes.fault(Rule::patient_name_missing, name, "family");
    notes.issue(Rule::name_unqualified, name);
  }
  if (patient.first_birth_given_name().empty()) {
    patient.set_first_birth_given_name(first_word(patient.birth_given_names()));
  } else if (!patient.birth_given_names().empty() &&
             !begins_list(patient.first_birth_given_name(), patient.birth_given_names())) {
    notes.issue(Rule::first_name_not_in_list, name);
  }
}

// YYYY-MM-DD; an unknown day is 01, an unknown day and month the 31 December (RNIV 1, EXI PP 19).
void read_birth_date(const XmlElement& person, bool with_ins, v1::Patient& patient, CdaNotes& notes) {
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
    if (time->digits < 8) notes.issue(Rule::birth_date_imprecise, person, "birthTime");
  }
  if (date_ok(date)) {
    patient.set_birth_date(date);
  } else if (with_ins) {
    notes.fault(Rule::ins_birth_date_missing, person, "birthTime");
  } else {
    notes.issue(Rule::birth_date_missing, person, "birthTime");
  }
}

void read_sex(const XmlElement& person, bool with_ins, v1::Patient& patient, CdaNotes& notes) {
  constexpr std::string_view where = "administrativeGenderCode";
  const std::string_view code = cda_value(person, where, "code");
  patient.set_sex(code == "F" ? v1::SEX_FEMALE : code == "M" ? v1::SEX_MALE : v1::SEX_UNDETERMINED);
  if (code.empty() && with_ins) return notes.fault(Rule::ins_sex_missing, person, where);
  const bool known = code == "F" || code == "M" || code == "UN";
  if (!known || cda_value(person, where, "codeSystem") != "2.16.840.1.113883.5.1") {
    notes.issue(Rule::sex_unknown, person, where);
  }
}

bool is_number(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A code that the COG does not know any more, or not yet, is accepted (RNIV 1, EXI SI 20 and 31).
bool cog_shape_ok(std::string_view code) {
  if (code.size() != 5) return false;
  const bool corsican = code[0] == '2' && (code[1] == 'A' || code[1] == 'B');
  return is_number(corsican ? code.substr(2) : code);
}

// A place whose people have a NIR from their birth on, and never a NIA: departments 01 to 90, 2A and 2B.
// Those beyond stood for places overseas in former times, or do so now.
bool is_metropolitan(std::string_view code) {
  return cog_shape_ok(code) && (code[1] == 'A' || code[1] == 'B' || code.substr(0, 2) <= "90") &&
         code.substr(0, 2) != "00";
}

void read_birth_place(const XmlElement& person, bool with_ins, v1::Patient& patient, CdaNotes& notes) {
  constexpr std::string_view where = "birthplace/place/addr/county";
  if (const XmlElement* addr = cda_at(person, {"birthplace", "place", "addr"})) {
    const XmlElement* county = cda_child(*addr, "county");
    const XmlElement* city = cda_child(*addr, "city");
    if (county != nullptr) patient.set_birth_place_code(cda_text(county->text, *county, notes));
    if (city != nullptr) patient.set_birth_place_name(cda_text(city->text, *city, notes));
  }
  const std::string& code = patient.birth_place_code();
  if (code.empty()) {
    if (with_ins) notes.fault(Rule::ins_birth_place_missing, person, where);
  } else if (!cog_shape_ok(code)) {
    notes.issue(Rule::birth_place_wrong, person, where);
  } else if (patient.ins().oid() == ins_nia_oid && is_metropolitan(code)) {
    notes.issue(Rule::ins_nir_as_nia, person, where);
  }
}

// One id under an OID of the INS. Severity of a wrong key: RNIV 1 section 2.2 against what official test data
// holds.
void read_ins(const XmlElement& id, v1::Patient& patient, CdaNotes& notes) {
  const std::string_view oid = id.attribute("root");
  const std::string_view matricule = id.attribute("extension");
  if (!ins_oid_allowed(oid, notes.environment())) return notes.fault(Rule::ins_oid_refused, id, "@root");
  if (!ins_shape_ok(matricule)) return notes.fault(Rule::ins_shape_wrong, id, "@extension");
  if (!ins_key_ok(matricule)) {
    if (oid == ins_nir_oid || oid == ins_nia_oid) {
      return notes.fault(Rule::ins_key_wrong, id, "@extension");
    }
    notes.issue(Rule::ins_key_wrong_on_test, id);
  }
  if (patient.has_ins() && (patient.ins().matricule() != matricule || patient.ins().oid() != oid)) {
    return notes.fault(Rule::ins_many, id);
  }
  patient.mutable_ins()->set_matricule(std::string(matricule));
  patient.mutable_ins()->set_oid(std::string(oid));
}

// True when there is an id under an OID of the INS, right or wrong.
bool read_patient_ids(const XmlElement& role, v1::Patient& patient, CdaNotes& notes) {
  bool with_ins = false;
  int position = 0;
  for (const XmlElement* id : cda_children(role, "id")) {
    ++position;
    const std::string_view root = id->attribute("root");
    if (is_ins_oid(root)) {
      if (position > 1 && !with_ins) notes.issue(Rule::ins_not_first, *id);
      with_ins = true;
      read_ins(*id, patient, notes);
    } else if (is_obsolete_ins_oid(root)) {
      notes.issue(Rule::ins_obsolete, *id);
    } else if (!patient.has_local_id() && oid_ok(root) && !id->attribute("extension").empty()) {
      patient.mutable_local_id()->set_oid(std::string(root));
      patient.mutable_local_id()->set_value(cda_text(id->attribute("extension"), *id, notes));
    }
  }
  return with_ins;
}

// The first identifier under a national root.
std::string national_id(const XmlElement& owner, std::string_view root, CdaNotes& notes) {
  for (const XmlElement& id : owner.children()) {
    if (is_cda(id, "id") && id.attribute("root") == root && !id.attribute("extension").empty()) {
      return cda_text(id.attribute("extension"), id, notes);
    }
  }
  return {};
}

}  // namespace

void CdaNotes::issue(Rule rule, const XmlElement& at, std::string_view rest) {
  uint8_t& told = told_[static_cast<size_t>(rule)];
  if (told >= issues_of_a_rule_max) return;
  ++told;
  std::string path = cda_path(at);
  if (!rest.empty()) path.append("/").append(rest);
  add_issue(issues_, rule, path);
}

void CdaNotes::fault(Rule rule, const XmlElement& at, std::string_view rest) {
  issue(rule, at, rest);
  if (faults_.size() >= header_faults_max) return;
  std::string path = cda_path(at);
  if (!rest.empty()) path.append("/").append(rest);
  faults_.push_back({std::string(options_.field), path + ": " + std::string(kind_of(rule).text)});
}

void CdaNotes::unreadable(Rule rule, std::string_view where, std::string text) {
  add_issue(issues_, rule, where);
  faults_.push_back({std::string(options_.field), std::move(text)});
}

Status CdaNotes::status() const {
  if (faults_.empty()) return {};
  Error error = error_of(ErrorCode::document_invalid);
  error.faults = faults_;
  return error;
}

std::string cda_path(const XmlElement& element) {
  // A name so long is none of CDA: it may be anything.
  std::string step(element.name.size() <= path_name_max ? element.name : "*");
  if (element.parent == nullptr) return step;
  int position = 0;
  int count = 0;
  for (const XmlElement& sibling : element.parent->children()) {
    if (sibling.name == element.name) ++count;
    if (&sibling == &element) position = count;
  }
  if (count > 1) step += "[" + std::to_string(position) + "]";
  return cda_path(*element.parent) + "/" + step;
}

bool is_cda(const XmlElement& element, std::string_view name) {
  return element.name == name && element.space == cda_space;
}

const XmlElement* cda_child(const XmlElement& element, std::string_view name) {
  for (const XmlElement& child : element.children()) {
    if (is_cda(child, name)) return &child;
  }
  return nullptr;
}

std::vector<const XmlElement*> cda_children(const XmlElement& element, std::string_view name) {
  std::vector<const XmlElement*> found;
  for (const XmlElement& child : element.children()) {
    if (is_cda(child, name)) found.push_back(&child);
  }
  return found;
}

bool has_template(const XmlElement& element, std::string_view oid) {
  for (const XmlElement& child : element.children()) {
    if (is_cda(child, "templateId") && child.attribute("root") == oid) return true;
  }
  return false;
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

std::string cda_text(std::string_view text, const XmlElement& at, CdaNotes& notes) {
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
      if (i + 1 < text.size()) notes.issue(Rule::text_cut, at);
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

void check_cda_id(const XmlElement& id, CdaNotes& notes) {
  if (!id.attribute("nullFlavor").empty()) return;
  const std::string_view root = id.attribute("root");
  if (root == professional_oid && !check_professional_id(id.attribute("extension")).ok()) {
    notes.issue(Rule::professional_id_wrong, id);
  } else if (root == organization_oid && !check_organization_id(id.attribute("extension")).ok()) {
    notes.issue(Rule::organization_id_wrong, id);
  }
}

void check_cda_time(const XmlElement& time, CdaNotes& notes) {
  const std::string_view value = time.attribute("value");
  if (value.empty()) return;
  const std::optional<Hl7Time> read = parse_hl7(value);
  if (!read) {
    notes.issue(Rule::time_unreadable, time);
  } else if (!read->has_offset && read->digits > 8) {
    notes.issue(Rule::time_without_offset, time);
  }
}

std::optional<Hl7Time> read_cda_time(const XmlElement* time) {
  if (time == nullptr || time->attribute("value").empty()) return std::nullopt;
  return parse_hl7(time->attribute("value"));
}

void read_cda_coding(const XmlElement* code, v1::Coding& coding, CdaNotes& notes) {
  if (code == nullptr || code->attribute("code").empty()) return;
  coding.set_code(cda_text(code->attribute("code"), *code, notes));
  coding.set_system(cda_text(code->attribute("codeSystem"), *code, notes));
  coding.set_label(cda_text(code->attribute("displayName"), *code, notes));
  if (coding.label().empty()) coding.set_label(coding.code());
}

void read_cda_organization(const XmlElement& element, v1::Organization& organization, CdaNotes& notes) {
  organization.set_national_id(national_id(element, organization_oid, notes));
  if (const XmlElement* name = cda_child(element, "name")) {
    organization.set_name(cda_text(name->text, *name, notes));
  }
  read_cda_address(element, organization, notes);
  read_cda_telecoms(element, organization, notes);
}

void read_cda_professional(const XmlElement& entity, bool is_author, v1::Professional& professional,
                           CdaNotes& notes) {
  professional.set_national_id(national_id(entity, professional_oid, notes));
  if (const XmlElement* name = cda_at(entity, {"assignedPerson", "name"})) {
    professional.set_family_name(name_parts(*name, "family", notes));
    professional.set_given_name(name_parts(*name, "given", notes));
    professional.set_prefix(name_parts(*name, "prefix", notes));
    professional.set_suffix(name_parts(*name, "suffix", notes));
    if (is_author && professional.national_id().empty())
      notes.issue(Rule::professional_id_missing, entity, "id");
  } else if (const XmlElement* device = cda_child(entity, "assignedAuthoringDevice")) {
    professional.set_family_name(name_parts(*device, "softwareName", notes));
    professional.set_given_name(name_parts(*device, "manufacturerModelName", notes));
    if (professional.family_name().empty() || professional.given_name().empty())
      notes.issue(Rule::device_incomplete, *device);
  }
  const XmlElement* code = cda_child(entity, "code");
  v1::Coding specialty;
  read_cda_coding(code, specialty, notes);
  professional.set_specialty_code(specialty.code());
  professional.set_specialty_label(specialty.label());
  const Concept* known = specialty.system().empty()
                             ? nullptr
                             : find_concept(ValueSet::author_specialty, specialty.code(), specialty.system());
  if (known != nullptr) {
    professional.set_specialty_label(std::string(known->label));
  } else if (is_author || !specialty.code().empty()) {
    notes.issue(Rule::specialty_unknown, entity, "code");
  }
  read_cda_address(entity, professional, notes);
  read_cda_telecoms(entity, professional, notes);
  if (const XmlElement* organization = cda_child(entity, "representedOrganization")) {
    read_cda_organization(*organization, *professional.mutable_organization(), notes);
  }
}

void read_cda_patient(const XmlElement& role, v1::Patient& patient, CdaNotes& notes) {
  const bool with_ins = read_patient_ids(role, patient, notes);
  patient.set_status(with_ins ? v1::IDENTITY_STATUS_QUALIFIED : v1::IDENTITY_STATUS_PROVISIONAL);
  read_cda_address(role, patient, notes);
  read_cda_telecoms(role, patient, notes);
  const XmlElement* person = cda_child(role, "patient");
  const XmlElement* name = person == nullptr ? nullptr : cda_child(*person, "name");
  if (name == nullptr) return notes.fault(Rule::patient_name_missing, role, "patient/name");
  read_patient_names(*name, with_ins, patient, notes);
  read_sex(*person, with_ins, patient, notes);
  read_birth_date(*person, with_ins, patient, notes);
  read_birth_place(*person, with_ins, patient, notes);
}

}  // namespace psl
