#include "adapters/formats/check/xdm_values.h"

#include <algorithm>

#include "adapters/formats/calendar.h"
#include "adapters/formats/check/rules.h"
#include "adapters/formats/text.h"
#include "gateway/core/checked.h"
#include "gateway/core/document_facts.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

// The part between separators, from 0; empty beyond the last.
std::string_view part_of(std::string_view text, char separator, int position) {
  for (; position > 0; --position) {
    const size_t at = text.find(separator);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + 1);
  }
  return text.substr(0, text.find(separator));
}

// "&OID&ISO": the OID; empty when it is not of that form.
std::string_view authority_oid(std::string_view text) {
  const std::string_view oid = part_of(text, '&', 1);
  return oid_ok(oid) && part_of(text, '&', 2) == "ISO" ? oid : std::string_view();
}

// HL7 v2.5 section 2.7.
std::string without_escapes(std::string_view component) {
  std::string out;
  for (size_t i = 0; i < component.size(); ++i) {
    constexpr std::string_view letters = "FSTRE";
    constexpr std::string_view stand_for = "|^&~\\";
    const bool escape = component[i] == '\\' && i + 2 < component.size() && component[i + 2] == '\\';
    const size_t which = escape ? letters.find(component[i + 1]) : std::string_view::npos;
    if (which == std::string_view::npos) {
      out += component[i];
    } else {
      out += stand_for[which];
      i += 2;
    }
  }
  return out;
}

