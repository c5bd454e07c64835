// What an SMTP answer means for a delivery: RFC 5321 section 4.2, with the enhanced status codes of RFC 3463
// and the codes that RFC 1870 (size), 4954 (authentication), 7504 and 7505 (no mail here) add.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/core/outcome.h"

namespace psl {

// How far an exchange had come. From `content` on, bytes of the letter have left; only from `end` on can the
// partner have taken it, because a letter without its final dot must be dropped (RFC 5321 section 4.1.1.4).
enum class SmtpStage { connect, hello, sender, recipient, data, content, end };

struct SmtpReply {
  // 200 to 599.
  int code = 0;
  // "5.1.1", of the class of `code`; empty when there is none.
  std::string enhanced;
};

// One line of an answer, "550 5.1.1 ..." or "250-SIZE"; its free text is dropped. Nothing when it is not one.
std::optional<SmtpReply> parse_smtp_reply(std::string_view line);

// The reply that ended an exchange at `stage`. A reply of the 2xx class at `end` is an acceptance only when
// it is 250.
Outcome outcome_of_reply(SmtpStage stage, const SmtpReply& reply);

}  // namespace psl
