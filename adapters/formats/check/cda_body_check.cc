#include "adapters/formats/check/cda_body_check.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "adapters/formats/check/cda_letter_model.h"
#include "adapters/formats/check/cda_structure.h"
#include "adapters/formats/text.h"

namespace psl {
namespace {

constexpr std::string_view treatment_template = "1.2.250.1.213.1.1.3.42";

struct EntryId {
  std::string_view root;
  std::string_view extension;
  const XmlElement* id = nullptr;
};

// Acts that stand on their own or inside another one.
bool is_statement(std::string_view name) {
  return name == "observation" || name == "substanceAdministration" || name == "act" || name == "procedure" ||
         name == "encounter" || name == "supply" || name == "organizer" || name == "observationMedia" ||
         name == "regionOfInterest";
}

// Walks the body once: sections, and inside them the narrative and the entries.
class CdaBodyCheck {
 public:
  CdaBodyCheck(const XmlElement& root, CdaNotes& notes) : notes_(notes) {
    if (has_template(root, letter_model_oid)) model_.emplace(notes);
  }

  void run(const XmlElement& body) {
    check_cda_element(body, true, notes_);
    for (const XmlElement& component : body.children()) {
      const XmlElement* section = cda_child(component, "section");
      if (section == nullptr) continue;
      if (model_) model_->section(*section);
      visit_section(*section);
    }
    if (model_) model_->end(body);
    check_references();
    check_entry_ids();
  }

 private:
  void visit_section(const XmlElement& section) {
    if (!model_) check_section_code(section, notes_);
    keep_anchor(section);
    check_cda_element(section, true, notes_);
    const XmlElement* title = nullptr;
    size_t seen = 0;
    bool has_entry = false;
    bool has_part = false;
    for (const XmlElement& child : section.children()) {
      check_cda_element(child, true, notes_);
      if (child.name == "title") {
        title = &child;
      } else if (child.name == "text") {
        seen = visit_narrative(child);
      } else if (child.name == "entry") {
        has_entry = true;
        visit_entry(child, true);
      } else if (const XmlElement* part = child.name == "component" ? cda_child(child, "section") : nullptr) {
        has_part = true;
        visit_section(*part);
      }
    }
    if (title == nullptr || visible_characters(title->text) == 0) {
      notes_.issue(Rule::section_title_missing, section, "title");
    }
    // A section that only holds others may leave the reading to them.
    if (seen < section_visible_least && (has_entry || !has_part))
      notes_.issue(Rule::section_text_missing, section, "text");
  }

  // How much of it is seen; a picture counts for a text.
  size_t visit_narrative(const XmlElement& element) {
    keep_anchor(element);
    size_t seen = visible_characters(element.text);
    if (element.name == "renderMultiMedia") seen += 2;
    for (const XmlElement& child : element.children())
      seen += visit_narrative(child) + visible_characters(child.tail);
    return seen;
  }

  // `own`: what stands here is a statement of its own, not a reference to another one.
  void visit_entry(const XmlElement& element, bool own) {
    if (!element.attributes.empty()) keep_anchor(element);
    for (const XmlElement& child : element.children()) {
      check_cda_element(child, true, notes_);
      if (child.name == "reference") {
        if (!child.attributes.empty()) keep_reference(child);
        visit_entry(child, false);
        continue;
      }
      check_value(child, element);
      if (is_statement(child.name)) {
        if (own) keep_id(child);
        if (child.name == "substanceAdministration") check_treatment(child);
      }
      const bool link = child.name == "entryRelationship" || child.name == "component";
      visit_entry(child, link ? child.attribute("typeCode") != "REFR" : is_statement(child.name));
    }
  }

  // The ends of a quantity are called as those of a period are.
  void check_value(const XmlElement& element, const XmlElement& parent) {
    if (element.attributes.empty()) return;
    if (element.name == "id") return check_cda_id(element, notes_);
    const bool end = element.name == "low" || element.name == "high";
    const std::string_view name = end ? parent.name : element.name;
    if (name == "effectiveTime" || name == "time") check_cda_time(element, notes_);
  }

  void keep_anchor(const XmlElement& element) {
    const std::string_view id = element.attribute("ID");
    if (!id.empty()) anchors_.push_back({id, &element});
  }

  void keep_reference(const XmlElement& reference) {
    for (const XmlAttribute& each : reference.attributes) {
      // One with a scheme leads out of the document.
      if (each.name == "value" && each.value.find(':') == std::string_view::npos) {
        references_.push_back(&reference);
      }
    }
  }

  void keep_id(const XmlElement& statement) {
    for (const XmlElement& child : statement.children()) {
      if (child.name != "id" || child.attribute("root").empty()) continue;
      ids_.push_back({child.attribute("root"), child.attribute("extension"), &child});
    }
  }

  void check_treatment(const XmlElement& treatment) {
    if (!has_template(treatment, treatment_template)) return;
    check_letter_treatment(treatment, notes_);
  }

  void check_references() {
    const auto before = [](const Anchor& a, const Anchor& b) { return a.id < b.id; };
    std::stable_sort(anchors_.begin(), anchors_.end(), before);
    for (size_t i = 1; i < anchors_.size(); ++i) {
      if (anchors_[i].id == anchors_[i - 1].id)
        notes_.issue(Rule::narrative_id_repeated, *anchors_[i].at, "@ID");
    }
    for (const XmlElement* reference : references_) {
      std::string_view target = reference->attribute("value");
      const bool hash = target.substr(0, 1) == "#";
      if (hash) target.remove_prefix(1);
      if (!std::binary_search(anchors_.begin(), anchors_.end(), Anchor{target, nullptr}, before)) {
        notes_.issue(Rule::reference_dangling, *reference, "@value");
      } else if (!hash) {
        notes_.issue(Rule::reference_without_hash, *reference, "@value");
      }
    }
  }

  void check_entry_ids() {
    std::stable_sort(ids_.begin(), ids_.end(), [](const EntryId& a, const EntryId& b) {
      return a.root != b.root ? a.root < b.root : a.extension < b.extension;
    });
    for (size_t i = 1; i < ids_.size(); ++i) {
      if (ids_[i].root == ids_[i - 1].root && ids_[i].extension == ids_[i - 1].extension) {
        notes_.issue(Rule::entry_id_repeated, *ids_[i].id);
      }
    }
  }

  struct Anchor {
    std::string_view id;
    const XmlElement* at = nullptr;
  };

  CdaNotes& notes_;
  std::optional<CdaLetterModel> model_;  // of a discharge letter
  std::vector<Anchor> anchors_;
  std::vector<const XmlElement*> references_;
  std::vector<EntryId> ids_;
};

}  // namespace

void check_cda_body(const XmlElement& root, CdaNotes& notes) {
  if (const XmlElement* body = cda_at(root, {"component", "structuredBody"})) {
    CdaBodyCheck(root, notes).run(*body);
  }
}

}  // namespace psl
