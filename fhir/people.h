// Patients, and professionals and structures as resources contained in another one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fhir/bundle_writer.h"
#include "fhir/dialect.h"
#include "fhir/json_writer.h"

namespace passerelle::v1 {
class Organization;
class Patient;
class Professional;
}  // namespace passerelle::v1

namespace psl::fhir {

// "identifier": {use, type, system, value}, as fr-core 2.1.0 slices Patient.identifier by the OID of the INS.
void write_ins(JsonWriter& json, const passerelle::v1::Patient& patient);

// What a Patient says: fr-core-patient-ins with its INS; or, when the identity is not qualified,
// fr-core-patient with `without_ins` as identifier and no INS (RNIV 1 EXI SI 08).
void write_patient_elements(JsonWriter& json, const passerelle::v1::Patient& patient, Dialect dialect,
                            const Known* without_ins);

// What one resource contains, each person and structure once: each call gives the reference to it
// ("#practitioner-1"), and write() then writes them all. PDSm wants author, authenticator, source and
// sourcePatientInfo contained. What is added outlives this.
class Contained {
 public:
  // fr-core-patient-ins: for sourcePatientInfo.
  std::string add(const passerelle::v1::Patient& patient);
  // as-organization.
  std::string add(const passerelle::v1::Organization& organization);
  // as-practitioner.
  std::string add(const passerelle::v1::Professional& person);
  // as-practitionerrole: that person (null: nobody in particular) acting for that structure.
  std::string add_role(const passerelle::v1::Professional* person,
                       const passerelle::v1::Organization& organization);

  // "contained": [...]
  void write(JsonWriter& json) const;

 private:
  struct Role {
    const passerelle::v1::Professional* person;
    std::string person_reference;
    std::string organization_reference;
  };
  void write_roles(JsonWriter& json) const;

  std::vector<const passerelle::v1::Patient*> patients_;
  std::vector<const passerelle::v1::Organization*> organizations_;
  std::vector<const passerelle::v1::Professional*> people_;
  std::vector<Role> roles_;
};

}  // namespace psl::fhir
