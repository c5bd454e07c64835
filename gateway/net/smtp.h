// Submission of mail (RFC 6409) over STARTTLS (RFC 3207) with a client certificate.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/core/outcome.h"
#include "gateway/net/init.h"

namespace psl {

struct SmtpServer {
  // Checked against the server's certificate.
  std::string host;
  uint16_t port = 587;
  // PEM files, read again at each new connection, so that a renewed one is taken without a restart.
  std::string certificate_file;
  std::string key_file;
  // The only authorities that are trusted.
  std::string ca_file;
  // What EHLO says: a domain name.
  std::string hello_name;
  // Idle connections kept at most.
  int connections = 2;
  Span connect_timeout = seconds(10);
  Span delivery_timeout = seconds(120);
};

struct SmtpMail {
  // Addresses without angle brackets, checked by the caller (Mailbox).
  std::string_view sender;
  std::string_view recipient;
  // Lines end with CRLF; dots are doubled on the way.
  std::string_view message;
};

// Thread safe: each send has a connection of its own, kept afterwards when all went well. TLS 1.2 or later or
// nothing; no proxy, whatever the environment says.
class SmtpSender {
 public:
  // `env` outlives the sender.
  SmtpSender(SmtpServer server, Env& env);
  // Says QUIT on idle connections, half a second each at most. No send may be under way.
  ~SmtpSender();
  SmtpSender(const SmtpSender&) = delete;
  SmtpSender& operator=(const SmtpSender&) = delete;

  // Until the partner's answer, `deadline` on Env::monotonic or delivery_timeout, whichever is first.
  // `accepted` only for a 250 to the whole letter; `unknown` when the letter left whole and no answer came.
  Outcome send(const SmtpMail& mail, Instant deadline);

  // A fresh connection up to the answer to NOOP. The error's text begins with the reason of an Outcome.
  Status probe(Instant deadline);

  // Ends the sends under way within about a second, and refuses new ones.
  void stop();

 private:
  class Connection;
  std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);
  Span time_left(Instant deadline) const;

  const SmtpServer server_;
  Env& env_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // guards idle_
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace psl
