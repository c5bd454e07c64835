#include "gateway/net/https_transfer.h"

#include <curl/curl.h>

namespace psl {
namespace {

// Partners and what stands before them add a few hundred bytes; common servers stop at 8 to 64 KiB
// themselves.
constexpr size_t head_bytes_max = size_t{64} << 10;

}  // namespace

// libcurl by itself sends a request again when a kept connection broke without an answer: also a POST that
// was acted upon.
bool HttpsTransfer::may_begin() {
  repeat_refused_ = !may_be_repeated();
  if (repeat_refused_) return false;
  head_left_ = false;
  body_left_ = 0;
  return true;
}

void HttpsTransfer::on_command(std::string_view) { head_left_ = true; }

void HttpsTransfer::on_content(size_t count) { body_left_ += count; }

bool HttpsTransfer::on_line(std::string_view line) {
  if (line.starts_with("HTTP/")) head_ended_ = false;  // after an interim answer
  head_ended_ = head_ended_ || line == "\r\n" || line == "\n";
  heard_ += line.size();
  too_large_ = too_large_ || heard_ > head_bytes_max;
  return !too_large_;
}

bool HttpsTransfer::on_body(std::string_view part) {
  too_large_ = too_large_ || part.size() > bounds_.answer_bytes_max - body.size();
  if (!too_large_) body += part;
  return !too_large_;
}

bool HttpsTransfer::answered(const CurlEnding& ending) const {
  return ending.code == CURLE_OK && head_ended_;
}

std::string_view HttpsTransfer::reason_of_ending(const CurlEnding& ending, bool own_certificate_valid) const {
  if (too_large_) return "ANSWER_TOO_LARGE";
  if (repeat_refused_ || ending.code == CURLE_OK) return "CONNECTION_LOST";
  switch (ending.code) {
    case CURLE_UNSUPPORTED_PROTOCOL:  // an answer without a status line
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return "ANSWER_UNREADABLE";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
      // The end of a connection may be all that is seen of a refused certificate.
      if (!own_certificate_valid && heard_ == 0 && !ending.reused) return "OWN_CERTIFICATE";
      break;
    default:
      break;
  }
  return reason_of_curl(ending);
}

Outcome HttpsTransfer::outcome_of_ending(const CurlEnding& ending, bool own_certificate_valid) const {
  Outcome outcome{Verdict::try_later, std::string(reason_of_ending(ending, own_certificate_valid)), "", true};
  if (ending.code == CURLE_ABORTED_BY_CALLBACK && told_to_stop()) {
    outcome.reason = "STOPPING";
    outcome.partner_down = false;
  }
  // In TLS 1.3 the request leaves before the partner has judged our certificate, and is not read when that is
  // refused.
  if (left_whole() && !refuses_our_certificate(ending)) outcome.verdict = Verdict::unknown;
  return outcome;
}

}  // namespace psl
