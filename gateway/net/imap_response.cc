#include "gateway/net/imap_response.h"

#include <algorithm>
#include <charconv>

namespace psl {
namespace {

constexpr size_t response_text_max = size_t{1} << 20;
constexpr size_t literal_bytes_max = size_t{300} << 10;
constexpr size_t literals_max = 16;

Error beyond_bounds() {
  return error_of(ErrorCode::input_output, "ANSWER_TOO_LARGE: the mail server's answer is beyond our bounds");
}

char upper_letter(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool is_same_letter(char a, char b) { return upper_letter(a) == upper_letter(b); }

bool begins_with(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && std::equal(with.begin(), with.end(), text.begin(), is_same_letter);
}

// Where `what` is in the text, whatever the case of its letters; npos when it is not.
size_t find_letters(std::string_view text, std::string_view what) {
  const auto found = std::search(text.begin(), text.end(), what.begin(), what.end(), is_same_letter);
  return found == text.end() ? std::string_view::npos : static_cast<size_t>(found - text.begin());
}

template <typename Number>
std::optional<Number> number_before(std::string_view text, std::string_view ends) {
  Number value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const size_t length = static_cast<size_t>(end - text.data());
  if (problem != std::errc{} || (length < text.size() && ends.find(text[length]) == std::string_view::npos))
    return std::nullopt;
  return value;
}

// The size of the literal that the line announces at its end; nothing when it announces none. In a text for
// people braces mean nothing.
std::optional<size_t> announced_literal(std::string_view line, bool first_line) {
  if (first_line) {
    for (const std::string_view status : {"* OK", "* NO", "* BAD", "* BYE", "* PREAUTH", "+"}) {
      if (begins_with(line, status)) return std::nullopt;
    }
    if (!line.starts_with("*")) return std::nullopt;
  }
  if (!line.ends_with('}')) return std::nullopt;
  const size_t brace = line.rfind('{');
  if (brace == std::string_view::npos) return std::nullopt;
  const std::string_view digits = line.substr(brace + 1, line.size() - brace - 2);
  if (digits.empty() || digits.size() > 10 ||
      digits.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return number_before<size_t>(digits, "");
}

}  // namespace

Result<std::optional<ImapResponse>> ImapStream::next() {
  while (true) {
    const size_t end = buffer_.find("\r\n", std::max(taken_, scanned_));
    if (end == std::string::npos) {
      if (current_.text.size() + (buffer_.size() - taken_) > response_text_max) return beyond_bounds();
      scanned_ = buffer_.empty() ? 0 : buffer_.size() - 1;
      return std::optional<ImapResponse>();
    }
    const std::string_view line = std::string_view(buffer_).substr(taken_, end - taken_);
    if (current_.text.size() + line.size() > response_text_max) return beyond_bounds();
    const auto literal = announced_literal(line, current_.text.empty());
    if (literal && (*literal > literal_bytes_max || current_.literals.size() == literals_max))
      return beyond_bounds();
    if (literal && buffer_.size() - (end + 2) < *literal) {
      scanned_ = end;  // the line again, once its literal is there
      return std::optional<ImapResponse>();
    }
    current_.text.append(line);
    taken_ = end + 2;
    if (literal) {
      current_.literals.push_back(buffer_.substr(taken_, *literal));
      taken_ += *literal;
      continue;
    }
    buffer_.erase(0, taken_);
    taken_ = scanned_ = 0;
    std::optional<ImapResponse> whole = std::move(current_);
    current_ = {};
    return whole;
  }
}

std::optional<std::vector<uint32_t>> search_result(std::string_view text, size_t most) {
  constexpr std::string_view mark = "* SEARCH";
  if (!begins_with(text, mark)) return std::nullopt;
  std::vector<uint32_t> numbers;
  text.remove_prefix(mark.size());
  while (text.starts_with(' ')) {
    text.remove_prefix(1);
    if (const auto number = number_before<uint32_t>(text, " ")) numbers.push_back(*number);
    text.remove_prefix(std::min(text.find(' '), text.size()));
  }
  std::sort(numbers.begin(), numbers.end());
  if (numbers.size() > most) numbers.resize(most);
  return numbers;
}

std::optional<uint32_t> uid_validity(std::string_view text) {
  constexpr std::string_view mark = "* OK [UIDVALIDITY ";
  return begins_with(text, mark) ? number_before<uint32_t>(text.substr(mark.size()), "]") : std::nullopt;
}

std::optional<bool> keeps_keyword(std::string_view text, std::string_view keyword) {
  constexpr std::string_view mark = "* OK [PERMANENTFLAGS (";
  if (!begins_with(text, mark)) return std::nullopt;
  std::string_view flags = text.substr(mark.size(), text.find(')') - mark.size());
  while (!flags.empty()) {
    const std::string_view flag = flags.substr(0, flags.find(' '));
    if (flag == "\\*" || (flag.size() == keyword.size() && begins_with(flag, keyword))) return true;
    flags.remove_prefix(std::min(flag.size() + 1, flags.size()));
  }
  return false;
}

bool is_fetch_of(std::string_view text, uint32_t uid) {
  if (!text.starts_with("* ") || find_letters(text, " FETCH (") == std::string_view::npos) return false;
  constexpr std::string_view mark = "UID ";
  const size_t at = find_letters(text, mark);
  return at != std::string_view::npos && number_before<uint32_t>(text.substr(at + mark.size()), " )") == uid;
}

}  // namespace psl
