// Claim of the whole file: one fault in a mail is found, and by the rule that names it.
#include <functional>

#include "adapters/formats/check/mail_check.h"
#include "adapters/formats/check/rules.h"
#include "tests/adapters/formats/check/xdm_world.h"

namespace psl {
namespace {

using test::cut_out;
using test::replaced;
using test::XdmWorld;
using Codes = std::set<std::string>;

constexpr const char* pdf_name = "20261117_Lettre-de-liaison-a-la-sortie_DE-LA-TOUR_MARIE-EVE_SEJ-42.pdf";

class MailWorld : public XdmWorld {
 public:
  MailWorld() {
    mail.from = {"CPTS fictive", "cpts@demo.mssante.fr"};
    mail.to = {{"", "claire.modele@medecin.demo.mssante.fr"}};
    mail.subject = "XDM/1.0/DDM+Lettre de liaison à la sortie DE LA TOUR MARIE-EVE 09/03/1965";
    mail.date = "Sun, 22 Nov 2026 10:00:01 +0100";
    mail.message_id = "0b6f1c9e.0@demo.mssante.fr";
    mail.headers = {{"Disposition-Notification-To", "cpts@demo.mssante.fr"},
                    {"X-MSS-CODECDA", "11490-0"},
                    {"X-MSS-INS", "O"},
                    {"X-MSS-NIL", "TEST-NIL-1"}};
    mail.text = "Bonjour,\nvoilà une lettre.\n";
    mail.boundary = "b";
  }

  std::string written() {
    archive_ = test::zipped(files());
    mail.attachments = {{"IHE_XDM.zip", "application/zip", archive_}, {pdf_name, "application/pdf", pdf_}};
    const auto message = write_mail(mail);
    EXPECT_TRUE(message.ok());
    return message.ok() ? *message : std::string();
  }

  Codes codes() { return codes_in(written()); }

  Codes codes_in(const std::string& message, Environment environment = Environment::test) {
    std::vector<v1::Issue> issues;
    check_mail(message, {environment, zone, "mail"}, issues);
    return test::codes_of(issues, {"MAIL_", "XDM_"});
  }

  void set_header(const std::string& name, const std::string& value) {
    std::erase_if(mail.headers, [&](const auto& each) { return each.first == name; });
    if (!value.empty()) mail.headers.emplace_back(name, value);
  }

  MailMessage mail;

