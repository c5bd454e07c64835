// Any bytes are shown or refused: no crash, and no page with markup of the document's own. Each input
// is tried as a document and as the narrative of a section.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/formats/view/html_view.h"

namespace {

void show(std::string_view cda) {
  const auto view = psl::view_of(cda);
  if (!view.ok()) return;
  const std::string page = psl::write_html(*view);
  PSL_CHECK(page.find("<script") == std::string::npos);
  PSL_CHECK(page.find("<SCRIPT") == std::string::npos);
  PSL_CHECK(page.substr(page.size() - 8) == "</html>\n");
  for (const psl::ViewSection& section : view->sections) {
    for (const psl::ViewBlock& block : section.blocks) {
      PSL_CHECK(block.kind == psl::ViewBlock::Kind::table ? !block.table.rows.empty() : !block.text.empty());
      for (const psl::ViewRun& run : block.text) PSL_CHECK(!run.text.empty());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  show(bytes);
  show("<ClinicalDocument xmlns='urn:hl7-org:v3'><component><structuredBody><component><section><text>" +
       bytes + "</text></section></component></structuredBody></component></ClinicalDocument>");
  return 0;
}
