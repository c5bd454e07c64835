// The official value sets that a French document uses, as constant tables.
// Source: ANS value sets as published with TestContenuCDA-3-0 (2025-02-19), state of 2024-12-13. JDV_J07 is
// here without its ASTM entry, whose "code system" is no OID and cannot stand in a CDA.
#pragma once

#include <string_view>

namespace psl {

struct Concept {
  std::string_view code;
  std::string_view system;  // OID
  std::string_view label;   // French; empty where no official text was at hand
};

enum class ValueSet {
  author_specialty,   // JDV_J01, 1.2.250.1.213.1.1.5.461
  facility_type,      // JDV_J02, 1.2.250.1.213.1.1.5.466
  practice_setting,   // JDV_J04, 1.2.250.1.213.1.1.5.467
  document_type,      // JDV_J07, 1.2.250.1.213.1.1.5.471
  encounter_class,    // JDV_J142, 1.2.250.1.213.1.1.5.589
  patient_relation,   // JDV_J11, 1.2.250.1.213.3.3.16
  route,              // JDV_RouteofAdministration, 1.2.250.1.213.1.1.5.677
  appointment_class,  // JDV_HL7_ActEncounterCode, 2.16.840.1.113883.1.11.13955
  discharge_mode,     // JDV_ModaliteSortie, 1.2.250.1.213.1.1.5.74
  admission_mode,     // JDV_ModaliteEntree, 1.2.250.1.213.1.1.5.73
  document_status,    // JDV_StatutDoc, 1.2.250.1.213.1.1.5.93
};

// The concept of that code; null when the set has none, or has it under another system. Empty `system`: any.
// A binary search: it is called for every code of every message.
const Concept* find_concept(ValueSet set, std::string_view code, std::string_view system = {});

// Code and system of a field that names its value set: true when the set has it.
bool specialty_code_ok(std::string_view code);
bool facility_type_code_ok(std::string_view code, std::string_view system = {});
bool practice_setting_code_ok(std::string_view code, std::string_view system = {});
bool type_code_ok(std::string_view code, std::string_view system = {});
bool encounter_class_code_ok(std::string_view code);
// M, MME (JDV_J245), and DR, PR, MC, MG, PC, PG (JDV_J246).
bool civility_code_ok(std::string_view code);
bool title_code_ok(std::string_view code);

// The default type of a letter.
inline constexpr std::string_view discharge_letter_type = "11490-0";

// XDS classCode of a document type (ASS_X04, 1.2.250.1.213.1.1.4.249); null when the type is not in JDV_J07.
const Concept* document_class_of(std::string_view type_code);

// XDS formatCode of a CDA's templateId (ASS_A11, 1.2.250.1.213.1.1.4.331); null when no model of the CI-SIS
// has it.
const Concept* format_of_template(std::string_view template_oid);
// XDS formatCode of a level 1 body's media type: PDF, text, RTF, JPEG or TIFF; null for another.
const Concept* format_of_media_type(std::string_view media_type);

}  // namespace psl
