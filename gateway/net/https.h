// HTTPS requests to a partner, with our client certificate (RFC 9110, RFC 9112).
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/core/outcome.h"

namespace psl {

struct HttpsServer {
  // "https://host[:port][/path]", no query, no final slash. The host is checked against the server's
  // certificate.
  std::string base_url;
  // PEM files, read again at each new connection; a connection is used for five minutes at most, so that a
  // renewed certificate is taken without a restart.
  std::string certificate_file;
  std::string key_file;
  // The only authorities that are trusted.
  std::string ca_file;
  // Idle connections kept at most.
  int connections = 2;
  Span connect_timeout = seconds(10);
  Span delivery_timeout = seconds(120);
  // Of an answer that is read; a longer one is an ending of its own.
  size_t answer_bytes_max = size_t{1} << 20;
};

struct HttpsRequest {
  // "GET", "POST", "PATCH".
  std::string_view method = "POST";
  // Added to the base URL: "" or "/DocumentReference?identifier=...", percent-encoded by the caller. Never
  // holds a person's data.
  std::string path;
  // Without Content-Length and Host; no line ends. A body wants a Content-Type.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;
};

// A whole answer of the partner, whatever its status.
struct HttpsAnswer {
  int status = 0;
  // Lower case, without parameters: "application/fhir+json".
  std::string content_type;
  std::string body;
  // Retry-After in seconds; 0 when absent or not understood. At most 86400.
  int retry_after_s = 0;
};

// What a request came to: an answer, or how it broke.
struct HttpsExchange {
  bool answered = false;
  HttpsAnswer answer;
  // When not answered: try_later (the request did not leave whole, or the partner cannot have acted), or
  // unknown (it left whole and no whole answer came: TIMEOUT, CONNECTION_LOST, ANSWER_TOO_LARGE,
  // ANSWER_UNREADABLE). Its reason is one of docs/reference/outcomes.md; partner_down is set, unless it was
  // our stop() or a deadline that had passed before.
  Outcome broken;
};

// Thread safe: each request has a connection of its own, kept afterwards when all went well. TLS 1.2 or later
// or nothing; no proxy, whatever the environment says; a redirect is an answer like any other and never
// followed.
class HttpsClient {
 public:
  // `env` outlives the client.
  HttpsClient(HttpsServer server, Env& env);
  ~HttpsClient();
  HttpsClient(const HttpsClient&) = delete;
  HttpsClient& operator=(const HttpsClient&) = delete;

  // Until the whole answer, `deadline` on Env::monotonic or delivery_timeout, whichever is first. A
  // connection that the partner closed while it was idle is replaced once, unseen, when no byte of the
  // request can have been acted upon.
  HttpsExchange send(const HttpsRequest& request, Instant deadline);

  // A TLS connection, without a request. The error's text begins with the reason of an Outcome.
  Status probe(Instant deadline);

  // Ends the requests under way within about a second, and refuses new ones.
  void stop();

 private:
  class Connection;
  std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);

  const HttpsServer server_;
  Env& env_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // guards idle_
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace psl
