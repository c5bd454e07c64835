// What a letter's entries and the people around a patient are coded with, apart because of its length: the
// six value sets of value_sets.h, as published.
#include "adapters/formats/value_set_tables.h"

namespace psl {
namespace {

constexpr std::string_view role_concepts = "2.16.840.1.113883.5.111";
constexpr std::string_view protection_concepts = "1.2.250.1.213.1.1.4.327";
constexpr std::string_view act_concepts = "2.16.840.1.113883.5.4";
constexpr std::string_view snomed_concepts = "2.16.840.1.113883.6.96";
constexpr std::string_view asip_concepts = "1.2.250.1.213.1.1.4.322";
constexpr std::string_view facility_concepts = "1.2.250.1.213.1.6.1.8";
constexpr std::string_view edqm_concepts = "0.4.0.127.0.16.1.1.2.1";

constexpr Concept patient_relation_table[] = {
    {"MTH", role_concepts, "Mère"},
    {"FTH", role_concepts, "Père"},
    {"NMTH", role_concepts, "Mère biologique"},
    {"NFTH", role_concepts, "Père biologique"},
    {"STPMTH", role_concepts, "Belle-mère - épouse du père ou de la mère"},
    {"STPFTH", role_concepts, "Beau-père - époux du père ou de la mère"},
    {"GRMTH", role_concepts, "Grand-mère"},
    {"GRFTH", role_concepts, "Grand-père"},
    {"GGRMTH", role_concepts, "Arrière-grand-mère"},
    {"GGRFTH", role_concepts, "Arrière-grand-père"},
    {"DAU", role_concepts, "Fille biologique"},
    {"SON", role_concepts, "Fils biologique"},
    {"BRO", role_concepts, "Frère"},
    {"SIS", role_concepts, "Soeur"},
    {"HBRO", role_concepts, "Demi-frère"},
    {"HSIS", role_concepts, "Demi-soeur"},
    {"GRNDDAU", role_concepts, "Petite-fille"},
    {"GRNDSO", role_concepts, "Petit-fils"},
    {"UNCLE", role_concepts, "Oncle"},
    {"AUNT", role_concepts, "Tante"},
    {"NEPHEW", role_concepts, "Neveu"},
    {"NIECE", role_concepts, "Nièce"},
    {"HUSB", role_concepts, "Epoux"},
    {"WIFE", role_concepts, "Epouse"},
    {"DOMPART", role_concepts, "Concubin(e) ou partenaire PACS"},
    {"ROOM", role_concepts, "Personne vivant sous le même toit"},
    {"FRND", role_concepts, "Autre proche"},
    {"NBOR", role_concepts, "Voisin(e)"},
    {"FAMMEMB", role_concepts, "Autre membre de la famille"},
    {"CHILD", role_concepts, "Enfant"},
    {"COUSN", role_concepts, "Cousin(e)"},
    {"SIGOTHR", role_concepts, "Conjoint"},
    {"DAUC", role_concepts, "Fille"},
    {"SONC", role_concepts, "Fils"},
    {"TUTEUR", protection_concepts, "Tuteur"},
    {"CURATEUR", protection_concepts, "Curateur"},
    {"MSVG", protection_concepts, "Mandataire de sauvegarde"},
};

constexpr Concept appointment_class_table[] = {
    {"AMB", act_concepts, "Ambulatoire (hors établissement)"},
    {"EMER", act_concepts, "Passage aux urgences (établissement)"},
    {"FLD", act_concepts, "Terrain (voie publique, hélicoptère, ambulance, etc.)"},
    {"HH", act_concepts, "Soins à domicile (hors établissement)"},
    {"IMP", act_concepts, "Hospitalisation (établissement, y compris HAD)"},
    {"OBSENC", act_concepts, "Observation"},
    {"PRENC", act_concepts, "Pré-admission"},
    {"SS", act_concepts, "Hospitalisation de jour"},
    {"VR", act_concepts, "Virtuelle (exemple : RCP en l'absence du patient)"},
};

constexpr Concept admission_mode_table[] = {
    {"183452005", snomed_concepts, "hospitalisation en urgence"},
    {"8715000", snomed_concepts, "hospitalisation programmée"},
    {"107724000", snomed_concepts, "transfert du patient"},
    {"GEN-092.06.07", asip_concepts, "Autre modalité d'entrée"},
};

constexpr Concept discharge_mode_table[] = {
    {"160849004", snomed_concepts, "retour au domicile"},
    {"109", facility_concepts, "Etablissement de santé privé autorisé en SSR"},
    {"127", facility_concepts, "Hospitalisation à Domicile"},
    {"500", facility_concepts, "Etablissement d'hébergement pour personnes âgées dépendantes"},
    {"GEN-092.06.01", asip_concepts, "Autre établissement de santé"},
    {"GEN-092.06.03", asip_concepts, "Autre destination"},
};

constexpr Concept document_status_table[] = {
    {"385651009", snomed_concepts, "en cours d'exécution"},
    {"398166005", snomed_concepts, "réalisé"},
    {"9571008", snomed_concepts, "approuvé"},
    {"29179001", snomed_concepts, "clôturé"},
};

constexpr Concept route_table[] = {
    {"20001000", edqm_concepts, "Voie auriculaire"},
    {"20002500", edqm_concepts, "Voie buccogingivale"},
    {"20003000", edqm_concepts, "Voie cutanée"},
    {"20004000", edqm_concepts, "Voie dentaire"},
    {"20006000", edqm_concepts, "Voie endocervicale"},
    {"20007000", edqm_concepts, "Voie endosinusale"},
    {"20008000", edqm_concepts, "Voie endotrachéobronchique"},
    {"20009000", edqm_concepts, "Voie péridurale"},
    {"20010000", edqm_concepts, "Voie épilésionnelle"},
    {"20011000", edqm_concepts, "Voie extra-amniotique"},
    {"20011500", edqm_concepts, "Voie extracorporelle"},
    {"20013000", edqm_concepts, "Voie gastro-entérale"},
    {"20013500", edqm_concepts, "Voie gastrique"},
    {"20014000", edqm_concepts, "Voie gingivale"},
    {"20015000", edqm_concepts, "Hémodialyse"},
    {"20015500", edqm_concepts, "Implantation"},
    {"20019500", edqm_concepts, "Infiltration"},
    {"20020000", edqm_concepts, "Voie inhalée"},
    {"20021000", edqm_concepts, "Voie intestinale"},
    {"20022000", edqm_concepts, "Voie intraamniotique"},
    {"20023000", edqm_concepts, "Voie intraartérielle"},
    {"20024000", edqm_concepts, "Voie intraarticulaire"},
    {"20025000", edqm_concepts, "Voie intrabursale"},
    {"20025500", edqm_concepts, "Voie intracamérulaire"},
    {"20026000", edqm_concepts, "Voie intracardiaque"},
    {"20026500", edqm_concepts, "Voie intracartilagineuse"},
    {"20027000", edqm_concepts, "Voie intracaverneuse"},
    {"20027010", edqm_concepts, "Voie intracérébrale"},
    {"20028000", edqm_concepts, "Voie intracervicale"},
    {"20028300", edqm_concepts, "Voie intracholangiopancréatique"},
    {"20028500", edqm_concepts, "Voie intracisternale"},
    {"20029000", edqm_concepts, "Voie intracoronaire"},
    {"20030000", edqm_concepts, "Voie intradermique"},
    {"20031000", edqm_concepts, "Voie intradiscale"},
    {"20031500", edqm_concepts, "Voie intraépidermique"},
    {"20031700", edqm_concepts, "Voie intraglandulaire"},
    {"20032000", edqm_concepts, "Voie intralésionnelle"},
    {"20033000", edqm_concepts, "Voie intralymphatique"},
    {"20035000", edqm_concepts, "Voie intramusculaire"},
    {"20036000", edqm_concepts, "Voie intraoculaire"},
    {"20036500", edqm_concepts, "Voie intraosseuse"},
    {"20037000", edqm_concepts, "Voie intrapéricardiaque"},
    {"20038000", edqm_concepts, "Voie intrapéritonéale"},
    {"20039000", edqm_concepts, "Voie intrapleurale"},
    {"20039200", edqm_concepts, "Voie intraportale"},
    {"20039500", edqm_concepts, "Voie intraprostatique"},
    {"20041000", edqm_concepts, "Voie intrasternale"},
    {"20042000", edqm_concepts, "Voie intrathécale"},
    {"20043000", edqm_concepts, "Voie intratumorale"},
    {"20044000", edqm_concepts, "Voie intra-utérine"},
    {"20045000", edqm_concepts, "Voie intraveineuse"},
    {"20046000", edqm_concepts, "Voie intravésicale"},
    {"20047000", edqm_concepts, "Voie intravitréenne"},
    {"20047500", edqm_concepts, "Iontophorèse"},
    {"20048000", edqm_concepts, "Voie laryngopharyngée"},
    {"20049000", edqm_concepts, "Voie nasale"},
    {"20051000", edqm_concepts, "Voie ophtalmique"},
    {"20053000", edqm_concepts, "Voie orale"},
    {"20054000", edqm_concepts, "Voie buccale"},
    {"20055000", edqm_concepts, "Voie oropharyngée"},
    {"20057000", edqm_concepts, "Voie périarticulaire"},
    {"20058000", edqm_concepts, "Voie périneurale"},
    {"20059000", edqm_concepts, "Voie périodontale"},
    {"20059300", edqm_concepts, "Voie périosseuse"},
    {"20059400", edqm_concepts, "Voie péritumorale"},
    {"20059500", edqm_concepts, "Voie juxta-sclérale postérieure"},
    {"20061000", edqm_concepts, "Voie rectale"},
    {"20061500", edqm_concepts, "Voie rétrobulbaire"},
    {"20062000", edqm_concepts, "Autre(s)"},
    {"20063000", edqm_concepts, "Scarification"},
    {"20065000", edqm_concepts, "Voie sous-conjonctivale"},
    {"20066000", edqm_concepts, "Voie sous-cutanée"},
    {"20067000", edqm_concepts, "Voie sublinguale"},
    {"20067500", edqm_concepts, "Voie sous-muqueuse"},
    {"20070000", edqm_concepts, "Voie transdermique"},
    {"20071000", edqm_concepts, "Voie urétrale"},
    {"20072000", edqm_concepts, "Voie vaginale"},
    {"20080000", edqm_concepts, "Voie intracérébroventriculaire"},
    {"20081000", edqm_concepts, "Voie subrétinale"},
    {"20084000", edqm_concepts, "Voie intracornéenne"},
    {"20086000", edqm_concepts, "Voie intraputaminale"},
    {"420287000", edqm_concepts, "Voie intraventriculaire cardiaque"},
};

}  // namespace

std::span<const Concept> clinical_concepts(ValueSet set) {
  static constexpr auto relations = sorted_by_code(patient_relation_table);
  static constexpr auto appointments = sorted_by_code(appointment_class_table);
  static constexpr auto admissions = sorted_by_code(admission_mode_table);
  static constexpr auto discharges = sorted_by_code(discharge_mode_table);
  static constexpr auto statuses = sorted_by_code(document_status_table);
  static constexpr auto routes = sorted_by_code(route_table);
  if (set == ValueSet::patient_relation) return relations;
  if (set == ValueSet::appointment_class) return appointments;
  if (set == ValueSet::admission_mode) return admissions;
  if (set == ValueSet::discharge_mode) return discharges;
  if (set == ValueSet::document_status) return statuses;
  if (set == ValueSet::route) return routes;
  return {};
}

}  // namespace psl
