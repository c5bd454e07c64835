#include "adapters/formats/document_office.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"
#include "tests/adapters/formats/letter_fixtures.h"
#include "tests/support/plain_copy.h"

namespace psl {
namespace {

using test::letter_of;
using test::pdf_letter;
using test::PlainCopy;
using test::replaced;
using test::small_pdf;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

const Uuid event_id = *Uuid::parse("5f0c8a4e-7b1d-8e2a-9c3f-0123456789ab");

v1::Config demo_config() {
  v1::Config config;
  config.set_environment(v1::Config::TEST);
  config.add_tenants()->set_name("demo");
  return config;
}

struct Prepared {
  Result<PreparedDocument> result;
  stored::DocumentHeader header;
};

Prepared prepare(v1::SubmitEventRequest& request, const ReadableCopy& readable = PlainCopy()) {
  const v1::Config config = demo_config();
  const auto office = CdaDocumentOffice::create(config, readable);
  EXPECT_TRUE(office.ok());
  stored::DocumentHeader header;
  auto result = (*office)->prepare(request, {config.tenants(0), event_id, {}}, header);
  return {std::move(result), std::move(header)};
}

std::vector<std::string> fault_paths(v1::SubmitEventRequest request) {
  const Prepared prepared = prepare(request);
  std::vector<std::string> paths;
  if (!prepared.result.ok()) {
    for (const FieldFault& fault : prepared.result.error().faults) paths.push_back(fault.path);
  }
  return paths;
}

std::vector<std::string> issue_codes(const Prepared& prepared) {
  std::vector<std::string> codes;
  for (const v1::Issue& issue : prepared.result->issues) codes.push_back(issue.code());
  return codes;
}

// The level 1 document of the PDF letter, as if a hospital had written it.
std::string sender_document() {
  v1::SubmitEventRequest request = pdf_letter();
  const Prepared prepared = prepare(request);
  EXPECT_TRUE(prepared.result.ok());
  return prepared.result.ok() ? *prepared.result->document.cda : std::string();
}

// An event that carries this CDA, and says the same patient.
v1::SubmitEventRequest cda_letter(std::string cda) {
  v1::SubmitEventRequest request = pdf_letter();
  request.mutable_event()->mutable_discharge_letter()->set_sender_cda(std::move(cda));
  return request;
}

TEST(DocumentOffice, MakesALevel1DocumentOfAPdf) {
  // The PDF stays beside it, the request is emptied of bytes, the header has every field.
  v1::SubmitEventRequest request = pdf_letter();
  const Prepared prepared = prepare(request);
  ASSERT_TRUE(prepared.result.ok()) << prepared.result.error().describe();
  EXPECT_TRUE(prepared.result->issues.empty());
  EXPECT_THAT(*prepared.result->document.cda, HasSubstr("<nonXMLBody>"));
  EXPECT_EQ(view(prepared.result->document.pdf), small_pdf());
  EXPECT_TRUE(prepared.result->pdf_is_inside);
  EXPECT_TRUE(request.event().discharge_letter().pdf().pdf().empty());
  EXPECT_EQ(request.event().discharge_letter().content_case(), v1::DischargeLetter::kPdf);
  const v1::DocumentMetadata& metadata = prepared.header.metadata();
  EXPECT_THAT(metadata.document_id(), HasSubstr("2.25."));
  EXPECT_EQ(metadata.set_id(), metadata.document_id());
  EXPECT_EQ(metadata.version(), 1);
  EXPECT_EQ(metadata.type().label(), "Lettre de liaison à la sortie d'un établissement de soins");
  EXPECT_EQ(metadata.confidentiality(), v1::CONFIDENTIALITY_NORMAL);
  EXPECT_EQ(metadata.legal_authenticator().family_name(), "LEFÈVRE");
  EXPECT_EQ(metadata.authors(0).organization().national_id(), "1250000452");
  EXPECT_EQ(metadata.custodian().national_id(), "1250000452");
  EXPECT_EQ(metadata.signed_at().seconds(), metadata.created_at().seconds());
  EXPECT_EQ(metadata.encounter().class_code(), "IMP");
  EXPECT_EQ(prepared.header.format().code(), "urn:ihe:iti:xds-sd:pdf:2008");
  EXPECT_EQ(prepared.header.document_class().code(), "10");
}

TEST(DocumentOffice, GivesTheSameDocumentToTheSameEventAndAnotherToAnother) {
  // Identity comes from the event alone.
  EXPECT_EQ(sender_document(), sender_document());
  const v1::Config config = demo_config();
  v1::SubmitEventRequest request = pdf_letter();
  stored::DocumentHeader header;
  const Uuid other = *Uuid::parse("5f0c8a4e-7b1d-8e2a-9c3f-0123456789ac");
  ASSERT_TRUE((*CdaDocumentOffice::create(config, PlainCopy()))
                  ->prepare(request, {config.tenants(0), other, {}}, header)
                  .ok());
  v1::SubmitEventRequest again = pdf_letter();
  EXPECT_NE(prepare(again).header.metadata().document_id(), header.metadata().document_id());
}

// A change of the letter and where it is refused.
struct PdfFault {
  const char* path;
  void (*change)(v1::CoordinationEvent& event, v1::DocumentMetadata& metadata);
};

TEST(DocumentOffice, RefusesAPdfLetterThatCouldNotBeWrittenAsAValidDocument) {
  // Each field, with its path.
  const std::string metadata = "event.discharge_letter.pdf.metadata.";
  const PdfFault cases[] = {
      {"type", [](auto&, auto& m) { m.mutable_type()->set_code("0000-0"); }},
      {"type",
       [](auto&, auto& m) {
         m.mutable_type()->set_code("11490-0");
         m.mutable_type()->set_system("1.2.3");
       }},
      {"title", [](auto&, auto& m) { m.set_title(" \t"); }},
      {"title", [](auto&, auto& m) { m.set_title("a\x01"); }},
      {"document_id", [](auto&, auto& m) { m.set_document_id("not-an-oid"); }},
      {"set_id", [](auto&, auto& m) { m.set_set_id("1.02"); }},
      {"created_at", [](auto&, auto& m) { m.mutable_created_at()->set_seconds(-9000000000); }},
      {"authors", [](auto&, auto& m) { m.clear_authors(); }},
      {"authors[0].specialty_code", [](auto&, auto& m) { m.mutable_authors(0)->set_specialty_code("SM26"); }},
      {"authors[0].prefix", [](auto&, auto& m) { m.mutable_authors(0)->set_prefix("Madame"); }},
      {"authors[0].suffix", [](auto&, auto& m) { m.mutable_authors(0)->set_suffix("Dr"); }},
      {"authors[0].family_name", [](auto&, auto& m) { m.mutable_authors(0)->set_family_name("\"X\""); }},
      {"authors[0].telecoms[0].uri",
       [](auto&, auto& m) { m.mutable_authors(0)->mutable_telecoms(0)->set_uri("tel:03 84"); }},
      {"legal_authenticator.specialty_code",
       [](auto&, auto& m) {
         m.mutable_legal_authenticator()->set_family_name("X");
         m.mutable_legal_authenticator()->set_national_id("810001234565");
         m.mutable_legal_authenticator()->set_specialty_code("X");
       }},
      {"custodian.name", [](auto&, auto& m) { m.mutable_custodian()->set_national_id("1250000452"); }},
      {"encounter.class_code", [](auto&, auto& m) { m.mutable_encounter()->set_class_code("INP"); }},
      {"encounter.facility_type", [](auto&, auto& m) { m.mutable_encounter()->clear_facility_type(); }},
      {"encounter.practice_setting",
       [](auto&, auto& m) { m.mutable_encounter()->mutable_practice_setting()->set_code("SA01"); }},
  };
  for (const PdfFault& each : cases) {
    v1::SubmitEventRequest request = pdf_letter();
    v1::CoordinationEvent& event = *request.mutable_event();
    each.change(event, *event.mutable_discharge_letter()->mutable_pdf()->mutable_metadata());
    EXPECT_THAT(fault_paths(request), UnorderedElementsAre(metadata + each.path));
  }
}

TEST(DocumentOffice, SendsAnIdentityThatIsNotQualifiedWithoutItsIns) {
  // Claim: neither document nor event keeps the INS, and the receipt says so; a person still finds the local number.
  for (v1::SubmitEventRequest request : {pdf_letter(), test::complete_letter()}) {
    request.mutable_event()->mutable_subject()->set_status(v1::IDENTITY_STATUS_VALIDATED);
    const std::string matricule = request.event().subject().ins().matricule();
    const Prepared prepared = prepare(request);
    ASSERT_TRUE(prepared.result.ok()) << prepared.result.error().describe();
    EXPECT_FALSE(prepared.header.patient().has_ins());
    EXPECT_FALSE(request.event().subject().has_ins());
    EXPECT_EQ(prepared.result->document.cda->find(matricule), std::string::npos);
    EXPECT_THAT(issue_codes(prepared), testing::IsSupersetOf({"INS_LEFT_OUT", "IDENTITY_NOT_QUALIFIED"}));
  }
}

TEST(DocumentOffice, RefusesAPatientThatADocumentCannotName) {
  // No identifier at all, one that claims to be an INS, blank names, no subject.
  v1::SubmitEventRequest request = pdf_letter();
  request.mutable_event()->mutable_subject()->clear_ins();
  request.mutable_event()->mutable_subject()->clear_local_id();
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.subject.local_id"));
  request = pdf_letter();
  request.mutable_event()->mutable_subject()->mutable_local_id()->set_oid("1.2.250.1.213.1.4.10");
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.subject.local_id.oid"));
  request = pdf_letter();
  request.mutable_event()->mutable_subject()->set_used_family_name("  ");
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.subject.used_family_name"));
  request = pdf_letter();
  request.mutable_event()->clear_subject();
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.subject"));
}

TEST(DocumentOffice, WritesAReplacementAndAsksForWhatItReplaces) {
  // relatedDocument RPLC; a version above 1 needs it, and its set; a document does not replace itself.
  v1::SubmitEventRequest request = pdf_letter();
  v1::DischargeLetter& letter = *request.mutable_event()->mutable_discharge_letter();
  letter.mutable_pdf()->mutable_metadata()->set_version(2);
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.discharge_letter.replaces",
                                                         "event.discharge_letter.pdf.metadata.set_id"));
  letter.set_replaces("2.25.1");
  letter.mutable_pdf()->mutable_metadata()->set_set_id("2.25.1");
  letter.mutable_pdf()->mutable_metadata()->set_document_id("2.25.1");
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.discharge_letter.replaces"));
  letter.mutable_pdf()->mutable_metadata()->set_document_id("2.25.2");
  const Prepared prepared = prepare(request);
  ASSERT_TRUE(prepared.result.ok());
  EXPECT_EQ(prepared.header.replaces(), "2.25.1");
  EXPECT_THAT(*prepared.result->document.cda, HasSubstr("<relatedDocument typeCode=\"RPLC\">"));
}

