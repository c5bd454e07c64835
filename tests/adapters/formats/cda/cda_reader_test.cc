#include "adapters/formats/cda/cda_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/formats/cda/cda_writer.h"
#include "adapters/formats/document_check.h"
#include "tests/adapters/formats/cda_fixtures.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
using test::paris;
using test::pdf_letter;
using test::replaced;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

// A level 1 document without any issue, for tests to break one thing at a time.
std::string letter() {
  v1::SubmitEventRequest request = pdf_letter();
  v1::CoordinationEvent& event = *request.mutable_event();
  v1::DocumentMetadata& metadata = *event.mutable_discharge_letter()->mutable_pdf()->mutable_metadata();
  complete_metadata(event, Uuid{}, metadata);
  return write_level_one({event.subject(), metadata, "", event.discharge_letter().pdf().pdf(), paris()});
}

// The same with a structured body, of a model that wants nothing of its sections here.
std::string structured_letter() {
  std::string cda = replaced(letter(), "<templateId root=\"1.3.6.1.4.1.19376.1.2.20\"/>",
                             "<templateId root=\"1.2.250.1.213.1.1.1.21\" extension=\"2022.01\"/>");
  const size_t begin = cda.find("<nonXMLBody>");
  const size_t end = cda.find("</nonXMLBody>") + 13;
  return cda.replace(
      begin, end - begin,
      "<structuredBody><component><section><title>Motif</title><text>Clinique</text></section></component>"
      "</structuredBody>");
}

std::string without(std::string cda, std::string_view begin, std::string_view end) {
  const size_t from = cda.find(begin);
  const size_t to = cda.find(end, from);
  EXPECT_TRUE(from != std::string::npos && to != std::string::npos) << begin;
  return cda.erase(from, to + end.size() - from);
}

CdaReadOptions options(Environment environment = Environment::test) { return {environment, paris()}; }

CdaDocument read(std::string_view cda, Environment environment = Environment::test) {
  auto document = read_cda(cda, options(environment));
  EXPECT_TRUE(document.ok()) << document.error().describe();
  return document.ok() ? std::move(*document) : CdaDocument{};
}

// The codes of the issues.
std::vector<std::string> issues(std::string_view cda) {
  std::vector<std::string> codes;
  for (const v1::Issue& issue : read(cda).issues) codes.push_back(issue.code());
  return codes;
}

// The faults as one text; empty when the document is taken.
std::string refusal(std::string_view cda, Environment environment = Environment::test) {
  const auto document = read_cda(cda, options(environment));
  if (document.ok()) return "";
  EXPECT_EQ(document.error().code, ErrorCode::document_invalid);
  EXPECT_FALSE(document.error().faults.empty());
  for (const FieldFault& fault : document.error().faults) {
    EXPECT_EQ(fault.path, "event.discharge_letter.sender_cda");
  }
  return document.error().describe();
}

TEST(CdaReader, ReadsTheHeaderOfAStructuredLetter) {
  // Level, format by templateId, class by type, and what the announcement needs.
  const CdaDocument document = read(structured_letter());
  EXPECT_TRUE(document.issues.empty()) << document.issues[0].DebugString();
  EXPECT_EQ(document.header.level(), 3);
  EXPECT_EQ(document.header.format().code(), "urn:asip:ci-sis:ldl-ees:2017");
  EXPECT_EQ(document.header.document_class().code(), "10");
  EXPECT_EQ(document.header.document_class().label(), "Compte rendu");
  EXPECT_EQ(document.header.patient().birth_family_name(), "DE LA TOUR");
  EXPECT_EQ(document.header.patient().birth_given_names(), "MARIE-ÈVE ANNE");
  EXPECT_EQ(document.header.patient().used_family_name(), "D'ARGENT");
  EXPECT_EQ(document.header.patient().birth_date(), "1965-03-09");
  EXPECT_EQ(document.header.patient().status(), v1::IDENTITY_STATUS_QUALIFIED);
  EXPECT_EQ(document.header.metadata().created_at().seconds(), 1795000000);
  EXPECT_EQ(document.header.metadata().encounter().practice_setting().label(), "Etablissement de santé");
  EXPECT_EQ(document.pdf, nullptr);
}

