#include "gateway/net/https.h"

#include <curl/curl.h>

#include <algorithm>

#include "gateway/net/https_transfer.h"

namespace psl {
namespace {

constexpr long connection_seconds_max = 300;
constexpr long retry_after_seconds_max = 86400;
// For a partner that refuses our certificate to say so: in TLS 1.3 that comes after the handshake.
constexpr Span refusal_patience = milliseconds(300);

std::string media_type_of(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find_first_of("; \t")));
  for (char& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return type;
}

HttpsExchange broken(std::string_view reason) {
  HttpsExchange exchange;
  exchange.broken = {Verdict::try_later, std::string(reason), "", false};
  return exchange;
}

}  // namespace

// A handle that speaks HTTPS.
class HttpsClient::Connection {
 public:
  CurlEnding ask(const HttpsServer& server, const HttpsRequest& request, Span left, HttpsTransfer& transfer) {
    CurlList headers;
    // Without it libcurl would wait a second for the leave to send a long body.
    bool listed = headers.add("Expect:");
    for (const auto& [name, value] : request.headers) {
      PSL_CHECK((name + value).find_first_of("\r\n") == std::string::npos);
      listed = listed && headers.add(name + ": " + value);
    }
    if (!listed) return {CURLE_OUT_OF_MEMORY, "", false};
    const std::string method(request.method);
    if (method == "GET") {
      handle_.set(CURLOPT_HTTPGET, 1L).set(CURLOPT_CUSTOMREQUEST, nullptr);
    } else {
      handle_.set(CURLOPT_POST, 1L)
          .set(CURLOPT_CUSTOMREQUEST, method == "POST" ? nullptr : method.c_str())
          .set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<long>(request.body.size()))
          .set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    }
    handle_.set(CURLOPT_HTTPHEADER, headers);
    return perform(server, request.path, left, transfer);
  }

  // TCP and TLS only; then the partner may still refuse our certificate.
  CurlEnding connect(const HttpsServer& server, Span left, HttpsTransfer& transfer) {
    handle_.set(CURLOPT_CONNECT_ONLY, 1L);
    const CurlEnding ending = perform(server, "", left, transfer);
    return ending.code == CURLE_OK ? handle_.overhear(std::min(left, refusal_patience)) : ending;
  }

  HttpsAnswer answer(HttpsTransfer& transfer) const {
    HttpsAnswer answer;
    answer.status = static_cast<int>(handle_.number(CURLINFO_RESPONSE_CODE));
    answer.content_type = media_type_of(handle_.text(CURLINFO_CONTENT_TYPE));
    answer.body = std::move(transfer.body);
    answer.retry_after_s =
        static_cast<int>(std::clamp(handle_.number(CURLINFO_RETRY_AFTER), 0L, retry_after_seconds_max));
    return answer;
  }

  // A partner that closed an idle connection may be known by what arrived on it.
  bool may_be_used() { return handle_.sockets().quiet(); }

 private:
  CurlEnding perform(const HttpsServer& server, const std::string& path, Span left, HttpsTransfer& transfer) {
    handle_.set_way({server.certificate_file, server.key_file, server.ca_file, server.connect_timeout, left})
        .set(CURLOPT_URL, (server.base_url + path).c_str())
        .set(CURLOPT_PROTOCOLS_STR, "https")
        .set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1))
        .set(CURLOPT_FOLLOWLOCATION, 0L)
        .set(CURLOPT_MAXLIFETIME_CONN, connection_seconds_max);
    return handle_.perform(transfer);
  }

  CurlHandle handle_;
};

HttpsClient::HttpsClient(HttpsServer server, Env& env) : server_(std::move(server)), env_(env) {}

HttpsClient::~HttpsClient() = default;

HttpsExchange HttpsClient::send(const HttpsRequest& request, Instant deadline) {
  const Instant limit = std::min(deadline, env_.monotonic() + server_.delivery_timeout);
  const HttpsBounds bounds{request.body.size(), server_.answer_bytes_max, request.method == "GET"};
  for (bool again = true;; again = false) {
    if (stopping_) return broken("STOPPING");
    const Span left = limit - env_.monotonic();
    if (left.us <= 0) return broken("TIMEOUT");
    std::unique_ptr<Connection> connection = again ? take() : std::make_unique<Connection>();
    HttpsTransfer transfer(bounds, stopping_, env_, limit);
    const CurlEnding ending = connection->ask(server_, request, left, transfer);
    HttpsExchange exchange;
    if (transfer.answered(ending)) {
      exchange.answered = true;
      exchange.answer = connection->answer(transfer);
      give_back(std::move(connection));
      return exchange;
    }
    const bool lost = ending.code == CURLE_SEND_ERROR || ending.code == CURLE_RECV_ERROR;
    if (again && ending.reused && lost && transfer.may_be_repeated()) continue;
    exchange.broken =
        transfer.outcome_of_ending(ending, certificate_valid(server_.certificate_file, env_.now()));
    return exchange;
  }
}

Status HttpsClient::probe(Instant deadline) {
  const Instant limit = std::min(deadline, env_.monotonic() + server_.delivery_timeout);
  const Span left = limit - env_.monotonic();
  if (left.us <= 0) return error_of(ErrorCode::deadline, "TIMEOUT");
  Connection connection;
  HttpsTransfer transfer({}, stopping_, env_, limit);
  const CurlEnding ending = connection.connect(server_, left, transfer);
  if (ending.code == CURLE_OK) return {};
  const bool own_valid = certificate_valid(server_.certificate_file, env_.now());
  return error_of(ErrorCode::input_output, transfer.outcome_of_ending(ending, own_valid).reason +
                                               ": the partner could not be reached over HTTPS");
}

void HttpsClient::stop() { stopping_ = true; }

std::unique_ptr<HttpsClient::Connection> HttpsClient::take() {
  const std::lock_guard lock(mutex_);
  while (!idle_.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->may_be_used()) return connection;
  }
  return std::make_unique<Connection>();
}

void HttpsClient::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (std::ssize(idle_) < server_.connections) idle_.push_back(std::move(connection));
}

}  // namespace psl
