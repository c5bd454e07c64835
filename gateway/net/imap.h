// A mailbox that is read by IMAP4rev1 (RFC 3501) over STARTTLS, with a client certificate.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/net/init.h"

namespace psl {

struct ImapServer {
  // Checked against the server's certificate.
  std::string host;
  uint16_t port = 143;
  // PEM files, and the file of the password: read again at each new connection, so that a renewed one is
  // taken without a restart.
  std::string certificate_file;
  std::string key_file;
  // The only authorities that are trusted.
  std::string ca_file;
  std::string user;
  // Without it the certificate is the login (SASL EXTERNAL, RFC 4422 appendix A), and `user` says for which
  // mailbox.
  std::string password_file;
  // Printable ASCII without quote and backslash; other letters in modified UTF-7.
  std::string folder = "Inbox";
  Span connect_timeout = seconds(10);
};

struct ImapMail {
  // "<UIDVALIDITY>.<UID>".
  std::string handle;
  // The first 256 KiB.
  std::string bytes;
};

// What was dealt with carries the keyword $PasserelleHandled, and \Seen; where the server keeps no keyword of
// ours, \Flagged instead. Nothing else is changed, and people may read the mailbox beside us.
//
// One thread, but stop(). Errors are `input_output` and begin with a reason as Outcome::reason:
// "LOGIN_REFUSED: ...".
class ImapReader {
 public:
  // `env` outlives it.
  ImapReader(ImapServer server, Env& env);
  ~ImapReader();
  ImapReader(const ImapReader&) = delete;
  ImapReader& operator=(const ImapReader&) = delete;

  // The oldest `most` mails that arrived since the day of `since` and were not dealt with.
  Result<std::vector<ImapMail>> unhandled(int most, Instant since, Instant deadline);
  // On the connection of the last unhandled() when it is still there. A mail that is gone is no error.
  Status mark_handled(const std::string& handle, Instant deadline);
  // Reaches the mailbox (TLS, login, folder) and changes nothing.
  Status probe(Instant deadline);
  // Ends what is under way within about a second. Any thread.
  void stop() { stopping_ = true; }

 private:
  class Session;
  Result<std::unique_ptr<Session>> open(Instant deadline);

  const ImapServer server_;
  Env& env_;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Session> session_;
};

}  // namespace psl