TEST(CdaReader, RefusesWhatIsNotAClinicalDocument) {
  // Bytes, another root, another namespace, a self-presenting document, a DOCTYPE: each with its own
  // sentence.
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal("%PDF-1.4"), HasSubstr("not well-formed"));
  EXPECT_THAT(refusal("<html xmlns='urn:hl7-org:v3'/>"), HasSubstr("ClinicalDocument"));
  EXPECT_THAT(refusal("<ClinicalDocument/>"), HasSubstr("urn:hl7-org:v3"));
  EXPECT_THAT(refusal("<xsl:stylesheet xmlns:xsl='http://www.w3.org/1999/XSL/Transform'/>"),
              HasSubstr("stylesheet"));
  EXPECT_THAT(refusal(replaced(letter(), "<ClinicalDocument", "<!DOCTYPE x><ClinicalDocument")),
              HasSubstr("DOCTYPE"));
  EXPECT_THAT(refusal(replaced(letter(), "UTF-8", "ISO-8859-15")), HasSubstr("encoding"));
  EXPECT_THAT(refusal(letter().substr(0, 3000)), HasSubstr("not well-formed"));
}

TEST(CdaReader, RefusesADocumentWithoutIdentityOrPatient) {
  // Nothing could be announced, and nothing told apart from another document.
  const std::string id = "<id root=\"" + read(letter()).header.metadata().document_id() + "\"/>";
  EXPECT_THAT(refusal(replaced(letter(), id, "")), HasSubstr("ClinicalDocument/id"));
  EXPECT_THAT(refusal(replaced(letter(), id, "<id nullFlavor=\"UNK\"/>")), HasSubstr("ClinicalDocument/id"));
  EXPECT_THAT(refusal(replaced(letter(), id, "<id root=\"1.2 3\"/>")), HasSubstr("ClinicalDocument/id"));
  EXPECT_THAT(refusal(without(letter(), "<recordTarget>", "</recordTarget>")),
              HasSubstr("a patient is required"));
  EXPECT_THAT(refusal(without(letter(), "<patient ", "</patient>")), HasSubstr("patientRole/patient/name"));
  EXPECT_THAT(refusal(replaced(letter(), "<author>", "<recordTarget/><author>")),
              HasSubstr("one patient only"));
}

TEST(CdaReader, RefusesAnInsWithoutItsFiveTraits) {
  // Birth name, first given name, list of given names, sex, birth date, birth place: each alone.
  const std::string whole = letter();
  EXPECT_THAT(refusal(without(whole, "<family qualifier=\"BR\">", "</family>")),
              HasSubstr("family[@qualifier='BR']"));
  EXPECT_THAT(refusal(without(whole, "<given qualifier=\"BR\">", "</given>")),
              HasSubstr("given[@qualifier='BR']"));
  EXPECT_THAT(refusal(without(whole, "<given>", "</given>")), HasSubstr("given[not(@qualifier)]"));
  EXPECT_THAT(refusal(without(whole, "<administrativeGenderCode", "/>")),
              HasSubstr("administrativeGenderCode"));
  EXPECT_THAT(refusal(replaced(whole, "<birthTime value=\"19650309\"/>", "<birthTime value=\"19650231\"/>")),
              HasSubstr("birthTime"));
  EXPECT_THAT(refusal(without(whole, "<county>", "</county>")), HasSubstr("county"));
}

TEST(CdaReader, JudgesTheInsByItsOidAndEnvironment) {
  // A wrong key is tolerated under a test OID only; OIDs belong to one environment; the shape is never
  // negotiable.
  const std::string test_oid = "1.2.250.1.213.1.4.10";
  const std::string wrong_key = replaced(letter(), "265033947811573", "265033947811574");
  EXPECT_THAT(issues(wrong_key), UnorderedElementsAre("INS_KEY_WRONG_ON_TEST"));
  EXPECT_THAT(issues(replaced(wrong_key, test_oid, "1.2.250.1.213.1.4.11")),
              UnorderedElementsAre("INS_KEY_WRONG_ON_TEST"));
  const std::string real = replaced(letter(), test_oid, "1.2.250.1.213.1.4.8");
  EXPECT_EQ(refusal(real, Environment::production), "");
  EXPECT_THAT(refusal(replaced(wrong_key, test_oid, "1.2.250.1.213.1.4.9"), Environment::production),
              HasSubstr("key of the matricule INS is wrong"));
  EXPECT_THAT(refusal(real, Environment::test), HasSubstr("test INS is required"));
  EXPECT_THAT(refusal(letter(), Environment::production), HasSubstr("real INS is required"));
  EXPECT_THAT(refusal(replaced(letter(), "265033947811573", "26503394781157")), HasSubstr("15 characters"));
  EXPECT_EQ(refusal(wrong_key).find("265033947811574"), std::string::npos);
}

