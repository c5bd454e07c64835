// Makes the PDFs that stand for a hospital's own, PDF/A-1b by the engine of the readable copy, from texts:
//
//   sample_pdf samples/letters/contents/*.txt    writes NAME.pdf beside each NAME.txt
//
// A text is UTF-8, one paragraph a line:
//   *Structure*, its address, its service, === (the end of the letterhead)
//   > place and date    > each addressee    # title    ## heading    - item    | a | b | cells of a row
//   *word* alone on a line: bold    > after the title: who signs    @scan: a page that a scanner made
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <qpdf/QPDFWriter.hh>
#include <sstream>
#include <string>
#include <vector>

#include "adapters/readable/letter_copy.h"
#include "tests/adapters/readable/pdf_reading.h"
#include "tests/adapters/readable/sample_view.h"

namespace psl {
namespace {

namespace fs = std::filesystem;

// A4 at 300 dots per inch, cut so that the whole file passes 8 MiB by little.
constexpr size_t scan_width = 2480;
constexpr size_t scan_height = 3383;

struct SampleText {
  DocumentView view;
  int scans = 0;
};

std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream in(row.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    const size_t from = cell.find_first_not_of(' ');
    const size_t to = cell.find_last_not_of(' ');
    cells.push_back(from == std::string::npos ? "" : cell.substr(from, to + 1 - from));
  }
  return cells;
}

// The first row of a table is its heading.
void add_row(const std::string& line, std::vector<ViewBlock>& blocks) {
  const bool heading = blocks.empty() || blocks.back().kind != ViewBlock::Kind::table;
  if (heading) blocks.push_back(table_of({}));
  blocks.back().table.rows.push_back(row_of(cells_of(line), heading));
}

bool is_bold(const std::string& line) { return line.size() > 2 && line.front() == '*' && line.back() == '*'; }

void read_body_line(const std::string& line, SampleText& sample) {
  DocumentView& view = sample.view;
  if (line == "@scan") {
    ++sample.scans;
  } else if (line.starts_with("> ")) {
    view.signature = line.substr(2);
  } else if (line.starts_with("## ")) {
    view.sections.push_back({line.substr(3), 1, {}});
  } else if (line.starts_with("- ")) {
    view.sections.back().blocks.push_back(item_of(line.substr(2)));
  } else if (line.starts_with("|")) {
    add_row(line, view.sections.back().blocks);
  } else {
    const bool bold = is_bold(line);
    view.sections.back().blocks.push_back(paragraph_of(bold ? line.substr(1, line.size() - 2) : line));
    view.sections.back().blocks.back().text[0].bold = bold;
  }
}

SampleText read_sample(std::istream& in) {
  SampleText sample;
  DocumentView& view = sample.view;
  bool letterhead = true;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    if (!view.title.empty()) {
      read_body_line(line, sample);
    } else if (line == "===") {
      letterhead = false;
    } else if (letterhead) {
      view.sender.push_back(is_bold(line) ? line.substr(1, line.size() - 2) : line);
    } else if (line.starts_with("# ")) {
      view.title = line.substr(2);
      view.sections.emplace_back();
    } else if (line.starts_with("> ")) {
      if (view.dated.empty()) {
        view.dated = line.substr(2);
      } else {
        view.addressees.push_back(line.substr(2));
      }
    }
  }
  return sample;
}

// Beside a trace's line, in dots, over one heart beat.
std::vector<int> heart_beat() {
  std::vector<int> beat(40, 0);
  const auto then = [&](const std::vector<int>& dots) { beat.insert(beat.end(), dots.begin(), dots.end()); };
  then({4, 10, 16, 18, 16, 10, 4});
  then(std::vector<int>(14, 0));
  then({-12, -6, 60, 150, 210, 120, 10, -50, -22});
  then(std::vector<int>(30, 0));
  then({4, 12, 22, 32, 40, 42, 40, 32, 22, 12, 4});
  then(std::vector<int>(100, 0));
  return beat;
}

