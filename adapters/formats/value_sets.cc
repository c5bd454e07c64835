#include "adapters/formats/value_sets.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "adapters/formats/value_set_tables.h"

namespace psl {
namespace {

constexpr std::string_view loinc = "2.16.840.1.113883.6.1";
constexpr std::string_view document_types = "1.2.250.1.213.1.1.4.12";
constexpr std::string_view document_classes = "1.2.250.1.213.1.1.4.1";
constexpr std::string_view activity_sectors = "1.2.250.1.71.4.2.4";
constexpr std::string_view author_kinds = "1.2.250.1.213.1.1.4.6";
constexpr std::string_view practice_settings = "1.2.250.1.213.1.1.4.9";
constexpr std::string_view act_code = "2.16.840.1.113883.5.4";
constexpr std::string_view encounter_kinds = "1.2.250.1.213.1.1.4.2.291";
constexpr std::string_view french_formats = "1.2.250.1.213.1.1.4.2.282";
constexpr std::string_view ihe_formats = "1.3.6.1.4.1.19376.1.2.3";

constexpr Concept facility_type_table[] = {
    {"EXP_PATIENT", author_kinds, "Expression personnelle du patient"},
    {"SNR", author_kinds, "Service numérique référencé"},
    {"SA01", activity_sectors, "Etablissement public de santé"},
    {"SA02", activity_sectors, "Hôpital militaire du Service de santé des armées"},
    {"SA03", activity_sectors, "Etablissement privé PSPH"},
    {"SA04", activity_sectors, "Etablissement privé non PSPH"},
    {"SA05", activity_sectors, "Centre de santé"},
    {"SA06", activity_sectors, "Autre structure du Service de santé des armées"},
    {"SA07", activity_sectors, "Cabinet individuel"},
    {"SA08", activity_sectors, "Cabinet de groupe"},
    {"SA09", activity_sectors, "Exercice en société"},
    {"SA10", activity_sectors, "Transporteur sanitaire"},
    {"SA12", activity_sectors, "Etablissement de soins et prévention"},
    {"SA13", activity_sectors, "Prévention et soins en entreprise"},
    {"SA14", activity_sectors, "Etablissements scolaires, universitaires et de formation hors champ FINESS"},
    {"SA15", activity_sectors, "PMI et Planification familiale"},
    {"SA16", activity_sectors, "Etablissement pour personnes handicapées"},
    {"SA17", activity_sectors, "Etablissement pour personnes âgées"},
    {"SA18", activity_sectors, "Etablissement aide à la famille"},
    {"SA19", activity_sectors, "Etablissements FINESS de formation aux professions sanitaires et sociales"},
    {"SA20", activity_sectors, "Etablissement pour la protection de l'enfance"},
    {"SA21", activity_sectors, "Etablissement d'hébergement et de réadaptation"},
    {"SA22", activity_sectors, "Recherche"},
    {"SA23", activity_sectors, "Assurance privée"},
    {"SA24", activity_sectors, "Organisme de sécurité sociale"},
    {"SA25", activity_sectors, "Laboratoire de biologie médicale"},
    {"SA26", activity_sectors, "Ministère ou Service déconcentré"},
    {"SA27", activity_sectors, "Collectivité territoriale"},
    {"SA28", activity_sectors, "Association ou organisme humanitaire"},
    {"SA29", activity_sectors, "Laboratoire d'analyses et de biologie médicale"},
    {"SA30", activity_sectors, "Autre établissement sanitaire"},
    {"SA31", activity_sectors, "Répartition et Distribution de médicaments et dispositifs médicaux"},
    {"SA32", activity_sectors,
     "Fabrication, Exploitation et Importation de médicaments et dispositifs médicaux"},
    {"SA33", activity_sectors, "Pharmacie d'officine"},
    {"SA34", activity_sectors, "Centre de dialyse"},
    {"SA35", activity_sectors, "Para-pharmacie"},
    {"SA36", activity_sectors, "Centre anti-cancer"},
    {"SA37", activity_sectors, "Centre de transfusion sanguine"},
    {"SA38", activity_sectors, "Pharmacie minière"},
    {"SA39", activity_sectors, "Pharmacie mutualiste"},
    {"SA40", activity_sectors, "Secteur privé, praticien hospitalier temps plein"},
    {"SA41", activity_sectors, "Autre établissement du domaine social ou médico-social"},
    {"SA42", activity_sectors, "Appareillage médical"},
    {"SA43", activity_sectors, "Secteur non défini"},
    {"SA44", activity_sectors, "Recrutement ou Gestion RH"},
    {"SA45", activity_sectors, "Communication, Marketing, Consulting, Média"},
    {"SA46", activity_sectors,
     "Fabrication, Exploitation, Importation, Répartition, Distribution médicaments et dispositifs médicaux"},
    {"SA47", activity_sectors, "Incendie et secours"},
    {"SA48", activity_sectors, "Entreprise industrielle et tertiaire hors industrie pharmaceutique"},
    {"SA49", activity_sectors, "Entité Outre-Mer"},
    {"SA50", activity_sectors, "Permanence des soins ambulatoires hors cabinet"},
    {"SA51", activity_sectors, "Structure de coopération avec autorisation de soins"},
    {"SA52", activity_sectors, "Maison de santé ou Pôle de santé"},
    {"SA53", activity_sectors, "Siège administratif d'un établissement de santé"},
    {"SA54", activity_sectors, "Centre de dépistage et de prévention"},
    {"SA55", activity_sectors, "Laboratoire pharmaceutique préparant et délivrant des allergènes"},
    {"SA56", activity_sectors, "Propharmacie"},
    {"SA57", activity_sectors, "Structure de coopération avec mission de coordination de soins"},
    {"SA58", activity_sectors, "Entreprise de taxis"},
    {"SA59", activity_sectors, "Laboratoire de biologie médicale hors catégorie standard"},
    {"SA60", activity_sectors, "Centres médicaux SNCF"},
    {"SA61", activity_sectors, "Structure Dispensatrice à domicile d'Oxygène à usage médical"},
    {"SA63", activity_sectors,
     "Communauté professionnelle territoriale de santé et équipe de soins spécialisés"},
    {"SA64", activity_sectors, "Société de téléconsultation"},
    {"SA65", activity_sectors, "Antenne de pharmacie"},
    {"SA66", activity_sectors, "Services de Prévention et de Santé au Travail (SPST)"},
    {"SA67", activity_sectors, "Maisons médicales de garde (MMG)"},
    {"SA68", activity_sectors, "Services départementaux d'incendie et de secours"},
    {"SA69", activity_sectors, "Maisons de naissance"},
};

constexpr Concept practice_setting_table[] = {
    {"EXP_PATIENT", author_kinds, "Expression personnelle du patient"},
    {"SNR", author_kinds, "Service numérique référencé"},
    {"AMBULATOIRE", practice_settings, "Ambulatoire"},
    {"AMO", practice_settings, "Organisme d'assurance maladie obligatoire"},
    {"DEPISTAGE", practice_settings, "Dépistage"},
    {"ESSMS", practice_settings, "Etablissement ou Service Social ou Médico-Social"},
    {"ETABLISSEMENT", practice_settings, "Etablissement de santé"},
    {"HAD", practice_settings, "Hospitalisation à domicile"},
    {"MAD", practice_settings, "Maintien à domicile"},
    {"PALLIATIF", practice_settings, "Soins palliatifs"},
    {"SAD", practice_settings, "Soins à domicile"},
    {"SAMU_SMUR", practice_settings, "SAMU/SMUR"},
};

constexpr Concept encounter_class_table[] = {
    {"IMP", act_code, "Hospitalisation (établissement, y compris HAD)"},
    {"EMER", act_code, "Passage aux urgences (établissement)"},
    {"AMB", act_code, "Ambulatoire (hors établissement)"},
    {"FLD", act_code, "Terrain (voie publique, hélicoptère, ambulance, etc.)"},
    {"HH", act_code, "Soins à domicile (hors établissement)"},
    {"VR", act_code, "Virtuelle (exemple : RCP en l'absence du patient)"},
    {"EXTERNE", encounter_kinds, "Acte et consultation externe (établissement)"},
    {"SEANCE", encounter_kinds, "Séance (établissement ou libéral)"},
};

struct TypeRow {
  std::string_view code;
  std::string_view system;
  std::string_view label;
  std::string_view document_class;
};

constexpr TypeRow type_rows[] = {
    {"ATTEST-ASS-COMPL", document_types, "Attestation assurance complémentaire", "95"},
    {"ATTEST-RESID", document_types, "Attestation de résidence", "95"},
    {"ATTEST-HEBGT", document_types, "Attestation d'hébergement", "95"},
    {"ATTEST-DROITS-AM", document_types, "Attestation de droits à l'assurance maladie", "95"},
    {"AUTORIS-SOINS", document_types, "Autorisation de soins et actes non usuels sanitaires", "95"},
    {"BIL_AUTO", document_types, "CR de bilan d'évaluation de la perte d'autonomie", "10"},
    {"CERT_DECL", document_types, "Certificat, déclaration", "52"},
    {"DISP_AUT", document_types, "Dispensation (autre)", "43"},
    {"EXPPAT_1", document_types, "Volontés et droits du patient", "90"},
    {"EXPPAT_2", document_types, "Autre document du patient", "90"},
    {"EXPPAT_3", document_types, "Directives anticipées", "90"},
    {"IMG-KOS", document_types, "Reference d'objets d'un examen d'imagerie", "31"},
    {"PROT_ALD", document_types, "Protocole de soins ALD", "44"},
    {"REMB", document_types, "Données de remboursement", "60"},
    {"SYNTH", document_types, "Synthèse", "11"},
    {"DOCPAT01", document_types, "Synthèse déposée par le patient", "11"},
    {"DOCPAT02", document_types, "Traitement ou document de soins déposé par le patient", "42"},
    {"DOCPAT03", document_types, "CR déposé par le patient", "10"},
    {"DOCPAT04", document_types, "Imagerie déposée par le patient", "31"},
    {"DOCPAT05", document_types, "CR de biologie déposé par le patient", "10"},
    {"DOCPAT06", document_types, "CR de prévention déposé par le patient", "10"},
    {"DOCPAT07", document_types, "Certificat déposé par le patient", "52"},
    {"DOCPAT08", document_types, "Profil médical Mon espace santé", "11"},
    {"DOCPAT09", document_types, "Document administratif déposé par le patient", "95"},
    {"PIECE-IDENTITE", document_types, "Copie pièce d'identité", "95"},
    {"PRESC-AAT", document_types, "Prescription arrêt de travail", "42"},
    {"PRESC-BIO", document_types, "Prescription d'actes de biologie médicale", "42"},
    {"PRESC-KINE", document_types, "Prescription d'actes de kinésithérapie", "42"},
    {"PRESC-INF", document_types, "Prescription d'actes infirmiers", "42"},
    {"PRESC-PEDI", document_types, "Prescription d'actes de pédicurie", "42"},
    {"PRESC-ORTHOPHO", document_types, "Prescription d'actes d'orthophonie", "42"},
    {"PRESC-ORTHOPTIE", document_types, "Prescription d'actes d'orthoptie", "42"},
    {"FEUILLE-DE-STYLE", document_types, "Feuille de style", "99"},
    {"FICHE-CONTACTS", document_types, "Fiche contacts", "95"},
    {"EXPORT_DUI", document_types, "Export du Dossier Usager Informatisé", "11"},
    {"11369-6", loinc, "Historique des vaccinations", "52"},
    {"11488-4", loinc, "CR ou fiche de consultation ou de visite", "10"},
    {"11490-0", loinc, "Lettre de liaison à la sortie d'un établissement de soins", "10"},
    {"34112-3", loinc, "CR hospitalier (séjour)", "10"},
    {"11502-2", loinc, "CR d'examens biologiques", "10"},
    {"11505-5", loinc, "CR d'acte thérapeutique (autre)", "10"},
    {"11506-3", loinc, "CR ou fiche de suivi de soins par auxiliaire médical", "10"},
    {"15507-7", loinc, "CR de passage aux urgences", "10"},
    {"15508-5", loinc, "CR d'accouchement", "10"},
    {"18776-5", loinc, "Plan personnalisé de soins", "44"},
    {"18748-4", loinc, "CR d'imagerie médicale", "31"},
    {"18761-7", loinc, "Note de transfert (dont lettre de liaison à l'entrée en établissement de soins)",
     "11"},
    {"28617-9", loinc, "Bilan bucco-dentaire", "10"},
    {"28653-4", loinc, "Document du secteur social / médico-social", "10"},
    {"29274-8", loinc, "Mesures de signes vitaux", "10"},
    {"34120-6", loinc, "Bilan par professionnel de santé", "10"},
    {"34133-9", loinc, "Synthèse d'épisode de soins", "11"},
    {"34749-2", loinc, "CR de consultation pré-anesthésique", "10"},
    {"34794-8", loinc, "CR de réunion de concertation pluridisciplinaire", "10"},
    {"34842-5", loinc, "Grille d'évaluation médico-social", "11"},
    {"34874-8", loinc, "CR opératoire", "10"},
    {"34875-5", loinc, "Évaluation postopératoire et note de suivi", "10"},
    {"47420-5", loinc, "CR de bilan fonctionnel", "10"},
    {"51851-4", loinc, "Document administratif", "95"},
    {"51969-4", loinc, "CR de génétique moléculaire", "10"},
    {"52040-3", loinc, "Document encapsulant une image d'illustration non DICOM", "31"},
    {"55115-0", loinc, "Demande d'actes d'imagerie", "42"},
    {"56445-0", loinc, "Bilan médicamenteux (Officine)", "11"},
    {"56446-8", loinc, "Notification de rendez-vous", "95"},
    {"57828-6", loinc, "Prescription (autre)", "42"},
    {"57832-8", loinc, "Prescription de soins", "42"},
    {"57833-6", loinc, "Prescription de produits de santé", "42"},
    {"59283-2", loinc, "CR d'examen de l'enfant", "10"},
    {"59284-0", loinc, "Attestation de consentement", "95"},
    {"60280-5", loinc, "Fiche de retour du service des urgences", "11"},
    {"60568-3", loinc, "CR d'anatomie et de cytologie pathologiques", "10"},
    {"60591-5", loinc, "Synthèse médicale", "11"},
    {"60593-1", loinc, "Dispensation médicamenteuse", "43"},
    {"61357-0", loinc, "Intervention pharmaceutique", "42"},
    {"67851-6", loinc, "CR d'admission", "10"},
    {"68599-0", loinc, "Synthèse psychiatrique", "11"},
    {"68817-6", loinc, "Bilan de santé et de prévention de l'enfant", "11"},
    {"70004-7", loinc, "CR d'acte diagnostique (autre)", "10"},
    {"78341-5", loinc, "Fiche de transfert vers le service des urgences", "11"},
    {"74207-2", loinc, "Document de liaison d'urgence", "11"},
    {"74465-6", loinc, "Questionnaire patient", "90"},
    {"75468-9", loinc, "Renouvellement ordonnance par pharmacien correspondant", "42"},
    {"75482-0", loinc, "CR d'acte thérapeutique à visée préventive", "10"},
    {"75492-9", loinc, "CR d'acte diagnostique à visée préventive ou de dépistage", "10"},
    {"75496-0", loinc, "Demande d'acte de télémédecine", "10"},
    {"77436-4", loinc, "CR d'anesthésie", "10"},
    {"77604-7", loinc, "Planification thérapeutique", "44"},
    {"78513-9", loinc, "CR de consultation en ophtalmologie", "10"},
    {"78601-2", loinc, "CR d'entretien pharmaceutique", "10"},
    {"80565-5", loinc, "CR d'administration de médicaments", "45"},
    {"80771-9", loinc, "Projet d'accueil individualisé", "44"},
    {"80788-3", loinc, "Projet personnalisé d'accompagnement", "44"},
    {"80820-4", loinc, "Formulaire de conciliation médicamenteuse (Hôpital)", "11"},
    {"83836-7", loinc, "Schéma dentaire", "11"},
    {"83869-8", loinc, "Plan personnalisé de prévention", "44"},
    {"83901-9", loinc, "Bilan psychologique", "11"},
    {"83981-1", loinc, "Lettre de liaison à la sortie d'une structure sociale ou médico-sociale", "10"},
    {"85208-7", loinc, "CR de télémédecine", "10"},
    {"86531-1", loinc, "Attestation de sortie", "95"},
    {"87273-9", loinc, "Note de vaccination", "52"},
    {"88348-8", loinc, "Lettre de liaison d'entrée en structure sociale ou médico-sociale", "11"},
    {"89601-9", loinc, "Certificat médical", "52"},
    {"93024-8", loinc, "CR de consultation pharmaceutique", "10"},
    {"96349-6", loinc, "Lettre d'adressage", "10"},
    {"96874-3", loinc, "COVID-19 Attestation de vaccination", "52"},
    {"96173-0", loinc, "Test rapide d'orientation diagnostique", "52"},
    {"57055-6", loinc, "Synthèse antepartum", "11"},
    {"57057-2", loinc, "Synthèse Salle de Naissance Mère", "11"},
    {"57075-4", loinc, "Synthèse Salle de Naissance Enfant", "11"},
    {"89235-6", loinc, "Synthèse Suites de Couches Mère", "11"},
    {"78489-2", loinc, "Synthèse Enfant en Maternité", "11"},
    {"89233-1", loinc, "CR de grossesse", "10"},
    {"101881-1", loinc, "Carte d'implant", "52"},
};

constexpr auto type_table = [] {
  Concept concepts[std::size(type_rows)] = {};
  for (size_t i = 0; i < std::size(type_rows); ++i) {
    concepts[i] = {type_rows[i].code, type_rows[i].system, type_rows[i].label};
  }
  return sorted_by_code(concepts);
}();

constexpr Concept class_table[] = {
    {"10", document_classes, "Compte rendu"},
    {"11", document_classes, ""},
    {"31", document_classes, "Imagerie médicale"},
    {"42", document_classes, "Prescription"},
    {"43", document_classes, ""},
    {"44", document_classes, ""},
    {"45", document_classes, ""},
    {"52", document_classes, ""},
    {"60", document_classes, ""},
    {"90", document_classes, ""},
    {"95", document_classes, "Document de gestion"},
    {"99", document_classes, ""},
};

struct FormatRow {
  std::string_view key;
  Concept format;
};

// By what follows "1.2.250.1.213.1.1.1." in the templateId.
constexpr std::string_view model_prefix = "1.2.250.1.213.1.1.1.";
constexpr FormatRow model_formats[] = {
    {"5.1", {"urn:asip:ci-sis:cse-cs8:2017", french_formats, ""}},
    {"5.2", {"urn:asip:ci-sis:cse-cs9:2017", french_formats, ""}},
    {"5.3", {"urn:asip:ci-sis:cse-cs24:2017", french_formats, ""}},
    {"5.4", {"urn:ans:ci-sis:cse-mde:2023", french_formats, ""}},
    {"8", {"urn:asip:ci-sis:frcp:2011", french_formats, ""}},
    {"9", {"urn:asip:ci-sis:idap:2011", french_formats, ""}},
    {"10", {"urn:asip:ci-sis:cva:2017", french_formats, ""}},
    {"12.1", {"urn:asip:ci-sis:obp-sap:2023", french_formats, ""}},
    {"12.2", {"urn:asip:ci-sis:obp-snm:2023", french_formats, ""}},
    {"12.3", {"urn:asip:ci-sis:obp-sne:2023", french_formats, ""}},
    {"12.4", {"urn:asip:ci-sis:obp-scm:2023", french_formats, ""}},
    {"12.5", {"urn:asip:ci-sis:obp-sem:2023", french_formats, ""}},
    {"13", {"urn:asip:ci-sis:vsm:2012", french_formats, ""}},
    {"15", {"urn:asip:ci-sis:aunv:2013", french_formats, ""}},
    {"16", {"urn:asip:ci-sis:eunv:2013", french_formats, ""}},
    {"17", {"urn:asip:ci-sis:sunv:2013", french_formats, ""}},
    {"18", {"urn:asip:ci-sis:crrtn:2013", french_formats, ""}},
    {"2.1.1", {"urn:asip:ci-sis:avk:2009", french_formats, ""}},
    {"2.1.2", {"urn:asip:ci-sis:tap:2009", french_formats, ""}},
    {"2.1.3", {"urn:asip:ci-sis:dci:2009", french_formats, ""}},
    {"2.1.4", {"urn:asip:ci-sis:psc:2009", french_formats, ""}},
    {"2.1.5", {"urn:asip:ci-sis:ppv:2009", french_formats, ""}},
    {"20", {"urn:asip:ci-sis:pps-paerpa:2017", french_formats, ""}},
    {"21", {"urn:asip:ci-sis:ldl-ees:2017", french_formats, ""}},
    {"22", {"urn:asip:ci-sis:dlu:2015", french_formats, ""}},
    {"23", {"urn:asip:ci-sis:fludt:2017", french_formats, ""}},
    {"24", {"urn:asip:ci-sis:fludr:2017", french_formats, ""}},
    {"25", {"urn:asip:ci-sis:pavc:2016", french_formats, ""}},
    {"26", {"urn:asip:ci-sis:pps-cancer:2017", french_formats, ""}},
    {"27", {"urn:asip:ci-sis:d2lm-fin:2017", french_formats, ""}},
    {"28", {"urn:asip:ci-sis:d2lm-fidd:2017", french_formats, ""}},
    {"29", {"urn:asip:ci-sis:ldl-ses:2017", french_formats, ""}},
    {"30", {"urn:asip:ci-sis:sdm-mr:2017", french_formats, ""}},
    {"32", {"urn:asip:ci-sis:crgm:2018", french_formats, ""}},
    {"36", {"urn:asip:ci-sis:hr:2019", french_formats, ""}},
    {"37", {"urn:asip:ci-sis:vac:2019", french_formats, ""}},
    {"38", {"urn:asip:ci-sis:tlm-da:2020", french_formats, ""}},
    {"39", {"urn:ihe:pharm:pre:2010", ihe_formats, ""}},
    {"40", {"urn:asip:ci-sis:cr-anest:2020", french_formats, ""}},
    {"41", {"urn:asip:ci-sis:cr-cpa:2020", french_formats, ""}},
    {"42", {"urn:ihe:eyecare:geneyeevalcn:2014", ihe_formats, ""}},
    {"43", {"urn:ihe:eyecare:geneyeevalcn:2014", ihe_formats, ""}},
    {"44", {"urn:ihe:eyecare:geneyeevalcn:2014", ihe_formats, ""}},
    {"45", {"urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", ihe_formats, ""}},
    {"46", {"urn:asip:ci-sis:vac-note:2021", french_formats, ""}},
    {"47", {"urn:ans:ci-sis:img-da:2022", french_formats, ""}},
    {"48", {"urn:asip:ci-sis:dlu-dlu-dom:2022", french_formats, ""}},
    {"49", {"urn:asip:ci-sis:dlu-fludt-dom:2022", french_formats, ""}},
    {"50", {"urn:asip:ci-sis:dlu-fludr-dom:2022", french_formats, ""}},
    {"51", {"urn:ihe:pcc:ips:2020", ihe_formats, ""}},
    {"52", {"urn:ans:ci-sis:bio-ep-bio:2022", french_formats, ""}},
    {"54", {"urn:ihe:pharm:dis:2010", ihe_formats, ""}},
    {"55", {"urn:ihe:lab:xd-lab:2008", ihe_formats, ""}},
    {"56", {"urn:asip:ci-sis:ppp:2023", french_formats, ""}},
    {"57", {"urn:ihe:palm:apsr:2016", ihe_formats, ""}},
    {"58", {"urn:asip:ci-sis:export-dui:2023", french_formats, ""}},
    {"59", {"urn:ans:ci-sis:trod:2024", french_formats, ""}},
    {"60", {"urn:asip:ci-sis:dlu:2024", french_formats, ""}},
    {"61", {"urn:asip:ci-sis:ft-su:2024", french_formats, ""}},
    {"62", {"urn:asip:ci-sis:fr-su:2024", french_formats, ""}},
};

constexpr FormatRow media_formats[] = {
    {"application/pdf", {"urn:ihe:iti:xds-sd:pdf:2008", ihe_formats, ""}},
    {"text/plain", {"urn:ihe:iti:xds-sd:text:2008", ihe_formats, ""}},
    {"image/jpeg", {"urn:ihe:iti-fr:xds-sd:jpeg:2010", ihe_formats, ""}},
    {"text/rtf", {"urn:ihe:iti-fr:xds-sd:rtf:2010", ihe_formats, ""}},
    {"image/tiff", {"urn:ihe:iti-fr:xds-sd:tiff:2010", ihe_formats, ""}},
};

std::span<const Concept> table_of(ValueSet set) {
  static constexpr auto facility_types = sorted_by_code(facility_type_table);
  static constexpr auto settings = sorted_by_code(practice_setting_table);
  static constexpr auto encounter_classes = sorted_by_code(encounter_class_table);
  switch (set) {
    case ValueSet::author_specialty:
      return author_specialties();
    case ValueSet::facility_type:
      return facility_types;
    case ValueSet::practice_setting:
      return settings;
    case ValueSet::document_type:
      return type_table;
    case ValueSet::encounter_class:
      return encounter_classes;
    case ValueSet::patient_relation:
    case ValueSet::route:
    case ValueSet::appointment_class:
    case ValueSet::discharge_mode:
    case ValueSet::admission_mode:
    case ValueSet::document_status:
      return clinical_concepts(set);
  }
  return {};
}

const Concept* find_format(std::span<const FormatRow> rows, std::string_view key) {
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const FormatRow& each) { return each.key == key; });
  return row == rows.end() ? nullptr : &row->format;
}

