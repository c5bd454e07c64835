// Our own letters, each with one fault made on purpose: the checker finds it under its own code, and nothing
// else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "adapters/formats/cda/cda_writer.h"
#include "adapters/formats/check/cda_check.h"
#include "tests/adapters/formats/check/cda_mutation.h"
#include "tests/adapters/formats/letter_fixtures.h"

namespace psl {
namespace {

using test::mutated;
using test::Mutation;
using test::replaced;
using test::without_element;

using Codes = std::vector<std::string>;

Codes codes_of(std::string_view cda, Environment environment = Environment::test) {
  Codes codes;
  for (const passerelle::v1::Issue& issue : check_cda(cda, {environment, test::paris()})) {
    codes.push_back(issue.code());
  }
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  return codes;
}

// A complete level 3 letter.
const std::string& letter() {
  static const std::string whole = test::written_letter(test::complete_letter());
  return whole;
}

const std::string& scanned() {
  static const std::string whole = [] {
    auto request = test::pdf_letter();
    auto& event = *request.mutable_event();
    auto& pdf = *event.mutable_discharge_letter()->mutable_pdf();
    complete_metadata(event, Uuid{}, *pdf.mutable_metadata());
    return write_level_one({event.subject(), pdf.metadata(), "", pdf.pdf(), test::paris()});
  }();
  return whole;
}

void expect_found(const std::string& whole, const std::vector<Mutation>& mutations) {
  for (const Mutation& each : mutations) {
    EXPECT_EQ(codes_of(mutated(whole, each)), each.codes) << each.what;
  }
}

TEST(CdaMutants, AreMadeFromLettersWithoutAnyIssue) {
  // The unmutated documents, and those of the fixtures.
  EXPECT_EQ(codes_of(letter()), Codes{});
  EXPECT_EQ(codes_of(scanned()), Codes{});
  EXPECT_EQ(codes_of(test::written_letter(test::minimal_letter())), Codes{});
  EXPECT_EQ(codes_of(test::written_letter(test::newborn_letter())), Codes{});
}

TEST(CdaMutants, OfTheBytesAndTheRootAreFound) {
  // What read_cda refuses is an issue here.
  expect_found(
      letter(),
      {
          {"truncated", "</ClinicalDocument>", "", {"XML_NOT_WELL_FORMED"}},
          {"another encoding", "encoding=\"UTF-8\"", "encoding=\"ISO-8859-15\"", {"XML_NOT_UTF8"}},
          {"no encoding", "encoding=\"UTF-8\"", "", {"ENCODING_NOT_DECLARED"}},
          {"no declaration", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "", {"ENCODING_NOT_DECLARED"}},
          {"a DOCTYPE", "<ClinicalDocument", "<!DOCTYPE x><ClinicalDocument", {"XML_DOCTYPE"}},
          {"a stylesheet inside",
           "<realmCode",
           "<t xmlns=\"http://www.w3.org/1999/XSL/Transform\"/><realmCode",
           {"XML_STYLESHEET_INSIDE"}},
          {"another namespace", "urn:hl7-org:v3", "urn:other", {"ROOT_WRONG"}},
          {"a stylesheet named",
           "<ClinicalDocument",
           "<?xml-stylesheet href='x.xsl'?><ClinicalDocument",
           {"STYLESHEET_NAMED"}},
      });
  EXPECT_EQ(codes_of(""), Codes{"XML_NOT_WELL_FORMED"});
  EXPECT_EQ(codes_of("%PDF-1.4"), Codes{"XML_NOT_WELL_FORMED"});
}

TEST(CdaMutants, OfTheIdentityOfTheDocumentAreFound) {
  // Identifiers, versions, relations, templates: most of them pass the official checks.
  const std::string own(test::between(letter(), "<id root=\"", "\""));
  const std::string id = "<id root=\"" + own + "\"/>";
  const std::string version = "<versionNumber value=\"1\"/>";
  auto related = [](const std::string& type, const std::string& root) {
    return "<relatedDocument typeCode=\"" + type + "\"><parentDocument><id root=\"" + root +
           "\"/></parentDocument></relatedDocument><componentOf>";
  };
  expect_found(
      letter(),
      {
          {"a UUID for an id",
           id,
           "<id root=\"708A10BE-1290-8B3F-B4BA-3405000000FF\"/>",
           {"DOCUMENT_ID_NOT_OID"}},
          {"an extension", id, "<id root=\"1.2.3\" extension=\"42\"/>", {"DOCUMENT_ID_EXTENSION"}},
          {"no id", id, "", {"DOCUMENT_ID_MISSING"}},
          {"version 0", version, "<versionNumber value=\"0\"/>", {"VERSION_WRONG"}},
          {"no version", version, "", {"VERSION_WRONG"}},
          {"version 2 of nothing", version, "<versionNumber value=\"2\"/>", {"VERSION_WITHOUT_REPLACED"}},
          {"no set", "<setId root=\"" + own + "\"/>", "", {"SET_ID_MISSING"}},
          {"a UUID for a set",
           "<setId root=\"" + own,
           "<setId root=\"708A10BE-1290-8B3F-B4BA-340500000000",
           {"SET_ID_NOT_PLAIN_OID"}},
          {"appends", "<componentOf>", related("APND", "2.25.7"), {"RELATION_WRONG"}},
          {"replaces itself", "<componentOf>", related("RPLC", own), {"REPLACES_ITSELF"}},
          {"replaces a UUID",
           "<componentOf>",
           related("RPLC", "708A10BE-1290-8B3F-B4BA-340500000000"),
           {"REPLACED_ID_WRONG"}},
          {"another realm", "<realmCode code=\"FR\"/>", "<realmCode code=\"US\"/>", {"REALM_WRONG"}},
          {"another typeId", "POCD_HD000040", "POCD_HD000041", {"TYPE_ID_WRONG"}},
          {"no CI-SIS template", "<templateId root=\"1.2.250.1.213.1.1.1.1\"/>", "", {"TEMPLATE_MISSING"}},
          {"no version of the model",
           "\"1.2.250.1.213.1.1.1.29\" extension=\"2022.01\"",
           "\"1.2.250.1.213.1.1.1.29\"",
           {"MODEL_VERSION_MISSING"}},
          {"another version of the model",
           "extension=\"2022.01\"",
           "extension=\"2099.01\"",
           {"MODEL_VERSION_UNKNOWN"}},
          {"another type", "code=\"11490-0\"", "code=\"18761-7\"", {"TYPE_NOT_OF_MODEL"}},
          {"no type", "<code code=\"11490-0\"", "<code x=\"\"", {"TYPE_MISSING"}},
          {"a type without system",
           "codeSystem=\"2.16.840.1.113883.6.1\" codeSystemName=\"LOINC\"/><title>Lettre",
           "/><title>Lettre",
           {"TYPE_UNKNOWN"}},
      });
}

TEST(CdaMutants, OfTitleDatesAndConfidentialityAreFound) {
  const std::string title = "<title>Lettre de liaison du service de cardiologie</title>";
  const std::string time = "<effectiveTime value=\"20261118120640+0100\"/>";
  const std::string level = "<confidentialityCode code=\"N\" displayName=\"Normal\"";
  expect_found(
      letter(),
      {
          {"200 characters", title, "<title>" + std::string(200, 'a') + "</title>", {"TITLE_TOO_LONG"}},
          {"no title", title, "", {"TITLE_MISSING"}},
          {"a bare date", time, "<effectiveTime value=\"20261118\"/>", {"TIME_IMPRECISE"}},
          {"no offset", time, "<effectiveTime value=\"20261118120640\"/>", {"TIME_WITHOUT_OFFSET"}},
          {"no date", time, "", {"EFFECTIVE_TIME_MISSING"}},
          {"a French date",
           time,
           "<effectiveTime value=\"18/11/2026\"/>",
           {"EFFECTIVE_TIME_MISSING", "TIME_UNREADABLE"}},
          {"confidentiality L",
           level,
           "<confidentialityCode code=\"L\" displayName=\"Bas\"",
           {"CONFIDENTIALITY_UNUSUAL"}},
          {"confidentiality of nothing",
           "\"2.16.840.1.113883.5.25\"",
           "\"2.16.840.1.113883.5.26\"",
           {"CONFIDENTIALITY_UNUSUAL"}},
          {"confidentiality unnamed",
           level,
           "<confidentialityCode code=\"N\"",
           {"CONFIDENTIALITY_DISPLAY_MISSING"}},
          {"another language", "fr-FR", "fr-fr", {"LANGUAGE_NOT_FRENCH"}},
          {"a code unnamed",
           "code=\"SA01\" displayName=\"Etablissement public de santé\"",
           "code=\"SA01\"",
           {"DISPLAY_MISSING"}},
          {"unknown title", title, "<title nullFlavor=\"UNK\">Lettre</title>", {"NULL_FLAVOR_FORBIDDEN"}},
          {"not applicable",
           "<time nullFlavor=\"NAV\"/>",
           "<time nullFlavor=\"NA\"/>",
           {"NULL_FLAVOR_UNUSUAL"}},
      });
}

TEST(CdaMutants, OfThePatientAreFound) {
  const std::string ins = "<id root=\"1.2.250.1.213.1.4.10\" extension=\"158033930012771\"/>";
  const std::string local = "<id root=\"1.2.250.1.999.1.1\" extension=\"IPP-000456\"/>";
  expect_found(
      letter(),
      {
          {"a wrong key", "158033930012771", "158033930012772", {"INS_KEY_WRONG_ON_TEST"}},
          {"a short INS", "158033930012771", "15803393001277", {"INS_SHAPE_WRONG"}},
          {"a real INS", "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8", {"INS_OID_REFUSED"}},
          {"the INS second", ins + local, local + ins, {"INS_NOT_FIRST"}},
          {"two INS",
           local,
           "<id root=\"1.2.250.1.213.1.4.10\" extension=\"290092A00432115\"/>",
           {"INS_MANY"}},
          {"an INS-C",
           local,
           "<id root=\"1.2.250.1.213.1.4.2\" extension=\"1234567890123456789012\"/>",
           {"INS_OBSOLETE"}},
          {"no birth name",
           "<family qualifier=\"BR\">LEFEBVRE DE LA ROCHE</family>",
           "",
           {"INS_BIRTH_NAME_MISSING"}},
          {"no first name", "<given qualifier=\"BR\">JEAN-NOEL</given>", "", {"INS_FIRST_NAME_MISSING"}},
          {"no list of names", "<given>JEAN-NOEL ARMAND</given>", "", {"INS_GIVEN_NAMES_MISSING"}},
          {"another first name",
           "<given qualifier=\"BR\">JEAN-NOEL",
           "<given qualifier=\"BR\">ARMAND",
           {"FIRST_NAME_NOT_IN_LIST"}},
          {"qualifier SP",
           "<family qualifier=\"CL\">",
           "<family qualifier=\"SP\">",
           {"NAME_QUALIFIER_FORBIDDEN"}},
          {"no sex",
           "<administrativeGenderCode code=\"M\"",
           "<administrativeGenderCode x=\"M\"",
           {"CODE_MISSING", "INS_SEX_MISSING"}},
          {"another sex",
           "<administrativeGenderCode code=\"M\"",
           "<administrativeGenderCode code=\"X\"",
           {"SEX_UNKNOWN"}},
          {"no birth day",
           "<birthTime value=\"19580312\"/>",
           "<birthTime value=\"195803\"/>",
           {"BIRTH_DATE_IMPRECISE"}},
          {"a day that is none",
           "<birthTime value=\"19580312\"/>",
           "<birthTime value=\"19580231\"/>",
           {"INS_BIRTH_DATE_MISSING"}},
          {"no birth place", "<county>39300</county>", "", {"INS_BIRTH_PLACE_MISSING"}},
          {"a department", "<county>39300</county>", "<county>39</county>", {"BIRTH_PLACE_WRONG"}},
          {"a race",
           "<birthplace>",
           "<raceCode code=\"x\" displayName=\"x\"/><birthplace>",
           {"CODE_SYSTEM_WRONG", "PATIENT_FIELD_FORBIDDEN"}},
          {"a prefix of another set",
           "<prefix>M</prefix>",
           "<prefix>Monsieur</prefix>",
           {"NAME_TITLE_WRONG"}},
          {"a religion",
           "<birthplace>",
           "<religiousAffiliationCode code=\"1\" displayName=\"x\"/><birthplace>",
           {"CODE_SYSTEM_WRONG", "PATIENT_FIELD_FORBIDDEN"}},
          {"two patients",
           "<author>",
           "<recordTarget><patientRole/></recordTarget><author>",
           {"ELEMENT_EMPTY", "PART_MISSING", "PATIENTS_MANY"}},
          {"https", "tel:+33600000000", "https://exemple.fr/", {"TELECOM_SCHEME_WRONG"}},
          {"another use",
           "value=\"tel:+33600000000\" use=\"MC\"",
           "value=\"tel:+33600000000\" use=\"X\"",
           {"TELECOM_USE_WRONG"}},
      });
  const std::string bare = replaced(letter(), ins, "");
  EXPECT_EQ(codes_of(replaced(bare, "<birthTime value=\"19580312\"/>", "")), Codes{"BIRTH_DATE_MISSING"});
  EXPECT_EQ(codes_of(replaced(bare, "<family qualifier=\"BR\">", "<family>")), Codes{"NAME_UNQUALIFIED"});
  EXPECT_EQ(codes_of(without_element(bare, "patient")), Codes{"PATIENT_NAME_MISSING"});
  EXPECT_EQ(codes_of(without_element(bare, "recordTarget")), Codes{"PATIENT_MISSING"});
}

TEST(CdaMutants, OfARealInsAreFoundInProduction) {
  // The same rules with the OIDs of real people; a NIA is for those who were not born in metropolitan France.
  const std::string real = replaced(letter(), "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8");
  const std::string as_nia = replaced(letter(), "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.9");
  EXPECT_EQ(codes_of(real, Environment::production), Codes{});
  EXPECT_EQ(codes_of(letter(), Environment::production), Codes{"INS_OID_REFUSED"});
  EXPECT_EQ(codes_of(replaced(real, "158033930012771", "158033930012772"), Environment::production),
            Codes{"INS_KEY_WRONG"});
  EXPECT_EQ(codes_of(as_nia, Environment::production), Codes{"INS_NIR_AS_NIA"});
  for (const char* abroad : {"99351", "97411", "91352", "99999"}) {
    const std::string cda = replaced(as_nia, "<county>39300", "<county>" + std::string(abroad));
    EXPECT_EQ(codes_of(cda, Environment::production), Codes{}) << abroad;
  }
  EXPECT_EQ(codes_of(replaced(as_nia, "<county>39300", "<county>2B033"), Environment::production),
            Codes{"INS_NIR_AS_NIA"});
}

TEST(CdaMutants, OfThePeopleAreFound) {
  expect_found(
      letter(),
      {
          {"an RPPS without prefix",
           "extension=\"810001234565\"",
           "extension=\"10001234565\"",
           {"PROFESSIONAL_ID_WRONG"}},
          {"a FINESS without prefix",
           "extension=\"1250000452\"",
           "extension=\"250000452\"",
           {"ORGANIZATION_ID_WRONG"}},
          {"an author of nowhere",
           "<assignedAuthor><id root=\"1.2.250.1.71.4.2.1\"",
           "<assignedAuthor><id root=\"1.2.3\"",
           {"PROFESSIONAL_ID_MISSING"}},
          {"another specialty", "<code code=\"G15_10/SM04\"", "<code code=\"SCH10\"", {"SPECIALTY_UNKNOWN"}},
          {"an author without time",
           "<author><time value=\"20261118120640+0100\"/>",
           "<author>",
           {"AUTHOR_TIME_MISSING"}},
          {"a half device",
           "<assignedPerson><name><family>LEFÈVRE</family><given>Zoé</given><prefix>MME</prefix><suffix>DR</"
           "suffix>"
           "</name></assignedPerson>",
           "<assignedAuthoringDevice><softwareName>DPI</softwareName></assignedAuthoringDevice>",
           {"DEVICE_INCOMPLETE"}},
          {"not signed",
           "<signatureCode code=\"S\"/>",
           "<signatureCode code=\"X\"/>",
           {"SIGNATURE_CODE_WRONG"}},
          {"signed at no time",
           "<legalAuthenticator><time value=\"20261118120640+0100\"/>",
           "<legalAuthenticator>",
           {"SIGNATURE_TIME_MISSING"}},
          {"a signer of nowhere",
           "root=\"1.2.250.1.71.4.2.1\" extension=\"810002000106\"",
           "root=\"1.2.3\" extension=\"810002000106\"",
           {"SIGNER_ID_MISSING"}},
          {"a keeper of nowhere",
           "<representedCustodianOrganization><id root=\"1.2.250.1.71.4.2.2\"",
           "<representedCustodianOrganization><id root=\"1.2.3\"",
           {"CUSTODIAN_ID_WRONG"}},
          {"a recipient of nowhere",
           "<intendedRecipient><id root=\"1.2.250.1.71.4.2.1\"",
           "<intendedRecipient><id root=\"1.2.3\"",
           {"RECIPIENT_ID_WRONG"}},
          {"another relation", "classCode=\"ECON\"", "classCode=\"PRS\"", {"INFORMANT_CLASS_WRONG"}},
          {"another participant",
           "<participant typeCode=\"INF\">",
           "<participant typeCode=\"CST\">",
           {"PARTICIPANT_TYPE_WRONG"}},
          {"another kind of participant",
           "<associatedEntity classCode=\"PROV\">",
           "<associatedEntity classCode=\"PAT\">",
           {"PARTICIPANT_CLASS_WRONG"}},
          {"another function",
           "<functionCode code=\"PCP\"",
           "<functionCode code=\"353\"",
           {"PARTICIPANT_FUNCTION_WRONG"}},
          {"another part in the stay",
           "<encounterParticipant typeCode=\"DIS\">",
           "<encounterParticipant typeCode=\"SPC\">",
           {"ENCOUNTER_PARTICIPANT_WRONG"}},
      });
  EXPECT_EQ(codes_of(without_element(letter(), "author")), Codes{"AUTHOR_MISSING"});
  EXPECT_EQ(codes_of(without_element(letter(), "legalAuthenticator")), Codes{"LEGAL_AUTHENTICATOR_MISSING"});
  EXPECT_EQ(codes_of(without_element(letter(), "custodian")), Codes{"CUSTODIAN_MISSING"});
}

TEST(CdaMutants, OfTheActAndTheStayAreFound) {
  const std::string low = "<effectiveTime><low value=\"20261111100000+0100\"/>";
  expect_found(
      letter(),
      {
          {"two performers",
           "<performer typeCode=\"PRF\">",
           "<performer typeCode=\"PRF\"/><performer typeCode=\"PRF\">",
           {"PART_MISSING", "PERFORMER_COUNT", "PRACTICE_SETTING_UNKNOWN"}},
          {"another setting", "code=\"ETABLISSEMENT\"", "code=\"CLINIQUE\"", {"PRACTICE_SETTING_UNKNOWN"}},
          {"another facility", "code=\"SA01\"", "code=\"SA99\"", {"FACILITY_TYPE_UNKNOWN"}},
          {"another stay",
           "extension=\"SEJ-42\"/><code code=\"IMP\"",
           "extension=\"SEJ-42\"/><code code=\"ACUTE\"",
           {"CODE_NOT_OF_SET", "ENCOUNTER_CLASS_UNKNOWN"}},
          {"another disposition",
           "<responsibleParty>",
           "<dischargeDispositionCode code=\"x\" displayName=\"x\" codeSystem=\"1.2.3\"/><responsibleParty>",
           {"DISCHARGE_DISPOSITION_WRONG"}},
          {"who answers for the stay is of nowhere",
           "<responsibleParty><assignedEntity><id root=\"1.2.250.1.71.4.2.1\"",
           "<responsibleParty><assignedEntity><id root=\"1.2.3\"",
           {"PROFESSIONAL_ID_MISSING"}},
          {"an end before the beginning",
           low,
           "<effectiveTime><low value=\"20261119100000+0100\"/>",
           {"PERIOD_REVERSED"}},
          {"no beginning", low, "<effectiveTime>", {"SERVICE_EVENT_MISSING"}},
          {"a beginning without offset",
           low,
           "<effectiveTime><low value=\"20261111100000\"/>",
           {"TIME_WITHOUT_OFFSET"}},
          {"an unknown beginning",
           low,
           "<effectiveTime><low nullFlavor=\"UNK\"/>",
           {"NULL_FLAVOR_FORBIDDEN", "SERVICE_EVENT_MISSING"}},
      });
  EXPECT_EQ(codes_of(without_element(letter(), "documentationOf")), Codes{"SERVICE_EVENT_MISSING"});
  EXPECT_EQ(codes_of(without_element(letter(), "componentOf")), Codes{"ENCOUNTER_MISSING"});
  EXPECT_EQ(codes_of(without_element(letter(), "performer")),
            (Codes{"PERFORMER_COUNT", "PRACTICE_SETTING_UNKNOWN"}));
}

TEST(CdaMutants, OfTheSectionsAreFound) {
  // Sections of the model: each required one, its code, its templates, its title and its text.
  for (const char* code : {"33557-0", "42349-1", "42545-4", "10183-2"}) {
    const std::string cda = test::without_section(letter(), code);
    EXPECT_EQ(codes_of(cda), Codes{"SECTION_MISSING"}) << code;
  }
  for (const char* code : {"18610-6", "30954-2", "18776-5", "46264-8", "48765-2"}) {
    EXPECT_EQ(codes_of(test::without_section(letter(), code)), Codes{}) << code;
  }
  const std::string reason = test::section_of(letter(), "42349-1");
  expect_found(
      letter(),
      {
          {"twice", reason, reason + reason, {"SECTION_REPEATED"}},
          {"another code", "<code code=\"42349-1\"", "<code code=\"10164-2\"", {"SECTION_CODE_WRONG"}},
          {"without the template of the model",
           "<templateId root=\"1.2.250.1.213.1.1.2.163.1\"/>",
           "",
           {"SECTION_TEMPLATE_MISSING"}},
          {"without the template of IHE",
           "<templateId root=\"1.3.6.1.4.1.19376.1.5.3.1.3.22\"/>",
           "",
           {"SECTION_TEMPLATE_MISSING"}},
          {"without title", "<title>Motif d'hospitalisation</title>", "", {"SECTION_TITLE_MISSING"}},
      });
}

TEST(CdaMutants, OfTheNarrativeAndItsReferencesAreFound) {
  // Every text replaced by one letter, one of them blank, references that lead nowhere, identifiers that are
  // all equal.
  const std::string text =
      std::regex_replace(letter(), std::regex("<text><(?!reference)[\\s\\S]*?</text>"), "<text>x</text>");
  EXPECT_EQ(codes_of(text), (Codes{"REFERENCE_DANGLING", "SECTION_TEXT_MISSING"}));
  const std::string equal = std::regex_replace(letter(), std::regex("<id root=\"[0-9A-F]{8}-[^\"]*\"/>"),
                                               "<id root=\"708A10BE-1290-8B3F-B4BA-340500000000\"/>");
  EXPECT_EQ(codes_of(equal), Codes{"ENTRY_ID_REPEATED"});
  const std::string reason =
      "<paragraph>Dyspnée d'effort d'aggravation progressive depuis trois semaines.<br/>"
      "Œdèmes des membres inférieurs.</paragraph>";
  expect_found(
      letter(),
      {
          {"a blank text", reason, "<paragraph> \n</paragraph>", {"SECTION_TEXT_MISSING"}},
          {"hard spaces", reason, "<paragraph>\u00A0\u2009\u00A0</paragraph>", {"SECTION_TEXT_MISSING"}},
          {"a reference to nothing", "\"#synthese\"", "\"#autre\"", {"REFERENCE_DANGLING"}},
          {"an empty reference", "\"#synthese\"", "\"\"", {"REFERENCE_DANGLING"}},
          {"a reference without #", "\"#synthese\"", "\"synthese\"", {"REFERENCE_WITHOUT_HASH"}},
          {"a reference out of the document", "\"#synthese\"", "\"https://exemple.fr/x\"", {}},
          {"one ID twice", "ID=\"sortie\"", "ID=\"entree\"", {"NARRATIVE_ID_REPEATED", "REFERENCE_DANGLING"}},
      });
}

TEST(CdaMutants, OfTheObservationsAreFound) {
  // Each required one dropped alone, and all but one.
  std::string all_but_one = letter();
  for (const char* code : {"ORG-070", "ORG-074", "MED-142", "MED-309", "MED-145", "MED-147", "GEN-065"}) {
    EXPECT_EQ(codes_of(test::without_observation(letter(), code)), Codes{"OBSERVATION_MISSING"}) << code;
    if (std::string_view(code) != "ORG-070") all_but_one = test::without_observation(all_but_one, code);
  }
  EXPECT_EQ(codes_of(all_but_one), Codes{"OBSERVATION_MISSING"});
  for (const char* code : {"MED-143", "MED-144", "MED-146", "MED-148"}) {
    EXPECT_EQ(codes_of(test::without_observation(letter(), code)), Codes{}) << code;
  }
  const std::string transfusion = test::observation_of(letter(), "MED-145");
  const std::string again = std::regex_replace(transfusion, std::regex("<id root=\"[^\"]*\"/>"), "");
  expect_found(
      letter(),
      {
          {"twice", transfusion, transfusion + again, {"OBSERVATION_REPEATED", "PART_MISSING"}},
          {"of another section", "code=\"MED-143\"", "code=\"MED-999\"", {"OBSERVATION_UNKNOWN"}},
          {"of another system",
           "code=\"MED-143\" displayName=\"Evènements indésirables survenus pendant "
           "l'hospitalisation\" codeSystem=\"1.2.250.1.213.1.1.4.322\"",
           "code=\"MED-143\" codeSystem=\"1.2.3\"",
           {"DISPLAY_MISSING", "OBSERVATION_UNKNOWN"}},
          {"without its template",
           "<templateId root=\"1.2.250.1.213.1.1.3.48.7\"/>",
           "",
           {"OBSERVATION_TEMPLATE_MISSING"}},
          {"an admission of another set",
           "code=\"183452005\"",
           "code=\"385651009\"",
           {"OBSERVATION_VALUE_WRONG"}},
          {"a discharge of another set",
           "<value xsi:type=\"CE\" code=\"109\"",
           "<value xsi:type=\"CE\" code=\"110\"",
           {"OBSERVATION_VALUE_WRONG"}},
          {"a status of another set", "code=\"9571008\"", "code=\"183452005\"", {"OBSERVATION_VALUE_WRONG"}},
          {"a status without system",
           "displayName=\"approuvé\" codeSystem=\"2.16.840.1.113883.6.96\" codeSystemName=\"SNOMED CT\"",
           "",
           {"CODE_SYSTEM_WRONG", "DISPLAY_MISSING", "OBSERVATION_VALUE_WRONG"}},
          {"neither yes nor no",
           "<value xsi:type=\"BL\" value=\"true\"/>",
           "<value xsi:type=\"BL\" value=\"oui\"/>",
           {"OBSERVATION_VALUE_WRONG"}},
          {"a yes in words",
           "<value xsi:type=\"BL\" value=\"true\"/>",
           "<value xsi:type=\"ST\">oui</value>",
           {"OBSERVATION_VALUE_WRONG"}},
          {"no answer", test::element_of(transfusion, "value"), "", {"OBSERVATION_VALUE_WRONG"}},
      });
}

TEST(CdaMutants, OfTheTreatmentsAreFound) {
  const std::string section = test::section_of(letter(), "10183-2");
  const std::string first = test::element_of(section, "substanceAdministration");
  std::string plain = first;
  for (const char* name :
       {"effectiveTime", "effectiveTime", "doseQuantity", "maxDoseQuantity", "entryRelationship"}) {
    plain = without_element(plain, name);
  }
  const std::string emptied = std::regex_replace(section, std::regex("<entry>[\\s\\S]*</entry>"), "");
  expect_found(
      letter(),
      {
          {"no entry", section, emptied, {"TREATMENTS_MISSING"}},
          {"another kind", "<code code=\"DRUG\"", "<code code=\"IMMUNIZ\"", {"TREATMENT_CODE_UNKNOWN"}},
          {"neither dose, frequency nor dates", first, plain, {"TREATMENT_WITHOUT_DOSAGE"}},
          {"a treatment of one end", "<high value=\"20270212\"/>", "", {"TREATMENT_PERIOD_INCOMPLETE"}},
          {"an hour without offset",
           "<low value=\"20261112\"/>",
           "<low value=\"202611120800\"/>",
           {"TIME_WITHOUT_OFFSET"}},
          {"a product without name",
           "<name>BISOPROLOL 2,5 mg, comprimé</name>",
           "",
           {"PRODUCT_NAME_MISSING"}},
          {"a product without template",
           "<templateId root=\"1.2.250.1.213.1.1.3.43\"/>",
           "",
           {"ENTRY_TEMPLATE_MISSING", "PRODUCT_TEMPLATE_MISSING"}},
          {"a product of another system",
           "<manufacturedMaterial><code nullFlavor=\"UNC\">",
           "<manufacturedMaterial><code code=\"C03CA01\" codeSystem=\"2.16.840.1.113883.6.73\">",
           {"DISPLAY_MISSING", "PRODUCT_CODE_WRONG"}},
      });
  const std::string none = test::written_letter(test::minimal_letter());
  EXPECT_EQ(codes_of(replaced(none, "no-known-medications", "no-medications")),
            Codes{"TREATMENT_CODE_UNKNOWN"});
  EXPECT_EQ(codes_of(replaced(none, "no-known-medications", "no-medication-info")), Codes{});
}

TEST(CdaMutants, OfTheStructureAreFound) {
  // What any CDA must be, whatever its model: each part once where it stands once, there where it must, with
  // its class, its code system, its unit.
  struct Structural {
    const char* from;
    const char* to;
    const char* code;
  };
  const Structural cases[] = {
      {"<versionNumber value=\"1\"/>", "<versionNumber value=\"1\"/><versionNumber value=\"1\"/>",
       "ELEMENT_REPEATED"},
      {"<birthTime value=\"19580312\"/>", "<birthTime value=\"19580312\"/><birthTime value=\"19580312\"/>",
       "ELEMENT_REPEATED"},
      {"<family>LEFÈVRE</family>", "", "PART_MISSING"},
      {"classCode=\"SBADM\"", "classCode=\"OBS\"", "ATTRIBUTE_WRONG"},
      {"classCode=\"ENC\"", "classCode=\"ACT\"", "ATTRIBUTE_WRONG"},
      {"moodCode=\"INT\"", "moodCode=\"WISH\"", "ATTRIBUTE_WRONG"},
      {"<statusCode code=\"completed\"/>", "<statusCode code=\"finished\"/>", "STATUS_WRONG"},
      {"codeSystem=\"2.16.840.1.113883.5.7\"", "codeSystem=\"urgent\"", "CODE_SYSTEM_WRONG"},
      {"codeSystem=\"0.4.0.127.0.16.1.1.2.1\"", "", "CODE_SYSTEM_WRONG"},
      {"<doseQuantity><low value=\"1\"", "<doseQuantity><low value=\"un\"", "QUANTITY_WRONG"},
      {"<templateId root=\"1.2.250.1.213.1.1.3.42\"/>", "", "ENTRY_TEMPLATE_MISSING"},
  };
  for (const Structural& each : cases) {
    EXPECT_THAT(codes_of(replaced(letter(), each.from, each.to)), testing::Contains(each.code))
        << each.from << " -> " << each.to;
  }
}

TEST(CdaMutants, OfALevel1DocumentAreFound) {
  const std::string third = "<templateId root=\"1.3.6.1.4.1.19376.1.2.20\"/>";
  const std::string body(test::between(scanned(), "representation=\"B64\">", "<"));
  expect_found(scanned(),
               {
                   {"two templates", third, "", {"LEVEL_ONE_TEMPLATES"}},
                   {"four templates", third, third + "<templateId root=\"1.2.3\"/>", {"LEVEL_ONE_TEMPLATES"}},
                   {"another third template", third, "<templateId root=\"1.2.3\"/>", {"LEVEL_ONE_TEMPLATES"}},
                   {"a video", "application/pdf", "video/mp4", {"MODEL_UNKNOWN"}},
                   {"no base64", "representation=\"B64\"", "representation=\"TXT\"", {"BODY_NOT_BASE64"}},
                   {"a file of nothing", body, "", {"BODY_NOT_BASE64"}},
                   {"no PDF", body, "AAAA", {"PDF_UNREADABLE"}},
                   {"confidentiality L",
                    "<confidentialityCode code=\"N\"",
                    "<confidentialityCode code=\"L\"",
                    {"CONFIDENTIALITY_UNUSUAL"}},
                   {"title missing",
                    "<title>Lettre de liaison du service de cardiologie</title>",
                    "",
                    {"TITLE_MISSING"}},
               });
  EXPECT_EQ(codes_of(without_element(scanned(), "component")), Codes{"BODY_UNKNOWN"});
}

}  // namespace
}  // namespace psl
