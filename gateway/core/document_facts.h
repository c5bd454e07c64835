// What every translation of one document must say alike, so that a mail's METADATA.XML and a repository's
// DocumentReference cannot disagree.
#pragma once

#include <string>
#include <string_view>

#include "gateway/core/checked.h"

namespace passerelle::v1 {
class Organization;
class Patient;
}  // namespace passerelle::v1

namespace psl {

// True when the identity may be announced as qualified: status, an INS with a right key under an OID of this
// environment, and the five traits. RNIV 1 EXI SI 08; MSSanté référentiel socle, ECO.2.4.2.
bool ins_is_qualified(const passerelle::v1::Patient& patient, Environment environment);

// The first birth given name; of a list without it, the first word.
std::string first_given_name(const passerelle::v1::Patient& patient);

// sourceId of a submission set: an OID that tells the custodian. Root and extension when that is an OID;
// otherwise (a Corsican FINESS has a letter, an identifier may begin with zero) one that is derived from the
// identifier.
std::string source_oid(const passerelle::v1::Organization& custodian);

// contentType of a submission set, a code of TRE_R209.
struct ActivityKind {
  std::string_view code;
  std::string_view label;
};
inline constexpr std::string_view activity_kind_oid = "1.2.250.1.213.2.2";
// JDV_J59, as the volet "transmission d'un document CDA-R2" maps PV1-2 (I 03, E and O 07, R 19, N 97), from
// the encounter classes of JDV_J142.
ActivityKind activity_kind_of(std::string_view encounter_class);

}  // namespace psl
