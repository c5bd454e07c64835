// The objects of METADATA.XML (ebRIM 3.0), for the checks to read. Internal to them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/formats/xml_parser.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {

bool is_rim(const XmlElement& element, std::string_view name);
// The first of that name; null when there is none.
const XmlElement* rim_child(const XmlElement& element, std::string_view name);

// The values of a slot; none when it is not there.
std::vector<std::string_view> slot_values(const XmlElement& owner, std::string_view name);
std::string_view slot_value(const XmlElement& owner, std::string_view name);

// What Name says: a title, a display name. Empty when there is none.
std::string_view shown_name(const XmlElement& owner);

// A registry object with what describes it: its slots, and its classifications, which may stand inside it or
// beside it.
class RegistryObject {
 public:
  RegistryObject(const XmlElement& element, const XmlElement& list, std::string path)
      : element_(element), list_(list), path_(std::move(path)) {}

  std::string_view id() const { return element_.attribute("id"); }
  const XmlElement& element() const { return element_; }
  // "ExtrinsicObject[1]".
  const std::string& path() const { return path_; }

  // All, whatever they say.
  std::vector<const XmlElement*> classifications() const;
  std::vector<const XmlElement*> classifications(std::string_view scheme) const;
  bool has_node(std::string_view node) const;
  // Empty when there is none.
  std::string_view identifier(std::string_view scheme) const;

 private:
  const XmlElement& element_;
  const XmlElement& list_;
  std::string path_;
};

// What a registry asks of any submission set, document entry or association, whatever the documents say: each
// slot, classification, identifier and name is one that XDS knows, stands once and says something.
void check_set_form(const RegistryObject& set, std::vector<passerelle::v1::Issue>& issues);
void check_entry_form(const RegistryObject& entry, std::vector<passerelle::v1::Issue>& issues);
void check_slots_form(const XmlElement& owner, const std::string& path,
                      std::vector<passerelle::v1::Issue>& issues);

}  // namespace psl
