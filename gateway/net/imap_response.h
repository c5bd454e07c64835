// What an IMAP server says (RFC 3501 section 7), as the client in imap.h needs it. Literals are counted, so
// that no mail can pretend to be an answer of the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace psl {

// One response, from its tag or "*" to its end. Numbers of a literal stay in the text: "BODY[]<0> {12})".
struct ImapResponse {
  std::string text;
  std::vector<std::string> literals;
};

// Cuts a stream into responses.
class ImapStream {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole response; nothing when more bytes are needed. `input_output` when one is beyond the
  // bounds: 1 MiB of text, 300 KiB for a literal, 16 literals. It stays so.
  Result<std::optional<ImapResponse>> next();

 private:
  std::string buffer_;
  size_t taken_ = 0;    // of the buffer, by the response under way
  size_t scanned_ = 0;  // no line end before it
  ImapResponse current_;
};

// Of "* SEARCH 4 7": the numbers; nothing when it is another response. At most `most`, the smallest,
// ascending.
std::optional<std::vector<uint32_t>> search_result(std::string_view text, size_t most);
// What "* OK [UIDVALIDITY 7] ..." says; nothing when it is another response.
std::optional<uint32_t> uid_validity(std::string_view text);
// "* OK [PERMANENTFLAGS (\Seen \*)]": whether this keyword, or any, can be kept; nothing when it is another
// response.
std::optional<bool> keeps_keyword(std::string_view text, std::string_view keyword);
// Whether it is "* n FETCH (...)" that names this UID.
bool is_fetch_of(std::string_view text, uint32_t uid);

}  // namespace psl
