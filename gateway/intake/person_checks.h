// The rules of identity.proto: patients, professionals, organisations.
#pragma once

#include <string>

#include "gateway/core/checked.h"
#include "gateway/intake/faults.h"

namespace passerelle::v1 {
class LocalId;
class Organization;
class Patient;
class Professional;
class RelatedPerson;
}  // namespace passerelle::v1

namespace psl {

// RNIV 1 sections 2.2, 3.1, 3.2, 4.4.
void check_patient(const passerelle::v1::Patient& patient, Environment environment, const std::string& path,
                   FaultList& faults);

// `is_author`: the specialty is required (CI-SIS ST v1.16 section 3.5.1).
void check_professional(const passerelle::v1::Professional& professional, bool is_author,
                        const std::string& path, FaultList& faults);

// A member of a care circle: one who is no health professional may have no national identifier.
void check_carer(const passerelle::v1::Professional& professional, bool needs_id, const std::string& path,
                 FaultList& faults);

void check_related_person(const passerelle::v1::RelatedPerson& person, const std::string& path,
                          FaultList& faults);

void check_organization(const passerelle::v1::Organization& organization, const std::string& path,
                        FaultList& faults);

// COG (INSEE) code of a commune: 5 characters. Empty only unless `required`.
void check_commune(const std::string& code, bool required, const std::string& path, FaultList& faults);

void check_local_id(const passerelle::v1::LocalId& id, const std::string& path, FaultList& faults);

}  // namespace psl
