// A written CDA as a tree, and short ways to what a test asks of it.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/formats/xml_parser.h"

namespace psl::test {

inline XmlTree tree_of(std::string_view cda) {
  Result<XmlTree> tree = parse_xml(cda);
  EXPECT_TRUE(tree.ok()) << (tree.ok() ? "" : tree.error().text);
  return tree.ok() ? std::move(*tree) : *parse_xml("<empty/>");
}

// Every element of that name below `root`, in the order of the document.
inline std::vector<const XmlElement*> all_of(const XmlElement& root, std::string_view name) {
  std::vector<const XmlElement*> found;
  for (const XmlElement& child : root.children()) {
    if (child.name == name) found.push_back(&child);
    for (const XmlElement* deeper : all_of(child, name)) found.push_back(deeper);
  }
  return found;
}

// The first element at a path below `root`: at(section, "code"). Null when there is none.
inline const XmlElement* at(const XmlElement& root, std::string_view path) {
  const size_t slash = path.find('/');
  for (const XmlElement& child : root.children()) {
    if (child.name != path.substr(0, slash)) continue;
    if (slash == std::string_view::npos) return &child;
    if (const XmlElement* found = at(child, path.substr(slash + 1))) return found;
  }
  return nullptr;
}

// An attribute of what at() finds; "(none)" when it finds nothing.
inline std::string attribute_at(const XmlElement& root, std::string_view path, std::string_view name) {
  const XmlElement* found = at(root, path);
  return found == nullptr ? "(none)" : std::string(found->attribute(name));
}

// All words of an element, mixed content in its order, a line end for <br/>.
inline std::string words_of(const XmlElement& element) {
  std::string words(element.text);
  for (const XmlElement& child : element.children()) {
    words += child.name == "br" ? "\n" : words_of(child);
    words += child.tail;
  }
  return words;
}

// The section of that LOINC code; null when there is none.
inline const XmlElement* section_of(const XmlTree& tree, std::string_view loinc) {
  for (const XmlElement* section : all_of(tree.root(), "section")) {
    if (attribute_at(*section, "code", "code") == loinc) return section;
  }
  return nullptr;
}

// The words of each cell of a row.
inline std::vector<std::string> cells_of(const XmlElement& row) {
  std::vector<std::string> cells;
  for (const XmlElement& cell : row.children()) cells.push_back(words_of(cell));
  return cells;
}

// Every rule of identity that a letter of ours keeps: IDs of the narrative and identifiers of sections and
// entries are unique, each reference is one to an ID of the narrative.
inline void expect_sound_references(const XmlTree& tree) {
  std::set<std::string> anchors;
  for (const XmlElement* text : all_of(tree.root(), "text")) {
    for (const std::string_view name : {"tr", "content"}) {
      for (const XmlElement* each : all_of(*text, name)) {
        const std::string id(each->attribute("ID"));
        EXPECT_TRUE(id.empty() || anchors.insert(id).second) << id;
      }
    }
  }
  for (const XmlElement* reference : all_of(tree.root(), "reference")) {
    const std::string value(reference->attribute("value"));
    ASSERT_TRUE(value.starts_with('#')) << value;
    EXPECT_TRUE(anchors.contains(value.substr(1))) << value;
  }
  std::set<std::string> ids;
  for (const XmlElement* body : all_of(tree.root(), "structuredBody")) {
    for (const XmlElement* id : all_of(*body, "id")) {
      const std::string root(id->attribute("root"));
      EXPECT_TRUE(root.empty() || ids.insert(root).second) << root;
    }
  }
}

}  // namespace psl::test