// A sheet of squared paper with twelve traces, as an electrocardiograph prints them: a byte of grey a dot.
std::string scanned_sheet() {
  constexpr size_t square = 59;
  std::string sheet(scan_width * scan_height, '\xFC');
  for (size_t y = 0; y < scan_height; ++y) {
    for (size_t x = 0; x < scan_width; ++x) {
      if (y % square < 2 || x % square < 2) sheet[y * scan_width + x] = '\xB4';
    }
  }
  const std::vector<int> beat = heart_beat();
  for (int trace = 0; trace < 12; ++trace) {
    const int line = 300 + trace * 250;
    int before = line;
    for (size_t x = 120; x < scan_width - 120; ++x) {
      const int y = line - beat[(x + 37 * static_cast<size_t>(trace)) % beat.size()] * (10 - trace % 5) / 10;
      for (int dot = std::min(before, y) - 2; dot <= std::max(before, y) + 2; ++dot) {
        sheet[static_cast<size_t>(dot) * scan_width + x] = '\x18';
      }
      before = y;
    }
  }
  return sheet;
}

// Not compressed, as some scanners leave it: it is there for its size.
std::string with_scans(const std::string& letter, int scans) {
  QPDF pdf;
  pdf.processMemoryFile("letter", letter.data(), letter.size());
  for (int i = 0; i < scans; ++i) {
    QPDFObjectHandle image = QPDFObjectHandle::newStream(&pdf, scanned_sheet());
    image.replaceDict(QPDFObjectHandle::parse(
        "<< /Type /XObject /Subtype /Image /ColorSpace /DeviceGray /BitsPerComponent 8 /Width " +
        std::to_string(scan_width) + " /Height " + std::to_string(scan_height) + " >>"));
    QPDFObjectHandle page =
        QPDFObjectHandle::parse("<< /Type /Page /MediaBox [0 0 595 842] /Resources << /XObject << >> >> >>");
    page.getKey("/Resources").getKey("/XObject").replaceKey("/Scan", image);
    page.replaceKey("/Contents", QPDFObjectHandle::newStream(&pdf, "q 595 0 0 842 0 0 cm /Scan Do Q"));
    QPDFPageDocumentHelper(pdf).addPage(QPDFPageObjectHelper(pdf.makeIndirectObject(page)), false);
  }
  QPDFWriter writer(pdf);
  writer.setOutputMemory();
  writer.setStreamDataMode(qpdf_s_preserve);
  writer.setNewlineBeforeEndstream(true);
  writer.setDeterministicID(true);
  writer.write();
  const auto bytes = writer.getBufferSharedPointer();
  return {reinterpret_cast<const char*>(bytes->getBuffer()), bytes->getSize()};
}

// The reason of a failure; empty when the PDF stands beside its text.
std::string make_sample(const fs::path& text, const CopyFonts& fonts) {
  std::ifstream in(text);
  const SampleText sample = read_sample(in);
  if (sample.view.title.empty()) return "no line begins with \"# \"";
  const Result<std::string> letter = copy_of_view(sample.view, fonts);
  if (!letter.ok()) return letter.error().describe();
  std::ofstream out(fs::path(text).replace_extension(".pdf"), std::ios::binary);
  out << (sample.scans == 0 ? *letter : with_scans(*letter, sample.scans));
  return out.flush() ? "" : "the PDF cannot be written";
}

int make_samples(const std::vector<std::string>& texts) {
  const Result<CopyFonts>& fonts = CopyFonts::installed();
  int failures = 0;
  for (const std::string& text : texts) {
    const std::string reason = fonts.ok() ? make_sample(text, *fonts) : fonts.error().describe();
    if (reason.empty()) continue;
    std::fprintf(stderr, "%s: %s\n", text.c_str(), reason.c_str());
    ++failures;
  }
  return failures;
}

}  // namespace
}  // namespace psl

int main(int argc, char** argv) {
  try {
    return psl::make_samples({argv + 1, argv + argc}) == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