TEST(DocumentOffice, RefusesAPdfThatIsNotOne) {
  // The letter itself, and the readable copy beside a CDA.
  v1::SubmitEventRequest request = pdf_letter();
  request.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf("hello");
  const Prepared prepared = prepare(request);
  ASSERT_FALSE(prepared.result.ok());
  EXPECT_EQ(prepared.result.error().code, ErrorCode::document_invalid);
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.discharge_letter.pdf.pdf"));
  v1::SubmitEventRequest beside = cda_letter(sender_document());
  beside.mutable_event()->mutable_discharge_letter()->set_readable_copy("hello");
  EXPECT_THAT(fault_paths(beside), UnorderedElementsAre("event.discharge_letter.readable_copy"));
}

TEST(DocumentOffice, TellsWhatADocumentCannotSay) {
  // An https address is left out of the header, and told where it was.
  v1::SubmitEventRequest request = pdf_letter();
  request.mutable_event()->mutable_subject()->add_telecoms()->set_uri("https://exemple.fr");
  const Prepared prepared = prepare(request);
  ASSERT_TRUE(prepared.result.ok());
  ASSERT_EQ(prepared.result->issues.size(), 1u);
  EXPECT_EQ(prepared.result->issues[0].path(), "event.subject.telecoms");
  EXPECT_EQ(prepared.result->document.cda->find("exemple.fr"), std::string::npos);
}

