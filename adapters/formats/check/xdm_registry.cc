#include "adapters/formats/check/xdm_registry.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include "adapters/formats/check/rules.h"
#include "adapters/formats/check/xdm_values.h"
#include "adapters/formats/mail_reader.h"
#include "adapters/formats/xdm_ids.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

struct SlotKind {
  std::string_view name;
  bool several = false;
};

// TF-3 sections 4.2.3.2 and 4.2.3.3, and what stands inside an author, a code or an association.
constexpr SlotKind slot_kinds[] = {
    {"creationTime"},
    {"hash"},
    {"languageCode"},
    {"legalAuthenticator"},
    {"repositoryUniqueId"},
    {"serviceStartTime"},
    {"serviceStopTime"},
    {"size"},
    {"sourcePatientId"},
    {"sourcePatientInfo", true},
    {"URI"},
    {"submissionTime"},
    {"intendedRecipient", true},
    {"authorPerson"},
    {"authorInstitution", true},
    {"authorRole", true},
    {"authorSpecialty", true},
    {"authorTelecommunication", true},
    {"codingScheme"},
    {"SubmissionSetStatus"},
    {"PreviousVersion"},
    {"AssociationPropagation"},
};

// A classification or an external identifier of XDS.
struct AttributeKind {
  std::string_view scheme;
  const char* attribute;
  // Of an external identifier: what its Name must be. Empty: a classification.
  std::string_view identifier_name = {};
  bool several = false;
};

constexpr AttributeKind set_kinds[] = {
    {xds::set_author, "author", {}, true},
    {xds::set_content_type, "contentTypeCode"},
    {xds::set_patient, "patientId", "XDSSubmissionSet.patientId"},
    {xds::set_source, "sourceId", "XDSSubmissionSet.sourceId"},
    {xds::set_unique, "uniqueId", "XDSSubmissionSet.uniqueId"},
};

constexpr AttributeKind entry_kinds[] = {
    {xds::entry_author, "author", {}, true},
    {xds::entry_class, "classCode"},
    {xds::entry_confidentiality, "confidentialityCode", {}, true},
    {xds::entry_event, "eventCodeList", {}, true},
    {xds::entry_facility, "healthcareFacilityTypeCode"},
    {xds::entry_format, "formatCode"},
    {xds::entry_patient, "patientId", "XDSDocumentEntry.patientId"},
    {xds::entry_practice, "practiceSettingCode"},
    {xds::entry_type, "typeCode"},
    {xds::entry_unique, "uniqueId", "XDSDocumentEntry.uniqueId"},
};

void check_slot_form(const XmlElement& slot, const SlotKind* kind, const std::string& path,
                     std::vector<v1::Issue>& issues) {
  size_t lists = 0;
  bool has_empty = false;
  bool repeats = false;
  std::vector<std::string_view> values;
  for (const XmlElement& list : slot.children()) {
    if (!is_rim(list, "ValueList")) continue;
    ++lists;
    for (const XmlElement& value : list.children()) {
      const std::string_view text = trimmed(value.text);
      has_empty = has_empty || text.empty();
      repeats = repeats || std::find(values.begin(), values.end(), text) != values.end();
      values.push_back(text);
    }
  }
  if (has_empty || values.empty()) add_issue(issues, Rule::xdm_slot_empty, path);
  const bool too_many = kind != nullptr && !kind->several && values.size() > 1;
  if (lists > 1 || repeats || too_many) add_issue(issues, Rule::xdm_slot_twice, path);
}

// A title or a display name.
void check_name_form(const XmlElement& owner, bool required, const std::string& path,
                     std::vector<v1::Issue>& issues) {
  constexpr std::string_view xml_space = "http://www.w3.org/XML/1998/namespace";
  size_t names = 0;
  std::set<std::string_view> languages;
  for (const XmlElement& name : owner.children()) {
    if (!is_rim(name, "Name")) continue;
    if (++names > 1) add_issue(issues, Rule::xdm_attribute_twice, path);
    for (const XmlElement& string : name.children()) {
      if (!languages.insert(string.attribute("lang", xml_space)).second)
        add_issue(issues, Rule::xdm_attribute_twice, path);
      const std::string_view charset = string.attribute("charset");
      if (trimmed(string.attribute("value")).empty() ||
          (!charset.empty() && !same_ignoring_case(charset, "UTF-8")))
        add_issue(issues, Rule::xdm_name_wrong, path);
    }
  }
  if (languages.empty() && (required || names != 0)) add_issue(issues, Rule::xdm_name_wrong, path);
}

class ObjectForm {
 public:
  ObjectForm(const RegistryObject& object, std::span<const AttributeKind> kinds,
             std::vector<v1::Issue>& issues)
      : object_(object), kinds_(kinds), issues_(issues) {}

  void run() {
    check_slots_form(object_.element(), object_.path(), issues_);
    check_name_form(object_.element(), false, object_.path() + "/title", issues_);
    for (const XmlElement* each : object_.classifications()) {
      // What kind of object it is, which is no attribute of it.
      const bool node = !each->attribute("classificationNode").empty();
      if (!node) check_part(*each, each->attribute("classificationScheme"));
    }
    for (const XmlElement& child : object_.element().children()) {
      if (is_rim(child, "ExternalIdentifier")) check_part(child, child.attribute("identificationScheme"));
    }
    for (const auto& [kind, count] : counts_) {
      if (count > 1 && !kind->several) note(Rule::xdm_attribute_twice, kind->attribute);
    }
  }

