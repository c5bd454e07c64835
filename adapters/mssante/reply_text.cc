#include "adapters/mssante/reply_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "adapters/formats/mail_reader.h"
#include "gateway/core/checked.h"

namespace psl {
namespace {

using Meaning = Inbound::Meaning;

// --- characters ---

// Windows-1252, 0x80 to 0x9F; 0 where it has nothing.
constexpr std::array<uint16_t, 32> windows_1252 = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// What nobody sees, turns the text round, or is no character at all.
bool is_left_out(uint32_t point) {
  return point == '\r' || point == 0x061C || (point >= 0x200B && point <= 0x200F) ||
         (point >= 0x202A && point <= 0x202E) || point == 0x2060 || (point >= 0x2066 && point <= 0x2069) ||
         point == 0xFEFF || (point >= 0xFDD0 && point <= 0xFDEF) || (point & 0xFFFEU) == 0xFFFE;
}

bool is_shown_as_space(uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0xA0) || point == 0x1680 ||
         (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 || point == 0x202F ||
         point == 0x205F || point == 0x3000 || (point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF;
}

// So that what comes out passes the checks of texts, of events and of documents.
void append_code_point(std::string& out, uint32_t point) {
  if (point == '\n') {
    out += '\n';
  } else if (is_left_out(point)) {
    return;
  } else if (is_shown_as_space(point)) {
    out += ' ';
  } else if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6U);
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | point >> 12U);
    out += static_cast<char>(0x80 | (point >> 6U & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | point >> 18U);
    out += static_cast<char>(0x80 | (point >> 12U & 0x3F));
    out += static_cast<char>(0x80 | (point >> 6U & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

// How many bytes the character at `at` has in well-formed UTF-8 (RFC 3629); 0 when it is not well-formed.
size_t utf8_length(std::string_view bytes, size_t at, uint32_t& point) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])); };
  const uint32_t lead = byte(at);
  const size_t length = lead < 0x80   ? 1
                        : lead < 0xC2 ? 0
                        : lead < 0xE0 ? 2
                        : lead < 0xF0 ? 3
                        : lead < 0xF5 ? 4
                                      : 0;
  if (length == 0 || at + length > bytes.size()) return 0;
  point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80) return 0;
    point = point << 6U | (byte(at + i) & 0x3FU);
  }
  const bool shortest = length < 3 || point >= (length == 3 ? 0x800U : 0x10000U);
  return shortest && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF) ? length : 0;
}

// --- HTML ---

constexpr std::array<std::pair<std::string_view, std::string_view>, 20> named_characters = {{
    {"nbsp", " "},   {"amp", "&"},    {"lt", "<"},     {"gt", ">"},     {"quot", "\""},
    {"apos", "'"},   {"rsquo", "’"},  {"lsquo", "‘"},  {"eacute", "é"}, {"Eacute", "É"},
    {"egrave", "è"}, {"Egrave", "È"}, {"ecirc", "ê"},  {"agrave", "à"}, {"Agrave", "À"},
    {"ccedil", "ç"}, {"ucirc", "û"},  {"ugrave", "ù"}, {"ocirc", "ô"},  {"hellip", "…"},
}};
constexpr std::array<std::string_view, 17> line_tags = {"p",          "div", "br", "tr", "li",  "h1",
                                                        "h2",         "h3",  "h4", "h5", "h6",  "table",
                                                        "blockquote", "hr",  "ul", "ol", "body"};
constexpr std::array<std::string_view, 4> hidden_tags = {"script", "style", "head", "title"};

constexpr std::array<std::string_view, 5> void_tags = {"br", "hr", "img", "input", "meta"};
constexpr std::array<std::string_view, 3> unseen_styles = {"display:none", "visibility:hidden",
                                                           "mso-hide:all"};

