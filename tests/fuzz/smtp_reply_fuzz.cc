// Whatever a mail partner answers: nothing of its text is kept but digits and dots.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/net/smtp_reply.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string line(data, data + size);
  const auto reply = psl::parse_smtp_reply(line);
  if (!reply) return 0;
  PSL_CHECK(reply->code >= 200 && reply->code <= 599);
  PSL_CHECK(reply->enhanced.size() <= 9);
  PSL_CHECK(reply->enhanced.find_first_not_of("0123456789.") == std::string::npos);
  for (const auto stage :
       {psl::SmtpStage::connect, psl::SmtpStage::sender, psl::SmtpStage::recipient, psl::SmtpStage::end}) {
    const psl::Outcome outcome = psl::outcome_of_reply(stage, *reply);
    PSL_CHECK(!outcome.reason.empty());
    PSL_CHECK(outcome.partner_code.find_first_not_of("0123456789. ") == std::string::npos);
  }
  return 0;
}
