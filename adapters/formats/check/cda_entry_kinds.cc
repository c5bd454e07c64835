#include "adapters/formats/check/cda_entry_kinds.h"

#include <algorithm>
#include <array>
#include <vector>

namespace psl {
namespace {

struct EntryKind {
  // Only elements of this kind have them, and they have all of them.
  std::array<std::string_view, 4> marks;
  // They have these too, and so have others.
  std::array<std::string_view, 2> shared;
  std::array<std::string_view, 6> parts;
  // Those too of what is planned: any moodCode but EVN.
  std::array<std::string_view, 2> planned = {};
};

constexpr EntryKind entry_kinds[] = {
    // FR-Traitement
    {{"1.2.250.1.213.1.1.3.42", "2.16.840.1.113883.10.20.1.24", "1.3.6.1.4.1.19376.1.5.3.1.4.7",
      "1.3.6.1.4.1.19376.1.5.3.1.4.7.1"},
     {},
     {"id", "code", "text", "statusCode"}},
    // FR-Produit-de-sante
    {{"1.2.250.1.213.1.1.3.43", "2.16.840.1.113883.10.20.1.53", "1.3.6.1.4.1.19376.1.5.3.1.4.7.2"}, {}, {}},
    // FR-Instructions-au-patient
    {{"1.2.250.1.213.1.1.3.33", "2.16.840.1.113883.10.20.1.49", "1.3.6.1.4.1.19376.1.5.3.1.4.3"},
     {},
     {"id", "code", "text", "statusCode"}},
    // FR-Acte
    {{"1.2.250.1.213.1.1.3.62", "1.3.6.1.4.1.19376.1.5.3.1.4.19"},
     {},
     {"id", "code", "text", "statusCode", "effectiveTime"},
     {"2.16.840.1.113883.10.20.1.25"}},
    // FR-Demande-d-examen-ou-de-suivi
    {{"1.2.250.1.213.1.1.3.27"},
     {"1.3.6.1.4.1.19376.1.5.3.1.1.20.3.1", "2.16.840.1.113883.10.20.1.25"},
     {"id", "code", "text", "statusCode"}},
    // FR-Rencontre
    {{"1.2.250.1.213.1.1.3.58", "1.3.6.1.4.1.19376.1.5.3.1.4.14"}, {}, {"id", "code", "text"}},
    // FR-Dispositif-medical
    {{"1.2.250.1.213.1.1.3.20", "2.16.840.1.113883.10.20.1.34"}, {}, {"id", "effectiveTime", "participant"}},
    // FR-Liste-des-allergies-et-hypersensibilites
    {{"1.2.250.1.213.1.1.3.40", "1.3.6.1.4.1.19376.1.5.3.1.4.5.3"},
     {"2.16.840.1.113883.10.20.1.27", "1.3.6.1.4.1.19376.1.5.3.1.4.5.1"},
     {"id", "code", "statusCode", "effectiveTime", "entryRelationship"}},
    // FR-Allergie-ou-hypersensibilite
    {{"1.2.250.1.213.1.1.3.41", "2.16.840.1.113883.10.20.1.18", "1.3.6.1.4.1.19376.1.5.3.1.4.6"},
     {"1.3.6.1.4.1.19376.1.5.3.1.4.5", "2.16.840.1.113883.10.20.1.28"},
     {"id", "code", "text", "statusCode", "effectiveTime", "value"}},
    // FR-Probleme
    {{"1.2.250.1.213.1.1.3.37"},
     {"1.3.6.1.4.1.19376.1.5.3.1.4.5", "2.16.840.1.113883.10.20.1.28"},
     {"id", "code", "text", "statusCode", "effectiveTime", "value"}},
    // FR-Severite
    {{"1.2.250.1.213.1.1.3.29", "1.3.6.1.4.1.19376.1.5.3.1.4.1", "2.16.840.1.113883.10.20.1.55"},
     {},
     {"code", "text", "statusCode", "value"}},
    // FR-Simple-Observation
    {{"1.2.250.1.213.1.1.3.48"},
     {"1.3.6.1.4.1.19376.1.5.3.1.4.13"},
     {"id", "code", "text", "statusCode", "effectiveTime"}},
};

struct KindMark {
  std::string_view oid;
  const EntryKind* kind = nullptr;
};

std::vector<KindMark> marks_in_order() {
  std::vector<KindMark> marks;
  for (const EntryKind& kind : entry_kinds) {
    for (const std::string_view oid : kind.marks) {
      if (!oid.empty()) marks.push_back({oid, &kind});
    }
  }
  std::sort(marks.begin(), marks.end(), [](const KindMark& a, const KindMark& b) { return a.oid < b.oid; });
  return marks;
}

const EntryKind* kind_of_template(std::string_view oid) {
  static const std::vector<KindMark> marks = marks_in_order();
  const auto at =
      std::lower_bound(marks.begin(), marks.end(), oid,
                       [](const KindMark& each, std::string_view text) { return each.oid < text; });
  return at == marks.end() || at->oid != oid ? nullptr : at->kind;
}

template <size_t count>
bool has_all_of(const XmlElement& element, const std::array<std::string_view, count>& oids) {
  return std::all_of(oids.begin(), oids.end(),
                     [&](std::string_view oid) { return oid.empty() || has_template(element, oid); });
}

// A text that leads nowhere leaves the reader without the words of the entry.
void check_texts(const XmlElement& element, CdaNotes& notes) {
  const XmlElement* text = cda_child(element, "text");
  if (text != nullptr && cda_child(*text, "reference") == nullptr && text->attribute("nullFlavor").empty()) {
    notes.issue(Rule::part_missing, *text, "reference");
  }
}

}  // namespace

void check_entry_kind(const XmlElement& element, CdaNotes& notes) {
  const EntryKind* kind = nullptr;
  bool templates = false;
  for (const XmlElement& child : element.children()) {
    if (!is_cda(child, "templateId")) {
      if (templates) break;
      continue;
    }
    templates = true;
    kind = kind_of_template(child.attribute("root"));
    if (kind != nullptr) break;
  }
  if (kind == nullptr) return;
  const bool planned = element.attribute("moodCode") != "EVN";
  if (!has_all_of(element, kind->marks) || !has_all_of(element, kind->shared) ||
      (planned && !has_all_of(element, kind->planned))) {
    notes.issue(Rule::entry_template_missing, element, "templateId");
  }
  for (const std::string_view part : kind->parts) {
    if (!part.empty() && cda_child(element, part) == nullptr) notes.issue(Rule::part_missing, element, part);
  }
  check_texts(element, notes);
}

}  // namespace psl
