#include "adapters/formats/cda/letter_codes.h"

#include <iterator>

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr std::string_view absent_system = "2.16.840.1.113883.5.1150.1";
constexpr std::string_view priority_system = "2.16.840.1.113883.5.7";
constexpr std::string_view finess_category_system = "1.2.250.1.213.1.6.1.8";

// Tables are in the order of the enumerators; the first row stands for those that say nothing.
constexpr ShownConcept completion_table[] = {
    {{"9571008", snomed_system, "approuvé"}, "Validé le"},
    {{"385651009", snomed_system, "en cours d'exécution"}, "En cours de rédaction au"},
    {{"398166005", snomed_system, "réalisé"}, "Non encore validé au"},
    {{"9571008", snomed_system, "approuvé"}, "Validé le"},
    {{"29179001", snomed_system, "clôturé"}, "Clôturé le"},
};

constexpr ShownConcept admission_table[] = {
    {{"GEN-092.06.07", asip_system, "Autre modalité d'entrée"}, "autre mode d'entrée"},
    {{"183452005", snomed_system, "hospitalisation en urgence"}, "en urgence"},
    {{"8715000", snomed_system, "hospitalisation programmée"}, "hospitalisation programmée"},
    {{"107724000", snomed_system, "transfert du patient"}, "par transfert"},
    {{"GEN-092.06.07", asip_system, "Autre modalité d'entrée"}, "autre mode d'entrée"},
};

constexpr ShownConcept discharge_table[] = {
    {{"GEN-092.06.03", asip_system, "Autre destination"}, "autre destination"},
    {{"160849004", snomed_system, "retour au domicile"}, "retour au domicile"},
    {{"109", finess_category_system, "Etablissement de santé privé autorisé en SSR"},
     "soins de suite et de réadaptation"},
    {{"127", finess_category_system, "Hospitalisation à Domicile"}, "hospitalisation à domicile"},
    {{"500", finess_category_system, "Etablissement d'hébergement pour personnes âgées dépendantes"},
     "EHPAD"},
    {{"GEN-092.06.01", asip_system, "Autre établissement de santé"}, "autre établissement de santé"},
    {{"GEN-092.06.03", asip_system, "Autre destination"}, "autre destination"},
};

constexpr ShownConcept no_treatment_table[] = {
    {{"no-medication-info", absent_system, "Pas d'information sur les traitements médicamenteux"},
     "Traitements à la sortie non connus"},
    {{"no-known-medications", absent_system, "Pas de traitement médicamenteux connu"},
     "Aucun traitement à la sortie"},
    {{"no-medication-info", absent_system, "Pas d'information sur les traitements médicamenteux"},
     "Traitements à la sortie non connus"},
};

constexpr ShownConcept priority_table[] = {
    {},
    {{"R", priority_system, "A réaliser aux heures ouvrées"}, "Habituelle"},
    {{"A", priority_system, "Aussi vite que possible"}, "Dès que possible"},
    {{"UR", priority_system, "Urgent"}, "Urgent"},
    {{"EM", priority_system, "Très urgent"}, "Très urgent"},
};

constexpr ShownConcept allergy_kind_table[] = {
    {{"420134006", snomed_system, "propension aux effets indésirables"}, "Allergie ou intolérance"},
    {{"416098002", snomed_system, "allergie médicamenteuse"}, "Allergie médicamenteuse"},
    {{"414285001", snomed_system, "allergie alimentaire"}, "Allergie alimentaire"},
    {{"419199007", snomed_system, "allergie à une substance"}, "Allergie à une substance"},
    {{"59037007", snomed_system, "intolérance aux drogues et/ou médicaments"}, "Intolérance médicamenteuse"},
    {{"235719002", snomed_system, "intolérance alimentaire"}, "Intolérance alimentaire"},
    {{"782197009", snomed_system, "intolérance à une substance"}, "Intolérance à une substance"},
};

constexpr ShownConcept severity_table[] = {
    {},
    {{"255604002", snomed_system, "léger"}, "Légère"},
    {{"6736007", snomed_system, "modéré"}, "Modérée"},
    {{"24484000", snomed_system, "grave"}, "Grave"},
    {{"442452003", snomed_system, "gravité mortelle"}, "Risque vital"},
};

constexpr std::string_view change_table[] = {"", "Poursuivi", "Débuté", "Modifié", "Arrêté"};

template <typename Row, size_t size>
const Row& row_of(const Row (&table)[size], int enumerator) {
  const bool known = enumerator >= 0 && static_cast<size_t>(enumerator) < size;
  return table[known ? static_cast<size_t>(enumerator) : 0];
}

}  // namespace

const ShownConcept& completion_of(v1::CompletionStatus status) { return row_of(completion_table, status); }
const ShownConcept& admission_of(v1::AdmissionMode mode) { return row_of(admission_table, mode); }
const ShownConcept& discharge_of(v1::DischargeMode mode) { return row_of(discharge_table, mode); }
const ShownConcept& no_treatment_of(v1::DischargeTreatments::None none) {
  return row_of(no_treatment_table, none);
}
const ShownConcept& priority_of(v1::CarePlan::Priority priority) { return row_of(priority_table, priority); }
const ShownConcept& allergy_kind_of(v1::Allergy::Kind kind) { return row_of(allergy_kind_table, kind); }
const ShownConcept& severity_of(v1::Allergy::Severity severity) { return row_of(severity_table, severity); }
std::string_view change_of(v1::Treatment::Change change) { return row_of(change_table, change); }

std::string_view system_name(std::string_view system) {
  static constexpr struct {
    std::string_view system;
    std::string_view name;
  } names[] = {
      {snomed_system, "SNOMED CT"},
      {asip_system, "TA_ASIP"},
      {cis_system, "CIS"},
      {"1.2.250.1.213.2.3.2", "CIP"},
      {"2.16.840.1.113883.6.73", "ATC"},
      {loinc_system, "LOINC"},
      {"1.2.250.1.215.300.1", "CCAM"},
      {"1.2.250.1.213.2.68", "EMDN"},
      {"1.2.250.1.213.2.65", "CLADIMED"},
      {"1.2.250.1.215.200.2.1", "LPP"},
      {"0.4.0.127.0.16.1.1.2.1", "EDQM"},
      {"2.16.840.1.113883.5.4", "HL7:ActCode"},
      {priority_system, "HL7:ActPriority"},
  };
  for (const auto& each : names) {
    if (each.system == system) return each.name;
  }
  return {};
}

}  // namespace psl
