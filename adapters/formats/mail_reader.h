// Reads mail messages from outside, within bounds: the other direction of mime.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/result.h"

namespace psl {

// What stands above the parts.
struct MailHead {
  // Empty when it is not exactly one mailbox.
  std::string from;
  // Of To and Cc.
  std::vector<std::string> to;
  // UTF-8, on one line. Empty when missing.
  std::string subject;
  // Without angle brackets.
  std::string message_id;
  // Date is there and can be read.
  bool dated = false;
  // Date, in seconds since 1970; 0 when it is not known.
  int64_t sent_at_s = 0;
  // All, in order, those of the content at the end: values in UTF-8, on one line.
  std::vector<std::pair<std::string, std::string>> headers;

  // The first header of that name, whatever the case; empty when there is none.
  std::string_view header(std::string_view name) const;
};

struct MailPart {
  // Lower case: "text/plain".
  std::string media_type;
  // As it is declared; empty when it is not.
  std::string charset;
  // UTF-8; of Content-Disposition, or else of Content-Type.
  std::string file_name;
  // The name parameters of Content-Disposition and of Content-Type, which software reads either of.
  std::string disposition_name;
  std::string type_name;
  // Lower case: "attachment"; empty when there is none.
  std::string disposition;
  // No header stands twice, and the transfer encoding is one of RFC 2045 or not said.
  bool form_ok = true;
  // Decoded from its transfer encoding; a text keeps its charset. Of a message inside a message: empty.
  std::string content;
};

struct ReadMail {
  MailHead head;
  // Of the message as a whole, lower case: "multipart/mixed".
  std::string media_type;
  // Each multipart has its last boundary: the message was not cut.
  bool closed = true;
  // In order, multiparts opened.
  std::vector<MailPart> parts;
};

// At most 64 MiB, 200 headers, 100 parts, 10 levels of multiparts. `document_invalid` when it is more, or no
// message. Thread safe.
Result<ReadMail> read_mail(std::string_view message);

// Whether two names of headers, files or mailboxes are the same but for the case of ASCII letters.
bool same_ignoring_case(std::string_view a, std::string_view b);

}  // namespace psl