TEST(CdaReader, TellsOneInsFromOtherIdentifiers) {
  // Second place, two of them, an obsolete one; the sender's own number is kept.
  const std::string ins = "<id root=\"1.2.250.1.213.1.4.10\" extension=\"265033947811573\"/>";
  const std::string local = "<id root=\"1.2.250.1.999.1.1\" extension=\"IPP-000123\"/>";
  EXPECT_THAT(issues(replaced(letter(), ins + local, local + ins)), UnorderedElementsAre("INS_NOT_FIRST"));
  EXPECT_EQ(read(letter()).header.patient().local_id().value(), "IPP-000123");
  const std::string obsolete = "<id root=\"1.2.250.1.213.1.4.2\" extension=\"1234567890123456789012\"/>";
  EXPECT_THAT(issues(replaced(letter(), local, obsolete)), UnorderedElementsAre("INS_OBSOLETE"));
  EXPECT_FALSE(read(replaced(letter(), local, obsolete)).header.patient().has_local_id());
  const std::string other = replaced(ins, "265033947811573", "290092A00432115");
  EXPECT_THAT(refusal(replaced(letter(), ins, ins + other)), HasSubstr("one INS only"));
}

TEST(CdaReader, TakesAPatientWithoutInsAsNotQualified) {
  // Old documents name a patient without qualifiers and with a date that has no day.
  std::string cda =
      replaced(letter(), "<id root=\"1.2.250.1.213.1.4.10\" extension=\"265033947811573\"/>", "");
  EXPECT_TRUE(issues(cda).empty());
  EXPECT_EQ(read(cda).header.patient().status(), v1::IDENTITY_STATUS_PROVISIONAL);
  cda = replaced(cda, "<family qualifier=\"BR\">", "<family>");
  cda = replaced(cda, "value=\"19650309\"", "value=\"1965\"");
  cda = replaced(cda, "code=\"F\"", "code=\"U\"");
  EXPECT_THAT(issues(cda), UnorderedElementsAre("NAME_UNQUALIFIED", "BIRTH_DATE_IMPRECISE", "SEX_UNKNOWN"));
  const CdaDocument document = read(cda);
  EXPECT_EQ(document.header.patient().birth_family_name(), "DE LA TOUR");
  EXPECT_EQ(document.header.patient().birth_date(), "1965-12-31");
  EXPECT_EQ(document.header.patient().sex(), v1::SEX_UNDETERMINED);
  EXPECT_THAT(issues(replaced(cda, "value=\"1965\"", "value=\"unknown\"")),
              UnorderedElementsAre("NAME_UNQUALIFIED", "BIRTH_DATE_MISSING", "SEX_UNKNOWN"));
  EXPECT_EQ(read(replaced(cda, "value=\"1965\"", "value=\"196502\"")).header.patient().birth_date(),
            "1965-02-01");
}

// What the official checks let pass in a header, and what they catch: told, never blocking.
struct IssueCase {
  const char* from;
  const char* to;
  std::vector<std::string> codes;
};

