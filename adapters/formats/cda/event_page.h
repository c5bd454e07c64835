// A readable page in the making: what a document tells, in sections, before it is laid out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/formats/cda/cda_header_writer.h"

namespace psl {

// A label and what stands beside it.
struct PageFact {
  std::string_view label;
  std::string text;
};

struct PageTable {
  std::vector<std::string_view> headings;
  // As many cells as there are headings.
  std::vector<std::vector<std::string>> rows;
};

// Shown in this order; what is empty is left out.
struct PageSection {
  std::string_view title;
  std::vector<PageFact> facts;
  // Paragraphs: a blank line ends one.
  std::string text;
  std::vector<std::string> items;
  PageTable table;

  // Nothing when `text` is empty.
  void fact(std::string_view label, std::string shown) {
    if (!shown.empty()) facts.push_back({label, std::move(shown)});
  }
};

// The sections under the header, as a CDA with a structured body: what ReadableCopy lays out. It never leaves
// the program: of no model, it would not pass for a structured document. Sections that say nothing are left
// out. Pure.
std::string write_page(const CdaHeaderInput& header, std::span<const PageSection> sections);

}  // namespace psl
