#include "gateway/net/smtp_exchange.h"

#include <curl/curl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <memory>

namespace psl {
namespace {

Outcome connection_failure(std::string_view reason) {
  return {Verdict::try_later, std::string(reason), "", true};
}

// A TLS alert that the partner sends about the certificate that we gave (RFC 8446 section 6.2).
bool alert_about_our_certificate(std::string_view text) {
  if (text.find(" alert ") == std::string_view::npos) return false;
  return text.find("certificate") != std::string_view::npos ||
         text.find("unknown ca") != std::string_view::npos;
}

std::string_view reason_of_curl(int code, std::string_view text) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "HOST_NOT_FOUND";
    case CURLE_COULDNT_CONNECT:
      return "CONNECTION_REFUSED";
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_ABORTED_BY_CALLBACK:
      return "TIMEOUT";
    case CURLE_USE_SSL_FAILED:
      return "STARTTLS_MISSING";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return "PARTNER_CERTIFICATE";
    case CURLE_SSL_CERTPROBLEM:
      return "OWN_CERTIFICATE";
    case CURLE_SSL_CACERT_BADFILE:
      return "TRUST_FILE";
    case CURLE_SSL_CONNECT_ERROR:
      return alert_about_our_certificate(text) ? "OWN_CERTIFICATE" : "TLS_FAILED";
    default:
      return alert_about_our_certificate(text) ? "OWN_CERTIFICATE" : "CONNECTION_LOST";
  }
}

// True when a failure, or a policy refusal (x.7.x), may come from the certificate that we showed.
bool may_be_our_certificate(const SmtpExchange& exchange) {
  if (exchange.stage == SmtpStage::hello || exchange.stage == SmtpStage::sender) return true;
  return exchange.stage <= SmtpStage::data && exchange.reply && exchange.reply->enhanced.find(".7.") == 1;
}

}  // namespace

void SmtpExchange::on_command(std::string_view line) {
  if (line.starts_with("EHLO") || line.starts_with("HELO") || line.starts_with("STARTTLS")) {
    stage = SmtpStage::hello;
  } else if (line.starts_with("MAIL ")) {
    stage = SmtpStage::sender;
  } else if (line.starts_with("RCPT ")) {
    stage = SmtpStage::recipient;
  } else if (line.starts_with("DATA")) {
    stage = SmtpStage::data;
  } else {
    parting = parting || line.starts_with("QUIT");
    return;
  }
  reply.reset();
}

void SmtpExchange::on_answer(std::string_view line) {
  if (parting) return;  // libcurl's farewell: the answer that counts is already here
  auto parsed = parse_smtp_reply(line);
  if (!parsed) return;
  const bool last_line = line.size() < 4 || line[3] != '-';
  // libcurl says QUIT after a refusal and would wait for the farewell as long as for an answer.
  if (parsed->code >= 400 && last_line) sockets->stop_reading();
  reply = std::move(parsed);
}

size_t SmtpExchange::on_read(char* buffer, size_t room) {
  if (stage < SmtpStage::content) {
    stage = SmtpStage::content;
    reply.reset();
  }
  const size_t count = std::min(room, message.size() - taken);
  std::memcpy(buffer, message.data() + taken, count);
  taken += count;
  // libcurl knows the size: it adds the final dot without asking for more.
  if (taken == message.size()) stage = SmtpStage::end;
  return count;
}

bool SmtpExchange::must_stop() {
  const bool stop = stopping->load(std::memory_order_relaxed) || env->monotonic() >= limit;
  if (stop) sockets->cut();
  return stop;
}

void OpenSockets::stop_reading() {
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RD);
}

void OpenSockets::cut() {
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
}

Outcome outcome_of_ending(const SmtpExchange& exchange, const SmtpEnding& ending,
                          bool own_certificate_valid) {
  if (ending.curl_code == CURLE_OK) {
    if (exchange.stage == SmtpStage::end && exchange.reply)
      return outcome_of_reply(exchange.stage, *exchange.reply);
    return {Verdict::unknown, "ANSWER_UNREADABLE", "", true};
  }
  if (!own_certificate_valid && may_be_our_certificate(exchange))
    return connection_failure("OWN_CERTIFICATE");
  // A positive answer explains no failure: 250 to RCPT and then a lost connection.
  if (exchange.reply && exchange.reply->code >= 400) return outcome_of_reply(exchange.stage, *exchange.reply);
  Outcome outcome = connection_failure(reason_of_curl(ending.curl_code, ending.text));
  if (ending.curl_code == CURLE_ABORTED_BY_CALLBACK && exchange.stopping->load()) {
    outcome.reason = "STOPPING";
    outcome.partner_down = false;
  }
  // Before the end, what left is no letter yet (RFC 5321 section 4.1.1.4): the partner cannot have acted.
  if (exchange.stage == SmtpStage::end) outcome.verdict = Verdict::unknown;
  return outcome;
}

bool certificate_valid(const std::string& file, Instant now) {
  const std::unique_ptr<BIO, int (*)(BIO*)> in(BIO_new_file(file.c_str(), "r"), BIO_free);
  if (!in) {
    ERR_clear_error();
    return false;
  }
  const std::unique_ptr<X509, void (*)(X509*)> certificate(
      PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free);
  ERR_clear_error();
  if (!certificate) return false;
  std::time_t at = now.us / 1000000;
  return X509_cmp_time(X509_get0_notBefore(certificate.get()), &at) < 0 &&
         X509_cmp_time(X509_get0_notAfter(certificate.get()), &at) > 0;
}

}  // namespace psl