TEST(DocumentOffice, DeliversTheSendersDocumentByteForByte) {
  // The bytes are taken out of the request, not copied anew; the PDF inside a level 1 document stands beside
  // it.
  const std::string document = sender_document();
  v1::SubmitEventRequest request = cda_letter(document);
  const void* bytes = request.event().discharge_letter().sender_cda().data();
  const Prepared prepared = prepare(request);
  ASSERT_TRUE(prepared.result.ok()) << prepared.result.error().describe();
  EXPECT_EQ(*prepared.result->document.cda, document);
  EXPECT_EQ(prepared.result->document.cda->data(), bytes);
  EXPECT_EQ(view(prepared.result->document.pdf), small_pdf());
  EXPECT_TRUE(request.event().discharge_letter().sender_cda().empty());
  EXPECT_EQ(request.event().discharge_letter().content_case(), v1::DischargeLetter::kSenderCda);
  EXPECT_TRUE(prepared.result->issues.empty());
}

TEST(DocumentOffice, PrefersTheReadableCopyOfTheSender) {
  // It is checked, taken out, and stands beside the document.
  v1::SubmitEventRequest request = cda_letter(sender_document());
  const std::string copy = small_pdf("/Lang (fr)");
  request.mutable_event()->mutable_discharge_letter()->set_readable_copy(copy);
  const Prepared prepared = prepare(request);
  ASSERT_TRUE(prepared.result.ok());
  EXPECT_EQ(view(prepared.result->document.pdf), copy);
  EXPECT_TRUE(request.event().discharge_letter().readable_copy().empty());
}