// Names are told as the CDA writes them, or in their strict form.
bool says_name(std::string_view component, std::string_view expected) {
  return says(component, expected) || same_name(without_escapes(component), expected);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

bool is_utc14(std::string_view text) {
  if (text.size() != 14) return false;
  const auto time = parse_hl7(text);
  return time && time->digits == 14;
}

bool says(std::string_view component, std::string_view expected) {
  // Writers cut a component at 64 characters, before an escape that would pass them.
  constexpr size_t cut_from = 60;
  const std::string told_text = without_escapes(component);
  const std::string wanted_text = one_line(expected);
  const std::string_view told = trimmed(told_text);
  const std::string_view wanted = trimmed(wanted_text);
  if (told == wanted) return true;
  return first_characters(component, cut_from).size() < component.size() && wanted.starts_with(told);
}

Hl7Identifier::Hl7Identifier(std::string_view text)
    : value_(part_of(text, '^', 0)), oid_(authority_oid(part_of(text, '^', 3))) {
  if (!oid_.empty()) kind_ = part_of(text, '^', 4);
}

bool Hl7Identifier::names(std::string_view value, std::string_view oid) const {
  return !value.empty() && says(value_, value) && (oid_.empty() || oid_ == oid);
}

Hl7Person::Hl7Person(std::string_view text)
    : id_(part_of(text, '^', 0)), family_(part_of(text, '^', 1)), given_(part_of(text, '^', 2)) {
  if (!id_.empty())
    form_ok_ = !authority_oid(part_of(text, '^', 8)).empty() && !part_of(text, '^', 12).empty();
}

bool Hl7Person::is(const v1::Professional& person) const {
  if (!id_.empty() && !person.national_id().empty()) return says(id_, person.national_id());
  return says_name(family_, person.family_name()) &&
         (given_.empty() || person.given_name().empty() || says_name(given_, person.given_name()));
}

bool institution_form_ok(std::string_view text) {
  return part_of(text, '^', 9).empty() ||
         (!authority_oid(part_of(text, '^', 5)).empty() && !part_of(text, '^', 6).empty());
}

bool institution_is(std::string_view text, const v1::Organization& organization) {
  const std::string_view name = part_of(text, '^', 0);
  const std::string_view id = part_of(text, '^', 9);
  if (!id.empty() && !organization.national_id().empty()) return says(id, organization.national_id());
  return name.empty() || organization.name().empty() || says(name, organization.name());
}

bool specialty_is(std::string_view text, std::string_view code) {
  return says(part_of(text, '^', 0), code) && oid_ok(part_of(text, '^', 2));
}

PatientTraits::PatientTraits(const std::vector<std::string_view>& lines) {
  for (const std::string_view line : lines) {
    const std::string_view field = part_of(line, '|', 0);
    const std::string_view value = part_of(line, '|', 1);
    lines_ok_ = lines_ok_ && field.starts_with("PID-") && !value.empty();
    if (field == "PID-7") birth_dates_.push_back(value);
    if (field == "PID-8") sexes_.push_back(value);
    if (field != "PID-5") continue;
    for (int i = 0; i < 4; ++i) {
      const std::string_view name = part_of(value, '~', i);
      if (part_of(name, '^', 6) == "L") birth_names_.push_back(name);
      if (part_of(name, '^', 6) == "D") used_names_.push_back(name);
    }
  }
}

bool PatientTraits::lacks_one(const v1::Patient& patient) const {
  return birth_names_.empty() || birth_dates_.empty() || sexes_.empty() ||
         (used_names_.empty() && !patient.used_family_name().empty());
}

bool PatientTraits::form_ok() const {
  return lines_ok_ && birth_names_.size() < 2 && used_names_.size() < 2 && birth_dates_.size() < 2 &&
         sexes_.size() < 2;
}

bool PatientTraits::agree_with(const v1::Patient& patient) const {
  const std::string first = first_given_name(patient);
  const auto is_birth_name = [&](std::string_view name) {
    const std::string_view given = part_of(name, '^', 1);
    return says_name(part_of(name, '^', 0), patient.birth_family_name()) &&
           (says_name(given, first) || says_name(given, patient.birth_given_names()));
  };
  const auto is_used_name = [&](std::string_view name) {
    const std::string& used =
        patient.used_family_name().empty() ? patient.birth_family_name() : patient.used_family_name();
    const std::string_view given = part_of(name, '^', 1);
    return says_name(part_of(name, '^', 0), used) &&
           (given.empty() || says_name(given, patient.used_given_name()) || says_name(given, first) ||
            says_name(given, patient.birth_given_names()));
  };
  const std::string& date = patient.birth_date();
  const std::string digits =
      date_ok(date) ? date.substr(0, 4) + date.substr(5, 2) + date.substr(8, 2) : std::string();
  const auto is_birth_date = [&](std::string_view told) {
    // An imprecise date was completed when the CDA was read; a time may follow a precise one.
    return digits.empty() || (told.size() >= 4 && digits.starts_with(told.substr(0, 8)));
  };
  const auto is_sex = [&](std::string_view told) {
    const char expected = patient.sex() == v1::SEX_FEMALE ? 'F' : patient.sex() == v1::SEX_MALE ? 'M' : 'U';
    return (told == "F" || told == "M" ? told.front() : 'U') == expected;
  };
  return std::all_of(birth_names_.begin(), birth_names_.end(), is_birth_name) &&
         std::all_of(used_names_.begin(), used_names_.end(), is_used_name) &&
         std::all_of(birth_dates_.begin(), birth_dates_.end(), is_birth_date) &&
         std::all_of(sexes_.begin(), sexes_.end(), is_sex);
}

void check_patient_id(std::string_view told, const v1::Patient& patient, const std::string& path,
                      std::vector<v1::Issue>& issues) {
  const Hl7Identifier id(told);
  const bool with_ins = patient.has_ins();
  const std::string& value = with_ins ? patient.ins().matricule() : patient.local_id().value();
  const std::string& oid = with_ins ? patient.ins().oid() : patient.local_id().oid();
  if (id.is_empty()) {
    if (!value.empty()) add_issue(issues, Rule::xdm_patient_missing, path);
  } else if (!id.names(value, oid)) {
    add_issue(issues, Rule::xdm_patient_differs, path);
  } else if (id.kind() != (with_ins ? "NH" : "PI")) {
    add_issue(issues, Rule::xdm_patient_form, path);
  }
}

bool same_patient(const v1::Patient& a, const v1::Patient& b) {
  if (a.has_ins() && b.has_ins()) return a.ins().matricule() == b.ins().matricule();
  return same_name(a.birth_family_name(), b.birth_family_name()) && a.birth_date() == b.birth_date();
}

}  // namespace psl
