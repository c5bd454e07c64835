// Reads XML from outside into a small tree, within bounds and without ever looking further than the bytes
// given.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace psl {

struct XmlAttribute {
  std::string_view name;   // without prefix
  std::string_view space;  // URI of its namespace; empty when none
  std::string_view value;
};

class XmlChildren;

// An element. It lives in its tree, which owns all that it points to.
struct XmlElement {
  std::string_view name;   // without prefix
  std::string_view space;  // URI of its namespace; empty when none
  // Its own text up to its first child; the text after a child is that child's `tail`. So mixed content keeps
  // its order.
  std::string_view text;
  std::string_view tail;
  std::span<const XmlAttribute> attributes;
  const XmlElement* parent = nullptr;
  const XmlElement* first_child = nullptr;
  const XmlElement* next_sibling = nullptr;
  int line = 0;

  // The value of an attribute; empty when absent.
  std::string_view attribute(std::string_view attribute_name, std::string_view attribute_space = {}) const;
  // In order: for (const XmlElement& child : element.children()).
  XmlChildren children() const;
};

class XmlChildren {
 public:
  class Iterator {
   public:
    explicit Iterator(const XmlElement* at) : at_(at) {}
    const XmlElement& operator*() const { return *at_; }
    Iterator& operator++() {
      at_ = at_->next_sibling;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const XmlElement* at_;
  };

  explicit XmlChildren(const XmlElement* first) : first_(first) {}
  Iterator begin() const { return Iterator(first_); }
  Iterator end() const { return Iterator(nullptr); }
  bool empty() const { return first_ == nullptr; }

 private:
  const XmlElement* first_;
};

inline XmlChildren XmlElement::children() const { return XmlChildren(first_child); }

struct XmlLimits {
  size_t bytes_max = size_t{30} << 20U;
  // The official CDA samples reach 19.
  int depth_max = 64;
  int attributes_max = 64;           // of one element, namespace declarations included
  size_t tag_bytes_max = 1U << 16U;  // of one start tag
  int namespaces_max = 64;           // declared by the elements open at one time
  size_t elements_max = 300000;      // kept in the tree, at about 150 bytes each
};

// Owns its elements and their texts. Movable; elements stay where they are.
class XmlTree {
 public:
  XmlTree();
  XmlTree(XmlTree&&) noexcept;
  XmlTree& operator=(XmlTree&&) noexcept;
  ~XmlTree();

  const XmlElement& root() const { return *root_; }
  // The document names a stylesheet (<?xml-stylesheet?>), which nobody here opens.
  bool names_stylesheet() const { return names_stylesheet_; }

 private:
  friend class XmlBuild;
  struct Memory;
  std::unique_ptr<Memory> memory_;
  const XmlElement* root_ = nullptr;
  bool names_stylesheet_ = false;
};

// Why bytes were refused, for those who tell it under a code of their own.
struct XmlRefusal {
  enum class Fault { not_well_formed, not_utf8, doctype, stylesheet, beyond_bounds };
  Fault fault = Fault::not_well_formed;
  int line = 0;  // 0 when it is the document as a whole
};

// Parses `bytes`: UTF-8 (said or not said), no DOCTYPE, hence no entity of its own, nothing of the XSLT
// namespace, no access to file or network. Content of elements named `opaque` is checked for form and left
// out of the tree; so are comments and processing instructions. document_invalid: what is wrong and on which
// line, never the text found there; `refusal`, when given, gets the same.
Result<XmlTree> parse_xml(std::string_view bytes, std::string_view opaque = {}, const XmlLimits& limits = {},
                          XmlRefusal* refusal = nullptr);

}  // namespace psl
