#include "gateway/intake/person_checks.h"

#include "gateway/intake/text_checks.h"
#include "passerelle/v1/document.pb.h"
#include "passerelle/v1/identity.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr size_t name_most = 100;
constexpr size_t given_list_most = 200;
constexpr int telecoms_most = 10;
constexpr int guardians_most = 4;
constexpr int birth_rank_most = 9;

void check_address(const v1::Address& address, const std::string& path, FaultList& faults) {
  if (address.lines_size() > 4) faults.add(path + ".lines", "at most 4 lines expected");
  for (int i = 0; i < address.lines_size(); ++i) {
    check_line(address.lines(i), 1, 100, path + ".lines[" + std::to_string(i) + "]", faults);
  }
  check_line(address.postal_code(), 0, 20, path + ".postal_code", faults);
  check_line(address.city(), 0, 100, path + ".city", faults);
  check_line(address.country(), 0, 60, path + ".country", faults);
}

// CI-SIS ST v1.16 section 3.5.5.12.
void check_telecom(const v1::Telecom& telecom, const std::string& path, FaultList& faults) {
  const std::string& uri = telecom.uri();
  bool scheme_ok = false;
  for (const char* scheme : {"tel:", "fax:", "mailto:", "http:", "https:"})
    scheme_ok |= uri.rfind(scheme, 0) == 0;
  if (!scheme_ok) {
    faults.add(path + ".uri", "a URI of scheme tel, fax, mailto, http or https expected");
  } else {
    check_token(uri, true, 200, path + ".uri", faults);
  }
}

template <typename Owner>
void check_contacts(const Owner& owner, const std::string& path, FaultList& faults) {
  if (owner.has_address()) check_address(owner.address(), path + ".address", faults);
  if (owner.telecoms_size() > telecoms_most) faults.add(path + ".telecoms", "at most 10 expected");
  for (int i = 0; i < owner.telecoms_size(); ++i) {
    check_telecom(owner.telecoms(i), path + ".telecoms[" + std::to_string(i) + "]", faults);
  }
}

void check_person_name(const v1::PersonName& name, const std::string& path, FaultList& faults) {
  const size_t least = name.birth_family_name().empty() ? 1 : 0;
  check_line(name.family_name(), least, name_most, path + ".family_name", faults);
  check_line(name.given_name(), 0, name_most, path + ".given_name", faults);
  check_line(name.birth_family_name(), 0, name_most, path + ".birth_family_name", faults);
  check_token(name.prefix(), false, 20, path + ".prefix", faults);
}

void check_own_id(const v1::LocalId& id, const std::string& path, FaultList& faults) {
  check_local_id(id, path, faults);
  if (is_ins_oid(id.oid())) faults.add(path + ".oid", "an OID of the INS is not the sender's own: use ins");
}

void check_guardians(const v1::Patient& patient, const std::string& path, FaultList& faults) {
  if (patient.guardians_size() > guardians_most) return faults.add(path, "at most 4 expected");
  for (int i = 0; i < patient.guardians_size(); ++i) {
    const v1::Guardian& guardian = patient.guardians(i);
    const std::string here = path + "[" + std::to_string(i) + "]";
    check_person_name(guardian.name(), here + ".name", faults);
    if (guardian.has_local_id()) check_own_id(guardian.local_id(), here + ".local_id", faults);
    check_contacts(guardian, here, faults);
  }
}

bool cog_ok(const std::string& code) {
  if (code.size() != 5) return false;
  for (size_t i = 0; i < code.size(); ++i) {
    const bool corsican = i == 1 && code[0] == '2' && (code[1] == 'A' || code[1] == 'B');
    if ((code[i] < '0' || code[i] > '9') && !corsican) return false;
  }
  return true;
}

// The first given name begins the list (RNIV 1, EXI SI 29): separators apart, and at the end of a word.
bool begins_list(const std::string& first, const std::string& list) {
  const auto words = [](const std::string& name) {
    std::string out = strict_name(name);
    for (char& c : out) {
      if (c == '-' || c == '\'') c = ' ';
    }
    return out;
  };
  const std::string head = words(first);
  const std::string all = words(list);
  return all.rfind(head, 0) == 0 && (all.size() == head.size() || all[head.size()] == ' ');
}

bool is_qualified(const v1::Patient& patient) { return patient.status() == v1::IDENTITY_STATUS_QUALIFIED; }

void check_names(const v1::Patient& patient, const std::string& path, FaultList& faults) {
  const bool with_ins = patient.has_ins() && is_qualified(patient);
  check_line(patient.birth_family_name(), 1, name_most, path + ".birth_family_name", faults);
  check_line(patient.birth_given_names(), with_ins ? 1 : 0, given_list_most, path + ".birth_given_names",
             faults);
  check_line(patient.first_birth_given_name(), 0, name_most, path + ".first_birth_given_name", faults);
  check_line(patient.used_family_name(), 0, name_most, path + ".used_family_name", faults);
  check_line(patient.used_given_name(), 0, name_most, path + ".used_given_name", faults);
  const bool has_list = !patient.birth_given_names().empty();
  const bool has_first = !patient.first_birth_given_name().empty();
  if (!has_list && !has_first && !with_ins) {
    faults.add(path + ".first_birth_given_name", "required when birth_given_names is absent");
  }
  if (has_list && has_first && !begins_list(patient.first_birth_given_name(), patient.birth_given_names())) {
    faults.add(path + ".first_birth_given_name", "must begin birth_given_names (RNIV 1, EXI SI 29)");
  }
}

