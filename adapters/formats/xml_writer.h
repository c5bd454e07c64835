// Writes XML 1.0 in UTF-8 straight into one string: no tree, one escape routine, the same bytes for the same
// calls.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace psl {

// One writer, one document, one thread. Names are the program's own literals: they are written as they are,
// and must outlive the element that they open. Values are escaped: & < > " and, so that a parser gives them
// back unchanged, tab and line ends in attributes and carriage returns in text.
//
// A value that XML 1.0 cannot hold (a control character other than tab and line ends, U+FFFE, U+FFFF, bytes
// that are not UTF-8; https://www.w3.org/TR/xml/#charsets) never breaks the document: each such character
// becomes U+FFFD and altered() turns true. Whoever must refuse such a text checks it first with
// xml_text_ok().
class XmlWriter {
 public:
  // Starts with the XML declaration. `size_hint`: bytes to reserve.
  explicit XmlWriter(size_t size_hint = 4096);

  XmlWriter& open(std::string_view element);
  // Only right after open() or another attribute().
  XmlWriter& attribute(std::string_view name, std::string_view value);
  XmlWriter& text(std::string_view value);
  // Closes the innermost element; <a/> when it has no content.
  XmlWriter& close();

  // open, attributes, close: element("id", {{"root", oid}}).
  struct Attribute {
    std::string_view name;
    std::string_view value;
  };
  XmlWriter& element(std::string_view name, std::initializer_list<Attribute> attributes);
  // open, text, close.
  XmlWriter& element(std::string_view name, std::string_view value);
  // Content that needs no escape (base64), or a processing instruction of ours: written as it is.
  XmlWriter& raw(std::string_view markup);

  bool altered() const noexcept { return altered_; }
  // Closes what is open and gives the document, with a last line end. The writer is spent afterwards.
  std::string finish();

 private:
  void end_tag_head();
  void escape(std::string_view value, bool in_attribute);

  std::string out_;
  std::vector<std::string_view> open_;
  bool in_tag_ = false;
  bool altered_ = false;
};

// True when `text` is UTF-8 and only holds characters that XML 1.0 allows.
bool xml_text_ok(std::string_view text);

}  // namespace psl
