// Mails of orientations and care circles: proposals, and notices that carry no document.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/formats/check/mail_check.h"
#include "adapters/formats/check/rules.h"
#include "adapters/formats/document_office.h"
#include "adapters/formats/mail_reader.h"
#include "adapters/mssante/mssante.h"
#include "adapters/mssante/notice_text.h"
#include "tests/support/fake_env.h"
#include "tests/support/golden_file.h"
#include "tests/support/plain_copy.h"
#include "tests/support/stored_care.h"

namespace psl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Notice : public testing::Test {
 protected:
  // `replies`: the partner's mailbox is read.
  Result<Payload> wrap(SampleCare& sample, int recipient, bool replies = true) {
    v1::Config config;
    config.set_environment(v1::Config::TEST);
    config.mutable_product()->set_nil("TEST-NIL-1");
    *config.add_tenants() = sample.tenant;
    v1::MssantePartner partner;
    partner.set_name("operateur");
    partner.set_host("smtp.demo.mssante.fr");
    partner.set_sender_mailbox("cpts-bresse@demo.mssante.fr");
    partner.set_sender_name("CPTS de la Bresse fictive");
    if (replies) partner.mutable_imap()->set_host("imap.demo.mssante.fr");
    auto adapter = MssanteAdapter::create(partner, config, env_);
    EXPECT_TRUE(adapter.ok()) << (adapter.ok() ? "" : adapter.error().describe());
    const Dispatch dispatch = sample.dispatch(recipient);
    const auto admitted = (*adapter)->admit(dispatch);
    auto payload = (*adapter)->wrap(dispatch);
    EXPECT_EQ(admitted.ok(), payload.ok());
    return payload;
  }
  ReadMail mail(SampleCare& sample, int recipient, bool replies = true) {
    const auto payload = wrap(sample, recipient, replies);
    EXPECT_TRUE(payload.ok()) << (payload.ok() ? "" : payload.error().describe());
    if (!payload.ok()) return {};
    body_ = payload->body;
    auto read = read_mail(view(body_));
    EXPECT_TRUE(read.ok());
    return read.ok() ? std::move(*read) : ReadMail{};
  }
  static std::string text_of(const ReadMail& mail) {
    return mail.parts.empty() ? std::string() : mail.parts[0].content;
  }
  // As the office makes it.
  static void add_document(SampleCare& sample) {
    v1::Config config;
    config.set_environment(v1::Config::TEST);
    *config.add_tenants() = sample.tenant;
    const test::PlainCopy copy;
    const auto office = CdaDocumentOffice::create(config, copy);
    auto made = (*office)->prepare(sample.request, {sample.tenant, sample.event_id, sample.care, true},
                                   sample.header);
    ASSERT_TRUE(made.ok()) << made.error().describe();
    sample.document = made->document;
  }

  FakeEnv env_;
  Bytes body_;
};

SampleCare told(stored::Telling telling, v1::OrientationUpdate::Step step = v1::OrientationUpdate::ACCEPTED) {
  SampleCare sample = stored_update(step);
  sample.tell(1, telling);
  return sample;
}

TEST_F(Notice, ReadsAsItDidWhenSomebodyReadIt) {
  // Golden messages of each telling.
  const std::pair<const char*, SampleCare> notices[] = {
      {"confirmed", told(stored::TELLING_CONFIRMED)},
      {"taken", told(stored::TELLING_TAKEN)},
      {"too_late", told(stored::TELLING_TOO_LATE)},
      {"cancelled", told(stored::TELLING_CANCELLED, v1::OrientationUpdate::CANCELLED)},
      {"rescheduled", told(stored::TELLING_RESCHEDULED, v1::OrientationUpdate::RESCHEDULED)},
      {"patient_declined", told(stored::TELLING_PATIENT_DECLINED)},
      {"reduced", stored_enrolment()}};
  for (auto [name, sample] : notices) {
    mail(sample, 1);
    expect_golden("care/mail_" + std::string(name) + ".eml", view(body_));
  }
  SampleCare orientation = stored_orientation();
  add_document(orientation);
  expect_golden("care/mail_proposal.txt", text_of(mail(orientation, 1)));
  expect_golden("care/mail_document.txt", text_of(mail(orientation, 0)));
}

TEST_F(Notice, OfAProposalBeginsWithDatesThatChanged) {
  // A candidate whose turn comes after the dates moved reads the new ones first, and not those of the
  // document.
  SampleCare sample = stored_orientation();
  add_document(sample);
  v1::Orientation& now = *sample.care.mutable_orientation()->mutable_event()->mutable_orientation();
  now.clear_wanted_from();
  now.mutable_wanted_before()->set_seconds(1798027200);
  std::string text = text_of(mail(sample, 1));
  std::erase(text, '\r');
  EXPECT_THAT(text, HasSubstr("ATTENTION : les dates souhaitées ont changé depuis la rédaction du document "
                              "joint.\nPatient à voir : avant le 23/12/2026 à 13:00.\n\nCe document vous "
                              "propose"));
  EXPECT_EQ(text.find("Patient à voir"), text.rfind("Patient à voir"));
}

