#include "adapters/mssante/collect.h"

#include <algorithm>

#include "adapters/mssante/reply_reader.h"
#include "passerelle/v1/config.pb.h"

namespace psl {
namespace {

constexpr Span replies_read_back = seconds(60 * 86400);
constexpr uint32_t imap_port = 143;  // STARTTLS, as MSSanté's operators offer it

bool folder_ok(std::string_view folder) {
  return std::all_of(folder.begin(), folder.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

}  // namespace

Result<ImapServer> ReplyBox::server_of(const v1::MssantePartner& partner) {
  const v1::Imap& imap = partner.imap();
  if (!folder_ok(imap.folder()))
    return error_of(ErrorCode::configuration,
                    "imap.folder: printable ASCII without quote and backslash expected");
  ImapServer server;
  server.host = imap.host().empty() ? partner.host() : imap.host();
  server.port = static_cast<uint16_t>(imap.port() == 0 ? imap_port : imap.port());
  server.certificate_file = partner.tls().certificate_file();
  server.key_file = partner.tls().key_file();
  server.ca_file = partner.tls().ca_file();
  server.user = imap.user().empty() ? partner.sender_mailbox() : imap.user();
  server.password_file = imap.password_file();
  if (!imap.folder().empty()) server.folder = imap.folder();
  const Span given{partner.connect_timeout().seconds() * 1000000 + partner.connect_timeout().nanos() / 1000};
  if (given.us > 0) server.connect_timeout = given;
  return server;
}

ReplyBox::ReplyBox(ImapServer server, std::string own_domain, Env& env)
    : own_domain_(std::move(own_domain)), env_(env), reader_(server, env), prober_(std::move(server), env) {}

Result<std::vector<Inbound>> ReplyBox::collect(int most, Instant deadline) {
  auto mails = reader_.unhandled(most, env_.now() - replies_read_back, deadline);
  if (!mails.ok()) return std::move(mails).error();
  std::vector<Inbound> replies;
  for (const ImapMail& mail : *mails) {
    replies.push_back(read_reply(mail.bytes, own_domain_));
    replies.back().handle = mail.handle;
  }
  return replies;
}

Status ReplyBox::acknowledge(const Inbound& inbound, Instant deadline) {
  return reader_.mark_handled(inbound.handle, deadline);
}

void ReplyBox::stop() {
  reader_.stop();
  prober_.stop();
}

}  // namespace psl