// A level 3 document of a hospital, as far as its header tells.
std::string sender_level_three() {
  std::string document = sender_document();
  const size_t begin = document.find("<nonXMLBody>");
  document.replace(begin, document.find("</nonXMLBody>") + 13 - begin, "<structuredBody/>");
  return document;
}

// A layout that fails.
class NoCopy final : public ReadableCopy {
 public:
  explicit NoCopy(ErrorCode code) : code_(code) {}
  Result<std::string> lay_out(std::string_view /*cda*/) const override {
    return error_of(code_, "more than 200 pages");
  }

 private:
  ErrorCode code_;
};

TEST(DocumentOffice, LaysOutALevel3DocumentThatCameAlone) {
  // So that a reader without CDA software reads it.
  v1::SubmitEventRequest request = cda_letter(sender_level_three());
  const Prepared prepared = prepare(request);
  ASSERT_TRUE(prepared.result.ok());
  EXPECT_EQ(view(prepared.result->document.pdf), *PlainCopy().lay_out({}));
  EXPECT_THAT(issue_codes(prepared), testing::Not(testing::Contains("READABLE_COPY_MISSING")));
}

TEST(DocumentOffice, DeliversALevel3DocumentThatCannotBeLaidOut) {
  // The sender's document is sacred: it leaves alone, and a warning tells it.
  v1::SubmitEventRequest request = cda_letter(sender_level_three());
  const Prepared prepared = prepare(request, NoCopy(ErrorCode::internal));
  ASSERT_TRUE(prepared.result.ok());
  EXPECT_EQ(prepared.result->document.pdf, nullptr);
  EXPECT_THAT(issue_codes(prepared), testing::Contains("READABLE_COPY_MISSING"));
}

