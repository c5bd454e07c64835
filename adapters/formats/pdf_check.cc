#include "adapters/formats/pdf_check.h"

#include <algorithm>
#include <string>

namespace psl {
namespace {

constexpr size_t pdf_bytes_max = size_t{30} << 20U;
constexpr size_t end_window = 1024;  // where readers look for %%EOF
constexpr size_t startxref_window = 2048;
constexpr size_t string_bytes_max = 65536;

bool is_pdf_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\0';
}
bool is_pdf_delimiter(char c) { return std::string_view("()<>[]{}/%").find(c) != std::string_view::npos; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Walks over the tokens of a PDF outside its streams and looks at the names.
class PdfNames {
 public:
  explicit PdfNames(std::string_view bytes) : bytes_(bytes) {}

  // The first name that a letter may not have, or empty.
  std::string_view find_forbidden() {
    while (at_ < bytes_.size()) {
      switch (bytes_[at_]) {
        case '%':
          at_ = std::min(bytes_.find_first_of("\r\n", at_), bytes_.size());
          break;
        case '(':
          skip_string();
          break;
        case '/':
          if (const std::string_view found = forbidden(read_name()); !found.empty()) return found;
          break;
        case 's':
          skip_stream();
          break;
        default:
          ++at_;
      }
    }
    return {};
  }

 private:
  // The name at '/', its escapes decoded (ISO 32000-1 section 7.3.5); what is longer than any that we seek is
  // cut.
  std::string read_name() {
    std::string name;
    ++at_;
    while (at_ < bytes_.size() && !is_pdf_space(bytes_[at_]) && !is_pdf_delimiter(bytes_[at_])) {
      char c = bytes_[at_++];
      if (c == '#' && at_ + 1 < bytes_.size() && hex_digit(bytes_[at_]) >= 0 &&
          hex_digit(bytes_[at_ + 1]) >= 0) {
        c = static_cast<char>(hex_digit(bytes_[at_]) * 16 + hex_digit(bytes_[at_ + 1]));
        at_ += 2;
      }
      if (name.size() < 16) name += c;
    }
    return name;
  }

  static std::string_view forbidden(std::string_view name) {
    for (const std::string_view each : {"JavaScript", "JS", "Launch", "Encrypt"}) {
      if (name == each) return each;
    }
    return {};
  }

  // A literal string, so that a text which speaks of /JavaScript is not one. Unbalanced or too long: not a
  // string, and nothing within reach is tried as one again, so that a run of parentheses costs one look.
  void skip_string() {
    if (at_ < no_string_before_) {
      ++at_;
      return;
    }
    int depth = 0;
    for (size_t i = at_; i < bytes_.size() && i - at_ < string_bytes_max; ++i) {
      if (bytes_[i] == '\\') {
        ++i;
      } else if (bytes_[i] == '(') {
        ++depth;
      } else if (bytes_[i] == ')' && --depth == 0) {
        at_ = i + 1;
        return;
      }
    }
    no_string_before_ = at_ + string_bytes_max;
    ++at_;
  }

  // "stream" and a line end open the bytes of a stream (ISO 32000-1 section 7.3.8).
  void skip_stream() {
    const std::string_view keyword = "stream";
    const size_t after = at_ + keyword.size();
    const bool opens = bytes_.substr(at_, keyword.size()) == keyword && after < bytes_.size() &&
                       (bytes_[after] == '\r' || bytes_[after] == '\n') &&
                       (at_ == 0 || is_pdf_space(bytes_[at_ - 1]) || bytes_[at_ - 1] == '>');
    if (!opens) {
      ++at_;
      return;
    }
    const size_t end = no_more_ends_ ? std::string_view::npos : bytes_.find("endstream", after);
    no_more_ends_ = end == std::string_view::npos;
    at_ = no_more_ends_ ? after : end + 9;
  }

  std::string_view bytes_;
  size_t at_ = 0;
  size_t no_string_before_ = 0;
  bool no_more_ends_ = false;
};

Error pdf_error(std::string text) { return error_of(ErrorCode::document_invalid, std::move(text)); }

std::string_view last_bytes(std::string_view bytes, size_t count) {
  return bytes.substr(bytes.size() - std::min(count, bytes.size()));
}

bool has_startxref(std::string_view bytes) {
  const std::string_view tail = last_bytes(bytes, startxref_window);
  size_t at = tail.rfind("startxref");
  if (at == std::string_view::npos) return false;
  at += 9;
  while (at < tail.size() && is_pdf_space(tail[at])) ++at;
  return at < tail.size() && tail[at] >= '0' && tail[at] <= '9';
}

}  // namespace

Status check_pdf(std::string_view bytes) {
  if (bytes.size() > pdf_bytes_max) return pdf_error("is above 30 MiB");
  const bool version_ok = bytes.substr(0, 7) == "%PDF-1." || bytes.substr(0, 7) == "%PDF-2.";
  if (!version_ok) return pdf_error("is not a PDF (it does not begin with %PDF-1. or %PDF-2.)");
  if (last_bytes(bytes, end_window).find("%%EOF") == std::string_view::npos || !has_startxref(bytes)) {
    return pdf_error("is not a whole PDF (its end is missing)");
  }
  const std::string_view name = PdfNames(bytes).find_forbidden();
  if (name == "Encrypt") return pdf_error("is an encrypted PDF, which the receiver could not open");
  if (name == "Launch") return pdf_error("is a PDF with an action that starts a program (/Launch)");
  if (!name.empty()) return pdf_error("is a PDF with JavaScript");
  return {};
}

}  // namespace psl
