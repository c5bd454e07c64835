#include "adapters/formats/mail_reader.h"

#include <gtest/gtest.h>

#include "adapters/formats/mime.h"

namespace psl {
namespace {

TEST(MailReader, ReadsWhatTheWriterWrote) {
  // Headers decoded and unfolded; text and attachments as they were.
  MailMessage mail;
  mail.from = {"CPTS de l'Étoile", "cpts@a.mssante.fr"};
  mail.to = {{"", "un@b.mssante.fr"}, {"Deux", "deux@b.mssante.fr"}};
  mail.subject = "XDM/1.0/DDM+Lettre de liaison à la sortie " + std::string(80, 'X');
  mail.date = "Sun, 22 Nov 2026 10:00:01 +0100";
  mail.message_id = "1@a.mssante.fr";
  mail.headers = {{"X-MSS-INS", "O"}};
  mail.text = "Bonjour,\nvoilà.\n";
  const std::string bytes = std::string("a\0b\r\n", 5);
  mail.attachments = {{"é.pdf", "application/pdf", bytes}, {"IHE_XDM.zip", "application/zip", "PK"}};
  mail.boundary = "x";
  const auto read = read_mail(*write_mail(mail));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->head.from, "cpts@a.mssante.fr");
  EXPECT_EQ(read->head.to, (std::vector<std::string>{"un@b.mssante.fr", "deux@b.mssante.fr"}));
  EXPECT_EQ(read->head.subject, mail.subject);
  EXPECT_EQ(read->head.message_id, "1@a.mssante.fr");
  EXPECT_TRUE(read->head.dated);
  EXPECT_EQ(read->head.header("x-mss-ins"), "O");
  EXPECT_EQ(read->head.header("X-MSS-NIL"), "");
  ASSERT_EQ(read->parts.size(), 3u);
  EXPECT_EQ(read->parts[0].media_type, "text/plain");
  EXPECT_EQ(read->parts[0].charset, "utf-8");
  EXPECT_EQ(read->parts[0].content, "Bonjour,\r\nvoilà.\r\n");
  EXPECT_EQ(read->parts[1].file_name, "é.pdf");
  EXPECT_EQ(read->parts[1].disposition, "attachment");
  EXPECT_EQ(read->parts[1].content, bytes);
  EXPECT_EQ(read->parts[2].media_type, "application/zip");
}

TEST(MailReader, OpensAlternativesAndGroups) {
  // A text in two forms before the attachment, recipients in a group, no From.
  const auto read = read_mail(
      "To: g: a@b.fr, c@d.fr;\r\nCc: e@f.fr\r\nContent-Type: multipart/mixed; boundary=\"1\"\r\n\r\n--1\r\n"
      "Content-Type: multipart/alternative; boundary=\"2\"\r\n\r\n--2\r\nContent-Type: text/plain\r\n\r\n"
      "t\r\n--2\r\nContent-Type: text/html\r\n\r\n<p>t</p>\r\n--2--\r\n--1\r\nContent-Type: "
      "message/rfc822\r\n"
      "\r\nSubject: inner\r\n\r\nx\r\n--1--\r\n");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->head.from, "");
  EXPECT_EQ(read->head.to, (std::vector<std::string>{"a@b.fr", "c@d.fr", "e@f.fr"}));
  EXPECT_FALSE(read->head.dated);
  ASSERT_EQ(read->parts.size(), 3u);
  EXPECT_EQ(read->parts[1].media_type, "text/html");
  EXPECT_EQ(read->parts[2].media_type, "message/rfc822");
  EXPECT_EQ(read->parts[2].content, "");
}

TEST(MailReader, RefusesWhatIsBeyondItsLimits) {
  // No message, too many headers, too many parts, too deep.
  EXPECT_FALSE(read_mail("").ok());
  EXPECT_FALSE(read_mail("\r\n\r\ntext").ok());
  std::string headers;
  for (int i = 0; i < 201; ++i) headers += "X-" + std::to_string(i) + ": x\r\n";
  EXPECT_FALSE(read_mail(headers + "\r\nt").ok());
  std::string parts = "From: a@b.fr\r\nContent-Type: multipart/mixed; boundary=\"1\"\r\n\r\n";
  for (int i = 0; i < 101; ++i) parts += "--1\r\n\r\nt\r\n";
  EXPECT_FALSE(read_mail(parts + "--1--\r\n").ok());
  std::string deep = "From: a@b.fr\r\n";
  for (int i = 0; i < 12; ++i) {
    const std::string boundary = "b" + std::to_string(i);
    deep += "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n";
  }
  EXPECT_FALSE(read_mail(deep + "\r\nt\r\n").ok());
}

}  // namespace
}  // namespace psl