TEST(DocumentOffice, WritesALevel3DocumentOfFields) {
  // A CDA, its readable copy, the header; of the request, nothing of the letter stays.
  v1::SubmitEventRequest request = test::complete_letter();
  const Prepared prepared = prepare(request);
  ASSERT_TRUE(prepared.result.ok()) << prepared.result.error().describe();
  EXPECT_THAT(issue_codes(prepared), testing::IsEmpty());
  EXPECT_THAT(*prepared.result->document.cda, HasSubstr("<structuredBody"));
  EXPECT_EQ(view(prepared.result->document.pdf), *PlainCopy().lay_out({}));
  EXPECT_FALSE(prepared.result->pdf_is_inside);
  EXPECT_EQ(prepared.header.level(), 3);
  EXPECT_EQ(prepared.header.format().code(), "urn:asip:ci-sis:ldl-ses:2017");
  EXPECT_EQ(prepared.header.document_class().code(), "10");
  EXPECT_EQ(prepared.header.metadata().type().code(), "11490-0");
  EXPECT_EQ(prepared.header.metadata().custodian().national_id(), "1250000452");
  EXPECT_EQ(request.event().discharge_letter().content_case(), v1::DischargeLetter::kStructured);
  EXPECT_EQ(request.event().discharge_letter().structured().ByteSizeLong(), 0u);
}

TEST(DocumentOffice, WritesTheSameBytesOfTheSameLetter) {
  // At every retry; and a section without any answer is as if it had not been sent.
  v1::SubmitEventRequest first = test::complete_letter();
  letter_of(first).clear_exam_results();
  v1::SubmitEventRequest second = first;
  letter_of(second).mutable_exam_results();
  const Prepared one = prepare(first);
  const Prepared other = prepare(second);
  ASSERT_TRUE(one.result.ok() && other.result.ok());
  EXPECT_EQ(*one.result->document.cda, *other.result->document.cda);
}

TEST(DocumentOffice, PrefersTheReadableCopyBesideFields) {
  // Checked as any PDF that leaves.
  v1::SubmitEventRequest request = test::complete_letter();
  const std::string copy = small_pdf("/Lang (fr)");
  request.mutable_event()->mutable_discharge_letter()->set_readable_copy(copy);
  const Prepared prepared = prepare(request, NoCopy(ErrorCode::internal));
  ASSERT_TRUE(prepared.result.ok());
  EXPECT_EQ(view(prepared.result->document.pdf), copy);
  EXPECT_TRUE(request.event().discharge_letter().readable_copy().empty());
  request = test::complete_letter();
  request.mutable_event()->mutable_discharge_letter()->set_readable_copy(
      small_pdf("/OpenAction /JavaScript"));
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.discharge_letter.readable_copy"));
}

TEST(DocumentOffice, RefusesFieldsThatCannotBeLaidOut) {
  // A letter beyond the bounds of a PDF is the sender's to shorten; a fault of ours is not.
  v1::SubmitEventRequest request = test::complete_letter();
  const Prepared beyond = prepare(request, NoCopy(ErrorCode::document_invalid));
  ASSERT_FALSE(beyond.result.ok());
  ASSERT_EQ(beyond.result.error().faults.size(), 1u);
  EXPECT_EQ(beyond.result.error().faults[0].path, "event.discharge_letter.structured");
  request = test::complete_letter();
  EXPECT_EQ(prepare(request, NoCopy(ErrorCode::internal)).result.error().code, ErrorCode::internal);
}

TEST(DocumentOffice, NeverSendsADocumentOfItsOwnThatBreaksARule) {
  // What intake should have refused (here an INS of tests, in production) is a fault of ours; no value is
  // told.
  v1::Config config = demo_config();
  config.set_environment(v1::Config::PRODUCTION);
  const PlainCopy readable;
  const auto office = CdaDocumentOffice::create(config, readable);
  ASSERT_TRUE(office.ok());
  for (v1::SubmitEventRequest request : {test::complete_letter(), pdf_letter()}) {
    const std::string matricule = request.event().subject().ins().matricule();
    stored::DocumentHeader header;
    const auto prepared = (*office)->prepare(request, {config.tenants(0), event_id, {}}, header);
    ASSERT_FALSE(prepared.ok());
    EXPECT_EQ(prepared.error().code, ErrorCode::internal);
    EXPECT_THAT(prepared.error().text, HasSubstr("ClinicalDocument/"));
    EXPECT_EQ(prepared.error().text.find(matricule), std::string::npos);
  }
}