TEST(CdaReader, TellsWhatIsWrongInADocumentThatPassesThrough) {
  // One change, one issue.
  const IssueCase cases[] = {
      {"<ClinicalDocument", "<?xml-stylesheet href='x.xsl'?><ClinicalDocument", {"STYLESHEET_NAMED"}},
      {"<templateId root=\"1.2.250.1.213.1.1.1.1\"/>", "", {"TEMPLATE_MISSING"}},
      {"<versionNumber value=\"1\"/>", "<versionNumber value=\"0\"/>", {"VERSION_WRONG"}},
      {"<versionNumber value=\"1\"/>", "", {"VERSION_WRONG"}},
      {"<versionNumber value=\"1\"/>", "<versionNumber value=\"1.5\"/>", {"VERSION_WRONG"}},
      {"<versionNumber value=\"1\"/>", "<versionNumber value=\"3\"/>", {"VERSION_WITHOUT_REPLACED"}},
      {"<code code=\"11490-0\"", "<code code=\"99999-9\"", {"TYPE_UNKNOWN"}},
      {"<code code=\"11490-0\"", "<code nullFlavor=\"UNK\"", {"TYPE_MISSING", "NULL_FLAVOR_FORBIDDEN"}},
      {"<title>Lettre de liaison du service de cardiologie</title>", "<title/>", {"TITLE_MISSING", "ELEMENT_EMPTY"}},
      {"<effectiveTime value=\"20261118120640+0100\"/>",
       "<effectiveTime value=\"20261118120640\"/>",
       {"TIME_WITHOUT_OFFSET"}},
      {"<effectiveTime value=\"20261118120640+0100\"/>",
       "<effectiveTime value=\"20261118\"/>",
       {"TIME_IMPRECISE"}},
      {"<effectiveTime value=\"20261118120640+0100\"/>",
       "<effectiveTime value=\"18/11/2026\"/>",
       {"TIME_UNREADABLE", "EFFECTIVE_TIME_MISSING"}},
      {"<confidentialityCode code=\"N\"", "<confidentialityCode code=\"L\"", {"CONFIDENTIALITY_UNUSUAL"}},
      {"<languageCode code=\"fr-FR\"/>", "<languageCode code=\"fr-fr\"/>", {"LANGUAGE_NOT_FRENCH"}},
      {"<assignedAuthor><id root=\"1.2.250.1.71.4.2.1\" extension=\"810001234565\"/>",
       "<assignedAuthor><id root=\"1.2.250.1.71.4.2.1\" extension=\"10001234565\"/>",
       {"PROFESSIONAL_ID_WRONG"}},
      {"<assignedAuthor><id root=\"1.2.250.1.71.4.2.1\" extension=\"810001234565\"/>",
       "<assignedAuthor><id root=\"1.2.3\" extension=\"x\"/>",
       {"PROFESSIONAL_ID_MISSING"}},
      {"<code code=\"G15_10/SM26\"", "<code code=\"SCH10\"", {"SPECIALTY_UNKNOWN"}},
      {"<representedOrganization><id root=\"1.2.250.1.71.4.2.2\" extension=\"1250000452\"/>",
       "<representedOrganization><id root=\"1.2.250.1.71.4.2.2\" extension=\"125000045\"/>",
       {"ORGANIZATION_ID_WRONG"}},
      {"<standardIndustryClassCode code=\"ETABLISSEMENT\"",
       "<standardIndustryClassCode code=\"CLINIQUE\"",
       {"PRACTICE_SETTING_UNKNOWN"}},
      {"<code code=\"SA01\"", "<code code=\"SA99\"", {"FACILITY_TYPE_UNKNOWN"}},
      {"<performer typeCode=\"PRF\">",
       "<performer/><performer typeCode=\"PRF\">",
       {"PERFORMER_COUNT", "PRACTICE_SETTING_UNKNOWN", "PART_MISSING", "ELEMENT_EMPTY", "ATTRIBUTE_WRONG"}},
      {"<given qualifier=\"BR\">MARIE-ÈVE</given>",
       "<given qualifier=\"BR\">ANNE</given>",
       {"FIRST_NAME_NOT_IN_LIST"}},
      {"mediaType=\"application/pdf\"", "mediaType=\"video/mp4\"", {"MODEL_UNKNOWN"}},
      {"representation=\"B64\">", "representation=\"B64\">AAAA", {"PDF_UNREADABLE"}},
      {"representation=\"B64\">", "representation=\"B64\">!", {"BODY_NOT_BASE64"}},
  };
  for (const IssueCase& each : cases) {
    EXPECT_THAT(issues(replaced(letter(), each.from, each.to)),
                testing::UnorderedElementsAreArray(each.codes))
        << each.to;
  }
  EXPECT_THAT(issues(replaced(structured_letter(), "1.2.250.1.213.1.1.1.21", "1.2.3.4")),
              UnorderedElementsAre("MODEL_UNKNOWN"));
}

