// An HTTPS server on loopback that answers as a test says.
#pragma once

#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/loopback_server.h"
#include "tests/support/throwaway_pki.h"

namespace psl::test {

// A whole request.
struct HttpsSeen {
  size_t connection = 0;
  std::string method;
  // Path and query.
  std::string target;
  // Names in lower case.
  std::map<std::string, std::string> headers;
  std::string body;
  std::string client_name;
};

struct HttpsReply {
  enum class Then { keep, close, silence };
  // As they leave: http_answer() makes them. Empty: no answer.
  std::string bytes = {};
  Then then = Then::keep;
  // Sent again and again until the client leaves.
  std::string flood = {};
};

inline std::string http_answer(int status, std::string_view content_type, std::string_view body,
                               std::string_view more_headers = "") {
  std::string answer = "HTTP/1.1 " + std::to_string(status) + " Test\r\n";
  if (!content_type.empty()) answer.append("Content-Type: ").append(content_type).append("\r\n");
  answer.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return answer.append(more_headers).append("\r\n").append(body);
}

// Listens on 127.0.0.1, a free port; asks for a client certificate of `client_ca`. `answers` is called from
// the thread of a connection, one call at a time.
class ScriptedHttpsServer {
 public:
  using Answers = std::function<HttpsReply(const HttpsSeen&)>;

  struct Settings {
    bool asks_certificate = true;
    bool old_tls_only = false;
    // Connections, counted from 0, that end once this many bytes of a body came.
    std::map<size_t, size_t> close_after_body_bytes = {};
    // Said after the head of each request, whose body is then read and dropped. Empty: no.
    std::string early_answer = {};
  };

  ScriptedHttpsServer(Answers answers, const CertificateFiles& own, const std::string& client_ca)
      : ScriptedHttpsServer(std::move(answers), own, client_ca, Settings()) {}
  ScriptedHttpsServer(Answers answers, const CertificateFiles& own, const std::string& client_ca,
                      Settings settings)
      : answers_(std::move(answers)), settings_(std::move(settings)), tls_(own, client_ca) {
    if (!settings_.asks_certificate) tls_.ask_no_certificate();
    if (settings_.old_tls_only) tls_.speak_old_tls_only();
    port = listener_.port;
  }

  // The requests that came whole until now.
  std::vector<HttpsSeen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  size_t connections() { return listener_.begun(); }
  size_t connections_ended() { return listener_.ended(); }
  size_t flooded_bytes() const { return flooded_bytes_; }

  uint16_t port = 0;

 private:
  void serve(int socket, size_t index) {
    TlsWire wire(socket);
    if (!wire.start_tls(tls_)) return;
    HttpsSeen request;
    while (read_request(wire, index, request)) {
      HttpsReply reply;
      {
        const std::lock_guard lock(mutex_);
        seen_.push_back(request);
        reply = answers_(request);
      }
      if (!reply.bytes.empty() && !wire.say(reply.bytes)) return;
      while (!reply.flood.empty()) {
        if (!wire.say(reply.flood)) return;
        flooded_bytes_ += reply.flood.size();
      }
      if (reply.then == HttpsReply::Then::silence) wire.wait_until_left();
      if (reply.then != HttpsReply::Then::keep) return;
    }
  }

  bool read_request(TlsWire& wire, size_t index, HttpsSeen& request) const {
    request = {};
    request.connection = index;
    request.client_name = wire.client_name();
    std::string line;
    if (!wire.read_until("\r\n", line)) return false;
    const size_t first = line.find(' ');
    const size_t second = line.find(' ', first + 1);
    request.method = line.substr(0, first);
    request.target = line.substr(first + 1, second - first - 1);
    while (wire.read_until("\r\n", line) && line != "\r\n") {
      const size_t colon = line.find(": ");
      if (colon == std::string::npos) continue;
      std::string name = line.substr(0, colon);
      for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      }
      request.headers[name] = line.substr(colon + 2, line.size() - colon - 4);
    }
    if (!settings_.early_answer.empty()) {
      wire.say(settings_.early_answer);
      wire.wait_until_left();
      return false;
    }
    const size_t length = std::strtoul(request.headers["content-length"].c_str(), nullptr, 10);
    const auto cut = settings_.close_after_body_bytes.find(index);
    if (cut != settings_.close_after_body_bytes.end() && cut->second < length) {
      wire.read_exactly(cut->second, request.body);
      return false;
    }
    return wire.read_exactly(length, request.body);
  }

  const Answers answers_;
  const Settings settings_;
  ServerTls tls_;
  std::atomic<size_t> flooded_bytes_{0};
  std::mutex mutex_;
  std::vector<HttpsSeen> seen_;
  LoopbackListener listener_{[this](int socket, size_t index) { serve(socket, index); }};
};

}  // namespace psl::test