TEST(DocumentOffice, TellsAllThatIsWrongWithAStructuredLetterAtOnce) {
  // Header and body in one answer.
  v1::SubmitEventRequest request = test::complete_letter();
  letter_of(request).mutable_stay()->clear_synthesis();
  letter_of(request).mutable_metadata()->mutable_encounter()->clear_end();
  EXPECT_THAT(fault_paths(request),
              UnorderedElementsAre("event.discharge_letter.structured.metadata.encounter.end",
                                   "event.discharge_letter.structured.stay.synthesis"));
  request.mutable_event()->clear_subject();
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.subject"));
}

TEST(DocumentOffice, WritesANewbornWithItsMother) {
  // Without any INS, which is all that there is to tell.
  v1::SubmitEventRequest request = test::newborn_letter();
  letter_of(request).mutable_metadata()->mutable_encounter()->mutable_end()->set_seconds(1794992400);
  const Prepared prepared = prepare(request);
  ASSERT_TRUE(prepared.result.ok()) << prepared.result.error().describe();
  EXPECT_THAT(issue_codes(prepared), testing::ElementsAre("IDENTITY_NOT_QUALIFIED"));
  EXPECT_EQ(prepared.result->document.cda->find("1.2.250.1.213.1.4.10"), std::string::npos);
}

TEST(DocumentOffice, TakesThePdfOutOfALevel1DocumentAgain) {
  // Ours, and a sender's with prefixes, comments, CDATA or line ends in its base64.
  const v1::Config config = demo_config();
  const PlainCopy readable;
  const auto office = CdaDocumentOffice::create(config, readable);
  ASSERT_TRUE(office.ok());
  const std::string document = sender_document();
  const size_t open = document.find("<nonXMLBody>");
  const size_t begin = document.find('>', document.find("<text", open)) + 1;
  const size_t end = document.find("</text>", begin);
  const std::string base64 = document.substr(begin, end - begin);
  const auto with_base64 = [&](const std::string& text) {
    return document.substr(0, begin) + text + document.substr(end);
  };
  for (const std::string& cda : {
           document,
           with_base64("\n  " + base64.substr(0, 76) + "\r\n" + base64.substr(76) + "\n"),
           with_base64("<![CDATA[" + base64 + "]]>"),
           with_base64(base64.substr(0, 4) + "&#10;" + base64.substr(4)),
           replaced(document, "<nonXMLBody>", "<!-- <nonXMLBody><text>AAAA</text> --><nonXMLBody>"),
           replaced(document, "<title>", "<title>nonXMLBody "),
           replaced(replaced(document, "<nonXMLBody>", "<c:nonXMLBody xmlns:c=\"urn:hl7-org:v3\" ID='a>b'>"),
                    "</nonXMLBody>", "</c:nonXMLBody>"),
       }) {
    const auto pdf = (*office)->pdf_inside(cda);
    ASSERT_TRUE(pdf.ok()) << cda.substr(open, 200);
    EXPECT_EQ(view(*pdf), small_pdf());
  }
  for (const std::string& cda :
       {sender_level_three(), with_base64("AAAA"), with_base64("?"), with_base64(""),
        std::string("<nonXMLBody><text>"), std::string("nonXMLBody"), std::string()}) {
    const auto pdf = (*office)->pdf_inside(cda);
    ASSERT_FALSE(pdf.ok());
    EXPECT_EQ(pdf.error().code, ErrorCode::corrupt);
  }
}

TEST(DocumentOffice, TakesTheSubjectFromTheDocumentWhenTheEnvelopeHasNone) {
  // And what else the document lacks, from the event.
  std::string document = sender_document();
  const size_t begin = document.find("<custodian>");
  document.erase(begin, document.find("</custodian>") + 12 - begin);
  document = replaced(document, "<effectiveTime value=\"20261118120640+0100\"/>", "");
  v1::SubmitEventRequest request = cda_letter(document);
  request.mutable_event()->clear_subject();
  const Prepared prepared = prepare(request);
  ASSERT_TRUE(prepared.result.ok());
  EXPECT_EQ(request.event().subject().birth_family_name(), "DE LA TOUR");
  EXPECT_EQ(request.event().subject().ins().matricule(), "265033947811573");
  EXPECT_EQ(prepared.header.metadata().custodian().national_id(), "1250000452");
  EXPECT_EQ(prepared.header.metadata().created_at().seconds(), request.event().occurred_at().seconds());
}

