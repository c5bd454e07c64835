#include "adapters/mssante/collect.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "gateway/net/init.h"
#include "passerelle/v1/config.pb.h"

namespace psl {
namespace {

v1::MssantePartner partner() {
  v1::MssantePartner made;
  made.set_host("mail.demo.fr");
  made.set_sender_mailbox("cpts@demo.mssante.fr");
  made.mutable_tls()->set_certificate_file("c.pem");
  made.mutable_connect_timeout()->set_seconds(3);
  made.mutable_imap();
  return made;
}

TEST(ReplyBox, TakesTheDefaultsOfItsPartner) {
  // Host, login, certificate and patience are the partner's unless they are said; the port is that of
  // STARTTLS.
  auto server = ReplyBox::server_of(partner());
  ASSERT_TRUE(server.ok());
  EXPECT_EQ(server->host, "mail.demo.fr");
  EXPECT_EQ(server->port, 143);
  EXPECT_EQ(server->user, "cpts@demo.mssante.fr");
  EXPECT_EQ(server->folder, "Inbox");
  EXPECT_EQ(server->certificate_file, "c.pem");
  EXPECT_EQ(server->connect_timeout, seconds(3));
  auto given = partner();
  given.mutable_imap()->set_host("imap.demo.fr");
  given.mutable_imap()->set_port(1143);
  given.mutable_imap()->set_user("u");
  given.mutable_imap()->set_folder("Replies");
  given.mutable_imap()->set_password_file("p");
  server = ReplyBox::server_of(given);
  EXPECT_EQ(server->host + server->user + server->folder + server->password_file, "imap.demo.fruRepliesp");
  EXPECT_EQ(server->port, 1143);
}

TEST(ReplyBox, RefusesAFolderThatCouldBeACommand) {
  // A quote or a line end in the name would end it.
  for (const char* folder : {"a\"b", "a\r\nb", "a\\b", "é"}) {
    auto given = partner();
    given.mutable_imap()->set_folder(folder);
    EXPECT_EQ(ReplyBox::server_of(given).error().code, ErrorCode::configuration) << folder;
  }
}

std::string told(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

TEST(RealMailbox, IsReadAndMarked) {
  // Of a Dovecot that tests/e2e/test_replies.py starts: two replies, both dealt with, then none.
  if (told("PASSERELLE_IMAP_PORT").empty()) GTEST_SKIP() << "tests/e2e/test_replies.py tells where";
  ASSERT_TRUE(net::init().ok());
  const std::string pki = told("PASSERELLE_IMAP_PKI") + "/";
  ImapServer server;
  server.host = "localhost";
  server.port = static_cast<uint16_t>(std::stoi(told("PASSERELLE_IMAP_PORT")));
  server.certificate_file = pki + told("PASSERELLE_IMAP_CERTIFICATE") + ".pem";
  server.key_file = pki + told("PASSERELLE_IMAP_CERTIFICATE") + ".key";
  server.ca_file = pki + "ca.pem";
  server.user = told("PASSERELLE_IMAP_MAILBOX");
  server.password_file = told("PASSERELLE_IMAP_PASSWORD_FILE");
  ReplyBox box(server, "cpts-demo.mssante.fr", system_env());
  const Instant deadline = system_env().monotonic() + seconds(30);
  const Status probed = box.probe(deadline);
  ASSERT_TRUE(probed.ok()) << probed.error().describe();
  const auto found = box.collect(10, deadline);
  ASSERT_TRUE(found.ok()) << found.error().describe();
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).meaning, Inbound::Meaning::accepted);
  EXPECT_EQ(found->at(1).meaning, Inbound::Meaning::declined);
  for (const Inbound& each : *found) {
    EXPECT_EQ(each.sender, "dr.essai@demo.mssante.fr");
    EXPECT_EQ(each.delivery_id->text(), "0f0e0d0c-0b0a-0908-0706-050403020100");
    EXPECT_TRUE(box.acknowledge(each, deadline).ok());
  }
  const auto rest = box.collect(10, deadline);
  ASSERT_TRUE(rest.ok());
  EXPECT_TRUE(rest->empty());
}

}  // namespace
}  // namespace psl
