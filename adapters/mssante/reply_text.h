// What a person wrote in a reply, and whether it says yes or no. Of bytes from outside: every step is linear
// in them, and none fails.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/adapter.h"

namespace psl {

// Well-formed UTF-8 of a text in UTF-8, ISO 8859-1 or Windows-1252; what is neither is read as the last.
// Control characters but line ends are spaces, those that turn the direction of a text are left out.
std::string utf8_text(std::string_view bytes, std::string_view charset);

// The text that a reader of the HTML sees, roughly, in lines; those of a blockquote begin with ">".
std::string text_of_html(std::string_view html);

// The lines that the author wrote, trimmed, without empty ones: nothing quoted, nothing from the head of the
// mail that is answered or from a signature on.
std::vector<std::string> own_lines(std::string_view text);

struct Decision {
  Inbound::Meaning meaning = Inbound::Meaning::unclear;
  // The lines that say more than the answer, and those below, joined by line ends; all of them when it is not
  // clear.
  std::string text;
};

// The first line decides that is more than a greeting. It begins with the answer (J'accepte, accepté, oui,
// d'accord; je refuse, refus, non, indisponible...; accents, case and punctuation do not matter), and nothing
// that the author wrote, up to what closes the mail, takes that back or makes it depend on something: "oui
// mais non", "j'accepte si...", "j'accepte rarement", "j'accepte" above "dès que j'aurai une place" are
// unclear, and so is what an absent person's mail program may have written. A human reads on rather than a
// machine guesses.
Decision decide(const std::vector<std::string>& lines);

}  // namespace psl