TEST_F(Notice, BreaksNoRuleOfOurs) {
  // A notice is plain text that announces nothing: its one remark is that it carries no document.
  for (const auto telling :
       {stored::TELLING_CONFIRMED, stored::TELLING_TAKEN, stored::TELLING_TOO_LATE, stored::TELLING_CANCELLED,
        stored::TELLING_RESCHEDULED, stored::TELLING_PATIENT_DECLINED}) {
    SampleCare sample = told(telling);
    EXPECT_EQ(mail(sample, 1).media_type, "text/plain");
    std::vector<v1::Issue> issues;
    check_mail(view(body_), {}, issues);
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].code(), "NOTICE_ONLY");
  }
}

TEST_F(Notice, NamesNoPatientToACandidate) {
  // Neither name nor birth date nor INS, in subject and text: a reference does.
  for (const auto telling : {stored::TELLING_CONFIRMED, stored::TELLING_TAKEN, stored::TELLING_CANCELLED}) {
    SampleCare sample = told(telling);
    const ReadMail read = mail(sample, 1);
    EXPECT_THAT(read.head.subject, HasSubstr("5F0C-8A4E"));
    EXPECT_THAT(text_of(read), HasSubstr("5F0C-8A4E"));
    for (const char* hidden : {"TOUR", "ARGENT", "1965", "2650339", "Dyspnée", "Cardio"}) {
      EXPECT_THAT(text_of(read) + read.head.subject, Not(HasSubstr(hidden))) << hidden;
    }
    EXPECT_EQ(read.head.header("X-MSS-INS"), "");
    EXPECT_EQ(read.head.header("X-MSS-CODECDA"), "");
    EXPECT_EQ(read.head.header("X-MSS-NIL"), "TEST-NIL-1");
  }
}

TEST_F(Notice, FollowsTheProposalThatItAnswers) {
  // Mail programs show it in the conversation of the proposal.
  SampleCare sample = told(stored::TELLING_TAKEN);
  const ReadMail read = mail(sample, 1);
  const std::string proposal = "<0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c9d.0@demo.mssante.fr>";
  EXPECT_EQ(read.head.header("In-Reply-To"), proposal);
  EXPECT_EQ(read.head.header("References"), proposal);
  EXPECT_EQ(read.head.message_id, "1c7a2d0f-8b66-8d4e-8f32-5e6a7b8c9d0e.0@demo.mssante.fr");
  SampleCare unknown = told(stored::TELLING_TAKEN);
  unknown.event().mutable_recipients(1)->mutable_person()->set_mailbox("autre@medecin.demo.mssante.fr");
  EXPECT_EQ(mail(unknown, 1).head.header("In-Reply-To"), "");
}

TEST_F(Notice, TellsTheCandidateWhomToCall) {
  // An acceptance is worth nothing before the two have spoken.
  SampleCare sample = told(stored::TELLING_CONFIRMED);
  EXPECT_THAT(text_of(mail(sample, 1)),
              AllOf(HasSubstr("Dr Zoé LEFÈVRE, Cabinet du Dr Lefèvre"), HasSubstr("01)")));
  SampleCare later = told(stored::TELLING_RESCHEDULED, v1::OrientationUpdate::RESCHEDULED);
  EXPECT_THAT(text_of(mail(later, 1)), HasSubstr("à partir du 24/11/2026 et avant le 25/11/2026"));
}

TEST_F(Notice, TellsASocialProfessionalWhoItIsAndNothingClinical) {
  // CSP art. R.1110-2: name and birth date for coordination, in the text only; never the parcours or the
  // illness.
  SampleCare sample = stored_enrolment();
  const ReadMail read = mail(sample, 1);
  EXPECT_EQ(read.head.subject, "Information de coordination");
  EXPECT_THAT(text_of(read),
              AllOf(HasSubstr("ÈVE D'ARGENT (nom de naissance : DE LA TOUR), né(e) le 09/03/1965"),
                    HasSubstr("22/11/2026"), HasSubstr("Cabinet du Dr Lefèvre")));
  for (const char* hidden : {"cardiaque", "balance", "Bisoprolol", "2650339"})
    EXPECT_THAT(text_of(read), Not(HasSubstr(hidden))) << hidden;
}

TEST_F(Notice, NamesNobodyToWhoeverTheLawDoesNotList) {
  // Deny by default: another rule, or none, gives no name.
  for (const char* rule : {"NOT_A_HEALTH_PROFESSIONAL", "MAILBOX_SHARED", ""}) {
    SampleCare sample = stored_enrolment();
    sample.care.mutable_routing(1)->set_rule(rule);
    const std::string text = text_of(mail(sample, 1));
    EXPECT_THAT(text, AllOf(HasSubstr("ne nomme pas la personne"), Not(HasSubstr("ARGENT")))) << rule;
  }
}

