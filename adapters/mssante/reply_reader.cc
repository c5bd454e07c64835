#include "adapters/mssante/reply_reader.h"

#include <algorithm>
#include <array>
#include <string>

#include "adapters/formats/mail_reader.h"
#include "adapters/formats/text.h"
#include "adapters/mssante/reply_text.h"
#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"
#include "gateway/core/checked.h"

namespace psl {
namespace {

constexpr size_t reply_text_max = 500;
// "PSL-7K3M-9QXD".
constexpr std::string_view code_prefix = "PSL";
constexpr size_t code_group = 4;

std::string_view domain_of(std::string_view address) {
  while (address.ends_with('>') || address.ends_with(' ')) address.remove_suffix(1);
  const size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

// From whom the mail system took it: another house than the one that From names wrote it.
bool from_elsewhere(const MailHead& head, std::string_view sender) {
  const std::string_view returns = domain_of(head.header("Return-Path"));
  return !returns.empty() && !same_ignoring_case(returns, domain_of(sender));
}

std::string sender_of(const MailHead& head) {
  const auto froms = std::count_if(head.headers.begin(), head.headers.end(), [](const auto& header) {
    return same_ignoring_case(header.first, "From");
  });
  if (froms != 1) return {};
  const auto mailbox = Mailbox::parse(head.from);
  if (!mailbox.ok() || from_elsewhere(head, mailbox->reveal())) return {};
  return mailbox->reveal();
}

std::optional<Uuid> delivery_of(std::string_view message_id, std::string_view own_domain) {
  const size_t at = message_id.find('@');
  if (at == std::string_view::npos || !same_ignoring_case(message_id.substr(at + 1), own_domain))
    return std::nullopt;
  const std::string_view local = message_id.substr(0, at);
  const size_t dot = local.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view generation = local.substr(dot + 1);
  if (generation.empty() || generation.size() > 9 ||
      generation.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return Uuid::parse(local.substr(0, dot));
}

// Of the first of ours in a list of message identifiers.
std::optional<Uuid> first_delivery(std::string_view identifiers, std::string_view own_domain) {
  size_t begin = 0;
  while ((begin = identifiers.find('<', begin)) != std::string_view::npos) {
    const size_t end = identifiers.find('>', begin);
    if (end == std::string_view::npos) break;
    if (const auto id = delivery_of(identifiers.substr(begin + 1, end - begin - 1), own_domain)) return id;
    begin = end + 1;
  }
  return std::nullopt;
}

// A character of a code as it is written; 0 when it is none.
char code_character(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'O') return '0';
  if (c == 'I' || c == 'L') return '1';
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z' && c != 'U') ? c : '\0';
}

bool is_word_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The code that begins there, as it is written; also without its dashes, as people type it. Then it must hold
// a digit, for otherwise any two words could be one. Empty for none.
std::string code_at(std::string_view text, size_t at) {
  if (at > 0 && is_word_character(text[at - 1])) return {};
  if (!same_ignoring_case(text.substr(at, code_prefix.size()), code_prefix)) return {};
  at += code_prefix.size();
  std::string code(code_prefix);
  bool digits = false;
  bool dashes = true;
  for (int group = 0; group < 2; ++group) {
    code += '-';
    const bool dash = at < text.size() && text[at] == '-';
    dashes = dashes && dash;
    if (dash || (at < text.size() && text[at] == ' ')) ++at;
    for (size_t i = 0; i < code_group; ++i, ++at) {
      const char c = at < text.size() ? code_character(text[at]) : '\0';
      if (c == '\0') return {};
      digits = digits || (text[at] >= '0' && text[at] <= '9');
      code += c;
    }
  }
  if (at < text.size() && is_word_character(text[at])) return {};
  return dashes || digits ? code : std::string();
}

struct FoundCode {
  std::string code;
  bool several = false;
};

FoundCode find_code(std::string_view text) {
  FoundCode found;
  for (size_t at = 0; at + code_prefix.size() <= text.size(); ++at) {
    const std::string code = code_at(text, at);
    if (code.empty()) continue;
    found.several = found.several || (!found.code.empty() && found.code != code);
    found.code = code;
  }
  return found;
}

std::string answer_code(std::initializer_list<std::string_view> places) {
  for (const std::string_view place : places) {
    const FoundCode found = find_code(place);
    if (found.several) return {};
    if (!found.code.empty()) return found.code;
  }
  return {};
}

// Without accents: what mail programs put before the subject that they answer by themselves.
constexpr std::array<std::string_view, 8> automatic_subjects = {
    "reponse automatique", "automatic reply",   "absence du bureau", "absence du cabinet",
    "out of office",       "message d'absence", "autoreply",         "message automatique"};

bool is_automatic(const ReadMail& mail) {
  const MailHead& head = mail.head;
  const std::string_view submitted = head.header("Auto-Submitted");
  if (!submitted.empty() && !same_ignoring_case(submitted.substr(0, 2), "no")) return true;
  for (const char* name : {"X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "List-Id"}) {
    if (!head.header(name).empty()) return true;
  }
  for (const char* value : {"bulk", "junk", "list", "auto_reply"}) {
    if (same_ignoring_case(head.header("Precedence"), value)) return true;
  }
  if (head.header("Return-Path") == "<>" || mail.media_type == "multipart/report") return true;
  const std::string subject = strict_name(first_characters(head.subject, 100));
  return std::any_of(automatic_subjects.begin(), automatic_subjects.end(), [&](std::string_view each) {
    return same_ignoring_case(subject.substr(0, each.size()), each);
  });
}

std::string text_of_mail(const ReadMail& mail) {
  std::string html;
  for (const MailPart& part : mail.parts) {
    if (part.disposition == "attachment") continue;
    if (part.media_type == "text/plain") {
      std::string text = utf8_text(part.content, part.charset);
      if (text.find_first_not_of(" \n") != std::string::npos) return text;
    } else if (part.media_type == "text/html" && html.empty()) {
      html = text_of_html(utf8_text(part.content, part.charset));
    }
  }
  return html;
}

}  // namespace

Inbound read_reply(std::string_view mail, std::string_view own_domain) {
  Inbound reply;
  const auto read = read_mail(mail);
  if (!read.ok()) {
    reply.identity = to_hex(sha256_of_parts({"reply", mail}));
    return reply;
  }
  const MailHead& head = read->head;
  reply.sender = sender_of(head);
  reply.identity = to_hex(head.message_id.empty() ? sha256_of_parts({"reply", mail})
                                                  : sha256_of_parts({"reply", head.message_id, head.from}));
  reply.delivery_id = first_delivery(head.header("References"), own_domain);
  if (!reply.delivery_id) reply.delivery_id = first_delivery(head.header("In-Reply-To"), own_domain);
  const std::string text = text_of_mail(*read);
  const std::vector<std::string> lines = own_lines(text);
  std::string own;
  for (const std::string& line : lines) own += line + "\n";
  reply.answer_code = answer_code({head.subject, own, text});
  const Decision decision = decide(lines);
  reply.meaning = is_automatic(*read) ? Inbound::Meaning::automatic : decision.meaning;
  reply.text = first_characters(decision.text, reply_text_max);
  return reply;
}

}  // namespace psl