bool one_of(std::initializer_list<std::string_view> codes, std::string_view code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

const Concept* find_concept(ValueSet set, std::string_view code, std::string_view system) {
  const std::span<const Concept> table = table_of(set);
  const auto found =
      std::lower_bound(table.begin(), table.end(), code,
                       [](const Concept& each, std::string_view wanted) { return each.code < wanted; });
  if (found == table.end() || found->code != code) return nullptr;
  return system.empty() || found->system == system ? &*found : nullptr;
}

bool specialty_code_ok(std::string_view code) {
  return find_concept(ValueSet::author_specialty, code) != nullptr;
}

bool facility_type_code_ok(std::string_view code, std::string_view system) {
  return find_concept(ValueSet::facility_type, code, system) != nullptr;
}

bool practice_setting_code_ok(std::string_view code, std::string_view system) {
  return find_concept(ValueSet::practice_setting, code, system) != nullptr;
}

bool type_code_ok(std::string_view code, std::string_view system) {
  return find_concept(ValueSet::document_type, code, system) != nullptr;
}

bool encounter_class_code_ok(std::string_view code) {
  return find_concept(ValueSet::encounter_class, code) != nullptr;
}

bool civility_code_ok(std::string_view code) { return one_of({"M", "MME"}, code); }

bool title_code_ok(std::string_view code) { return one_of({"DR", "PR", "MC", "MG", "PC", "PG"}, code); }

const Concept* document_class_of(std::string_view type_code) {
  for (const TypeRow& type : type_rows) {
    if (type.code != type_code) continue;
    for (const Concept& each : class_table) {
      if (each.code == type.document_class) return &each;
    }
  }
  return nullptr;
}

const Concept* format_of_template(std::string_view template_oid) {
  static constexpr Concept laboratory = {"urn:ihe:lab:xd-lab:2008", ihe_formats, ""};
  if (template_oid == "1.3.6.1.4.1.19376.1.3.3") return &laboratory;
  if (template_oid.substr(0, model_prefix.size()) != model_prefix) return nullptr;
  return find_format(model_formats, template_oid.substr(model_prefix.size()));
}

const Concept* format_of_media_type(std::string_view media_type) {
  return find_format(media_formats, media_type);
}

}  // namespace psl
