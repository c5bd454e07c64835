// The codes of a discharge letter's enumerations, with what a reader sees for them. Model LDL-SES 2022.01;
// each function names its value set.
#pragma once

#include <string_view>

#include "adapters/formats/value_sets.h"
#include "passerelle/v1/letter.pb.h"

namespace psl {

inline constexpr std::string_view loinc_system = "2.16.840.1.113883.6.1";
inline constexpr std::string_view snomed_system = "2.16.840.1.113883.6.96";
inline constexpr std::string_view asip_system = "1.2.250.1.213.1.1.4.322";  // TA_ASIP
inline constexpr std::string_view cis_system = "1.2.250.1.213.2.3.1";

// A code, and the words of the narrative, where no code is shown.
struct ShownConcept {
  Concept code;
  std::string_view shown;
};

// An enumerator out of range is one that says nothing.
// JDV_StatutDoc 1.2.250.1.213.1.1.5.93; a date follows what is shown.
const ShownConcept& completion_of(passerelle::v1::CompletionStatus status);
// JDV_ModaliteEntree 1.2.250.1.213.1.1.5.73.
const ShownConcept& admission_of(passerelle::v1::AdmissionMode mode);
// JDV_ModaliteSortie 1.2.250.1.213.1.1.5.74.
const ShownConcept& discharge_of(passerelle::v1::DischargeMode mode);
// JDV_AbsentOrUnknownMedication 1.2.250.1.213.1.1.5.664.
const ShownConcept& no_treatment_of(passerelle::v1::DischargeTreatments::None none);
// HL7 ActPriority 2.16.840.1.113883.5.7; no code when nothing is said.
const ShownConcept& priority_of(passerelle::v1::CarePlan::Priority priority);
// JDV_TypeEvenementIndesirablePrevisible 1.2.250.1.213.1.1.5.794.
const ShownConcept& allergy_kind_of(passerelle::v1::Allergy::Kind kind);
// JDV_SeveriteObservation 1.2.250.1.213.1.1.5.675; no code when nothing is said.
const ShownConcept& severity_of(passerelle::v1::Allergy::Severity severity);
// What became of a treatment, as a reader sees it; empty when nothing is said.
std::string_view change_of(passerelle::v1::Treatment::Change change);

// codeSystemName of the systems that a letter uses; empty for another.
std::string_view system_name(std::string_view system);

}  // namespace psl
