#include "gateway/net/smtp.h"

#include <curl/curl.h>

#include <algorithm>

#include "gateway/net/smtp_exchange.h"

namespace psl {
namespace {

constexpr Span quit_patience = milliseconds(500);

std::string url_of(const SmtpServer& server) {
  const bool literal_v6 = server.host.find(':') != std::string::npos;
  const std::string host = literal_v6 ? "[" + server.host + "]" : server.host;
  return "smtp://" + host + ":" + std::to_string(server.port) + "/" + server.hello_name;
}

}  // namespace

// A handle that speaks SMTP.
class SmtpSender::Connection {
 public:
  CurlEnding submit(const SmtpServer& server, const SmtpMail& mail, Span left, SmtpExchange& exchange) {
    const std::string from = "<" + std::string(mail.sender) + ">";
    CurlList to;
    if (!to.add("<" + std::string(mail.recipient) + ">")) return {CURLE_OUT_OF_MEMORY, "", false};
    handle_.set(CURLOPT_CUSTOMREQUEST, nullptr)
        .set(CURLOPT_UPLOAD, 1L)
        .set(CURLOPT_MAIL_FROM, from.c_str())
        .set(CURLOPT_MAIL_RCPT, to)
        .set(CURLOPT_INFILESIZE_LARGE, static_cast<long>(mail.message.size()));
    return perform(server, left, exchange);
  }

  // A command without arguments: NOOP or QUIT.
  CurlEnding say(const SmtpServer& server, const char* command, Span left, SmtpExchange& exchange) {
    handle_.set(CURLOPT_UPLOAD, 0L)
        .set(CURLOPT_MAIL_FROM, nullptr)
        .set(CURLOPT_MAIL_RCPT, nullptr)
        .set(CURLOPT_CUSTOMREQUEST, command);
    return perform(server, left, exchange);
  }

  // QUIT, then the socket is cut, so that libcurl's own farewell does not wait.
  void part(const SmtpServer& server, SmtpExchange& exchange) {
    say(server, "QUIT", quit_patience, exchange);
    handle_.sockets().cut();
  }

 private:
  CurlEnding perform(const SmtpServer& server, Span left, SmtpExchange& exchange) {
    handle_.set_way({server.certificate_file, server.key_file, server.ca_file, server.connect_timeout, left})
        .set(CURLOPT_URL, url_of(server).c_str())
        .set(CURLOPT_PROTOCOLS_STR, "smtp")
        .set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL))
        // libcurl's own patience with one answer is 120 s: the limits of the way are the ones that count.
        .set(CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(left.us / 1000000) + 1);
    return handle_.perform(exchange);
  }

  CurlHandle handle_;
};

SmtpSender::SmtpSender(SmtpServer server, Env& env) : server_(std::move(server)), env_(env) {}

SmtpSender::~SmtpSender() {
  const std::atomic<bool> never{false};
  for (const auto& connection : idle_) {
    SmtpExchange farewell("", never, env_, env_.monotonic() + quit_patience);
    connection->part(server_, farewell);
  }
}

Outcome SmtpSender::send(const SmtpMail& mail, Instant deadline) {
  const Instant limit = std::min(deadline, env_.monotonic() + server_.delivery_timeout);
  for (bool again = true;; again = false) {
    if (stopping_) return {Verdict::try_later, "STOPPING", "", false};
    const Span left = time_left(limit);
    if (left.us <= 0) return {Verdict::try_later, "TIMEOUT", "", false};
    std::unique_ptr<Connection> connection = again ? take() : std::make_unique<Connection>();
    SmtpExchange exchange(mail.message, stopping_, env_, limit);
    const CurlEnding ending = connection->submit(server_, mail, left, exchange);
    Outcome outcome = outcome_of_ending(exchange, ending, true);
    if (outcome.verdict == Verdict::accepted) {
      give_back(std::move(connection));
      return outcome;
    }
    // After any failure the handle goes: libcurl may keep a connection on which an old answer is still to
    // come.
    connection.reset();
    const bool closed_while_idle = exchange.untouched() || (exchange.reply && exchange.reply->code == 421);
    const bool nothing_left = exchange.stage < SmtpStage::content;
    if (again && ending.reused && nothing_left && closed_while_idle && time_left(limit).us > 0) continue;
    if (certificate_valid(server_.certificate_file, env_.now())) return outcome;
    return outcome_of_ending(exchange, ending, false);
  }
}

Status SmtpSender::probe(Instant deadline) {
  const Instant limit = std::min(deadline, env_.monotonic() + server_.delivery_timeout);
  const Span left = time_left(limit);
  if (left.us <= 0) return error_of(ErrorCode::deadline, "TIMEOUT");
  Connection connection;
  SmtpExchange exchange("", stopping_, env_, limit);
  const CurlEnding ending = connection.say(server_, "NOOP", left, exchange);
  if (ending.code == CURLE_OK) {
    SmtpExchange farewell("", stopping_, env_, env_.monotonic() + quit_patience);
    connection.part(server_, farewell);
    return {};
  }
  const bool own_valid = certificate_valid(server_.certificate_file, env_.now());
  const Outcome outcome = outcome_of_ending(exchange, ending, own_valid);
  const std::string code = outcome.partner_code.empty() ? "" : " (" + outcome.partner_code + ")";
  return error_of(ErrorCode::input_output, outcome.reason + code + ": the mail partner could not be reached");
}

void SmtpSender::stop() { stopping_ = true; }

std::unique_ptr<SmtpSender::Connection> SmtpSender::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Connection>();
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void SmtpSender::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (std::ssize(idle_) < server_.connections) idle_.push_back(std::move(connection));
}

Span SmtpSender::time_left(Instant deadline) const { return deadline - env_.monotonic(); }

}  // namespace psl