TEST(CdaReader, TellsWhatIsMissing) {
  // Participants and acts left out whole.
  const std::string whole = letter();
  EXPECT_THAT(issues(without(whole, "<author>", "</author>")), UnorderedElementsAre("AUTHOR_MISSING"));
  EXPECT_THAT(issues(without(whole, "<custodian>", "</custodian>")),
              UnorderedElementsAre("CUSTODIAN_MISSING"));
  EXPECT_THAT(issues(without(whole, "<legalAuthenticator>", "</legalAuthenticator>")),
              UnorderedElementsAre("LEGAL_AUTHENTICATOR_MISSING"));
  EXPECT_THAT(issues(without(whole, "<documentationOf>", "</documentationOf>")),
              UnorderedElementsAre("SERVICE_EVENT_MISSING"));
  EXPECT_THAT(issues(without(whole, "<componentOf>", "</componentOf>")),
              UnorderedElementsAre("ENCOUNTER_MISSING"));
  EXPECT_THAT(issues(without(whole, "<component>", "</component>")), UnorderedElementsAre("BODY_UNKNOWN"));
  EXPECT_THAT(issues(without(whole, "<setId", "/>")), UnorderedElementsAre("SET_ID_MISSING"));
  EXPECT_FALSE(read(without(whole, "<legalAuthenticator>", "</legalAuthenticator>"))
                   .header.metadata()
                   .has_legal_authenticator());
}

TEST(CdaReader, TellsIdentifiersThatAReceiverMayRefuse) {
  // A UUID, an extension: kept as an XDS uniqueId, and said.
  const std::string id = read(letter()).header.metadata().document_id();
  const std::string uuid =
      replaced(letter(), "<id root=\"" + id + "\"/>", "<id root=\"5F0C8A4E-7B1D-8E2A-9C3F-0123456789AB\"/>");
  EXPECT_THAT(issues(uuid), UnorderedElementsAre("DOCUMENT_ID_NOT_OID"));
  const std::string extended =
      replaced(letter(), "<id root=\"" + id + "\"/>", "<id root=\"1.2.3\" extension=\"42\"/>");
  EXPECT_THAT(issues(extended), UnorderedElementsAre("DOCUMENT_ID_EXTENSION"));
  EXPECT_EQ(read(extended).header.metadata().document_id(), "1.2.3^42");
  const std::string set =
      replaced(letter(), "<setId root=\"" + id + "\"/>", "<setId root=\"1.2.3\" extension=\"42\"/>");
  EXPECT_THAT(issues(set), UnorderedElementsAre("SET_ID_NOT_PLAIN_OID"));
}

TEST(CdaReader, NeverAnnouncesALowerConfidentialityThanItMayHave) {
  // Unknown levels count as restricted.
  auto level = [](const char* code) {
    return read(replaced(letter(), "<confidentialityCode code=\"N\"",
                         "<confidentialityCode code=\"" + std::string(code) + "\""))
        .header.metadata()
        .confidentiality();
  };
  EXPECT_EQ(level("R"), v1::CONFIDENTIALITY_RESTRICTED);
  EXPECT_EQ(level("V"), v1::CONFIDENTIALITY_VERY_RESTRICTED);
  EXPECT_EQ(level("U"), v1::CONFIDENTIALITY_NORMAL);
  EXPECT_EQ(level("SECRET"), v1::CONFIDENTIALITY_RESTRICTED);
}

