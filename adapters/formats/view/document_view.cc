#include "adapters/formats/view/document_view.h"

#include <utility>

#include "adapters/formats/cda/cda_header.h"
#include "adapters/formats/text.h"
#include "adapters/formats/view/header_view.h"
#include "adapters/formats/view/narrative.h"
#include "adapters/formats/xml_parser.h"
#include "gateway/core/checked.h"

namespace psl {
namespace {

constexpr size_t blocks_max = 2000;
constexpr size_t rows_max = 10000;
constexpr size_t block_characters_max = 100000;
// FR-Document-PDF-copie (CI-SIS ST v1.16 section 2.2.1).
constexpr std::string_view pdf_copy_section = "1.2.250.1.213.1.1.2.243";

Error too_long() {
  return error_of(ErrorCode::document_invalid, "a text of the document is too long to be shown");
}

class SectionsReader {
 public:
  SectionsReader(DocumentView& view, ViewNotes& notes) : view_(view), notes_(notes) {}

  // Of a body, or of a section that holds others.
  Status read(const XmlElement& owner, int level) {
    for (const XmlElement* component : cda_children(owner, "component")) {
      for (const XmlElement* section : cda_children(*component, "section")) {
        if (Status read = read_section(*section, level); !read.ok()) return read;
      }
    }
    return {};
  }

 private:
  Status read_section(const XmlElement& section, int level) {
    for (const XmlElement* id : cda_children(section, "templateId")) {
      if (id->attribute("root") != pdf_copy_section) continue;
      notes_.leave_out(Omission::pdf_copy);
      return {};
    }
    ViewSection shown;
    shown.level = level;
    if (const XmlElement* title = cda_child(section, "title")) shown.title = line_of(*title, notes_);
    if (shown.title.empty()) shown.title = std::string(cda_value(section, "code", "displayName"));
    if (const XmlElement* text = cda_child(section, "text")) shown.blocks = read_narrative(*text, notes_);
    if (Status bounded = count(shown.blocks); !bounded.ok()) return bounded;

    const size_t at = view_.sections.size();
    const bool empty = shown.blocks.empty();
    view_.sections.push_back(std::move(shown));
    if (Status read_inside = read(section, level + 1); !read_inside.ok()) return read_inside;
    // A title with nothing under it tells a reader nothing.
    if (empty && view_.sections.size() == at + 1) view_.sections.pop_back();
    return {};
  }

  Status count(const std::vector<ViewBlock>& blocks) {
    blocks_ += blocks.size();
    for (const ViewBlock& block : blocks) {
      rows_ += block.table.rows.size();
      if (characters_of(block) > block_characters_max) return too_long();
    }
    if (blocks_ > blocks_max || rows_ > rows_max)
      return error_of(ErrorCode::document_invalid,
                      "the document has too many paragraphs or rows to be shown");
    return {};
  }

  DocumentView& view_;
  ViewNotes& notes_;
  size_t blocks_ = 0;
  size_t rows_ = 0;
};

}  // namespace

Result<DocumentView> view_of(std::string_view cda) {
  // Entries repeat in codes what the narrative says in words: they are not even kept.
  const Result<XmlTree> tree = parse_xml(cda, "entry");
  if (!tree.ok()) return tree.error();
  const XmlElement& root = tree->root();
  const XmlElement* body = cda_at(root, {"component", "structuredBody"});
  if (root.name != "ClinicalDocument" || body == nullptr)
    return error_of(ErrorCode::document_invalid, "the document has no structured body");
  DocumentView view;
  ViewNotes notes;
  view_envelope(root, view, notes);
  view_patient(root, view, notes);
  view_facts(root, view, notes);
  if (Status read = SectionsReader(view, notes).read(*body, 1); !read.ok()) return std::move(read).error();
  if (notes.overspent()) return too_long();
  view.left_out = notes.sentences();
  return view;
}

std::string datamatrix_text(const PrintedIdentity& identity) {
  constexpr char group_separator = '\x1D';
  std::string text = "IS01" + std::string(22, '0');
  const auto field = [&text](std::string_view tag, std::string_view value, size_t most) {
    value = first_characters(value, most);
    text += tag;
    text += value;
    if (value.size() < most) text += group_separator;
  };
  field("S1", identity.matricule, 15);
  field("S2", identity.oid, 20);
  field("S3", strict_name(identity.given_names), 100);
  field("S4", strict_name(identity.family_name), 100);
  field("S5", identity.sex, 1);
  // DD-MM-YYYY.
  const std::string& date = identity.birth_date;
  PSL_CHECK(date_ok(date));
  field("S6", date.substr(8, 2) + date.substr(4, 4) + date.substr(0, 4), 10);
  field("S7", identity.birth_place_code, 5);
  return text;
}

}  // namespace psl
