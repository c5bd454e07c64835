#include "gateway/core/document_facts.h"

#include "gateway/base/hash.h"
#include "gateway/base/uuid.h"
#include "passerelle/v1/identity.pb.h"

namespace psl {

namespace v1 = passerelle::v1;

bool ins_is_qualified(const v1::Patient& patient, Environment environment) {
  if (!patient.has_ins() || patient.status() != v1::IDENTITY_STATUS_QUALIFIED) return false;
  if (!Ins::parse(patient.ins().matricule(), patient.ins().oid(), environment).ok()) return false;
  return !patient.birth_family_name().empty() && !patient.birth_given_names().empty() &&
         patient.sex() != v1::SEX_UNSPECIFIED && date_ok(patient.birth_date()) &&
         !patient.birth_place_code().empty();
}

std::string first_given_name(const v1::Patient& patient) {
  if (!patient.first_birth_given_name().empty()) return patient.first_birth_given_name();
  return patient.birth_given_names().substr(0, patient.birth_given_names().find(' '));
}

std::string source_oid(const v1::Organization& custodian) {
  std::string oid = std::string(organization_oid) + "." + custodian.national_id();
  if (!custodian.national_id().empty() && oid_ok(oid)) return oid;
  return Uuid::from_hash(sha256_of_parts({"sourceId", custodian.national_id()})).oid();
}

ActivityKind activity_kind_of(std::string_view encounter_class) {
  if (encounter_class == "IMP")
    return {"03", "Hospitalisation complète (non compris hospitalisation de semaine)"};
  if (encounter_class == "EMER" || encounter_class == "AMB" || encounter_class == "EXTERNE")
    return {"07", "Consultation Soins Externes"};
  if (encounter_class == "SEANCE") return {"19", "Traitement et Cure Ambulatoire"};
  return {"97", "Type d'activité indifférencié"};
}

}  // namespace psl
