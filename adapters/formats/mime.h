// Mail messages: RFC 5322 with the MIME of RFC 2045 to 2047.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/result.h"

namespace psl {

struct MailAddress {
  // Shown with the mailbox; UTF-8, may be empty.
  std::string name;
  // addr-spec of RFC 5322, ASCII, without quotes.
  std::string mailbox;
};

struct MailAttachment {
  std::string file_name;
  // "application/pdf".
  std::string media_type;
  std::string_view content;
};

// All that the bytes depend on: no clock, no chance, no locale.
struct MailMessage {
  MailAddress from;
  std::vector<MailAddress> to;
  std::vector<MailAddress> reply_to;
  // UTF-8.
  std::string subject;
  // As calendar.h's mail_date() gives it.
  std::string date;
  // Without angle brackets: "local@domain".
  std::string message_id;
  // Further headers, in order: ASCII names, UTF-8 values.
  std::vector<std::pair<std::string, std::string>> headers;
  // UTF-8, lines ended by "\n".
  std::string text;
  std::vector<MailAttachment> attachments;
  // 1 to 40 letters and digits; must differ from message to message only for tidiness, it cannot occur in a
  // body.
  std::string boundary;
};

// The message with CRLF line ends, 7-bit, no line above 998 characters: multipart/mixed, the text first
// (UTF-8, quoted-printable), then the attachments (base64); without any, the text alone. A control character
// in a header value becomes a space, so that no value can begin another header. `internal` when a mailbox, a
// header's name, the identifier or the boundary is not what is said above. Thread safe.
Result<std::string> write_mail(const MailMessage& message);

// No message of such parts is larger than this, when its headers and text together have at most `text_bytes`
// bytes.
uint64_t mail_size_bound(uint64_t text_bytes, std::span<const uint64_t> attachment_bytes);

}  // namespace psl
