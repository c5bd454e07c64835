// Identifiers that were proved: each type has one door, parse(), and none can be printed by accident.
// Parsing never throws; the error text says what is expected and never the value.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace psl {

// Whether patients are real: decides which INS OIDs are accepted.
enum class Environment { production, test };

// OIDs of the INS. IHE France, constraints on HL7 data types 1.8.1, section N.1.
inline constexpr std::string_view ins_nir_oid = "1.2.250.1.213.1.4.8";
inline constexpr std::string_view ins_nia_oid = "1.2.250.1.213.1.4.9";
inline constexpr std::string_view ins_nir_test_oid = "1.2.250.1.213.1.4.10";
inline constexpr std::string_view ins_nir_demo_oid = "1.2.250.1.213.1.4.11";

// National identifier systems. CI-SIS ST v1.16 section 3.5.5; TYPES sections N.8, N.9.
inline constexpr std::string_view professional_oid = "1.2.250.1.71.4.2.1";
inline constexpr std::string_view organization_oid = "1.2.250.1.71.4.2.2";

// True for the four OIDs above, whatever the environment; false for the obsolete INS-C and the
// social-security NIR.
bool is_ins_oid(std::string_view oid);
// True when `oid` may carry an INS in this environment.
bool ins_oid_allowed(std::string_view oid, Environment environment);

// 15 characters with a right key, under an INS OID. RNIV 1 section 2.2.
class Ins {
 public:
  // Faults: a length, a character, a key, or an OID that this environment does not take.
  static Result<Ins> parse(std::string_view matricule, std::string_view oid, Environment environment);

  const std::string& reveal_matricule() const noexcept { return matricule_; }
  const std::string& oid() const noexcept { return oid_; }
  friend bool operator==(const Ins&, const Ins&) = default;

 private:
  Ins(std::string matricule, std::string oid) : matricule_(std::move(matricule)), oid_(std::move(oid)) {}
  std::string matricule_;
  std::string oid_;
};

// The shape (15 characters, digits but for 2A/2B at positions 6-7), and the key alone.
bool ins_shape_ok(std::string_view matricule);
// False also when the shape is wrong.
bool ins_key_ok(std::string_view matricule);

// Dotted decimal, 2 to 64 characters, no leading zero in an arc, first arc 0 to 2 (ITU-T X.660; CDA uid).
bool oid_ok(std::string_view oid);

// IDNPS with its type digit: "8" + RPPS, "0" + ADELI... TYPES section N.8. Shape only: the official test
// identities have wrong control digits.
Status check_professional_id(std::string_view national_id);
// IDNST with its type digit: "1" + FINESS, "2" + SIREN, "3" + SIRET... TYPES section N.9. Shape only.
Status check_organization_id(std::string_view national_id);

// An address to which mail may go: one "@", local part of RFC 5321 dot-atoms, domain of LDH labels,
// lower-cased, at most 254 characters, no line end, no quoted part.
class Mailbox {
 public:
  static Result<Mailbox> parse(std::string_view text);
  const std::string& reveal() const noexcept { return address_; }
  // The part after "@": not personal.
  std::string_view domain() const noexcept;
  friend bool operator==(const Mailbox&, const Mailbox&) = default;

 private:
  explicit Mailbox(std::string address) : address_(std::move(address)) {}
  std::string address_;
};

// "YYYY-MM-DD", a day that exists, year 1800 to 2200.
bool date_ok(std::string_view date);

// Upper case, no accent, only A-Z, hyphen, apostrophe and single spaces: the stored form of RNIV 1
// section 4.4.1. Two names are the same when they agree but for hyphens, apostrophes and spaces (EXI PP 20).
std::string strict_name(std::string_view name);
bool same_name(std::string_view a, std::string_view b);

}  // namespace psl
