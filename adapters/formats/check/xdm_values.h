// Values inside METADATA.XML: data types of HL7 v2.5 as ITI TF-3 table 4.2.3.1.7-2 uses them. They are read
// here, not made anew and compared, so that a fault of who writes them shows. Internal to the checks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "passerelle/v1/delivery.pb.h"
#include "passerelle/v1/identity.pb.h"

namespace psl {

// Without the white space around it.
std::string_view trimmed(std::string_view text);

// 14 digits that name a real time.
bool is_utc14(std::string_view text);

// True when a component tells this text: escapes decoded, controls as spaces, its end cut off when it is
// long.
bool says(std::string_view component, std::string_view expected);

// CX: value^^^&OID&ISO^type.
class Hl7Identifier {
 public:
  explicit Hl7Identifier(std::string_view text);
  bool is_empty() const { return value_.empty(); }
  // False also for an empty value.
  bool names(std::string_view value, std::string_view oid) const;
  // "NH" for an INS, "PI" for a local number; empty when the authority has not the form that is asked.
  std::string_view kind() const { return kind_; }

 private:
  std::string_view value_;
  std::string_view oid_;
  std::string_view kind_;
};

// XCN: id^family^given^^^^^^&OID&ISO^D^^^type.
class Hl7Person {
 public:
  explicit Hl7Person(std::string_view text);
  bool is_empty() const { return id_.empty() && family_.empty(); }
  // An identifier says whose it is and of which type.
  bool form_ok() const { return form_ok_; }
  // By identifier when both have one, else by name.
  bool is(const passerelle::v1::Professional& person) const;

 private:
  std::string_view id_;
  std::string_view family_;
  std::string_view given_;
  bool form_ok_ = true;
};

// XON: name^^^^^&OID&ISO^type^^^id.
bool institution_form_ok(std::string_view text);
// By identifier when both have one, else by name.
bool institution_is(std::string_view text, const passerelle::v1::Organization& organization);

// authorSpecialty: code^label^OID of the value set.
bool specialty_is(std::string_view text, std::string_view code);

// sourcePatientInfo: PID-5, PID-7 and PID-8 of HL7 v2.
class PatientTraits {
 public:
  explicit PatientTraits(const std::vector<std::string_view>& lines);
  // The birth name, the birth date or the sex is missing, or a used name that the CDA has.
  bool lacks_one(const passerelle::v1::Patient& patient) const;
  // Each line is PID-n and its value, and each trait stands once.
  bool form_ok() const;
  // What is told is not otherwise in the CDA.
  bool agree_with(const passerelle::v1::Patient& patient) const;

 private:
  std::vector<std::string_view> birth_names_;
  std::vector<std::string_view> used_names_;
  std::vector<std::string_view> birth_dates_;
  std::vector<std::string_view> sexes_;
  bool lines_ok_ = true;
};

// patientId: the INS, or else the local number.
void check_patient_id(std::string_view told, const passerelle::v1::Patient& patient, const std::string& path,
                      std::vector<passerelle::v1::Issue>& issues);

// By INS when both have one, else by birth name and birth date.
bool same_patient(const passerelle::v1::Patient& a, const passerelle::v1::Patient& b);

}  // namespace psl
