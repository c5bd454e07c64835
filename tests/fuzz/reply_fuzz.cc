// Any bytes are a reply that is read to its end, and whatever an IMAP server says is cut within bounds.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "adapters/mssante/reply_reader.h"
#include "adapters/mssante/reply_text.h"
#include "gateway/net/imap_response.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const psl::Inbound reply = psl::read_reply(bytes, "demo.mssante.fr");
  PSL_CHECK(reply.identity.size() == 64 && reply.text.size() <= 2000);
  PSL_CHECK(psl::utf8_text(reply.text, "utf-8") == reply.text);
  const std::string text = psl::utf8_text(bytes, "");
  psl::decide(psl::own_lines(psl::text_of_html(text)));
  const psl::Decision decision = psl::decide(psl::own_lines(text));
  PSL_CHECK(decision.text.size() <= text.size());
  psl::ImapStream stream;
  // In two packets: a line or a literal may be cut anywhere.
  for (const std::string_view packet : {bytes.substr(0, size / 2), bytes.substr(size / 2)}) {
    stream.feed(packet);
    for (auto next = stream.next(); next.ok() && next->has_value(); next = stream.next()) {
      const std::string_view said = (*next)->text;
      psl::search_result(said, 10);
      psl::uid_validity(said);
      psl::keeps_keyword(said, "$PasserelleHandled");
      psl::is_fetch_of(said, 1);
    }
  }
  return 0;
}