template <typename List>
bool is_one_of(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

class HtmlText {
 public:
  explicit HtmlText(std::string_view html) : html_(html) {}

  std::string read() {
    while (at_ < html_.size()) {
      const char c = html_[at_];
      if (c == '<') {
        take_tag();
      } else if (c == '&') {
        take_reference();
      } else {
        ++at_;
        if (hidden_.empty()) put(c == '\n' || c == '\r' || c == '\t' ? ' ' : c);
      }
    }
    return std::move(out_);
  }

 private:
  void put(char c) {
    if (c == ' ' && (out_.empty() || out_.back() == ' ' || out_.back() == '\n')) return;
    begin_line();
    out_ += c;
  }
  void begin_line() {
    if (quotes_ > 0 && (out_.empty() || out_.back() == '\n')) out_ += "> ";
  }
  void end_line() {
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
  }

  void take_tag() {
    if (html_.substr(at_).starts_with("<!--")) {
      const size_t end = html_.find("-->", at_ + 4);
      at_ = end == std::string_view::npos ? html_.size() : end + 3;
      return;
    }
    const size_t end = html_.find('>', at_);
    if (end == std::string_view::npos) {
      at_ = html_.size();
      return;
    }
    size_t from = at_ + 1;
    at_ = end + 1;
    const bool closing = html_[from] == '/';
    if (closing) ++from;
    const bool unseen = !closing && is_unseen(html_.substr(from, end - from));
    std::string name;
    for (; from < end && name.size() < 12; ++from) {
      const char c = html_[from];
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (!letter) break;
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    take_element(name, closing, unseen);
  }

  // Of the inside of a tag: its element is there, and not shown.
  static bool is_unseen(std::string_view tag) {
    constexpr size_t tag_max = 2000;
    std::string plain;
    for (const char c : tag.substr(0, tag_max)) {
      if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
        plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return std::any_of(unseen_styles.begin(), unseen_styles.end(),
                       [&](std::string_view style) { return plain.find(style) != std::string::npos; });
  }

  void take_element(const std::string& name, bool closing, bool unseen) {
    if (!hidden_.empty()) {
      if (name == hidden_) hidden_depth_ += closing ? -1 : 1;
      if (hidden_depth_ == 0) hidden_.clear();
      return;
    }
    if (is_one_of(hidden_tags, name) || (unseen && !is_one_of(void_tags, name))) {
      if (closing) return;
      hidden_ = name;
      hidden_depth_ = 1;
      return;
    }
    if (is_one_of(line_tags, name)) end_line();
    if (name == "blockquote") quotes_ = std::max(0, quotes_ + (closing ? -1 : 1));
  }

  void take_reference() {
    constexpr size_t name_max = 10;
    const std::string_view rest = html_.substr(at_ + 1, name_max);
    const size_t end = rest.find(';');
    const std::string_view name = rest.substr(0, end);
    std::string character;
    if (end != std::string_view::npos && name.starts_with('#')) {
      append_code_point(character, numeric(name.substr(1)));
    } else if (end != std::string_view::npos) {
      for (const auto& [each, value] : named_characters) {
        if (each == name) character = value;
      }
    }
    at_ += character.empty() ? 1 : end + 2;
    if (!hidden_.empty()) return;
    if (character.empty()) return put('&');
    if (character == "\n" || character == " ") return put(' ');
    begin_line();
    out_ += character;
  }

  static uint32_t numeric(std::string_view digits) {
    const bool hexadecimal = digits.starts_with('x') || digits.starts_with('X');
    if (hexadecimal) digits.remove_prefix(1);
    uint32_t value = 0;
    for (const char c : digits) {
      const uint32_t digit = c >= '0' && c <= '9'                  ? static_cast<uint32_t>(c - '0')
                             : hexadecimal && c >= 'a' && c <= 'f' ? static_cast<uint32_t>(c - 'a') + 10
                             : hexadecimal && c >= 'A' && c <= 'F' ? static_cast<uint32_t>(c - 'A') + 10
                                                                   : 16;
      if (digit == 16) return ' ';
      value = value * (hexadecimal ? 16 : 10) + digit;
      if (value > 0x10FFFF) return ' ';
    }
    return value;
  }

  const std::string_view html_;
  size_t at_ = 0;
  std::string out_;
  std::string hidden_;  // the element whose text nobody sees, until it ends
  int hidden_depth_ = 0;
  int quotes_ = 0;
};

// --- lines ---

// Of a line, to tell whether software wrote it.
constexpr size_t line_beginning_max = 200;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

using Words = std::vector<std::string>;

// In lower case, without accents and punctuation.
Words words_of(std::string_view line) {
  std::string plain = strict_name(line);
  Words words;
  std::string word;
  for (const char c : plain + " ") {
    if (c != ' ' && c != '-' && c != '\'') {
      word += static_cast<char>(c - 'A' + 'a');
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

bool begins(const Words& words, size_t at, std::string_view phrase) {
  while (!phrase.empty()) {
    const std::string_view word = phrase.substr(0, phrase.find(' '));
    if (at >= words.size() || words[at] != word) return false;
    ++at;
    phrase.remove_prefix(std::min(word.size() + 1, phrase.size()));
  }
  return true;
}

size_t word_count(std::string_view phrase) {
  return 1 + static_cast<size_t>(std::count(phrase.begin(), phrase.end(), ' '));
}

// Software writes these above the mail that it quotes, or below what a person wrote.
constexpr std::array<std::string_view, 15> last_lines = {
    "envoye de mon",       "envoye depuis",    "envoye a partir",   "sent from",         "get outlook",
    "telecharger outlook", "obtenir outlook",  "debut du message",  "begin forwarded",   "message d origine",
    "original message",    "message original", "forwarded message", "message transfere", "mail original"};

bool ends_own_text(std::string_view line, const Words& words) {
  if (line.starts_with("-----") || line.starts_with("__________") || line == "--") return true;
  for (const std::string_view each : last_lines) {
    if (begins(words, 0, each)) return true;
  }
  while (line.starts_with('*')) line.remove_prefix(1);
  for (const std::string_view field : {"De", "From"}) {
    if (!line.starts_with(field)) continue;
    const std::string_view after = trimmed(line.substr(field.size()));
    if (after.starts_with(':') || after.starts_with("\xC2\xA0:")) return true;
  }
  return false;
}

// "Le 22/11/2026 à 09:00, X a écrit :", which software may break in up to three lines.
bool introduces_quote(std::span<const std::string_view> from) {
  const Words first = words_of(from.front().substr(0, line_beginning_max));
  if (first.empty() || (first[0] != "le" && first[0] != "on")) return false;
  for (size_t i = 0; i < std::min<size_t>(from.size(), 3); ++i) {
    if (!from[i].ends_with(':')) continue;
    const Words words =
        words_of(from[i].substr(from[i].size() - std::min(from[i].size(), line_beginning_max)));
    return !words.empty() && (words.back() == "ecrit" || words.back() == "wrote");
  }
  return false;
}

// --- yes and no ---

struct Phrase {
  std::string_view words;
  Meaning meaning;
  // Alone it is an answer, whatever follows that is no doubt. Others are often said of something else ("oui,
  // bien reçu").
  bool strong;
};
// A longer one before its beginning.
constexpr std::array<Phrase, 26> phrases = {{
    {"j accepte", Meaning::accepted, true},
    {"nous acceptons", Meaning::accepted, true},
    {"accepte", Meaning::accepted, true},
    {"acceptee", Meaning::accepted, true},
    {"oui", Meaning::accepted, false},
    {"je suis d accord", Meaning::accepted, false},
    {"d accord", Meaning::accepted, false},
    {"daccord", Meaning::accepted, false},
    {"accord", Meaning::accepted, false},
    {"je refuse", Meaning::declined, true},
    {"nous refusons", Meaning::declined, true},
    {"refuse", Meaning::declined, true},
    {"refusee", Meaning::declined, true},
    {"refus", Meaning::declined, true},
    {"je decline", Meaning::declined, true},
    {"je suis indisponible", Meaning::declined, true},
    {"je ne suis pas disponible", Meaning::declined, true},
    {"je ne peux pas accepter", Meaning::declined, true},
    {"je n accepte pas", Meaning::declined, true},
    {"indisponible", Meaning::declined, true},
    {"pas disponible", Meaning::declined, true},
    {"non disponible", Meaning::declined, true},
    {"non", Meaning::declined, false},
    {"non merci", Meaning::declined, true},
    {"j indique mon refus", Meaning::declined, true},
    {"j indique mon accord", Meaning::accepted, true},
}};

// They make an answer depend on something, take it back, or come from a machine: wherever they stand.
constexpr std::array<std::string_view, 50> conditions = {
    "mais",           "sauf",      "si",        "reserve",    "condition",   "conditions", "seulement",
    "uniquement",     "principe",  "confirmer", "jusqu",      "toutefois",   "cependant",  "plutot",
    "hesite",         "pourtant",  "annule",    "finalement", "annuler",     "erreur",     "erratum",
    "quand",          "lorsque",   "pourvu",    "hormis",     "excepte",     "exception",  "partir",
    "attente",        "attendant", "moins",     "retire",     "renonce",     "desiste",    "reflechir",
    "reflexion",      "des que",   "que ce",    "peut etre",  "automatique", "repondeur",  "absent",
    "absente",        "absence",   "conge",     "conges",     "vacances",    "ferme",      "fermee",
    "automatiquement"};
constexpr std::array<std::string_view, 9> negations = {"ne",     "pas",      "plus",  "jamais",    "aucun",
                                                       "aucune", "rarement", "guere", "impossible"};
constexpr std::array<std::string_view, 7> words_of_no = {"non",     "refuse",  "refus",       "refuser",
                                                         "refusee", "decline", "indisponible"};
constexpr std::array<std::string_view, 7> words_of_yes = {"oui",       "accepte", "acceptee", "accepter",
                                                          "acceptons", "accord",  "daccord"};
// Beside the answer itself they are a doubt; elsewhere they are often said of something else.
constexpr std::array<std::string_view, 7> doubts_beside = {"n",     "ou",       "avant",   "peut",
                                                           "souci", "probleme", "question"};
// Said without any doubt, though of doubtful words.
constexpr std::array<std::string_view, 15> harmless = {
    "n hesitez pas", "si besoin",      "si necessaire", "des que possible", "au plus vite",
    "au plus tot",   "de plus",        "en plus",       "pas de souci",     "pas de probleme",
    "aucun souci",   "aucun probleme", "sans probleme", "sans souci",       "dans l attente"};

// What may follow a plain answer on its line: the rest ("j'accepte rarement", "j'accepte que", "refuse pas")
// turns it into something else more often than not.
constexpr std::array<std::string_view, 48> followers = {"merci",
                                                        "cordialement",
                                                        "bien",
                                                        "vous",
                                                        "confraternellement",
                                                        "volontiers",
                                                        "avec",
                                                        "docteur",
                                                        "dr",
                                                        "madame",
                                                        "monsieur",
                                                        "mme",
                                                        "m",
                                                        "mr",
                                                        "cher",
                                                        "chere",
                                                        "confrere",
                                                        "consoeur",
                                                        "bonjour",
                                                        "bonsoir",
                                                        "pour",
                                                        "ce",
                                                        "cet",
                                                        "cette",
                                                        "le",
                                                        "la",
                                                        "l",
                                                        "votre",
                                                        "de",
                                                        "d",
                                                        "desole",
                                                        "desolee",
                                                        "je",
                                                        "nous",
                                                        "on",
                                                        "sans",
                                                        "et",
                                                        "en",
                                                        "car",
                                                        "faute",
                                                        "hors",
                                                        "trop",
                                                        "lundi",
                                                        "mardi",
                                                        "mercredi",
                                                        "jeudi",
                                                        "vendredi",
                                                        "malheureusement"};

constexpr std::array<std::string_view, 41> courtesies = {
    "merci",      "cordialement", "bien",    "a",        "vous",     "confraternellement",
    "volontiers", "avec",         "plaisir", "docteur",  "dr",       "madame",
    "monsieur",   "cher",         "chere",   "confrere", "consoeur", "bonjour",
    "bonsoir",    "pour",         "ce",      "cette",    "le",       "la",
    "patient",    "patiente",     "demande", "desole",   "desolee",  "malheureusement",
    "je",         "suis",         "bonne",   "journee",  "soiree",   "orientation",
    "prise",      "en",           "charge",  "moi",      "de"};

constexpr std::array<std::string_view, 16> greetings = {
    "bonjour", "bonsoir", "cher",  "chere", "chers",    "cheres",   "madame",   "monsieur",
    "docteur", "dr",      "hello", "salut", "confrere", "consoeur", "collegue", "mesdames"};
// Of a greeting, besides: a name and first names.
constexpr size_t name_words_max = 4;
constexpr size_t greeting_lines_max = 2;
// Nobody writes more above an answer: what is longer is read by a human.
constexpr size_t own_lines_max = 500;
constexpr size_t read_line_max = 1000;
constexpr size_t contradiction_words_max = 5;

struct LineReading {
  Meaning meaning = Meaning::unclear;
  bool greets_only = false;
  // It says more than the answer and courtesies.
  bool says_more = true;
};

const Phrase* phrase_at(const Words& words, size_t at) {
  const Phrase* best = nullptr;
  for (const Phrase& each : phrases) {
    if (begins(words, at, each.words) && (best == nullptr || each.words.size() > best->words.size()))
      best = &each;
  }
  return best;
}

// How many words the longest of these phrases has that stands there; 0 without any.
template <typename List>
size_t listed_at(const List& list, const Words& words, size_t at) {
  size_t longest = 0;
  for (const std::string_view each : list) {
    if (begins(words, at, each)) longest = std::max(longest, word_count(each));
  }
  return longest;
}

// A word, wherever it stands, that lets one doubt an answer of this meaning.
bool is_doubt(const Words& words, size_t at, Meaning meaning) {
  if (listed_at(conditions, words, at) > 0) return true;
  if (meaning == Meaning::declined) return is_one_of(words_of_yes, words[at]);
  return is_one_of(negations, words[at]) || is_one_of(words_of_no, words[at]);
}

// Beside the answer also what could be the opposite of it, or its own negation.
bool is_doubt_beside(const Words& words, size_t at) {
  return is_doubt(words, at, Meaning::accepted) || is_doubt(words, at, Meaning::declined) ||
         is_one_of(doubts_beside, words[at]);
}

// The line without answer codes, whose letters would be words.
std::string without_codes(std::string_view line) {
  std::string out(line);
  for (size_t at = 0; at + 13 <= out.size(); ++at) {
    const bool code = same_ignoring_case(out.substr(at, 4), "PSL-") && out[at + 8] == '-';
    if (code) out.replace(at, 13, " ");
  }
  return out;
}

// The line of the answer, after whoever it greets.
LineReading read_answer(std::string_view line, const Words& words, size_t at) {
  const Phrase& answer = *phrase_at(words, at);
  LineReading reading;
  bool strong = false;
  bool more = false;
  while (at < words.size()) {
    const Phrase* phrase = phrase_at(words, at);
    if (phrase != nullptr && phrase->meaning == answer.meaning) {
      strong = strong || phrase->strong;
      at += word_count(phrase->words);
      const bool ends = at >= words.size() || phrase_at(words, at) != nullptr;
      if (!ends && !is_one_of(followers, words[at]) && listed_at(harmless, words, at) == 0) return reading;
      continue;
    }
    if (const size_t known = listed_at(harmless, words, at); known > 0) {
      more = true;
      at += known;
      continue;
    }
    if (is_doubt_beside(words, at)) return reading;
    more = more || !is_one_of(courtesies, words[at]);
    ++at;
  }
  if (line.find('?') != std::string_view::npos || (more && !strong)) return reading;
  reading.meaning = answer.meaning;
  reading.says_more = more;
  return reading;
}

LineReading read_line(std::string_view line) {
  if (line.size() > read_line_max) return {};
  const Words words = words_of(without_codes(line));
  size_t at = 0;
  while (at < words.size() && is_one_of(greetings, words[at])) ++at;
  if (phrase_at(words, at) != nullptr) return read_answer(line, words, at);
  LineReading reading;
  bool doubtful = false;
  for (size_t i = 0; i < words.size(); ++i) doubtful = doubtful || is_doubt_beside(words, i);
  reading.greets_only = !doubtful && (words.empty() || (at > 0 && words.size() - at <= name_words_max));
  return reading;
}

// A line below the answer that takes it back or makes it depend on something.
bool doubts(std::string_view line, Meaning meaning) {
  if (line.size() > read_line_max || line.find('?') != std::string_view::npos) return true;
  const Words words = words_of(line);
  for (size_t at = 0; at < words.size();) {
    const Phrase* phrase = phrase_at(words, at);
    size_t known = listed_at(harmless, words, at);
    if (phrase != nullptr && phrase->meaning == meaning) known = std::max(known, word_count(phrase->words));
    if (known == 0 && is_doubt(words, at, meaning)) return true;
    at += std::max<size_t>(known, 1);
  }
  return false;
}

constexpr std::array<std::string_view, 12> closings = {
    "cordialement",  "confraternellement", "bien cordialement",    "bien confraternellement",
    "bien a vous",   "salutations",        "respectueusement",     "amicalement",
    "bonne journee", "bonne soiree",       "sinceres salutations", "tres cordialement"};
constexpr std::array<std::string_view, 6> words_of_disclaimers = {
    "confidentiel", "confidentielle", "confidential", "destinataire", "intended", "diffusion"};
constexpr std::array<std::string_view, 4> postscripts = {"ps", "p s", "nb", "erratum"};
constexpr size_t closing_words_max = 6;

// From here on a signature stands, or what a mail system adds about confidentiality.
bool closes(const Words& words) {
  if (words.size() <= closing_words_max && listed_at(closings, words, 0) > 0) return true;
  return std::any_of(words.begin(), words.end(),
                     [](const std::string& word) { return is_one_of(words_of_disclaimers, word); });
}

// A short line with the opposite answer; a longer one is more likely a disclaimer of the mail system.
bool contradicts(std::string_view line, Meaning meaning) {
  const Words words = words_of(line.substr(0, read_line_max));
  if (words.size() > contradiction_words_max) return false;
  for (size_t at = 0; at < words.size();) {
    const Phrase* phrase = phrase_at(words, at);
    if (phrase != nullptr && phrase->meaning != meaning) return true;
    at += phrase == nullptr ? 1 : word_count(phrase->words);
  }
  return false;
}

}  // namespace

std::string utf8_text(std::string_view bytes, std::string_view charset) {
  const bool one_byte = charset.size() >= 8 && (same_ignoring_case(charset.substr(0, 8), "iso-8859") ||
                                                same_ignoring_case(charset.substr(0, 8), "windows-"));
  std::string out;
  out.reserve(bytes.size());
  for (size_t at = 0; at < bytes.size();) {
    uint32_t point = static_cast<uint8_t>(bytes[at]);
    const size_t length = one_byte ? 0 : utf8_length(bytes, at, point);
    if (length == 0) {
      point = static_cast<uint8_t>(bytes[at]);
      if (point >= 0x80 && point < 0xA0) point = windows_1252[point - 0x80];
    }
    append_code_point(out, point);
    at += std::max<size_t>(length, 1);
  }
  return out;
}

std::string text_of_html(std::string_view html) { return HtmlText(html).read(); }

std::vector<std::string> own_lines(std::string_view text) {
  std::vector<std::string_view> all;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (const std::string_view line = trimmed(text.substr(0, end)); !line.empty()) all.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::vector<std::string> own;
  for (size_t i = 0; i < all.size() && own.size() < own_lines_max; ++i) {
    if (all[i].starts_with('>')) continue;
    if (ends_own_text(all[i], words_of(all[i].substr(0, line_beginning_max))) ||
        introduces_quote(std::span(all).subspan(i)))
      break;
    own.emplace_back(all[i]);
  }
  return own;
}

Decision decide(const std::vector<std::string>& lines) {
  size_t first = 0;
  while (first < std::min(lines.size(), greeting_lines_max) && read_line(lines[first]).greets_only) ++first;
  if (first == lines.size()) return {};
  const LineReading answer = read_line(lines[first]);
  Decision decision{answer.meaning, {}};
  bool said = true;  // by the author, not by what closes the mail
  for (size_t i = first + 1; i < lines.size(); ++i) {
    const Words words = words_of(std::string_view(lines[i]).substr(0, read_line_max));
    if (closes(words)) said = false;
    if (listed_at(postscripts, words, 0) > 0) said = true;
    if (said ? doubts(lines[i], answer.meaning) : contradicts(lines[i], answer.meaning))
      decision.meaning = Meaning::unclear;
  }
  const bool whole = decision.meaning == Meaning::unclear || answer.says_more;
  for (size_t i = whole ? first : first + 1; i < lines.size(); ++i) {
    if (!decision.text.empty()) decision.text += '\n';
    decision.text += lines[i];
  }
  return decision;
}

}  // namespace psl
