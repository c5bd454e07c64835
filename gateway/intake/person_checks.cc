#include "gateway/intake/person_checks.h"

#include "gateway/intake/text_checks.h"
#include "passerelle/v1/identity.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr size_t name_most = 100;
constexpr size_t given_list_most = 200;
constexpr int telecoms_most = 10;

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

void check_names(const v1::Patient& patient, const std::string& path, FaultList& faults) {
  const bool with_ins = patient.has_ins();
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

// Only a qualified identity carries the INS, and it carries its five traits (RNIV 1, EXI SI 08).
void check_ins(const v1::Patient& patient, Environment environment, const std::string& path,
               FaultList& faults) {
  const bool qualified = patient.status() == v1::IDENTITY_STATUS_QUALIFIED;
  if (!patient.has_ins()) {
    if (qualified) faults.add(path + ".ins", "required when status is IDENTITY_STATUS_QUALIFIED");
    return;
  }
  if (!qualified)
    faults.add(path + ".ins", "allowed with status IDENTITY_STATUS_QUALIFIED only (RNIV 1, EXI SI 08)");
  const auto ins = Ins::parse(patient.ins().matricule(), patient.ins().oid(), environment);
  if (!ins.ok()) faults.add_under(path + ".ins", ins.error());
  if (patient.birth_place_code().empty())
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
  if (!patient.birth_place_code().empty() && !cog_ok(patient.birth_place_code())) {
    faults.add(path + ".birth_place_code",
               "a COG code of 5 characters expected (digits, or 2A/2B and 3 digits)");
  }
  check_line(patient.birth_place_name(), 0, name_most, path + ".birth_place_name", faults);
  check_ins(patient, environment, path, faults);
  if (patient.has_local_id()) {
    check_local_id(patient.local_id(), path + ".local_id", faults);
    if (is_ins_oid(patient.local_id().oid())) {
      faults.add(path + ".local_id.oid", "an OID of the INS is not the sender's own: use ins");
    }
  }
  check_contacts(patient, path, faults);
}

void check_professional(const v1::Professional& professional, bool is_author, const std::string& path,
                        FaultList& faults) {
  if (professional.national_id().empty()) {
    faults.add(path + ".national_id", "required");
  } else if (const Status id = check_professional_id(professional.national_id()); !id.ok()) {
    faults.add_under(path, id.error());
  }
  check_line(professional.family_name(), 1, name_most, path + ".family_name", faults);
  check_line(professional.given_name(), 0, name_most, path + ".given_name", faults);
  check_token(professional.prefix(), false, 20, path + ".prefix", faults);
  check_token(professional.suffix(), false, 20, path + ".suffix", faults);
  check_token(professional.specialty_code(), is_author, 64, path + ".specialty_code", faults);
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

void check_local_id(const v1::LocalId& id, const std::string& path, FaultList& faults) {
  check_token(id.value(), true, 64, path + ".value", faults);
  check_oid(id.oid(), true, path + ".oid", faults);
}

}  // namespace psl
