// Reads XML from outside into a small tree, within bounds and without ever looking further than the bytes
// given.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/result.h"

namespace psl {

// An element with its attributes of no namespace, its own text in one piece, and its child elements in order.
struct XmlElement {
  std::string name;   // without prefix
  std::string space;  // URI of its namespace; empty when none
  std::string text;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<XmlElement> children;

  // The value of an attribute; empty when absent.
  std::string_view attribute(std::string_view attribute_name) const;
};

struct XmlLimits {
  size_t bytes_max = size_t{30} << 20U;
  // The official CDA samples reach 19.
  int depth_max = 64;
  int attributes_max = 64;           // of one element, namespace declarations included
  size_t tag_bytes_max = 1U << 16U;  // of one start tag
  int namespaces_max = 64;           // declared by the elements open at one time
  size_t elements_max = 50000;       // kept in the tree
};

struct XmlTree {
  XmlElement root;
  // The document names a stylesheet (<?xml-stylesheet?>), which nobody here opens.
  bool names_stylesheet = false;
};

// Parses `bytes`: UTF-8 (said or not said), no DOCTYPE, hence no entity of its own, nothing of the XSLT
// namespace, no access to file or network. Content of elements named `opaque` is checked for form and left
// out of the tree; so are comments and processing instructions. document_invalid: what is wrong and on which
// line, never the text found there.
Result<XmlTree> parse_xml(std::string_view bytes, std::string_view opaque, const XmlLimits& limits = {});

}  // namespace psl
