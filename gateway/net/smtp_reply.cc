#include "gateway/net/smtp_reply.h"

#include <array>

namespace psl {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct EnhancedReason {
  // After the class: "1.1" of 5.1.1; "7." stands for the whole subject.
  std::string_view status;
  std::string_view reason;
};

// RFC 3463 section 3, in order of search: details before their subject.
constexpr std::array<EnhancedReason, 26> enhanced_reasons = {{
    {"1.1", "MAILBOX_ABSENT"},  {"1.2", "DOMAIN_ABSENT"},
    {"1.3", "ADDRESS_INVALID"}, {"1.4", "ADDRESS_INVALID"},
    {"1.6", "MAILBOX_ABSENT"},  {"1.7", "SENDER_REFUSED"},
    {"1.8", "SENDER_REFUSED"},  {"1.10", "DOMAIN_ABSENT"},
    {"2.1", "MAILBOX_CLOSED"},  {"2.2", "MAILBOX_FULL"},
    {"2.3", "TOO_LARGE"},       {"2.", "MAILBOX_BUSY"},
    {"3.1", "PARTNER_FULL"},    {"3.2", "SERVICE_CLOSING"},
    {"3.4", "TOO_LARGE"},       {"3.", "PARTNER_BUSY"},
    {"4.4", "DOMAIN_ABSENT"},   {"4.", "PARTNER_BUSY"},
    {"5.3", "REFUSED"},         {"5.", "PROTOCOL_REFUSED"},
    {"6.", "CONTENT_REFUSED"},  {"7.8", "LOGIN_REFUSED"},
    {"7.9", "LOGIN_REFUSED"},   {"7.", "REFUSED"},
    {"1.", "ADDRESS_INVALID"},  {"0.", ""},
}};

struct BasicReason {
  int code;
  std::string_view reason;
};

// Without an enhanced code, or with one that says nothing (x.0.0). The 510s, 523 and 541 are of the table
// SMTPERRORCODE of the French volet (V2DOC error-codes).
constexpr std::array<BasicReason, 26> basic_reasons = {{
    {421, "SERVICE_CLOSING"},  {450, "MAILBOX_BUSY"},     {451, "PARTNER_BUSY"},     {452, "PARTNER_FULL"},
    {454, "PARTNER_BUSY"},     {455, "PARTNER_BUSY"},     {500, "PROTOCOL_REFUSED"}, {501, "ADDRESS_INVALID"},
    {502, "PROTOCOL_REFUSED"}, {503, "PROTOCOL_REFUSED"}, {504, "PROTOCOL_REFUSED"}, {510, "ADDRESS_INVALID"},
    {511, "MAILBOX_ABSENT"},   {512, "DOMAIN_ABSENT"},    {521, "DOMAIN_ABSENT"},    {523, "TOO_LARGE"},
    {530, "LOGIN_REFUSED"},    {534, "LOGIN_REFUSED"},    {535, "LOGIN_REFUSED"},    {538, "LOGIN_REFUSED"},
    {541, "REFUSED"},          {551, "MAILBOX_ABSENT"},   {553, "ADDRESS_INVALID"},  {554, "REFUSED"},
    {555, "PROTOCOL_REFUSED"}, {556, "DOMAIN_ABSENT"},
}};

std::string_view reason_of_enhanced(std::string_view enhanced) {
  if (enhanced.empty()) return {};
  const std::string_view status = enhanced.substr(2);
  for (const EnhancedReason& each : enhanced_reasons) {
    if (each.status.ends_with('.') ? status.starts_with(each.status) : status == each.status)
      return each.reason;
  }
  return {};
}

std::string_view reason_of_basic(SmtpStage stage, int code) {
  if (code == 550) return stage == SmtpStage::recipient ? "MAILBOX_ABSENT" : "REFUSED";
  // At MAIL it answers the SIZE that we announced (RFC 1870 section 6.1), at RCPT the quota of the mailbox.
  if (code == 552) return stage == SmtpStage::recipient ? "MAILBOX_FULL" : "TOO_LARGE";
  for (const BasicReason& each : basic_reasons) {
    if (each.code == code) return each.reason;
  }
  return code < 500 ? "PARTNER_BUSY" : "REFUSED";
}

std::string partner_code_of(const SmtpReply& reply) {
  std::string code = std::to_string(reply.code);
  if (!reply.enhanced.empty()) code += " " + reply.enhanced;
  return code;
}

std::string_view reason_at(SmtpStage stage, const SmtpReply& reply) {
  std::string_view reason = reason_of_enhanced(reply.enhanced);
  if (reason.empty()) reason = reason_of_basic(stage, reply.code);
  const bool about_an_address = reason == "ADDRESS_INVALID" || reason == "MAILBOX_ABSENT" ||
                                reason == "DOMAIN_ABSENT" || reason == "REFUSED";
  return stage == SmtpStage::sender && about_an_address ? "SENDER_REFUSED" : reason;
}

}  // namespace

std::optional<SmtpReply> parse_smtp_reply(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2]))
    return std::nullopt;
  if (line.size() > 3 && std::string_view(" -\r\n").find(line[3]) == std::string_view::npos)
    return std::nullopt;
  SmtpReply reply;
  reply.code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (line.size() < 9) return reply;
  // class "." subject "." detail, one to three digits each; the class is the reply's.
  const std::string_view rest = line.substr(4);
  size_t end = 0;
  int dots = 0;
  int digits = 0;
  while (end < rest.size() && (is_digit(rest[end]) || rest[end] == '.')) {
    digits = rest[end] == '.' ? 0 : digits + 1;
    dots += rest[end] == '.' ? 1 : 0;
    if (digits > 3 || (digits == 0 && (end == 0 || rest[end - 1] == '.'))) return reply;
    ++end;
  }
  const bool ended =
      end == rest.size() || std::string_view(" \r\n").find(rest[end]) != std::string_view::npos;
  if (dots == 2 && digits > 0 && ended && rest[0] == line[0] && rest[1] == '.')
    reply.enhanced = rest.substr(0, end);
  return reply;
}

Outcome outcome_of_reply(SmtpStage stage, const SmtpReply& reply) {
  Outcome outcome;
  outcome.partner_code = partner_code_of(reply);
  if (reply.code < 400) {
    const bool taken = stage == SmtpStage::end && reply.code == 250;
    outcome.verdict =
        taken ? Verdict::accepted : (stage == SmtpStage::end ? Verdict::unknown : Verdict::try_later);
    outcome.reason = taken ? "ACCEPTED" : "ANSWER_UNREADABLE";
    return outcome;
  }
  outcome.reason = reason_at(stage, reply);
  outcome.verdict = reply.code >= 500 ? Verdict::rejected : Verdict::try_later;
  outcome.partner_down = outcome.reason == "SERVICE_CLOSING";
  // What concerns the connection, not the letter, is for the operator to mend: no letter is lost by it.
  const bool whole_service = stage == SmtpStage::connect || stage == SmtpStage::hello;
  if (whole_service || outcome.reason == "LOGIN_REFUSED") {
    outcome.verdict = Verdict::try_later;
    outcome.partner_down = true;
    if (whole_service && reply.code >= 500 && outcome.reason != "LOGIN_REFUSED")
      outcome.reason = "SERVICE_REFUSED";
  }
  return outcome;
}

}  // namespace psl
