#include "adapters/formats/cda_issues.h"

#include "gateway/base/result.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {
namespace {

constexpr size_t issues_max = 100;

// The numbers in the texts are sections of "CI-SIS, volet Structuration minimale" v1.16.
constexpr IssueKind kinds[] = {
    {CdaIssue::stylesheet_named, false, "STYLESHEET_NAMED",
     "The document names a stylesheet; Passerelle never opens it, and receivers may ignore it (3.9).",
     "Le document désigne une feuille de style : elle n'est jamais exécutée et le destinataire peut "
     "l'ignorer."},
    {CdaIssue::template_missing, true, "TEMPLATE_MISSING",
     "The templateIds of HL7 France and of the CI-SIS are not both there (3.5.5.3).",
     "Le document ne déclare pas sa conformité à HL7 France et au CI-SIS."},
    {CdaIssue::document_id_not_oid, true, "DOCUMENT_ID_NOT_OID",
     "The identifier of the document is not an OID (3.5.5.4).",
     "L'identifiant du document n'est pas un OID : le DMP peut le refuser."},
    {CdaIssue::document_id_extension, true, "DOCUMENT_ID_EXTENSION",
     "The identifier of the document has an extension: the DMP refuses it (3.5.5.4).",
     "L'identifiant du document comporte une extension : le DMP le refuse."},
    {CdaIssue::set_id_missing, true, "SET_ID_MISSING",
     "The identifier common to all versions is missing (3.5.5.10).",
     "L'identifiant commun aux versions du document est absent : un remplacement ne sera pas reconnu."},
    {CdaIssue::set_id_not_plain_oid, true, "SET_ID_NOT_PLAIN_OID",
     "The identifier common to all versions is not an OID without extension (3.5.5.10).",
     "L'identifiant commun aux versions du document n'est pas un OID sans extension."},
    {CdaIssue::version_wrong, true, "VERSION_WRONG",
     "The version is not a whole number from 1 on (3.5.5.10).",
     "Le numéro de version n'est pas un entier à partir de 1."},
    {CdaIssue::version_without_replaced, false, "VERSION_WITHOUT_REPLACED",
     "The version is above 1 and the document names none that it replaces (3.5.5.10).",
     "Le document est une nouvelle version mais ne désigne pas celui qu'il remplace."},
    {CdaIssue::type_missing, true, "TYPE_MISSING",
     "The document has no type; it is announced as a discharge letter.",
     "Le type du document est absent : il est annoncé comme lettre de liaison à la sortie."},
    {CdaIssue::type_unknown, true, "TYPE_UNKNOWN",
     "The type is not in JDV_J07 XdsTypeCode; it is announced in the class of reports.",
     "Le type du document n'est pas dans le jeu de valeurs national : il est classé en compte rendu."},
    {CdaIssue::title_missing, true, "TITLE_MISSING", "The document has no title (3.5.5.6).",
     "Le document n'a pas de titre."},
    {CdaIssue::title_too_long, true, "TITLE_TOO_LONG", "The title is longer than 128 characters (3.5.5.6).",
     "Le titre du document dépasse 128 caractères."},
    {CdaIssue::effective_time_missing, true, "EFFECTIVE_TIME_MISSING",
     "The date of the document is missing or unreadable; the date of the event stands for it (3.5.5.7).",
     "La date du document est absente ou illisible : la date de l'évènement la remplace dans l'envoi."},
    {CdaIssue::time_without_offset, true, "TIME_WITHOUT_OFFSET",
     "A time has no offset; it is read in the tenant's time zone (3.5.4).",
     "Une heure est donnée sans décalage horaire : elle est lue dans le fuseau de la CPTS."},
    {CdaIssue::time_imprecise, true, "TIME_IMPRECISE",
     "The date of the document is not precise to the second (3.5.5.7).",
     "La date du document n'est pas précise à la seconde."},
    {CdaIssue::time_unreadable, true, "TIME_UNREADABLE", "A date is not an HL7 timestamp; it is left out.",
     "Une date est illisible : elle n'est pas reprise dans l'envoi."},
    {CdaIssue::confidentiality_unusual, true, "CONFIDENTIALITY_UNUSUAL",
     "The confidentiality is not N, R or V (3.5.5.8).",
     "Le niveau de confidentialité n'est ni normal, ni restreint, ni très restreint."},
    {CdaIssue::language_not_french, false, "LANGUAGE_NOT_FRENCH", "The language is not fr-FR (3.5.5.9).",
     "La langue déclarée n'est pas fr-FR."},
    {CdaIssue::author_missing, true, "AUTHOR_MISSING", "The document names no author (3.5.1).",
     "Le document n'a pas d'auteur."},
    {CdaIssue::authors_cut, false, "AUTHORS_CUT", "The document has more than 10 authors; 10 are announced.",
     "Le document a plus de 10 auteurs : 10 sont annoncés dans l'envoi."},
    {CdaIssue::specialty_unknown, true, "SPECIALTY_UNKNOWN",
     "The author's specialty is missing or not in JDV_J01 XdsAuthorSpecialty.",
     "La profession ou spécialité de l'auteur est absente ou hors du jeu de valeurs national."},
    {CdaIssue::professional_id_missing, true, "PROFESSIONAL_ID_MISSING",
     "A person has no identifier under the national root.",
     "Un professionnel n'a pas d'identifiant national."},
    {CdaIssue::professional_id_wrong, true, "PROFESSIONAL_ID_WRONG",
     "A national identifier of a person is wrong: type digit, length or key (8 + RPPS, 0 + ADELI...).",
     "L'identifiant national d'un professionnel est faux (8 + RPPS, 0 + ADELI...)."},
    {CdaIssue::organization_id_wrong, true, "ORGANIZATION_ID_WRONG",
     "A national identifier of a structure is wrong: type digit, length or key (1 + FINESS, 3 + SIRET...).",
     "L'identifiant national d'une structure est faux (1 + FINESS, 3 + SIRET...)."},
    {CdaIssue::legal_authenticator_missing, true, "LEGAL_AUTHENTICATOR_MISSING",
     "Nobody answers for the document: no legalAuthenticator (3.5.1).",
     "Le document n'a pas de responsable (signataire)."},
    {CdaIssue::custodian_missing, true, "CUSTODIAN_MISSING",
     "The document names no structure that keeps it; the event's organization stands for it (3.5.1).",
     "Le document ne désigne pas la structure qui le conserve : celle de l'évènement est reprise."},
    {CdaIssue::service_event_missing, true, "SERVICE_EVENT_MISSING",
     "The main event that the document tells has no dates (3.5.1).",
     "L'acte principal documenté n'a pas de dates."},
    {CdaIssue::performer_count, true, "PERFORMER_COUNT",
     "The main event has not exactly one performer (3.5.1).",
     "L'acte principal documenté n'a pas exactement un exécutant."},
    {CdaIssue::practice_setting_unknown, true, "PRACTICE_SETTING_UNKNOWN",
     "The practice setting is missing or not in JDV_J04 XdsPracticeSettingCode.",
     "Le cadre d'exercice est absent ou hors du jeu de valeurs national."},
    {CdaIssue::encounter_missing, true, "ENCOUNTER_MISSING", "The stay or contact is missing (3.5.1).",
     "La prise en charge (séjour) est absente."},
    {CdaIssue::facility_type_unknown, true, "FACILITY_TYPE_UNKNOWN",
     "The type of facility is missing or not in JDV_J02 XdsHealthcareFacilityTypeCode.",
     "Le secteur d'activité de l'établissement est absent ou hors du jeu de valeurs national."},
    {CdaIssue::encounter_class_unknown, true, "ENCOUNTER_CLASS_UNKNOWN",
     "The class of the encounter is not in JDV_J142 TypeRencontre.",
     "Le type de prise en charge n'est pas dans le jeu de valeurs national."},
    {CdaIssue::ins_key_wrong_on_test, true, "INS_KEY_WRONG_ON_TEST",
     "The key of the INS is wrong; tolerated because its OID is for tests.",
     "La clé de l'INS est fausse : toléré car il s'agit d'une identité de test."},
    {CdaIssue::ins_not_first, true, "INS_NOT_FIRST",
     "The INS is not the first identifier of the patient (3.5.5.12).",
     "L'INS n'est pas le premier identifiant du patient."},
    {CdaIssue::ins_obsolete, true, "INS_OBSOLETE",
     "An identifier of the patient is an INS-C or a social-security number, which is not an INS; it is not "
     "announced.",
     "Un identifiant du patient est un ancien INS-C ou un numéro de sécurité sociale : il n'est pas repris."},
    {CdaIssue::name_unqualified, true, "NAME_UNQUALIFIED",
     "The birth name is not marked as such (qualifier BR); the first family name stands for it (3.5.5.12).",
     "Le nom de naissance n'est pas identifié comme tel : le premier nom de famille est repris."},
    {CdaIssue::first_name_not_in_list, true, "FIRST_NAME_NOT_IN_LIST",
     "The first birth given name does not begin the list of birth given names (RNIV 1, EXI SI 29).",
     "Le premier prénom de naissance n'est pas en tête de la liste des prénoms."},
    {CdaIssue::sex_unknown, true, "SEX_UNKNOWN", "The sex is missing or not F, M or UN (JDV_J143).",
     "Le sexe est absent ou hors du jeu de valeurs national."},
    {CdaIssue::birth_date_missing, true, "BIRTH_DATE_MISSING", "The birth date is missing or unreadable.",
     "La date de naissance est absente ou illisible."},
    {CdaIssue::birth_date_imprecise, true, "BIRTH_DATE_IMPRECISE",
     "The birth date has no day; it is completed as RNIV 1, EXI PP 19 asks.",
     "La date de naissance est incomplète : elle est complétée selon le RNIV."},
    {CdaIssue::model_unknown, true, "MODEL_UNKNOWN",
     "No templateId is a document model of the CI-SIS: the format (XDS formatCode) is not announced.",
     "Le modèle du document n'est pas reconnu : son format n'est pas annoncé dans l'envoi."},
    {CdaIssue::body_unknown, true, "BODY_UNKNOWN",
     "The document has neither a structuredBody nor a nonXMLBody.", "Le document n'a pas de corps."},
    {CdaIssue::pdf_unreadable, true, "PDF_UNREADABLE",
     "The PDF inside the document is not a PDF that Passerelle attaches: damaged, encrypted, or with "
     "scripts.",
     "Le PDF contenu dans le document est abîmé, chiffré ou actif : il n'est pas joint à part."},
    {CdaIssue::text_cut, false, "TEXT_CUT",
     "A text of the header is too long; the announcement has its beginning.",
     "Un texte de l'en-tête est trop long : seul son début est repris dans l'envoi."},
    {CdaIssue::replaced_not_in_document, true, "REPLACED_NOT_IN_DOCUMENT",
     "The event says which document this one replaces; the document itself does not (relatedDocument).",
     "L'évènement désigne le document remplacé, mais le document lui-même ne le dit pas."},
    {CdaIssue::readable_copy_missing, false, "READABLE_COPY_MISSING",
     "There is no PDF beside the document: a reader whose software shows no CDA cannot read it.",
     "Aucun PDF n'accompagne le document : il n'est lisible que par un logiciel qui affiche les CDA."},
    {CdaIssue::telecom_left_out, false, "TELECOM_LEFT_OUT",
     "An https address cannot stand in a CDA header (3.5.5.12 lists tel, fax, mailto, http, ftp, mllp); it "
     "is left out.",
     "Une adresse https n'est pas admise dans l'en-tête du document : elle n'est pas reprise."},
};

}  // namespace

std::span<const IssueKind> cda_issue_kinds() { return kinds; }

void add_issue(std::vector<passerelle::v1::Issue>& issues, CdaIssue issue, std::string_view path) {
  const auto& kind = kinds[static_cast<size_t>(issue)];
  PSL_CHECK(kind.issue == issue);
  if (issues.size() >= issues_max) return;
  for (const passerelle::v1::Issue& each : issues) {
    if (each.code() == kind.code && each.path() == path) return;
  }
  passerelle::v1::Issue& added = issues.emplace_back();
  added.set_level(kind.warning ? passerelle::v1::Issue::LEVEL_WARNING
                               : passerelle::v1::Issue::LEVEL_INFORMATION);
  added.set_code(std::string(kind.code));
  added.set_path(std::string(path));
  added.set_text(std::string(kind.text));
  added.set_text_fr(std::string(kind.text_fr));
}

}  // namespace psl