TEST(DocumentOffice, RefusesADocumentOfAnotherPatientThanTheEnvelope) {
  // Each trait by its own field; the value is never repeated.
  v1::SubmitEventRequest request = cda_letter(sender_document());
  v1::Patient& subject = *request.mutable_event()->mutable_subject();
  subject.mutable_ins()->set_matricule("290092A00432115");
  subject.set_birth_family_name("AUTRE");
  subject.set_birth_given_names("AUTRE");
  subject.set_first_birth_given_name("AUTRE");
  subject.set_birth_date("1965-03-10");
  subject.set_sex(v1::SEX_MALE);
  subject.set_birth_place_code("25056");
  EXPECT_THAT(fault_paths(request),
              UnorderedElementsAre("event.subject.ins", "event.subject.birth_family_name",
                                   "event.subject.birth_given_names", "event.subject.first_birth_given_name",
                                   "event.subject.birth_date", "event.subject.sex",
                                   "event.subject.birth_place_code"));
  const Prepared prepared = prepare(request);
  EXPECT_EQ(prepared.result.error().describe().find("AUTRE"), std::string::npos);
}

TEST(DocumentOffice, TakesTheSameNameWrittenOtherwise) {
  // Accents, letter case, hyphens and apostrophes are no disagreement (RNIV 1, EXI PP 20); an INS on one side
  // is.
  v1::SubmitEventRequest request = cda_letter(sender_document());
  v1::Patient& subject = *request.mutable_event()->mutable_subject();
  subject.set_birth_family_name("de-la-tour");
  subject.set_first_birth_given_name("Marie Eve");
  subject.set_birth_given_names("Marie Eve Anne");
  EXPECT_THAT(fault_paths(request), testing::IsEmpty());
  subject.clear_ins();
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.subject.ins"));
}

TEST(DocumentOffice, ComparesWhatTheEventSaysIsReplaced) {
  // Agreement, disagreement, and a document that does not say it.
  const std::string related =
      "<relatedDocument typeCode=\"RPLC\"><parentDocument><id "
      "root=\"2.25.7\"/></parentDocument></relatedDocument>";
  v1::SubmitEventRequest request =
      cda_letter(replaced(sender_document(), "<componentOf>", related + "<componentOf>"));
  request.mutable_event()->mutable_discharge_letter()->set_replaces("2.25.8");
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.discharge_letter.replaces"));
  request.mutable_event()->mutable_discharge_letter()->set_replaces("2.25.7");
  EXPECT_EQ(prepare(request).header.replaces(), "2.25.7");
  v1::SubmitEventRequest silent = cda_letter(sender_document());
  silent.mutable_event()->mutable_discharge_letter()->set_replaces("2.25.7");
  const Prepared prepared = prepare(silent);
  EXPECT_EQ(prepared.header.replaces(), "2.25.7");
  EXPECT_THAT(issue_codes(prepared), UnorderedElementsAre("REPLACED_NOT_IN_DOCUMENT"));
}

TEST(DocumentOffice, AsksForAContent) {
  // A letter without any is a fault.
  v1::SubmitEventRequest request = pdf_letter();
  request.mutable_event()->mutable_discharge_letter()->Clear();
  EXPECT_THAT(fault_paths(request), UnorderedElementsAre("event.discharge_letter"));
}

TEST(DocumentOffice, RefusesAConfigurationWithAnUnknownTimeZone) {
  // At start, not at the first letter.
  v1::Config config = demo_config();
  config.mutable_tenants(0)->set_time_zone("Europe/Nowhere");
  const auto office = CdaDocumentOffice::create(config, PlainCopy());
  ASSERT_FALSE(office.ok());
  EXPECT_EQ(office.error().code, ErrorCode::configuration);
}

}  // namespace
}  // namespace psl
