#include "adapters/mssante/mssante.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "adapters/formats/cda/cda_writer.h"
#include "adapters/formats/check/mail_check.h"
#include "adapters/mssante/mail_rules.h"
#include "adapters/mssante/mail_text.h"
#include "tests/gateway/net/scripted_smtp_server.h"
#include "tests/support/fake_env.h"
#include "tests/support/golden_file.h"
#include "tests/support/sample_letter.h"

namespace psl {
namespace {

// The value of a header of a message, unfolded and as it stands; "none" when it is not there.
std::string header_of(const Payload& payload, const std::string& name) {
  std::string head = "\r\n" + payload.body->substr(0, payload.body->find("\r\n\r\n") + 2);
  for (const char* fold : {"\r\n ", "\r\n\t"}) {
    for (size_t at = head.find(fold); at != std::string::npos; at = head.find(fold)) head.replace(at, 3, " ");
  }
  const size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "none";
  const size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

// The message with what is inside its archive left out: another zlib may compress otherwise.
std::string without_archive(const Payload& payload) {
  std::string message = *payload.body;
  const size_t part = message.find("filename=\"IHE_XDM.zip\"");
  const size_t begin = message.find("\r\n\r\n", part) + 4;
  const size_t end = message.find("--=_", begin);
  return message.replace(begin, end - begin, "(IHE_XDM.zip)\r\n");
}

std::vector<std::string> paths_of(const Error& error) {
  std::vector<std::string> paths;
  for (const FieldFault& each : error.faults) paths.push_back(each.path);
  return paths;
}

using Paths = std::vector<std::string>;

class Mssante : public testing::Test {
 protected:
  Mssante() {
    config_.set_environment(v1::Config::TEST);
    config_.mutable_product()->set_nil("TEST-NIL-1");
    *config_.add_tenants() = letter_.tenant;
    partner_.set_name("operateur");
    partner_.set_host("smtp.demo.mssante.fr");
    partner_.set_sender_mailbox("CPTS-Bresse@demo.mssante.fr");
    partner_.set_sender_name("CPTS de la Bresse fictive");
  }

  MssanteAdapter& adapter() {
    if (!adapter_) {
      auto made = MssanteAdapter::create(partner_, config_, env_);
      EXPECT_TRUE(made.ok());
      adapter_ = std::move(*made);
    }
    return *adapter_;
  }
  Payload wrapped(int recipient = 0) {
    auto payload = adapter().wrap(letter_.dispatch(recipient));
    EXPECT_TRUE(payload.ok()) << (payload.ok() ? "" : payload.error().describe());
    return payload.ok() ? *payload : Payload{};
  }
  // What wrap() and admit() both refuse, by field.
  Paths refused(int recipient) {
    const auto payload = adapter().wrap(letter_.dispatch(recipient));
    const auto admitted = adapter().admit(letter_.dispatch(recipient));
    EXPECT_EQ(payload.ok(), admitted.ok());
    if (payload.ok() || admitted.ok()) return {};
    EXPECT_EQ(paths_of(payload.error()), paths_of(admitted.error()));
    return paths_of(admitted.error());
  }
  static std::vector<std::string> codes(const Payload& payload) {
    std::vector<std::string> codes;
    for (const v1::Issue& each : payload.issues) codes.push_back(each.code());
    return codes;
  }

  SampleLetter letter_;
  v1::Config config_;
  v1::MssantePartner partner_;
  FakeEnv env_;
  std::unique_ptr<MssanteAdapter> adapter_;
};

constexpr int person = 0;
constexpr int structure = 1;
constexpr int patient = 2;

TEST_F(Mssante, ReadsAsItDidWhenSomebodyReadIt) {
  // Golden messages: to a doctor, to the patient, and to a doctor without a PDF.
  expect_golden("mail/doctor.eml", without_archive(wrapped(person)));
  expect_golden("mail/patient.eml", without_archive(wrapped(patient)));
  letter_.document.pdf.reset();
  expect_golden("mail/doctor_without_pdf.eml", without_archive(wrapped(person)));
  expect_golden("mail/patient_without_pdf.eml", without_archive(wrapped(patient)));
}

TEST_F(Mssante, CarriesWhoeverHasAMailbox) {
  // Persons and structures with a mailbox, and the patient, whose mailbox is the INS.
  EXPECT_TRUE(adapter().carries(letter_.request, person));
  EXPECT_TRUE(adapter().carries(letter_.request, structure));
  EXPECT_TRUE(adapter().carries(letter_.request, patient));
  letter_.request.mutable_event()->mutable_recipients(person)->mutable_person()->clear_mailbox();
  letter_.request.mutable_event()->mutable_recipients(structure)->mutable_structure()->clear_mailbox();
  EXPECT_FALSE(adapter().carries(letter_.request, person));
  EXPECT_FALSE(adapter().carries(letter_.request, structure));
  letter_.request.mutable_event()->mutable_recipients(patient)->clear_target();
  EXPECT_FALSE(adapter().carries(letter_.request, patient));
  EXPECT_FALSE(adapter().carries(letter_.request, 3));
  EXPECT_FALSE(adapter().carries(letter_.request, -1));
}

TEST_F(Mssante, NormalisesAddresses) {
  // The ledger compares addresses: one recipient has one spelling.
  EXPECT_EQ(*adapter().address(letter_.dispatch(person)), "claire.modele@medecin.demo.mssante.fr");
  EXPECT_EQ(*adapter().address(letter_.dispatch(structure)), "contact@cabinet.demo.mssante.fr");
  EXPECT_EQ(*adapter().address(letter_.dispatch(patient)), "265033947811573@patient.mssante.fr");
  letter_.request.mutable_event()->mutable_recipients(person)->mutable_person()->set_mailbox("not a mailbox");
  EXPECT_EQ(refused(person), Paths{"event.recipients[0].person.mailbox"});
}

TEST_F(Mssante, WritesTheEnvelopeAndTheHeaders) {
  // Return path, From and receipts are one mailbox; the Message-ID tells the delivery.
  const Payload payload = wrapped(person);
  EXPECT_EQ(payload.sender, "cpts-bresse@demo.mssante.fr");
  EXPECT_EQ(payload.recipient, "claire.modele@medecin.demo.mssante.fr");
  EXPECT_EQ(payload.reference, "<0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c9d.0@demo.mssante.fr>");
  EXPECT_EQ(header_of(payload, "Message-Id"), payload.reference);
  EXPECT_EQ(header_of(payload, "From"), "CPTS de la Bresse fictive <cpts-bresse@demo.mssante.fr>");
  EXPECT_EQ(header_of(payload, "Reply-To"), "cpts-bresse@demo.mssante.fr");
  EXPECT_EQ(header_of(payload, "To"), "claire.modele@medecin.demo.mssante.fr");
  EXPECT_EQ(header_of(payload, "Disposition-Notification-To"), "cpts-bresse@demo.mssante.fr");
  EXPECT_EQ(header_of(payload, "Date"), "Sun, 22 Nov 2026 10:00:01 +0100");
  EXPECT_EQ(header_of(payload, "X-MSS-CODECDA"), "11490-0");
  EXPECT_EQ(header_of(payload, "X-MSS-INS"), "O");
  EXPECT_EQ(header_of(payload, "X-MSS-NIL"), "TEST-NIL-1");
  EXPECT_EQ(header_of(payload, "X-MSS-MES"), "none");
}

TEST_F(Mssante, AnswersWhereTheOperatorSaysSo) {
  // Reply-To is the configured mailbox when there is one.
  partner_.set_reply_to("secretariat@demo.mssante.fr");
  EXPECT_EQ(header_of(wrapped(), "Reply-To"), "secretariat@demo.mssante.fr");
}

TEST_F(Mssante, ClosesTheExchangeWithThePatientWhenAsked) {
  // X-MSS-MES: FIN, and the body says it too.
  EXPECT_EQ(header_of(wrapped(patient), "X-MSS-MES"), "FIN");
  letter_.request.mutable_event()->mutable_recipients(patient)->mutable_patient()->set_close_exchange(false);
  EXPECT_EQ(header_of(wrapped(patient), "X-MSS-MES"), "none");
}

TEST_F(Mssante, GivesAHumansRetryANewMessageId) {
  // The receiver may have dropped the first as a duplicate; the document stays the same.
  Dispatch again = letter_.dispatch(person);
  again.generation = 2;
  EXPECT_EQ(adapter().wrap(again)->reference, "<0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c9d.2@demo.mssante.fr>");
}

TEST_F(Mssante, ShowsInAPreviewWhatIsSent) {
  // Document, message and archive; the message is the very body.
  const Payload payload = wrapped(person);
  ASSERT_EQ(payload.files.size(), 3U);
  EXPECT_EQ(payload.files[0].name, "document.xml");
  EXPECT_EQ(payload.files[0].content, letter_.document.cda);
  EXPECT_EQ(payload.files[1].name, "message.eml");
  EXPECT_EQ(payload.files[1].content, payload.body);
  EXPECT_EQ(payload.files[2].name, "IHE_XDM.zip");
  EXPECT_TRUE(payload.files[2].content->starts_with("PK"));
}

TEST_F(Mssante, IsTheSameBytesAtEveryAttempt) {
  // Whatever the process's time zone, and in another adapter of the same configuration.
  const Payload first = wrapped(person);
  ::setenv("TZ", "Pacific/Auckland", 1);
  ::tzset();
  adapter_.reset();
  const Payload second = wrapped(person);
  ::unsetenv("TZ");
  ::tzset();
  EXPECT_EQ(*first.body, *second.body);
}

TEST_F(Mssante, AnnouncesTheInsOnlyWhenAllOfItIsQualified) {
  // Status, OID of the environment, key, and the five traits: one missing, and the receiver must not rely on
  // it.
  const auto announced = [this](auto change) {
    const stored::DocumentHeader kept = letter_.header;
    change(*letter_.header.mutable_patient());
    const std::string value = header_of(wrapped(person), "X-MSS-INS");
    letter_.header = kept;
    return value;
  };
  EXPECT_EQ(announced([](v1::Patient&) {}), "O");
  EXPECT_EQ(announced([](v1::Patient& p) { p.set_status(v1::IDENTITY_STATUS_VALIDATED); }), "N");
  EXPECT_EQ(announced([](v1::Patient& p) { p.clear_ins(); }), "N");
  EXPECT_EQ(announced([](v1::Patient& p) { p.mutable_ins()->set_oid("1.2.250.1.213.1.4.8"); }), "N");
  EXPECT_EQ(announced([](v1::Patient& p) { p.mutable_ins()->set_matricule("265033947811574"); }), "N");
  EXPECT_EQ(announced([](v1::Patient& p) { p.clear_birth_given_names(); }), "N");
  EXPECT_EQ(announced([](v1::Patient& p) { p.clear_birth_place_code(); }), "N");
  EXPECT_EQ(announced([](v1::Patient& p) { p.clear_birth_date(); }), "N");
  EXPECT_EQ(announced([](v1::Patient& p) { p.set_sex(v1::SEX_UNSPECIFIED); }), "N");
}

TEST_F(Mssante, DoesNotTakeATestInsForQualifiedInProduction) {
  // Test and demonstration OIDs never count there.
  config_.set_environment(v1::Config::PRODUCTION);
  EXPECT_EQ(header_of(wrapped(person), "X-MSS-INS"), "N");
  EXPECT_EQ(refused(patient), Paths{"event.recipients[2].patient"});
  letter_.header.mutable_patient()->mutable_ins()->set_oid("1.2.250.1.213.1.4.8");
  EXPECT_EQ(header_of(wrapped(patient), "X-MSS-INS"), "O");
}

TEST_F(Mssante, SendsAPatientNothingWithoutAQualifiedIns) {
  // The address is the INS: a doubtful one is somebody else's mailbox.
  letter_.header.mutable_patient()->set_status(v1::IDENTITY_STATUS_RETRIEVED);
  EXPECT_EQ(refused(patient), Paths{"event.recipients[2].patient"});
  EXPECT_FALSE(adapter().address(letter_.dispatch(patient)).ok());
  EXPECT_EQ(refused(person), Paths{});
}

TEST_F(Mssante, SendsNobodyWhatIsHiddenFromHim) {
  // Lenient rules: the flag that contradicts the recipient is named.
  v1::Visibility& flags = *letter_.request.mutable_event()->mutable_visibility();
  flags.set_hidden_from_patient(true);
  EXPECT_EQ(refused(patient), Paths{"event.visibility.hidden_from_patient"});
  EXPECT_EQ(refused(person), Paths{});
  flags.Clear();
  flags.set_hidden_from_professionals(true);
  EXPECT_EQ(refused(person), Paths{"event.visibility.hidden_from_professionals"});
  EXPECT_EQ(refused(structure), Paths{"event.visibility.hidden_from_professionals"});
  EXPECT_EQ(refused(patient), Paths{});
  flags.Clear();
  flags.set_hidden_from_legal_representatives(true);
  EXPECT_EQ(refused(person), Paths{});
  EXPECT_EQ(refused(patient), Paths{});
}

TEST_F(Mssante, AppliesTheWholeTableWhenTheTenantIsStrict) {
  // V2DOC regles-gestion-mssante: three combinations pass, every other names the flag that is wrong.
  const auto faults = [this](bool to_professional, bool to_patient, bool mask, bool no_patient,
                             bool no_representative) {
    SampleLetter letter;
    letter.tenant.set_strict_flags(true);
    v1::CoordinationEvent& event = *letter.request.mutable_event();
    event.clear_recipients();
    if (to_professional) event.add_recipients()->mutable_person()->set_mailbox("a@demo.mssante.fr");
    if (to_patient) event.add_recipients()->mutable_patient();
    event.mutable_visibility()->set_hidden_from_professionals(mask);
    event.mutable_visibility()->set_hidden_from_patient(no_patient);
    event.mutable_visibility()->set_hidden_from_legal_representatives(no_representative);
    size_t count = 0;
    for (int i = 0; i < event.recipients_size(); ++i) {
      const auto status = adapter().admit(letter.dispatch(i));
      if (!status.ok()) count += status.error().faults.size();
    }
    return count;
  };
  for (int bits = 0; bits < 32; ++bits) {
    const bool ps = (bits & 1) != 0, pat = (bits & 2) != 0, mask = (bits & 4) != 0, inv = (bits & 8) != 0,
               rep = (bits & 16) != 0;
    if (!ps && !pat) continue;
    const bool allowed =
        (ps && pat && !mask && !inv && !rep) || (ps && !pat && !mask && inv && !rep) || (!ps && pat && !inv);
    EXPECT_EQ(faults(ps, pat, mask, inv, rep) == 0, allowed) << bits;
  }
}

TEST_F(Mssante, SendsTheArchiveAloneWhenThereIsNoReadableCopy) {
  // The document office has told the sender; the mail goes without a PDF.
  letter_.document.pdf.reset();
  const Payload payload = wrapped(person);
  EXPECT_EQ(codes(payload), Paths{});
  EXPECT_EQ(payload.body->find("application/pdf"), std::string::npos);
}

// Bytes that no compression makes smaller.
std::string noise(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 7;
  for (char& each : bytes) each = static_cast<char>((state = state * 1664525 + 1013904223) >> 24U);
  return bytes;
}

TEST_F(Mssante, LeavesThePdfOutWhenTheMailWouldBeTooLarge) {
  // The archive goes alone, an issue at the recipient says so, and the body does not promise a PDF.
  partner_.set_message_bytes_max(200000);
  letter_.document.pdf = make_bytes(noise(150000));
  const Payload payload = wrapped(person);
  EXPECT_EQ(codes(payload), Paths{"READABLE_COPY_LEFT_OUT"});
  EXPECT_EQ(payload.issues[0].path(), "event.recipients[0]");
  EXPECT_LE(payload.body->size(), 200000U);
  EXPECT_EQ(payload.body->find(".pdf"), std::string::npos);
}

TEST_F(Mssante, RefusesTheRecipientWhenTheArchiveAloneIsTooLarge) {
  // At intake, by name of field: not after the receipt.
  partner_.set_message_bytes_max(200000);
  letter_.document.cda = make_bytes(noise(150000));
  EXPECT_EQ(refused(structure), Paths{"event.recipients[1]"});
}

TEST_F(Mssante, AdmitsALargeDocumentThatCompressesWell) {
  // The cheap bound does not fit; what the archive really weighs does.
  partner_.set_message_bytes_max(200000);
  letter_.document.cda = make_bytes(std::string(1000000, ' '));
  EXPECT_EQ(refused(person), Paths{});
}

TEST_F(Mssante, CanWrapWhateverItAdmits) {
  // Claim: for any size around the limit, any flags, any identity and hostile names, admit() and wrap()
  // agree, and what is wrapped fits.
  partner_.set_message_bytes_max(60000);
  uint32_t state = 42;
  const auto chance = [&state](uint32_t bound) {
    return ((state = state * 1664525 + 1013904223) >> 8U) % bound;
  };
  const std::vector<std::string> names = {"",           "DUPONT",   "É\r\nBcc: x@y.fr", std::string(100, 'W'),
                                          "O'NEIL <&>", "\x01\x02", "ÀÉÎÕÜ ÇŒ",         "-",
                                          "山田"};
  for (int round = 0; round < 150; ++round) {
    SampleLetter letter;
    v1::Patient& who = *letter.header.mutable_patient();
    const auto name = [&] { return names[chance(static_cast<uint32_t>(names.size()))]; };
    who.set_birth_family_name(name());
    who.set_first_birth_given_name(name());
    if (chance(3) == 0) who.clear_ins();
    if (chance(3) == 0) who.clear_local_id();
    letter.header.mutable_metadata()->mutable_type()->set_label(name());
    // Control characters come neither from an XML document nor past intake.
    const std::string code = name();
    letter.header.mutable_metadata()->mutable_type()->set_code(code.starts_with('\x01') ? "" : code);
    letter.request.mutable_event()->mutable_source()->mutable_organization()->set_name(name());
    letter.request.mutable_event()->mutable_visibility()->set_hidden_from_patient(chance(4) == 0);
    letter.tenant.set_strict_flags(chance(4) == 0);
    letter.document.cda = make_bytes(noise(chance(60000)));
    letter.document.pdf = chance(2) == 0 ? nullptr : make_bytes(noise(chance(40000)));
    const Dispatch dispatch = letter.dispatch(static_cast<int>(chance(3)));
    const auto payload = adapter().wrap(dispatch);
    ASSERT_EQ(adapter().admit(dispatch).ok(), payload.ok()) << round;
    if (!payload.ok()) {
      EXPECT_NE(payload.error().code, ErrorCode::internal) << payload.error().describe();
      continue;
    }
    EXPECT_LE(payload->body->size(), 60000U);
    EXPECT_EQ(*adapter().wrap(dispatch)->body, *payload->body);
    EXPECT_EQ(header_of(*payload, "Bcc"), "none");
  }
}

TEST_F(Mssante, LetsNothingLeaveThatContradictsItsDocument) {
  // An identifier that METADATA.XML cannot hold whole would name another document: a person must look.
  letter_.header.mutable_metadata()->set_document_id(std::string(300, '1'));
  const auto payload = adapter().wrap(letter_.dispatch(person));
  ASSERT_FALSE(payload.ok());
  EXPECT_EQ(payload.error().code, ErrorCode::internal);
  EXPECT_EQ(payload.error().text, "METADATA.XML: XDM_UNIQUE_ID_WRONG");
}

TEST_F(Mssante, WritesMailsThatItsOwnCheckFindsRight) {
  // The whole message, read as a stranger's: no issue of mail or archive, to anybody.
  const TimeZone paris = *TimeZone::load("Europe/Paris");
  const std::string pdf =
      "%PDF-1.4\n1 0 obj\n<< >>\nendobj\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 /Root 1 0 R "
      ">>\nstartxref\n30\n%%EOF\n";
  letter_.document.cda =
      make_bytes(write_level_one({letter_.header.patient(), letter_.header.metadata(), "", pdf, paris}));
  letter_.document.pdf = make_bytes(pdf);
  for (const int recipient : {person, structure, patient}) {
    std::vector<v1::Issue> issues;
    check_mail(*wrapped(recipient).body, {Environment::test, paris, "mail"}, issues);
    for (const v1::Issue& each : issues) {
      EXPECT_FALSE(each.code().starts_with("MAIL_") || each.code().starts_with("XDM_"))
          << each.code() << " at " << each.path();
    }
  }
}

TEST_F(Mssante, SendsAPatientsMailboxNothingButAsThePatient) {
  // The rules for patients cannot be walked round by calling the patient a professional.
  letter_.request.mutable_event()->mutable_recipients(person)->mutable_person()->set_mailbox(
      "265033947811573@Patient.mssante.fr");
  EXPECT_EQ(refused(person), Paths{"event.recipients[0]"});
}

TEST_F(Mssante, RefusesAConfigurationThatItCannotServe) {
  // A mailbox that is none, a time zone that does not exist.
  partner_.set_sender_mailbox("nobody");
  EXPECT_FALSE(MssanteAdapter::create(partner_, config_, env_).ok());
  partner_.set_sender_mailbox("cpts@demo.mssante.fr");
  partner_.set_reply_to("a@b@c");
  EXPECT_FALSE(MssanteAdapter::create(partner_, config_, env_).ok());
  partner_.clear_reply_to();
  config_.mutable_tenants(0)->set_time_zone("Europe/Nowhere");
  EXPECT_FALSE(MssanteAdapter::create(partner_, config_, env_).ok());
}

TEST_F(Mssante, DoesNotServeATenantThatItWasNotGiven) {
  // A time zone that was not loaded at start is not read later.
  letter_.tenant.set_time_zone("America/Cayenne");
  EXPECT_FALSE(adapter().wrap(letter_.dispatch(person)).ok());
  EXPECT_FALSE(adapter().admit(letter_.dispatch(person)).ok());
}

TEST_F(Mssante, TellsWhatItIs) {
  // The dispatcher relies on these: repeating is harmless, nothing can be looked up.
  partner_.set_concurrency(5);
  const AdapterInfo& info = adapter().info();
  EXPECT_EQ(info.name, "operateur");
  EXPECT_EQ(info.kind, "mssante");
  EXPECT_EQ(info.concurrency, 5);
  EXPECT_TRUE(info.repeat_safe);
  EXPECT_FALSE(info.can_look_up);
  EXPECT_EQ(adapter().lookup({}, {}).verdict, Verdict::unknown);
}

TEST_F(Mssante, DeliversWhatItWrapped) {
  // The partner gets the very bytes of the preview, under the envelope of the payload.
  ASSERT_TRUE(net::init().ok());
  test::ThrowawayPki pki;
  test::ScriptedSmtpServer server(std::vector<test::SmtpScript>(1), pki.issue("partner", "DNS:localhost"),
                                  pki.ca_file);
  const test::CertificateFiles own = pki.issue("gateway", "");
  partner_.set_host("localhost");
  partner_.set_port(server.port);
  partner_.mutable_tls()->set_certificate_file(own.certificate);
  partner_.mutable_tls()->set_key_file(own.key);
  partner_.mutable_tls()->set_ca_file(pki.ca_file);
  const Payload payload = wrapped(person);
  EXPECT_TRUE(adapter().probe(env_.monotonic() + seconds(20)).ok());
  const Outcome outcome = adapter().deliver(payload, env_.monotonic() + seconds(20));
  EXPECT_EQ(outcome.verdict, Verdict::accepted) << outcome.reason;
  adapter_.reset();
  const test::SmtpSeen seen = server.seen().back();
  EXPECT_EQ(seen.letters, std::vector<std::string>{*payload.body});
  EXPECT_EQ(seen.commands.at(0), "EHLO demo.mssante.fr");
  EXPECT_EQ(seen.commands.at(4), "RCPT TO:<claire.modele@medecin.demo.mssante.fr>");
}

TEST_F(Mssante, DeliversNothingOnceItStops) {
  // At the end of the program no new connection begins.
  adapter().stop();
  const Outcome outcome = adapter().deliver(wrapped(person), env_.monotonic() + seconds(10));
  EXPECT_EQ(outcome.verdict, Verdict::try_later);
  EXPECT_EQ(outcome.reason, "STOPPING");
}

stored::DocumentHeader labelled(const std::string& label) {
  stored::DocumentHeader header = SampleLetter().header;
  header.mutable_metadata()->mutable_type()->set_label(label);
  return header;
}

TEST(MailText, CutsALabelAtAWord) {
  // At most 40 characters, accents count as one, no dangling article.
  EXPECT_EQ(short_label(labelled("Lettre de liaison à la sortie d'un établissement de soins")),
            "Lettre de liaison à la sortie");
  EXPECT_EQ(short_label(labelled("CR d'imagerie médicale")), "CR d'imagerie médicale");
  EXPECT_EQ(short_label(labelled("Dossier de liaison d'urgence domicile - D")),
            "Dossier de liaison d'urgence domicile -");
  EXPECT_EQ(short_label(labelled("Note de transfert (dont lettre de liaison à la sortie)")),
            "Note de transfert");
  EXPECT_EQ(short_label(labelled("Note (dite brève) de transfert vers un autre service")),
            "Note (dite brève) de transfert vers un");
  EXPECT_EQ(short_label(labelled("Quarante caractères tout juste, mais oui et plus")).size() <= 44, true);
  EXPECT_EQ(short_label(labelled(std::string(60, 'x'))), std::string(40, 'x'));
  EXPECT_EQ(short_label(labelled("")), "Document de santé");
  EXPECT_EQ(short_label(labelled("a\r\nb")), "a  b");
}

TEST(MailText, BuildsTheSubjectOfTheReferential) {
  // ECO.2.1.3: names upper-case without accent, date of birth when it is known.
  stored::DocumentHeader header = labelled("CR d’examens de radiologie");
  EXPECT_EQ(mail_subject(header), "XDM/1.0/DDM+CR d’examens de radiologie DE LA TOUR MARIE-EVE 09/03/1965");
  header.mutable_patient()->clear_first_birth_given_name();
  header.mutable_patient()->clear_birth_date();
  EXPECT_EQ(mail_subject(header), "XDM/1.0/DDM+CR d’examens de radiologie DE LA TOUR MARIE-EVE");
}

TEST(MailText, NamesThePdfInAscii) {
  // ECO.2.1.5: day of the act in the tenant's zone, type, names, number; nothing that a file system refuses.
  const TimeZone paris = *TimeZone::load("Europe/Paris");
  stored::DocumentHeader header = SampleLetter().header;
  EXPECT_EQ(pdf_name(header, paris),
            "20261117_Lettre-de-liaison-a-la-sortie_DE-LA-TOUR_MARIE-EVE_SEJ-42.pdf");
  header.mutable_metadata()->mutable_encounter()->clear_local_id();
  EXPECT_EQ(pdf_name(header, paris),
            "20261117_Lettre-de-liaison-a-la-sortie_DE-LA-TOUR_MARIE-EVE_IPP-000123.pdf");
  header.mutable_patient()->clear_local_id();
  header.mutable_metadata()->mutable_encounter()->clear_start();
  header.mutable_patient()->set_birth_family_name("../../" + std::string(200, 'N') + "\"\\\r\n");
  const std::string name = pdf_name(header, paris);
  EXPECT_EQ(name, "20261122_Lettre-de-liaison-a-la-sortie_" + std::string(32, 'N') + "_MARIE-EVE.pdf");
}

}  // namespace
}  // namespace psl