TEST(CdaReader, CutsTextsAndListsThatAnAnnouncementCannotCarry) {
  // A title of 200 characters is kept and told; one of a megabyte is cut between characters; 11 authors
  // become 10.
  const std::string title = "<title>Lettre de liaison du service de cardiologie</title>";
  std::string accents;
  for (int i = 0; i < 200; ++i) accents += "é";
  EXPECT_THAT(issues(replaced(letter(), title, "<title>" + accents + "</title>")),
              UnorderedElementsAre("TITLE_TOO_LONG"));
  std::string huge;
  for (int i = 0; i < 20000; ++i) huge += accents.substr(0, 50);
  const CdaDocument cut = read(replaced(letter(), title, "<title> x" + huge + "</title>"));
  EXPECT_TRUE(is_utf8(cut.header.metadata().title()));
  EXPECT_LE(cut.header.metadata().title().size(), 502u);
  const std::string whole = letter();
  const size_t begin = whole.find("<author>");
  const std::string author = whole.substr(begin, whole.find("</author>") + 9 - begin);
  std::string eleven;
  for (int i = 0; i < 11; ++i) eleven += author;
  EXPECT_THAT(issues(replaced(whole, author, eleven)), UnorderedElementsAre("AUTHORS_CUT"));
  EXPECT_EQ(read(replaced(whole, author, eleven)).header.metadata().authors_size(), 10);
}

TEST(CdaReader, ReadsWhatReplacesWhat) {
  // RPLC only.
  const std::string related =
      "<relatedDocument typeCode=\"RPLC\"><parentDocument><id "
      "root=\"2.25.7\"/></parentDocument></relatedDocument>";
  const std::string cda = replaced(letter(), "<componentOf>", related + "<componentOf>");
  EXPECT_EQ(read(cda).header.replaces(), "2.25.7");
  EXPECT_EQ(read(replaced(cda, "\"RPLC\"", "\"APND\"")).header.replaces(), "");
}

TEST(CdaReader, TakesThePdfOutOfALevel1Document) {
  // Also when the base64 has line ends; not when it would run a script.
  EXPECT_EQ(view(read(letter()).pdf), test::small_pdf());
  std::string folded = letter();
  for (size_t at = folded.find("B64\">") + 5 + 76;
       folded[at] != '<' && at + 80 < folded.size() && folded.find('<', at) - at > 80; at += 78) {
    folded.insert(at, "\r\n");
  }
  EXPECT_EQ(view(read(folded).pdf), test::small_pdf());
  const std::string script = test::small_pdf("/OpenAction << /S /JavaScript /JS (x) >>");
  std::string bad = letter();
  const size_t begin = bad.find("B64\">") + 5;
  bad.replace(begin, bad.find('<', begin) - begin, base64_encode(script));
  EXPECT_THAT(issues(bad), UnorderedElementsAre("PDF_UNREADABLE"));
  EXPECT_EQ(read(bad).pdf, nullptr);
}

TEST(CdaReader, ReadsTimesWithoutOffsetInTheTenantsZone) {
  // Stay dates often have none: told, and read as a clock of the tenant shows them.
  const std::string cda =
      replaced(replaced(letter(), "<low value=\"20261115004640+0100\"/>", "<low value=\"20260715004640\"/>"),
               "<high value=\"20261118100000+0100\"/>", "<high value=\"20260716\"/>");
  const CdaDocument document = read(cda);
  ASSERT_EQ(document.issues.size(), 1u);
  EXPECT_EQ(document.issues[0].code(), "TIME_WITHOUT_OFFSET");
  EXPECT_EQ(document.issues[0].path(), "ClinicalDocument/documentationOf/serviceEvent/effectiveTime/low");
  EXPECT_EQ(document.header.metadata().encounter().start().seconds(), 1784069200);
}

TEST(CdaReader, NeverRepeatsAValue) {
  // A document full of faults: its words are in no error and no issue.
  std::string cda = letter();
  for (const char* word : {"265033947811573", "DE LA TOUR", "MARIE-ÈVE ANNE", "LEFÈVRE"})
    cda = replaced(cda, word, "SECRET");
  cda = replaced(cda, "19650309", "SECRET");
  EXPECT_EQ(refusal(cda).find("SECRET"), std::string::npos);
  const std::string tolerated =
      replaced(replaced(letter(), "11490-0", "SECRET"), "20261118120640+0100", "SECRET");
  for (const v1::Issue& issue : read(tolerated).issues)
    EXPECT_EQ(issue.DebugString().find("SECRET"), std::string::npos);
}

}  // namespace
}  // namespace psl
