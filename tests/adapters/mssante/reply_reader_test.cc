#include "adapters/mssante/reply_reader.h"

#include <gtest/gtest.h>

namespace psl {
namespace {

using Meaning = Inbound::Meaning;

constexpr std::string_view domain = "demo.mssante.fr";
constexpr std::string_view delivery = "0f0e0d0c-0b0a-0908-0706-050403020100";

std::string mail(std::string_view headers, std::string_view text) {
  return "From: Camille Essai <Dr.Essai@Demo.mssante.fr>\r\nTo: cpts@demo.mssante.fr\r\nSubject: RE: "
         "Orientation\r\n"
         "Message-ID: <r1@demo.mssante.fr>\r\n" +
         std::string(headers) + "\r\n" + std::string(text);
}
std::string answers(std::string_view id) { return "In-Reply-To: <" + std::string(id) + ">\r\n"; }
std::string ours() { return std::string(delivery) + ".0@" + std::string(domain); }

TEST(ReplyReader, ReadsWhoAnswersWhatAndHow) {
  // The sender as the adapter names addresses, the delivery of the Message-ID, the code, the meaning, the
  // rest.
  const Inbound reply = read_reply(
      mail(
          answers(ours()) + "Content-Type: text/plain; charset=utf-8\r\n",
          "Bonjour,\r\nJ'accepte.\r\nMardi 10 h\r\n\r\nLe 22/11, CPTS a écrit :\r\n> code PSL-7K3M-9QXD\r\n"),
      domain);
  EXPECT_EQ(reply.sender, "dr.essai@demo.mssante.fr");
  ASSERT_TRUE(reply.delivery_id);
  EXPECT_EQ(reply.delivery_id->text(), delivery);
  EXPECT_EQ(reply.answer_code, "PSL-7K3M-9QXD");
  EXPECT_EQ(reply.meaning, Meaning::accepted);
  EXPECT_EQ(reply.text, "Mardi 10 h");
  EXPECT_EQ(reply.handle, "");
}

TEST(ReplyReader, FindsOurMessageAmongTheReferences) {
  // Among others, or in In-Reply-To when References has none of ours; another domain, form or generation is
  // none of ours.
  const std::string references = "References: <x@y.fr> <" + ours() + ">\r\n <z@y.fr>\r\n";
  EXPECT_EQ(read_reply(mail(references, "oui"), domain).delivery_id->text(), delivery);
  EXPECT_EQ(read_reply(mail(answers("a@b.fr") + references, "oui"), domain).delivery_id->text(), delivery);
  for (const std::string& id :
       {std::string(delivery) + ".0@other.fr", std::string(delivery) + "@" + std::string(domain),
        std::string(delivery) + ".x@" + std::string(domain), "1.0@" + std::string(domain), std::string("<"),
        std::string(delivery) + ".@" + std::string(domain)})
    EXPECT_FALSE(read_reply(mail(answers(id), "oui"), domain).delivery_id) << id;
}

TEST(ReplyReader, TakesTheProposalWhenANoticeIsAnswered) {
  // A notice has a delivery of its own and refers to the proposal, which began the conversation: the first of
  // ours in References; In-Reply-To alone names what it names.
  const std::string notice = "1c7a2d0f-8b66-8d4e-8f32-5e6a7b8c9d0e.0@" + std::string(domain);
  const std::string references = "References: <a@b.fr> <" + ours() + ">\r\n <" + notice + ">\r\n";
  EXPECT_EQ(read_reply(mail(answers(notice) + references, "oui"), domain).delivery_id->text(), delivery);
  EXPECT_EQ(read_reply(mail(references + answers(notice), "oui"), domain).delivery_id->text(), delivery);
  EXPECT_EQ(read_reply(mail(answers(notice), "oui"), domain).delivery_id->text(), notice.substr(0, 36));
  EXPECT_EQ(read_reply(mail(answers(ours()) + "References: <a@b.fr>\r\n", "oui"), domain).delivery_id->text(),
            delivery);
}

TEST(ReplyReader, FindsTheCodeWhereverItIsWritten) {
  // Of the subject first; letters that look like digits are those; two codes in one place are none.
  const auto code_of = [](std::string_view subject, std::string_view text) {
    return read_reply("From: a@b.fr\r\nSubject: " + std::string(subject) + "\r\n\r\n" + std::string(text),
                      domain)
        .answer_code;
  };
  EXPECT_EQ(code_of("psl-7k3m-9qxd", "PSL-0000-0000"), "PSL-7K3M-9QXD");
  EXPECT_EQ(code_of("x", "(PSL-OIL0-9QXD)."), "PSL-0110-9QXD");
  EXPECT_EQ(code_of("x", "OUI PSL-1111-1111\n> PSL-2222-2222"), "PSL-1111-1111");
  EXPECT_EQ(code_of("x", "PSL-1111-1111 PSL-2222-2222"), "");
  EXPECT_EQ(code_of("x", "PSL-1111-1111 PSL-1111-1111"), "PSL-1111-1111");
  for (const char* text : {"psl 7k3m 9qxd", "PSL7K3M9QXD", "Psl-7k3m 9qxd"})
    EXPECT_EQ(code_of("x", text), "PSL-7K3M-9QXD") << text;
  EXPECT_EQ(code_of("x", "PSL-ABCD-EFGH"), "PSL-ABCD-EFGH");
  for (const char* text : {"psl dans cinq", "PSL-UUUU-1111", "PSL-1111-11111", "XPSL-1111-1111", "PSL-1111",
                           "PSL-1111_1111", "PSL-"})
    EXPECT_EQ(code_of("x", text), "") << text;
}

TEST(ReplyReader, KnowsWhatNoPersonWrote) {
  // Each of the marks of an automatic answer, whatever its text says.
  for (const char* header : {"Auto-Submitted: auto-replied\r\n", "X-Auto-Response-Suppress: All\r\n",
                             "Precedence: bulk\r\n", "Precedence: auto_reply\r\n", "Return-Path: <>\r\n",
                             "X-Autoreply: yes\r\n", "List-Id: <l.demo.fr>\r\n"})
    EXPECT_EQ(read_reply(mail(header, "J'accepte"), domain).meaning, Meaning::automatic) << header;
  EXPECT_EQ(
      read_reply(mail("Auto-Submitted: no\r\nReturn-Path: <a@b.fr>\r\nPrecedence: normal\r\n", "J'accepte"),
                 domain)
          .meaning,
      Meaning::accepted);
  EXPECT_EQ(
      read_reply("From: a@b.fr\r\nSubject: =?utf-8?q?R=C3=A9ponse_automatique_=3A_x?=\r\n\r\nOUI", domain)
          .meaning,
      Meaning::automatic);
  EXPECT_EQ(read_reply(mail("Content-Type: multipart/report; boundary=b\r\n",
                            "--b\r\nContent-Type: text/plain\r\n\r\nOUI\r\n--b--\r\n"),
                       domain)
                .meaning,
            Meaning::automatic);
}

TEST(ReplyReader, BelievesNoDoubtfulSender) {
  // Two addresses, two headers, none, or one that is no mailbox: nobody.
  for (const char* from :
       {"From: a@b.fr, c@d.fr\r\n", "From: a@b.fr\r\nFrom: c@d.fr\r\n", "Sender: a@b.fr\r\n",
        "From: nobody\r\n", "From: <>\r\n", "From: groupe: a@b.fr, c@d.fr;\r\n"})
    EXPECT_EQ(read_reply(std::string(from) + "\r\nOUI", domain).sender, "") << from;
  EXPECT_EQ(read_reply("From: \"x@y.fr\" <a@b.fr>\r\n\r\nOUI", domain).sender, "a@b.fr");
  EXPECT_EQ(read_reply("Return-Path: <x@B.fr>\r\nFrom: a@b.fr\r\n\r\nOUI", domain).sender, "a@b.fr");
  EXPECT_EQ(read_reply("Return-Path: <x@c.fr>\r\nFrom: a@b.fr\r\n\r\nOUI", domain).sender, "");
}

TEST(ReplyReader, PrefersThePlainTextAndReadsHtmlWithoutIt) {
  // Of alternatives the plain one; base64, quoted-printable and charsets are undone; attachments are not
  // read.
  const std::string alternative = mail("Content-Type: multipart/alternative; boundary=b\r\n",
                                       "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
                                       "Content-Transfer-Encoding: quoted-printable\r\n\r\nAccept=E9\r\n"
                                       "--b\r\nContent-Type: text/html\r\n\r\n<p>NON</p>\r\n--b--\r\n");
  EXPECT_EQ(read_reply(alternative, domain).meaning, Meaning::accepted);
  EXPECT_EQ(read_reply(mail("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n",
                            "PHA+SmUgcmVmdXNlPC9wPg==\r\n"),
                       domain)
                .meaning,
            Meaning::declined);
  const std::string attached =
      mail("Content-Type: multipart/mixed; boundary=b\r\n",
           "--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nOUI\r\n"
           "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@b.fr\r\n\r\nOUI\r\n--b--\r\n");
  EXPECT_EQ(read_reply(attached, domain).meaning, Meaning::unclear);
}

TEST(ReplyReader, GivesOneMailOneIdentity) {
  // The same each time it is read; another Message-ID or sender is another reply.
  const std::string one = mail("", "OUI");
  EXPECT_EQ(read_reply(one, domain).identity, read_reply(one, domain).identity);
  EXPECT_EQ(read_reply(one, domain).identity, read_reply(mail("X-Trace: 1\r\n", "OUI"), domain).identity);
  std::string other = one;
  other.replace(other.find("<r1@"), 4, "<r2@");
  EXPECT_NE(read_reply(one, domain).identity, read_reply(other, domain).identity);
  EXPECT_NE(read_reply("From: a@b.fr\r\n\r\nOUI", domain).identity,
            read_reply("From: a@b.fr\r\n\r\nNON", domain).identity);
  EXPECT_EQ(read_reply(one, domain).identity.size(), 64U);
}

TEST(ReplyReader, MakesAnUnclearAnswerOfNobodyOfWhatIsNoMail) {
  // Bytes that no parser takes still have an identity, so that they are dealt with once.
  for (const std::string& bytes : {std::string(), std::string("\0\xFF", 2), std::string(100, '\n')}) {
    const Inbound reply = read_reply(bytes, domain);
    EXPECT_EQ(reply.meaning, Meaning::unclear);
    EXPECT_EQ(reply.sender, "");
    EXPECT_EQ(reply.identity.size(), 64U);
  }
}

TEST(ReplyReader, KeepsFiveHundredCharacters) {
  // Characters, not bytes: no one is cut in two.
  std::string text = "J'accepte\r\n";
  for (int i = 0; i < 90; ++i) text += "éàéàéàéàéà\r\n";
  const std::string kept =
      read_reply(mail("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n", text),
                 domain)
          .text;
  EXPECT_EQ(std::count_if(kept.begin(), kept.end(),
                          [](char c) { return (static_cast<uint8_t>(c) & 0xC0U) != 0x80; }),
            500);
}

}  // namespace
}  // namespace psl