 private:
  std::string archive_;
  std::string pdf_ = test::small_pdf();
};

TEST(MailMutants, AreNoneInAMailThatIsRight) {
  // To a professional, to the patient, without a birth date, with a label of 40 characters.
  MailWorld world;
  EXPECT_EQ(world.codes(), Codes{});
  world.mail.subject = "XDM/1.0/DDM+" + std::string(36, 'x') + " été DE LA TOUR Marie-Ève";
  EXPECT_EQ(world.codes(), Codes{});
  world.mail.to = {{"", "265033947811573@patient.mssante.fr"}};
  world.set_header("X-MSS-MES", "FIN");
  EXPECT_EQ(world.codes(), Codes{});
}

struct MailMutant {
  const char* code;
  const char* what;
  std::function<void(MailWorld&)> change;
};

void expect_mails_found(const std::vector<MailMutant>& mutants) {
  for (const MailMutant& mutant : mutants) {
    SCOPED_TRACE(mutant.what);
    MailWorld world;
    mutant.change(world);
    EXPECT_EQ(world.codes(), Codes{mutant.code});
  }
}

std::function<void(MailWorld&)> subject(std::string text) {
  return [text](MailWorld& w) { w.mail.subject = text; };
}
std::function<void(MailWorld&)> header(std::string name, std::string value) {
  return [=](MailWorld& w) { w.set_header(name, value); };
}

TEST(MailMutants, OfTheHeadersAreFound) {
  // Each alone, and nothing else with it.
  expect_mails_found({
      {"MAIL_SUBJECT_PREFIX", "no prefix", subject("Lettre de liaison DE LA TOUR MARIE-EVE 09/03/1965")},
      {"MAIL_SUBJECT_PREFIX", "another version",
       subject("XDM/2.0/DDM+Lettre DE LA TOUR MARIE-EVE 09/03/1965")},
      {"MAIL_SUBJECT_LABEL", "41 characters",
       subject("XDM/1.0/DDM+" + std::string(41, 'x') + " DE LA TOUR MARIE-EVE 09/03/1965")},
      {"MAIL_SUBJECT_LABEL", "no label", subject("XDM/1.0/DDM+DE LA TOUR MARIE-EVE 09/03/1965")},
      {"MAIL_SUBJECT_NAME_DIFFERS", "another name",
       subject("XDM/1.0/DDM+Lettre de liaison DE LA COUR MARIE-EVE 09/03/1965")},
      {"MAIL_SUBJECT_NAME_DIFFERS", "the used name",
       subject("XDM/1.0/DDM+Lettre de liaison D'ARGENT EVE 09/03/1965")},
      {"MAIL_SUBJECT_NAME_DIFFERS", "no given name",
       subject("XDM/1.0/DDM+Lettre de liaison DE LA TOUR 09/03/1965")},
      {"MAIL_SUBJECT_NAME_FORM", "lower case",
       subject("XDM/1.0/DDM+Lettre de liaison de la Tour MARIE-EVE 09/03/1965")},
      {"MAIL_SUBJECT_BIRTH_DATE", "another date",
       subject("XDM/1.0/DDM+Lettre de liaison DE LA TOUR MARIE-EVE 03/09/1965")},
      {"MAIL_SUBJECT_BIRTH_DATE", "no date",
       subject("XDM/1.0/DDM+Lettre de liaison DE LA TOUR MARIE-EVE 31/02/1965")},
      {"MAIL_CODE_MISSING", "no code", header("X-MSS-CODECDA", "")},
      {"MAIL_CODE_DIFFERS", "another code", header("X-MSS-CODECDA", "34112-3")},
      {"MAIL_CODE_DIFFERS", "one code too many", header("X-MSS-CODECDA", "11490-0, 34112-3")},
      {"MAIL_INS_FLAG_MISSING", "no flag", header("X-MSS-INS", "")},
      {"MAIL_INS_FLAG_MISSING", "another value", header("X-MSS-INS", "Y")},
      {"MAIL_INS_FLAG_MODEST", "N for a qualified INS", header("X-MSS-INS", "N")},
      {"MAIL_PRODUCT_MISSING", "no product", header("X-MSS-NIL", "")},
      {"MAIL_CLOSING_UNKNOWN", "another end", header("X-MSS-MES", "SUITE")},
      {"MAIL_RECEIPT_NOT_ASKED", "no receipt", header("Disposition-Notification-To", "")},
      {"MAIL_RECEIPT_NOT_ASKED", "a receipt elsewhere",
       header("Disposition-Notification-To", "autre@demo.mssante.fr")},
      {"MAIL_TEXT_NAMES_PATIENT", "the name in the text",
       [](MailWorld& w) { w.mail.text += "Mme Marie-Ève De La Tour va bien.\n"; }},
      {"MAIL_TEXT_NAMES_PATIENT", "the INS in the text",
       [](MailWorld& w) { w.mail.text += "265033947811573\n"; }},
      {"MAIL_TEXT_NAMES_PATIENT", "the INS in groups",
       [](MailWorld& w) { w.mail.text += "2 65 03 39 478 115 73\n"; }},
      {"MAIL_TEXT_NAMES_PATIENT", "the used name", [](MailWorld& w) { w.mail.text += "Ève d'Argent\n"; }},
      {"MAIL_TEXT_NAMES_PATIENT", "the sender's number",
       [](MailWorld& w) { w.mail.text += "Dossier IPP-000123\n"; }},
      {"MAIL_TEXT_MISSING", "no text", [](MailWorld& w) { w.mail.text = " \n"; }},
      {"MAIL_PATIENT_ADDRESS", "another patient's mailbox",
       [](MailWorld& w) {
         w.mail.to = {{"", "180032b02040123@patient.mssante.fr"}};
       }},
  });
}

TEST(MailMutants, OfAnInsThatIsNotQualifiedAreFound) {
  // O is false without an INS, and the patient has no mailbox then.
  MailWorld world;
  world.letter.header.mutable_patient()->clear_ins();
  world.write_document();
  EXPECT_EQ(world.codes(), Codes{"MAIL_INS_FLAG_FALSE"});
  world.set_header("X-MSS-INS", "N");
  EXPECT_EQ(world.codes(), Codes{});
  world.mail.to = {{"", "265033947811573@patient.mssante.fr"}};
  EXPECT_EQ(world.codes(), Codes{"MAIL_PATIENT_ADDRESS"});
}

TEST(MailMutants, OfAMaskedDocumentAreFound) {
  // Nobody is sent what METADATA.XML hides from him.
  MailWorld world;
  world.visibility.set_hidden_from_professionals(true);
  world.write_document();
  EXPECT_EQ(world.codes(), Codes{"MAIL_TO_MASKED"});
  world.mail.to = {{"", "265033947811573@patient.mssante.fr"}};
  EXPECT_EQ(world.codes(), Codes{});
  world.visibility.Clear();
  world.visibility.set_hidden_from_patient(true);
  world.write_document();
  EXPECT_EQ(world.codes(), Codes{"MAIL_TO_MASKED"});
}

TEST(MailMutants, OfARawMessageAreFound) {
  // What our writer cannot write: parts and headers as others send them.
  MailWorld world;
  const std::string right = world.written();
  const auto spoilt = [&](std::string_view from, std::string_view to) {
    return world.codes_in(replaced(right, from, to));
  };
  EXPECT_EQ(world.codes_in(cut_out(right, "From: ", "\r\n")),
            (Codes{"MAIL_FROM_WRONG", "MAIL_RECEIPT_NOT_ASKED"}));
  EXPECT_EQ(world.codes_in(cut_out(right, "To: claire", "\r\n")), Codes{"MAIL_TO_WRONG"});
  EXPECT_EQ(world.codes_in(cut_out(right, "Date: ", "\r\n")), Codes{"MAIL_DATE_WRONG"});
  EXPECT_EQ(world.codes_in(cut_out(right, "Message-Id: ", "\r\n")), Codes{"MAIL_ID_WRONG"});
  EXPECT_EQ(spoilt("Message-Id: <0b6f1c9e.0@", "Message-Id: <0b6f1c9e.0"), Codes{"MAIL_ID_WRONG"});
  EXPECT_EQ(spoilt("charset=utf-8", "charset=iso-8859-1"), Codes{"MAIL_TEXT_NOT_UTF8"});
  EXPECT_EQ(spoilt("voil=C3=A0", "voil=E0"), Codes{"MAIL_TEXT_NOT_UTF8"});
  EXPECT_EQ(spoilt("text/plain", "application/x-text"), Codes{"MAIL_TEXT_MISSING"});
  EXPECT_EQ(spoilt("Content-Disposition: attachment;\r\n filename=\"IHE_XDM.zip\"\r\n", ""),
            (Codes{"MAIL_PART_NAMES", "MAIL_PART_NOT_ATTACHED"}));
  EXPECT_EQ(world.codes_in(test::replaced_everywhere(right, "IHE_XDM.zip", "ihe_xdm.ZIP")),
            Codes{"MAIL_ARCHIVE_NAME"});
  const Codes without = world.codes_in(test::replaced_everywhere(right, "IHE_XDM.zip", "letter.zip"));
  EXPECT_EQ(without, (Codes{"MAIL_ARCHIVE_MISSING", "MAIL_PART_UNEXPECTED"}));
  EXPECT_EQ(world.codes_in(test::replaced_everywhere(right, pdf_name, "IHE_XDM.ZIP")),
            (Codes{"MAIL_SEVERAL_ARCHIVES", "MAIL_PDF_NAME"}));
  EXPECT_EQ(world.codes_in("no mail"), Codes{"MAIL_UNREADABLE"});
}

TEST(MailMutants, OfTheFormAreFound) {
  // What two readers may read in two ways, and what a transport may have done.
  MailWorld world;
  const std::string right = world.written();
  const auto spoilt = [&](std::string_view from, std::string_view to) {
    return world.codes_in(replaced(right, from, to));
  };
  for (const std::string name :
       {"Date", "From", "To", "Subject", "Message-Id", "MIME-Version", "Content-Type",
        "Disposition-Notification-To", "X-MSS-CODECDA", "X-MSS-INS", "X-MSS-NIL"}) {
    SCOPED_TRACE(name);
    const size_t begin = right.find("\r\n" + name + ": ") + 2;
    size_t end = right.find("\r\n", begin) + 2;
    while (right[end] == ' ' || right[end] == '\t') end = right.find("\r\n", end) + 2;
    const bool first = right.starts_with(name + ": ");
    const std::string twice =
        first ? right.substr(0, right.find("\r\n") + 2) + right
              : right.substr(0, end) + right.substr(begin, end - begin) + right.substr(end);
    EXPECT_TRUE(world.codes_in(twice).contains("MAIL_HEADER_TWICE"));
  }
  EXPECT_EQ(world.codes_in(cut_out(right, "MIME-Version", "\r\n")), Codes{"MAIL_HEADER_FORM"});
  EXPECT_EQ(spoilt("MIME-Version:", "X-Note: \xC3\xA9\r\nMIME-Version:"), Codes{"MAIL_HEADER_FORM"});
  EXPECT_EQ(world.codes_in(right.substr(0, right.rfind("--"))), Codes{"MAIL_CUT"});
  EXPECT_EQ(spoilt("multipart/mixed", "multipart/alternative"), Codes{"MAIL_NOT_MIXED"});
  EXPECT_EQ(spoilt("quoted-printable", "quoted"), Codes{"MAIL_PART_FORM"});
  EXPECT_EQ(spoilt("Content-Transfer-Encoding: base64\r\n",
                   "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: base64\r\n"),
            Codes{"MAIL_PART_FORM"});
  EXPECT_EQ(spoilt("application/zip", "application/octet-stream"), Codes{"MAIL_PART_TYPE"});
  EXPECT_EQ(spoilt("application/pdf", "application/octet-stream"), Codes{"MAIL_PART_TYPE"});
  EXPECT_EQ(spoilt(" name=\"IHE_XDM.zip\"", " name=\"IHE_XDM.exe\""), Codes{"MAIL_PART_NAMES"});
  EXPECT_EQ(spoilt("attachment;\r\n filename=\"IHE_XDM.zip\"", "attachment"), Codes{"MAIL_PART_NAMES"});
  EXPECT_EQ(spoilt("Date: Sun, 22 Nov 2026", "Date: Fri, 20 Nov 2026"), Codes{"MAIL_DATE_WRONG"});
  EXPECT_EQ(spoilt("MIME-Version:", "Reply-To: nobody\r\nMIME-Version:"), Codes{"MAIL_TO_WRONG"});
  EXPECT_EQ(spoilt("MIME-Version:", "Return-Path: <relais@x.fr>\r\nMIME-Version:"),
            Codes{"MAIL_RECEIPT_NOT_ASKED"});
  EXPECT_EQ(spoilt("DDM+Lettre", "DDM+265033947811573"), Codes{"MAIL_TEXT_NAMES_PATIENT"});
}

TEST(MailMutants, OfOtherPartsAreFound) {
  // Beside the text, the archive and one PDF for each document.
  MailWorld world;
  const std::string right = world.written();
  const auto with_part = [&](const std::string& headers, const std::string& content) {
    // The last line is the boundary with "--" at both ends.
    const size_t last = right.rfind("\r\n", right.size() - 3) + 2;
    const std::string boundary = right.substr(last, right.size() - 4 - last);
    return world.codes_in(right.substr(0, last) + boundary + "\r\n" + headers + "\r\n\r\n" + content +
                          "\r\n" + boundary + "--\r\n");
  };
  const std::string named = "; name=\"a.xml\"\r\nContent-Disposition: attachment; filename=\"a.xml\"";
  EXPECT_EQ(with_part("Content-Type: text/xml" + named, "<a/>"), Codes{"MAIL_PART_UNEXPECTED"});
  EXPECT_EQ(with_part("Content-Type: application/zip" + named, "PK"), Codes{"MAIL_PART_UNEXPECTED"});
  EXPECT_EQ(with_part("Content-Type: text/plain", "Marie-Eve De La Tour"),
            (Codes{"MAIL_PART_UNEXPECTED", "MAIL_TEXT_NAMES_PATIENT"}));
  EXPECT_EQ(with_part("Content-Type: application/pkcs7-signature", "MII"), Codes{});
}

TEST(MailMutants, OfThePdfAreFound) {
  // Its name after the CDA, its content, its presence.
  MailWorld world;
  const std::string right = world.written();
  const auto named = [&](const std::string& name) {
    return world.codes_in(test::replaced_everywhere(right, pdf_name, name));
  };
  EXPECT_EQ(named("20261118_Lettre_DE-LA-TOUR_MARIE-EVE_1.pdf"), Codes{"MAIL_PDF_NAME"});
  EXPECT_EQ(named("20261117_Lettre_DE-LA-COUR_MARIE-EVE_1.pdf"), Codes{"MAIL_PDF_NAME"});
  EXPECT_EQ(named("Lettre.pdf"), Codes{"MAIL_PDF_NAME"});
  EXPECT_EQ(named("20261117_Lettre_DE-LA-TOUR_MARIE-EVE_1.PDF"), Codes{});
  // The base64 of "%PDF".
  EXPECT_EQ(world.codes_in(replaced(right, "JVBERi0x", "JVBFRi0x")),
            (Codes{"MAIL_PDF_WRONG", "MAIL_PDF_DIFFERS"}));
  std::string without = test::replaced_everywhere(right, pdf_name, "x.txt");
  without = replaced(without, "application/pdf", "text/plain");
  EXPECT_EQ(world.codes_in(without), (Codes{"MAIL_PDF_MISSING", "MAIL_PART_UNEXPECTED"}));
}

TEST(MailMutants, OfTwoDocumentsAreFound) {
  // "N documents" and both codes; two patients never.
  MailWorld world;
  XdmWorld other;
  other.letter.header.mutable_metadata()->set_document_id("2.25.5");
  other.letter.header.mutable_metadata()->mutable_type()->set_code("34112-3");
  const auto codes = [&] {
    other.write_document();
    std::vector<test::NamedFile> files = world.files();
    files.push_back({"IHE_XDM/SUBSET02/METADATA.XML", other.metadata});
    files.push_back({"IHE_XDM/SUBSET02/DOC0001.XML", other.cda});
    MailMessage mail = world.mail;
    const std::string zip = test::zipped(files);
    const std::string pdf = test::small_pdf();
    mail.attachments = {{"IHE_XDM.zip", "application/zip", zip}, {pdf_name, "application/pdf", pdf}};
    return world.codes_in(*write_mail(mail));
  };
  world.set_header("X-MSS-CODECDA", "34112-3,11490-0");
  EXPECT_EQ(codes(), Codes{"MAIL_SUBJECT_LABEL"});
  world.mail.subject = "XDM/1.0/DDM+2 documents DE LA TOUR MARIE-EVE 09/03/1965";
  EXPECT_EQ(codes(), Codes{});
  other.letter.header.mutable_patient()->mutable_ins()->set_matricule("180032B02040123");
  EXPECT_EQ(codes(), (Codes{"MAIL_SEVERAL_PATIENTS", "XDM_SEVERAL_PATIENTS"}));
}

TEST(MailCheck, RefusesATestIdentityWherePatientsAreReal) {
  // A CDA with a test INS is no document of production: nothing in it can be relied on.
  MailWorld world;
  const Codes codes = world.codes_in(world.written(), Environment::production);
  EXPECT_TRUE(codes.contains("XDM_DOCUMENT_UNREADABLE")) << testing::PrintToString(codes);
}

}  // namespace
}  // namespace psl
