#include "adapters/formats/view/html_view.h"

#include <algorithm>
#include <utility>

namespace psl {
namespace {

// A letter on a sheet of A4; on paper, the sheet is the page.
constexpr std::string_view style_sheet = R"css(
:root { --ink: #1d2733; --soft: #5b6876; --line: #c9d2db; --tint: #eef3f8; --accent: #1f4e79; }
* { box-sizing: border-box; }
body { margin: 0; background: #e3e8ed; color: var(--ink);
  font: 10.5pt/1.45 "Liberation Sans", Arial, Helvetica, sans-serif; }
main { width: 210mm; max-width: 100%; min-height: 297mm; margin: 8mm auto; padding: 16mm 17mm 12mm;
  background: #fff; box-shadow: 0 1px 6px rgba(0, 0, 0, .25); display: flex; flex-direction: column; }
p { margin: 0 0 .55em; }
.head { display: flex; justify-content: space-between; gap: 12mm; margin-bottom: 7mm; }
.sender { max-width: 60%; color: var(--soft); }
.sender strong { display: block; color: var(--accent); font-size: 13.5pt; line-height: 1.25;
  margin-bottom: .25em; }
.to { min-width: 62mm; max-width: 84mm; }
.label { color: var(--soft); font-size: 9pt; }
.to p { margin: 0 0 .2em; }
h1 { font-size: 16pt; line-height: 1.25; margin: 0; color: var(--accent); }
.dated { color: var(--soft); margin: .2em 0 5mm; }
.patient { border: 1.2pt solid var(--accent); border-radius: 2mm; margin: 0 0 5mm; break-inside: avoid; }
.patient h2 { display: flex; justify-content: space-between; flex-wrap: wrap; gap: 0 1em; margin: 0;
  padding: 1.4mm 4mm; border: 0; background: var(--tint); font-size: 10.5pt; }
.patient h2 span { font-weight: normal; color: var(--ink); }
dl { margin: 0; display: grid; }
.patient dl { grid-template-columns: 1fr 1fr; gap: 1.2mm 6mm; padding: 2.4mm 4mm 3mm; }
.patient dd { font-weight: bold; }
.patient dl > div, .facts > div { display: grid; grid-template-columns: 36mm 1fr; gap: 3mm; }
.facts { gap: .4mm; margin-bottom: 3mm; font-size: 9.5pt; line-height: 1.35; }
.facts > div { grid-template-columns: 46mm 1fr; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
h2, h3, h4, h5 { color: var(--accent); break-after: avoid; line-height: 1.3; }
h2 { font-size: 12pt; margin: 5mm 0 2mm; padding-bottom: .6mm; border-bottom: .8pt solid var(--accent); }
h3 { font-size: 11pt; margin: 3.5mm 0 1.5mm; }
h4, h5 { font-size: 10.5pt; margin: 3mm 0 1mm; }
section p, td, th { overflow-wrap: anywhere; }
.item { display: flex; gap: .6em; margin: 0 0 .25em; }
.item > b { flex: 0 0 1.4em; text-align: right; font-weight: normal; }
.item > span { flex: 1; }
.d2 { margin-left: 7mm; } .d3 { margin-left: 14mm; } .d4 { margin-left: 21mm; }
.wide { overflow-x: auto; margin: 1mm 0 3mm; padding-right: 1px; }
table { width: 100%; border-collapse: collapse; font-size: 9.5pt; line-height: 1.35; }
caption { text-align: left; font-weight: bold; padding-bottom: 1mm; }
th, td { border: .6pt solid var(--line); padding: 1mm 1.8mm; text-align: start; vertical-align: top; }
th { background: var(--tint); }
thead { display: table-header-group; }
tr { break-inside: avoid; }
td, th { min-width: 3em; overflow-wrap: break-word; }
sub, sup { line-height: 0; font-size: .75em; }
.signature { margin: 8mm 0 0; text-align: right; font-weight: bold; break-inside: avoid; }
.left-out { margin: 7mm 0 0; padding: 2mm 4mm; border-left: 1mm solid #b7791f; background: #fdf6e7;
  font-size: 9pt; break-inside: avoid; }
.left-out p { margin: 0; }
footer { margin-top: auto; padding-top: 6mm; color: var(--soft); font-size: 8pt; overflow-wrap: anywhere; }
footer p { border-top: .6pt solid var(--line); padding-top: 1.5mm; margin: 0; }
@page { size: A4; margin: 15mm 15mm 14mm; }
@media print {
  body { background: none; }
  main { width: auto; min-height: 0; margin: 0; padding: 0; box-shadow: none; display: block; }
  .wide { overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
@media screen and (max-width: 700px) {
  main { margin: 0; padding: 5mm; }
  .head, .patient dl { display: block; }
}
)css";

class HtmlPage {
 public:
  explicit HtmlPage(const DocumentView& view) : view_(view) {}

  std::string write() {
    out_ =
        "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, "
        "initial-scale=1\">\n<title>";
    escape(view_.title);
    out_ += "</title>\n<style>";
    out_ += style_sheet;
    out_ += "</style>\n</head>\n<body>\n<main>\n";
    write_head();
    write_patient();
    write_facts("facts", view_.facts);
    for (const ViewSection& section : view_.sections) write_section(section);
    if (!view_.signature.empty()) write_line("<p class=\"signature\">", view_.signature, "</p>\n");
    if (!view_.left_out.empty()) {
      out_ += "<aside class=\"left-out\"><b>Ce que cette page ne montre pas</b>\n";
      for (const std::string& sentence : view_.left_out) write_line("<p>", sentence, "</p>\n");
      out_ += "</aside>\n";
    }
    write_line("<footer><p>", view_.reference, "</p></footer>\n");
    out_ += "</main>\n</body>\n</html>\n";
    return std::move(out_);
  }

 private:
  void escape(std::string_view text) {
    for (const char c : text) {
      switch (c) {
        case '&':
          out_ += "&amp;";
          break;
        case '<':
          out_ += "&lt;";
          break;
        case '>':
          out_ += "&gt;";
          break;
        case '"':
          out_ += "&quot;";
          break;
        case '\'':
          out_ += "&#39;";
          break;
        case '\n':
          out_ += "<br>";
          break;
        default:
          out_ += c;
      }
    }
  }

  void write_line(std::string_view before, std::string_view text, std::string_view after) {
    out_ += before;
    escape(text);
    out_ += after;
  }

  void write_head() {
    out_ += "<header class=\"head\">\n<div class=\"sender\" dir=\"auto\">";
    for (size_t i = 0; i < view_.sender.size(); ++i) {
      write_line(i == 0 ? "<strong>" : "<div>", view_.sender[i], i == 0 ? "</strong>" : "</div>");
    }
    out_ += "</div>\n";
    if (!view_.addressees.empty()) {
      out_ += "<div class=\"to\"><div class=\"label\">À l'attention de</div>";
      for (const std::string& addressee : view_.addressees) write_line("<p dir=\"auto\">", addressee, "</p>");
      out_ += "</div>\n";
    }
    out_ += "</header>\n";
    write_line("<h1 dir=\"auto\">", view_.title, "</h1>\n");
    write_line("<p class=\"dated\">", view_.dated, "</p>\n");
  }

  void write_patient() {
    write_line("<section class=\"patient\">\n<h2>Patient <span>", view_.identity_status, "</span></h2>\n");
    write_facts("identity", view_.patient);
    out_ += "</section>\n";
  }

  void write_facts(std::string_view name, const std::vector<ViewFact>& facts) {
    if (facts.empty()) return;
    write_line("<dl class=\"", name, "\">\n");
    for (const ViewFact& fact : facts) {
      write_line("<div><dt>", fact.label, "</dt>");
      write_line("<dd dir=\"auto\">", fact.value, "</dd></div>\n");
    }
    out_ += "</dl>\n";
  }

  void write_section(const ViewSection& section) {
    const std::string heading = "h" + std::to_string(std::clamp(section.level + 1, 2, 5));
    out_ += "<section>\n";
    if (!section.title.empty())
      write_line("<" + heading + " dir=\"auto\">", section.title, "</" + heading + ">\n");
    for (const ViewBlock& block : section.blocks) write_block(block);
    out_ += "</section>\n";
  }

  void write_block(const ViewBlock& block) {
    switch (block.kind) {
      case ViewBlock::Kind::paragraph:
        out_ += "<p dir=\"auto\">";
        write_text(block.text);
        out_ += "</p>\n";
        break;
      case ViewBlock::Kind::item:
        out_ += "<div class=\"item d" + std::to_string(std::clamp(block.depth, 1, 4)) + "\">";
        write_line("<b>", block.marker, "</b><span dir=\"auto\">");
        write_text(block.text);
        out_ += "</span></div>\n";
        break;
      case ViewBlock::Kind::table:
        write_table(block.table);
        break;
    }
  }

  void write_table(const ViewTable& table) {
    out_ += "<div class=\"wide\"><table>\n";
    if (!table.caption.empty()) {
      out_ += "<caption dir=\"auto\">";
      write_text(table.caption);
      out_ += "</caption>\n";
    }
    const auto heading_rows = static_cast<size_t>(std::max(table.heading_rows, 0));
    if (heading_rows > 0) out_ += "<thead>\n";
    for (size_t i = 0; i < table.rows.size(); ++i) {
      if (i == heading_rows) out_ += heading_rows > 0 ? "</thead>\n<tbody>\n" : "<tbody>\n";
      out_ += "<tr>";
      for (const ViewCell& cell : table.rows[i]) write_cell(cell);
      out_ += "</tr>\n";
    }
    out_ += heading_rows >= table.rows.size() ? "</thead>\n" : "</tbody>\n";
    out_ += "</table></div>\n";
  }

  void write_cell(const ViewCell& cell) {
    out_ += cell.heading ? "<th dir=\"auto\"" : "<td dir=\"auto\"";
    if (cell.columns > 1) out_ += " colspan=\"" + std::to_string(cell.columns) + "\"";
    if (cell.rows > 1) out_ += " rowspan=\"" + std::to_string(cell.rows) + "\"";
    out_ += ">";
    write_text(cell.text);
    out_ += cell.heading ? "</th>" : "</td>";
  }

  void write_text(const ViewText& text) {
    for (const ViewRun& run : text) {
      std::string close;
      const auto open = [&](bool wanted, const std::string& name) {
        if (!wanted) return;
        out_ += "<" + name + ">";
        close = "</" + name + ">" + close;
      };
      open(run.bold, "strong");
      open(run.italic, "em");
      open(run.underlined, "u");
      open(run.raised < 0, "sub");
      open(run.raised > 0, "sup");
      escape(run.text);
      out_ += close;
    }
  }

  const DocumentView& view_;
  std::string out_;
};

}  // namespace

std::string write_html(const DocumentView& view) { return HtmlPage(view).write(); }

}  // namespace psl
