#include "adapters/formats/mime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "gateway/base/bytes.h"

namespace psl {
namespace {

MailMessage sample() {
  MailMessage message;
  message.from = {"CPTS de la Bresse fictive", "cpts@demo.mssante.fr"};
  message.to = {{"", "dr.modele@demo.mssante.fr"}};
  message.reply_to = {{"", "cpts@demo.mssante.fr"}};
  message.subject = "XDM/1.0/DDM+Lettre de liaison";
  message.date = "Sun, 22 Nov 2026 10:00:01 +0100";
  message.message_id = "1.0@demo.mssante.fr";
  message.headers = {{"X-MSS-INS", "O"}};
  message.text = "Bonjour,\n\nà bientôt.\n";
  message.attachments = {{"IHE_XDM.zip", "application/zip", "PK stand-in"}};
  message.boundary = "b1";
  return message;
}

std::vector<std::string> lines(const std::string& message) {
  std::vector<std::string> all;
  for (size_t at = 0; at < message.size();) {
    const size_t end = message.find("\r\n", at);
    if (end == std::string::npos) {
      ADD_FAILURE() << "the last line has no end";
      break;
    }
    all.push_back(message.substr(at, end - at));
    at = end + 2;
  }
  return all;
}

std::string write(const MailMessage& message) {
  auto written = write_mail(message);
  EXPECT_TRUE(written.ok());
  return written.ok() ? *written : std::string();
}

// The header block, unfolded: one line per header.
std::string headers(const std::string& message) {
  std::string head = message.substr(0, message.find("\r\n\r\n") + 2);
  for (const char* fold : {"\r\n ", "\r\n\t"}) {
    for (size_t at = head.find(fold); at != std::string::npos; at = head.find(fold)) head.replace(at, 3, " ");
  }
  return head;
}

TEST(Mime, WritesEveryHeaderOnce) {
  // RFC 5322 section 3.6, and MIME.
  const std::string head = headers(write(sample()));
  for (const char* line :
       {"Date: Sun, 22 Nov 2026 10:00:01 +0100\r\n",
        "From: CPTS de la Bresse fictive <cpts@demo.mssante.fr>\r\n", "To: dr.modele@demo.mssante.fr\r\n",
        "Reply-To: cpts@demo.mssante.fr\r\n", "Message-Id: <1.0@demo.mssante.fr>\r\n",
        "Subject: XDM/1.0/DDM+Lettre de liaison\r\n", "X-MSS-INS: O\r\n", "MIME-Version: 1.0\r\n",
        "Content-Type: multipart/mixed; boundary=\"=_b1\"\r\n"}) {
    const size_t at = head.find(line);
    EXPECT_NE(at, std::string::npos) << line;
    EXPECT_EQ(head.find(line, at + 1), std::string::npos) << line;
  }
}

TEST(Mime, IsTheSameBytesEachTime) {
  // Boundaries, date and identifier are given: nothing is left to chance.
  EXPECT_EQ(write(sample()), write(sample()));
}

TEST(Mime, KeepsToSevenBitsAndLegalLines) {
  // CRLF only, no bare CR or LF, no byte above 127, no line above 998 characters, bodies within 76.
  MailMessage message = sample();
  message.subject = "Été à Évian " + std::string(300, 'x') + " é";
  message.text = std::string(5000, 'a') + "\n.\n" + std::string("é\0\x01 fin \n", 8) + "\r\nFrom là\n";
  std::string noise(100000, '\0');
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 31);
  message.attachments.push_back({"a.pdf", "application/pdf", noise});
  const std::string written = write(message);
  bool in_body = false;
  for (const std::string& line : lines(written)) {
    in_body = in_body || line.empty();
    EXPECT_LE(line.size(), in_body ? 200U : 998U);
    for (const char c : line) {
      EXPECT_TRUE(c == '\t' || (c >= 0x20 && c < 0x7F));
    }
  }
}

TEST(Mime, EncodesWordsThatAreNotAscii) {
  // RFC 2047, in UTF-8 also where a smaller charset would do.
  MailMessage message = sample();
  message.subject = "Lettre à lire";
  message.from.name = "Hôpital";
  const std::string head = headers(write(message));
  EXPECT_NE(head.find("=?UTF-8?"), std::string::npos);
  EXPECT_EQ(head.find("8859"), std::string::npos);
}

TEST(Mime, LetsNoValueBeginAHeader) {
  // A line end in a name, a subject or a header's value is a space.
  MailMessage message = sample();
  message.subject = "a\r\nBcc: mal@exemple.fr";
  message.from.name = "b\nX-Evil: 1";
  message.headers = {{"X-MSS-NIL", "c\r\n\r\ncorps"}};
  message.attachments[0].file_name = "d\r\nX-Other: 1.zip";
  const std::string written = write(message);
  for (const char* evil : {"\r\nBcc:", "\r\nX-Evil:", "\r\n\r\ncorps", "\r\nX-Other:"})
    EXPECT_EQ(written.find(evil), std::string::npos) << evil;
}

TEST(Mime, RefusesWhatNoHeaderCanHold) {
  // Addresses, header names, identifier and boundary are ours or checked: anything else is a fault of the
  // program.
  const auto refused = [](auto change) {
    MailMessage message = sample();
    change(message);
    return !write_mail(message).ok();
  };
  for (const char* mailbox :
       {"", "a", "@b", "a@", "a b@c.fr", "a@b\r\nTo: x@y.fr", "<a@b.fr>", "a@b.fr,c@d.fr", "é@b.fr"}) {
    EXPECT_TRUE(refused([&](MailMessage& m) { m.from.mailbox = mailbox; })) << mailbox;
    EXPECT_TRUE(refused([&](MailMessage& m) { m.to[0].mailbox = mailbox; })) << mailbox;
    EXPECT_TRUE(refused([&](MailMessage& m) { m.message_id = mailbox; })) << mailbox;
  }
  EXPECT_TRUE(refused([](MailMessage& m) { m.headers[0].first = "X: y"; }));
  EXPECT_TRUE(refused([](MailMessage& m) { m.headers[0].first = ""; }));
  EXPECT_TRUE(refused([](MailMessage& m) { m.boundary = "a b"; }));
  EXPECT_TRUE(refused([](MailMessage& m) { m.boundary = ""; }));
  EXPECT_FALSE(refused([](MailMessage&) {}));
}

TEST(Mime, MarksAttachmentsAndNamesThem) {
  // Some receivers do not show what has no disposition; a plain name is written whole, another by RFC 2231 in
  // UTF-8.
  MailMessage message = sample();
  const std::string longest = std::string(120, 'n') + ".pdf";
  message.attachments.push_back({longest, "application/pdf", "p"});
  message.attachments.push_back({"été.pdf", "application/pdf", "p"});
  const std::string written = write(message);
  EXPECT_NE(written.find("Content-Disposition: attachment;\r\n filename=\"IHE_XDM.zip\"\r\n"),
            std::string::npos);
  EXPECT_NE(written.find("Content-Type: application/zip;\r\n name=\"IHE_XDM.zip\"\r\n"), std::string::npos);
  EXPECT_NE(written.find("filename=\"" + longest + "\"\r\n"), std::string::npos);
  EXPECT_NE(written.find("filename*=UTF-8''%C3%A9t%C3%A9.pdf"), std::string::npos);
}

TEST(Mime, GivesAttachmentsBackUnchanged) {
  // Base64 of the very bytes.
  std::string noise(1000, '\0');
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 7);
  MailMessage message = sample();
  message.attachments[0].content = noise;
  const std::string written = write(message);
  const size_t part = written.find("filename=\"IHE_XDM.zip\"");
  const size_t begin = written.find("\r\n\r\n", part) + 4;
  std::string decoded;
  ASSERT_TRUE(
      base64_decode(std::string_view(written).substr(begin, written.find("--=_b1", begin) - begin), decoded));
  EXPECT_EQ(decoded, noise);
}

TEST(Mime, IsNeverLargerThanItsBound) {
  // Also for a text where every byte must be encoded.
  std::string accents;
  for (int i = 0; i < 20000; ++i) accents += "é";
  const std::string big(1000000, 'x');
  for (const std::string& text : {std::string("a\n"), accents, std::string(30000, '=')}) {
    MailMessage message = sample();
    message.text = text;
    message.attachments = {{"IHE_XDM.zip", "application/zip", big}, {"a.pdf", "application/pdf", "x"}};
    const std::array<uint64_t, 2> sizes = {big.size(), 1};
    EXPECT_LE(write(message).size(), mail_size_bound(text.size() + 1000, sizes));
  }
  const std::array<uint64_t, 1> one = {1000000};
  EXPECT_LT(mail_size_bound(1000, one), 1000000U * 139 / 100 + 30000);
}

}  // namespace
}  // namespace psl
