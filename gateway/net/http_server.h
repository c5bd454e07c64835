// A small HTTP/1.1 server (RFC 9110, RFC 9112): asynchronous, every size, number and wait bounded.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"

namespace psl {

// PEM files. Clients must show a certificate of one of the authorities of `ca_file`; the system's own list is
// not trusted. Without `ca_file` no certificate is asked for: anybody may connect.
struct HttpServerTls {
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  // "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" or "OPTIONS": the server answers others itself.
  std::string method;
  // As it was sent: "/fhir/DocumentReference?status=current".
  std::string target;
  // Names in lower case, in the order of arrival.
  HttpHeaders headers;
  std::string body;

  // The first of that lower-case name; empty when there is none.
  std::string_view header(std::string_view name) const;
  // The target before and after its first '?', percent-encoded as it came.
  std::string_view path() const;
  std::string_view query() const;
};

struct HttpResponse {
  int status = 200;
  // Content-Length, Date and Connection are added. Without control characters: a trap.
  HttpHeaders headers;
  std::string body;

  // Misbehaviour on demand, for a partner that plays a bad one: the answer leaves only after `delay`; half of
  // it leaves, or nothing, and the connection ends.
  enum class Ending { whole, truncated, dropped };
  Span delay{};
  Ending ending = Ending::whole;
};

struct HttpServerOptions {
  // "host:port", "[v6]:port"; port 0 picks a free one. Without `tls` only a loopback address is taken.
  std::string listen = "127.0.0.1:0";
  // TLS 1.2 or later. A renewed pair serves new connections; with a broken one the old one goes on, and the
  // log says so.
  std::optional<HttpServerTls> tls;
  size_t header_bytes_max = size_t{16} << 10;
  size_t body_bytes_max = size_t{1} << 20;
  // One more is told 503 (without TLS) and closed.
  size_t connections_max = 64;
  // Of them from one IPv4 address or one IPv6 /64, so that one who holds many keeps nobody else out; 0: no
  // bound (behind a proxy all come from one).
  size_t connections_per_client_max = 0;
  // Between two requests of a connection.
  Span idle_timeout = seconds(60);
  // For the TLS handshake, then for a whole header: a client that drips bytes gets no more.
  Span header_timeout = seconds(10);
  Span body_timeout = seconds(60);
  Span write_timeout = seconds(60);
  Span files_looked_at_every = seconds(5);
  // What the server says by itself, made of a status: where people read it. Else a line of English. On the
  // server's thread.
  std::function<HttpResponse(int status)> own_answer;
};

// Gives the answer to one request: from any thread, at any time, also after the server is gone; the first
// call counts. When the last copy goes without a call, the client is told 500.
using HttpReply = std::function<void(HttpResponse)>;
// Called on the server's thread, so it must not wait. A HEAD is asked like a GET; its body is left out
// afterwards.
using HttpHandler = std::function<void(HttpRequest, HttpReply)>;

// Has one thread, which owns all connections. Answers by itself: 400 to what is no HTTP, 413, 431, 501, 505,
// and 503 while stopping. Requests of one connection are answered one after the other, so they may be
// pipelined.
class HttpServer {
  class Core;

 public:
  // Serves when it returns. `configuration` when TLS files cannot be used, or without TLS elsewhere than on a
  // loopback address; `input_output` when the address cannot be had. `env` outlives the server.
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, HttpHandler handler, Env& env);
  explicit HttpServer(std::unique_ptr<Core> core);
  ~HttpServer();  // as stop(0)
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;
  // Takes no new connection, closes those that are idle, gives the requests under way `grace` to be answered,
  // and joins. Afterwards the handler is not called any more. Not from the handler. Again: nothing happens.
  void stop(Span grace = seconds(3));

 private:
  const std::unique_ptr<Core> core_;
};

}  // namespace psl
