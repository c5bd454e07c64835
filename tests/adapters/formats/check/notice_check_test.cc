// The rules of a mail that carries no document.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/formats/check/mail_check.h"
#include "adapters/formats/mime.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;
using testing::ElementsAre;
using testing::IsEmpty;

class NoticeCheck : public testing::Test {
 protected:
  NoticeCheck() {
    head_.from = "cpts@demo.mssante.fr";
    head_.to = {"a@medecin.demo.mssante.fr"};
    head_.subject = "Demande pourvue (référence 5F0C-8A4E)";
    head_.message_id = "1.0@demo.mssante.fr";
    head_.dated = true;
    head_.headers = {{"Disposition-Notification-To", "cpts@demo.mssante.fr"}, {"X-MSS-NIL", "TEST"}};
    auto& patient = *about_.mutable_patient();
    patient.set_birth_family_name("DE LA TOUR");
    patient.set_first_birth_given_name("MARIE-ÈVE");
    patient.mutable_ins()->set_matricule("265033947811573");
  }
  std::vector<std::string> codes(std::string_view text = "Bonjour", bool may_name = false) {
    std::vector<v1::Issue> issues;
    check_notice_head(head_, text, about_, may_name, issues);
    std::vector<std::string> shown;
    for (const v1::Issue& each : issues) shown.push_back(each.code() + " " + each.path());
    return shown;
  }

  MailHead head_;
  stored::DocumentHeader about_;
};

TEST_F(NoticeCheck, TakesAPlainNotice) {
  // Nothing to say of one that announces nothing and names nobody.
  EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(NoticeCheck, ToleratesNothingThatAnnouncesADocument) {
  // Software would look for an archive.
  head_.headers.emplace_back("X-MSS-CODECDA", "96349-6");
  head_.headers.emplace_back("X-MSS-INS", "O");
  head_.subject = "XDM/1.0/DDM+Lettre";
  EXPECT_THAT(codes(),
              ElementsAre("NOTICE_ANNOUNCES_DOCUMENT Subject", "NOTICE_ANNOUNCES_DOCUMENT X-MSS-CODECDA",
                          "NOTICE_ANNOUNCES_DOCUMENT X-MSS-INS"));
}

TEST_F(NoticeCheck, KnowsWhoMayReadWhoItIs) {
  // A name in the text is for whom the law lets know it; in the subject for nobody, and the INS never.
  const std::string named = "Personne : Marie-Ève DE LA TOUR";
  EXPECT_THAT(codes(named), ElementsAre("NOTICE_NAMES_PATIENT text"));
  EXPECT_THAT(codes(named, true), IsEmpty());
  EXPECT_THAT(codes("INS 2 65 03 39 478 115 73", true), ElementsAre("NOTICE_NAMES_PATIENT text"));
  head_.subject = "DE LA TOUR MARIE-EVE";
  EXPECT_THAT(codes("Bonjour", true), ElementsAre("NOTICE_NAMES_PATIENT Subject"));
}

TEST_F(NoticeCheck, KnowsANoticeFromALetterThatLostItsArchive) {
  // Only a mail that announces no document is held to the rules of a notice.
  MailMessage mail;
  mail.from = {"CPTS", "cpts@demo.mssante.fr"};
  mail.to = {{"", "a@medecin.demo.mssante.fr"}};
  mail.date = "Sun, 22 Nov 2026 10:00:01 +0100";
  mail.message_id = "1.0@demo.mssante.fr";
  mail.headers = head_.headers;
  mail.text = "Bonjour\n";
  mail.boundary = "b";
  const auto first_code = [&mail](const char* subject) {
    mail.subject = subject;
    const auto written = write_mail(mail);
    EXPECT_TRUE(written.ok());
    std::vector<v1::Issue> issues;
    check_mail(*written, {}, issues);
    std::vector<std::string> shown;
    for (const v1::Issue& each : issues) shown.push_back(each.code());
    return shown;
  };
  EXPECT_THAT(first_code("Information"), ElementsAre("NOTICE_ONLY"));
  EXPECT_THAT(first_code("XDM/1.0/DDM+Lettre A B"), testing::Contains("MAIL_ARCHIVE_MISSING"));
}

}  // namespace
}  // namespace psl