TEST_F(Notice, SaysOfEachKindWhatALayPersonMayKnow) {
  // One sentence for each kind and each status.
  SampleCare sample = stored_enrolment();
  const auto sentence = [&] { return text_of(mail(sample, 1)); };
  sample.event().mutable_pathway_enrolment()->set_status(v1::PathwayEnrolment::FINISHED);
  EXPECT_THAT(sentence(), HasSubstr("sort d'un parcours de soins"));
  sample.event().mutable_pathway_enrolment()->set_status(v1::PathwayEnrolment::ON_HOLD);
  EXPECT_THAT(sentence(), HasSubstr("Le parcours de soins d'une personne"));
  sample.event().mutable_care_circle_change();
  EXPECT_THAT(sentence(), HasSubstr("Le cercle de soins"));
  sample.event().mutable_orientation()->set_kind(v1::Orientation::SPECIALIST);
  EXPECT_THAT(sentence(), HasSubstr("Une demande de prise en charge est faite"));
  sample.event().mutable_orientation_update();
  EXPECT_THAT(sentence(), HasSubstr("a évolué"));
  sample.event().mutable_discharge_letter();
  EXPECT_THAT(sentence(), HasSubstr("sort d'un établissement de santé"));
}

TEST_F(Notice, AsksACandidateWithTheDocument) {
  // The archive, what is asked, until when, the link and the code; neither name nor reason in the text.
  SampleCare sample = stored_orientation();
  add_document(sample);
  const ReadMail read = mail(sample, 1);
  EXPECT_THAT(read.head.subject, HasSubstr("XDM/1.0/DDM+Lettre d'adressage DE LA TOUR"));
  EXPECT_EQ(read.parts.size(), 3u);
  EXPECT_THAT(text_of(read),
              AllOf(HasSubstr("avis spécialisé"), HasSubstr("Réponse attendue avant le 24/11/2026 à 10:00"),
                    HasSubstr("Pour répondre, ouvrez ce lien (aucun compte n'est nécessaire) : "
                              "https://reponse.demo.example/r/"),
                    HasSubstr("J'ACCEPTE ou JE REFUSE"), HasSubstr("PSL-7K3M-9QXD"), HasSubstr("5F0C-8A4E")));
  for (const char* hidden : {"ARGENT", "Dyspnée", "Cardio", "1965"})
    EXPECT_THAT(text_of(read), Not(HasSubstr(hidden))) << hidden;
  std::vector<v1::Issue> issues;
  check_mail(view(body_), {}, issues);
  EXPECT_FALSE(has_error(issues));
}

TEST_F(Notice, OffersOnlyTheWaysThatAreOpen) {
  // No link, no mailbox that is read: the candidate is told to call.
  SampleCare sample = stored_orientation();
  add_document(sample);
  EXPECT_THAT(text_of(mail(sample, 1, false)), AllOf(HasSubstr("https:"), Not(HasSubstr("PSL-"))));
  EXPECT_THAT(text_of(mail(sample, 2)), AllOf(Not(HasSubstr("https:")), HasSubstr("PSL-2B4C-6D8E"),
                                              HasSubstr("Délai de réponse : 48 heures")));
  EXPECT_THAT(text_of(mail(sample, 2, false)), HasSubstr("Pour répondre, contactez le demandeur."));
  EXPECT_THAT(text_of(mail(sample, 0)), Not(HasSubstr("J'ACCEPTE")));
}

TEST_F(Notice, PromisesACandidateNoMoreTimeThanTheRequestHas) {
  // Whoever waits for his turn is told both limits; whoever is asked now, the moment that the case computed.
  SampleCare sample = stored_orientation();
  add_document(sample);
  sample.care.mutable_orientation()->mutable_give_up_at()->set_seconds(1795424401);
  EXPECT_THAT(text_of(mail(sample, 2)),
              HasSubstr("Délai de réponse : 48 heures, et en tout cas avant le 23/11/2026 à 10:00."));
  EXPECT_THAT(text_of(mail(sample, 1)),
              AllOf(HasSubstr("avant le 24/11/2026 à 10:00"), Not(HasSubstr("en tout cas"))));
}

TEST_F(Notice, IsNotHeldToTheFlagsOfADocument) {
  // What is hidden is the document, which it does not carry; a patient's mailbox stays refused.
  SampleCare sample = told(stored::TELLING_TAKEN);
  sample.tenant.set_strict_flags(true);
  sample.event().mutable_visibility()->set_hidden_from_professionals(true);
  EXPECT_TRUE(wrap(sample, 1).ok());
  EXPECT_FALSE(wrap(sample, 0).ok());
  sample.event().mutable_recipients(1)->mutable_person()->set_mailbox("265033947811573@patient.mssante.fr");
  EXPECT_FALSE(wrap(sample, 1).ok());
}

TEST_F(Notice, IsNotMadeOfAnEventThatLacksItsDocument) {
  // Whoever is to get a document gets it or nothing.
  SampleCare sample = stored_orientation();
  const auto payload = wrap(sample, 0);
  ASSERT_FALSE(payload.ok());
  EXPECT_EQ(payload.error().faults.at(0).path, "event.recipients[0]");
}

}  // namespace
}  // namespace psl