// Only a qualified identity is sent with its INS, and with its five traits (RNIV 1, EXI SI 08). The INS of
// another is left out of the document, but one that is wrong is a mistake of the sender's all the same.
void check_ins(const v1::Patient& patient, Environment environment, const std::string& path,
               FaultList& faults) {
  if (!patient.has_ins()) {
    if (is_qualified(patient)) faults.add(path + ".ins", "required when status is IDENTITY_STATUS_QUALIFIED");
    return;
  }
  const auto ins = Ins::parse(patient.ins().matricule(), patient.ins().oid(), environment);
  if (!ins.ok()) faults.add_under(path + ".ins", ins.error());
  if (is_qualified(patient) && patient.birth_place_code().empty())
    faults.add(path + ".birth_place_code", "required with an INS (99999 when unknown)");
}

}  // namespace

void check_patient(const v1::Patient& patient, Environment environment, const std::string& path,
                   FaultList& faults) {
  if (patient.status() == v1::IDENTITY_STATUS_UNSPECIFIED) faults.add(path + ".status", "required");
  check_names(patient, path, faults);
  if (patient.sex() == v1::SEX_UNSPECIFIED) faults.add(path + ".sex", "required");
  if (patient.birth_date().empty()) {
    faults.add(path + ".birth_date", "required");
  } else if (!date_ok(patient.birth_date())) {
    faults.add(path + ".birth_date", "a day that exists, as YYYY-MM-DD, expected");
  }
  check_commune(patient.birth_place_code(), false, path + ".birth_place_code", faults);
  check_line(patient.birth_place_name(), 0, name_most, path + ".birth_place_name", faults);
  check_ins(patient, environment, path, faults);
  if (patient.has_local_id()) check_own_id(patient.local_id(), path + ".local_id", faults);
  check_contacts(patient, path, faults);
  check_guardians(patient, path + ".guardians", faults);
  if (patient.birth_rank() < 0 || patient.birth_rank() > birth_rank_most)
    faults.add(path + ".birth_rank", "1 to 9 expected, or 0 when it is not said");
}

void check_related_person(const v1::RelatedPerson& person, const std::string& path, FaultList& faults) {
  if (person.role() == v1::RelatedPerson::ROLE_UNSPECIFIED) faults.add(path + ".role", "required");
  check_token(person.relationship_code(), false, 64, path + ".relationship_code", faults);
  check_person_name(person.name(), path + ".name", faults);
  check_contacts(person, path, faults);
}

void check_professional(const v1::Professional& professional, bool is_author, const std::string& path,
                        FaultList& faults) {
  check_carer(professional, true, path, faults);
  if (is_author && professional.specialty_code().empty()) faults.add(path + ".specialty_code", "required");
}

void check_carer(const v1::Professional& professional, bool needs_id, const std::string& path,
                 FaultList& faults) {
  if (professional.national_id().empty()) {
    if (needs_id) faults.add(path + ".national_id", "required");
  } else if (const Status id = check_professional_id(professional.national_id()); !id.ok()) {
    faults.add_under(path, id.error());
  }
  check_line(professional.family_name(), 1, name_most, path + ".family_name", faults);
  check_line(professional.given_name(), 0, name_most, path + ".given_name", faults);
  check_token(professional.prefix(), false, 20, path + ".prefix", faults);
  check_token(professional.suffix(), false, 20, path + ".suffix", faults);
  check_token(professional.specialty_code(), false, 64, path + ".specialty_code", faults);
  check_line(professional.specialty_label(), professional.specialty_code().empty() ? 0 : 1, 200,
             path + ".specialty_label", faults);
  if (professional.has_organization())
    check_organization(professional.organization(), path + ".organization", faults);
  check_contacts(professional, path, faults);
}

void check_organization(const v1::Organization& organization, const std::string& path, FaultList& faults) {
  if (organization.national_id().empty()) {
    faults.add(path + ".national_id", "required");
  } else if (const Status id = check_organization_id(organization.national_id()); !id.ok()) {
    faults.add_under(path, id.error());
  }
  check_line(organization.name(), 1, 150, path + ".name", faults);
  check_contacts(organization, path, faults);
}

void check_commune(const std::string& code, bool required, const std::string& path, FaultList& faults) {
  if (code.empty()) {
    if (required) faults.add(path, "required");
  } else if (!cog_ok(code)) {
    faults.add(path, "a COG code of 5 characters expected (digits, or 2A/2B and 3 digits)");
  }
}

void check_local_id(const v1::LocalId& id, const std::string& path, FaultList& faults) {
  check_token(id.value(), true, 64, path + ".value", faults);
  check_oid(id.oid(), true, path + ".oid", faults);
}

}  // namespace psl