 private:
  void note(Rule rule, std::string_view attribute) {
    add_issue(issues_, rule, object_.path() + "/" + std::string(attribute));
  }

  void check_part(const XmlElement& part, std::string_view scheme) {
    const bool identifier = part.name == "ExternalIdentifier";
    const auto kind = std::find_if(kinds_.begin(), kinds_.end(), [&](const AttributeKind& each) {
      return each.scheme == scheme && each.identifier_name.empty() != identifier;
    });
    if (kind == kinds_.end()) return note(Rule::xdm_classification_wrong, part.name);
    ++counts_[&*kind];
    const std::string path = object_.path() + "/" + kind->attribute;
    check_slots_form(part, path, issues_);
    // An author is told by slots: it has neither code nor display name.
    const bool author = scheme == xds::set_author || scheme == xds::entry_author;
    if (author && !part.attribute("nodeRepresentation").empty())
      note(Rule::xdm_classification_wrong, kind->attribute);
    check_name_form(part, !author, path, issues_);
    if (identifier && shown_name(part) != kind->identifier_name)
      add_issue(issues_, Rule::xdm_name_wrong, path);
  }

  const RegistryObject& object_;
  std::span<const AttributeKind> kinds_;
  std::vector<v1::Issue>& issues_;
  std::map<const AttributeKind*, size_t> counts_;
};

}  // namespace

bool is_rim(const XmlElement& element, std::string_view name) {
  return element.name == name && element.space == xds::rim_space;
}

const XmlElement* rim_child(const XmlElement& element, std::string_view name) {
  for (const XmlElement& child : element.children()) {
    if (is_rim(child, name)) return &child;
  }
  return nullptr;
}

std::vector<std::string_view> slot_values(const XmlElement& owner, std::string_view name) {
  std::vector<std::string_view> values;
  for (const XmlElement& slot : owner.children()) {
    if (!is_rim(slot, "Slot") || slot.attribute("name") != name) continue;
    const XmlElement* list = rim_child(slot, "ValueList");
    if (list == nullptr) continue;
    for (const XmlElement& value : list->children()) {
      if (const std::string_view text = trimmed(value.text); is_rim(value, "Value") && !text.empty())
        values.push_back(text);
    }
  }
  return values;
}

std::string_view slot_value(const XmlElement& owner, std::string_view name) {
  const auto values = slot_values(owner, name);
  return values.empty() ? std::string_view() : values.front();
}

std::string_view shown_name(const XmlElement& owner) {
  const XmlElement* name = rim_child(owner, "Name");
  const XmlElement* string = name == nullptr ? nullptr : rim_child(*name, "LocalizedString");
  return string == nullptr ? std::string_view() : string->attribute("value");
}

std::vector<const XmlElement*> RegistryObject::classifications() const {
  std::vector<const XmlElement*> found;
  for (const XmlElement& child : element_.children()) {
    if (is_rim(child, "Classification")) found.push_back(&child);
  }
  for (const XmlElement& beside : list_.children()) {
    if (is_rim(beside, "Classification") && beside.attribute("classifiedObject") == id())
      found.push_back(&beside);
  }
  return found;
}

std::vector<const XmlElement*> RegistryObject::classifications(std::string_view scheme) const {
  std::vector<const XmlElement*> found = classifications();
  std::erase_if(
      found, [scheme](const XmlElement* each) { return each->attribute("classificationScheme") != scheme; });
  return found;
}

bool RegistryObject::has_node(std::string_view node) const {
  const auto all = classifications();
  return std::any_of(all.begin(), all.end(), [node](const XmlElement* each) {
    return each->attribute("classificationNode") == node;
  });
}

std::string_view RegistryObject::identifier(std::string_view scheme) const {
  for (const XmlElement& child : element_.children()) {
    if (is_rim(child, "ExternalIdentifier") && child.attribute("identificationScheme") == scheme)
      return child.attribute("value");
  }
  return {};
}

void check_slots_form(const XmlElement& owner, const std::string& path, std::vector<v1::Issue>& issues) {
  std::set<std::string_view> names;
  for (const XmlElement& slot : owner.children()) {
    if (!is_rim(slot, "Slot")) continue;
    const std::string_view name = slot.attribute("name");
    const auto* kind = std::find_if(std::begin(slot_kinds), std::end(slot_kinds),
                                    [name](const SlotKind& each) { return each.name == name; });
    const bool known = kind != std::end(slot_kinds);
    // Others may add slots, with a URN as name (TF-3 4.2.3). An unknown name may be anything: it is not
    // told.
    if (!known && !name.starts_with("urn:")) add_issue(issues, Rule::xdm_slot_unknown, path + "/Slot");
    const std::string slot_path = path + "/" + (known ? std::string(name) : "Slot");
    if (!names.insert(name).second) add_issue(issues, Rule::xdm_slot_twice, slot_path);
    check_slot_form(slot, known ? kind : nullptr, slot_path, issues);
  }
}

void check_set_form(const RegistryObject& set, std::vector<v1::Issue>& issues) {
  ObjectForm(set, set_kinds, issues).run();
}

void check_entry_form(const RegistryObject& entry, std::vector<v1::Issue>& issues) {
  ObjectForm(entry, entry_kinds, issues).run();
}

}  // namespace psl
