#include "gateway/net/smtp_exchange.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>

namespace psl {
namespace {

Outcome connection_failure(std::string_view reason) {
  return {Verdict::try_later, std::string(reason), "", true};
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
    parting_ = parting_ || line.starts_with("QUIT");
    return;
  }
  reply.reset();
}

bool SmtpExchange::on_line(std::string_view line) {
  if (parting_) return true;  // libcurl's farewell: the answer that counts is already here
  auto parsed = parse_smtp_reply(line);
  if (!parsed) return true;
  const bool last_line = line.size() < 4 || line[3] != '-';
  // libcurl says QUIT after a refusal and would wait for the farewell as long as for an answer.
  if (parsed->code >= 400 && last_line) sockets().stop_reading();
  reply = std::move(parsed);
  return true;
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

Outcome outcome_of_ending(const SmtpExchange& exchange, const CurlEnding& ending,
                          bool own_certificate_valid) {
  if (ending.code == CURLE_OK) {
    if (exchange.stage == SmtpStage::end && exchange.reply)
      return outcome_of_reply(exchange.stage, *exchange.reply);
    return {Verdict::unknown, "ANSWER_UNREADABLE", "", true};
  }
  if (!own_certificate_valid && may_be_our_certificate(exchange))
    return connection_failure("OWN_CERTIFICATE");
  // A positive answer explains no failure: 250 to RCPT and then a lost connection.
  if (exchange.reply && exchange.reply->code >= 400) return outcome_of_reply(exchange.stage, *exchange.reply);
  Outcome outcome = connection_failure(reason_of_curl(ending));
  if (ending.code == CURLE_ABORTED_BY_CALLBACK && exchange.told_to_stop()) {
    outcome.reason = "STOPPING";
    outcome.partner_down = false;
  }
  // Before the end, what left is no letter yet (RFC 5321 section 4.1.1.4): the partner cannot have acted.
  if (exchange.stage == SmtpStage::end) outcome.verdict = Verdict::unknown;
  return outcome;
}

}  // namespace psl
