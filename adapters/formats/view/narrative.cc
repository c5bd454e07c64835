#include "adapters/formats/view/narrative.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace psl {
namespace {

constexpr int spanned_columns_max = 100;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

bool same_style(const ViewRun& a, const ViewRun& b) {
  return a.bold == b.bold && a.italic == b.italic && a.underlined == b.underlined && a.raised == b.raised;
}

// Length of the mark at `at` that embeds or overrides a direction (U+202A to U+202E, U+2066 to U+2069); 0
// when there is none. Letters of a right-to-left script need none of them.
size_t direction_mark_at(std::string_view text, size_t at) {
  const std::string_view mark = text.substr(at, 3);
  if (mark.size() < 3 || mark[0] != '\xE2') return 0;
  const bool embeds = mark[1] == '\x80' && mark[2] >= '\xAA' && mark[2] <= '\xAE';
  const bool isolates = mark[1] == '\x81' && mark[2] >= '\xA6' && mark[2] <= '\xA9';
  return embeds || isolates ? 3 : 0;
}

bool has_word(std::string_view words, std::string_view word) {
  for (size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
    const bool begins = at == 0 || words[at - 1] == ' ';
    const size_t end = at + word.size();
    if (begins && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

// The style of what stands in this element, by its styleCode (a list of words).
ViewRun styled(const XmlElement& element, ViewRun style) {
  const std::string_view code = element.attribute("styleCode");
  style.bold |= has_word(code, "Bold");
  style.italic |= has_word(code, "Italics") || has_word(code, "Emphasis");
  style.underlined |= has_word(code, "Underline");
  if (element.name == "sub") style.raised = -1;
  if (element.name == "sup") style.raised = 1;
  if (element.name == "caption") style.bold = true;
  return style;
}

ViewRun raised_style() {
  ViewRun style;
  style.raised = 1;
  return style;
}

int span_of(const XmlElement& cell, std::string_view name, int most) {
  const std::string_view text = cell.attribute(name);
  int span = 1;
  if (std::from_chars(text.data(), text.data() + text.size(), span).ec != std::errc()) span = 1;
  return std::clamp(span, 1, most);
}

std::string roman(int number) {
  constexpr std::pair<int, std::string_view> digits[] = {
      {1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"}, {90, "xc"}, {50, "l"},
      {40, "xl"},  {10, "x"},   {9, "ix"},  {5, "v"},    {4, "iv"},  {1, "i"}};
  std::string text;
  for (const auto& [value, digit] : digits) {
    for (; number >= value; number -= value) text += digit;
  }
  return text;
}

// "2.", "b.", "ii."; beyond the letters or the common Roman numbers, figures.
std::string ordered_marker(std::string_view style_code, int number) {
  std::string text = std::to_string(number);
  const bool letters = has_word(style_code, "LittleAlpha") || has_word(style_code, "BigAlpha");
  const bool romans = has_word(style_code, "LittleRoman") || has_word(style_code, "BigRoman");
  if (letters && number <= 26) text = std::string(1, static_cast<char>('a' + number - 1));
  if (romans && number < 1000) text = roman(number);
  if (has_word(style_code, "BigAlpha") || has_word(style_code, "BigRoman")) {
    for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text + ".";
}

size_t characters_in(const ViewText& text) {
  size_t count = 0;
  for (const ViewRun& run : text) {
    for (const char c : run.text) count += (static_cast<uint8_t>(c) & 0xC0U) != 0x80 ? 1 : 0;
  }
  return count;
}

// Cells of a table, those of tables inside its cells left out.
struct CellCount {
  int cells = 0;
  int headings = 0;
};

void count_cells(const XmlElement& element, CellCount& count) {
  for (const XmlElement& child : element.children()) {
    if (child.name == "td" || child.name == "th") {
      ++count.cells;
      count.headings += child.name == "th" ? 1 : 0;
    } else {
      count_cells(child, count);
    }
  }
}

// Notes of one section: numbered in the order in which they are met, by reference or by text.
struct Footnotes {
  std::map<std::string_view, size_t> numbers;
  // Text of note n + 1.
  std::vector<ViewText> texts;

  size_t number_of(std::string_view id) {
    if (const auto known = numbers.find(id); !id.empty() && known != numbers.end()) return known->second;
    texts.emplace_back();
    if (!id.empty()) numbers[id] = texts.size();
    return texts.size();
  }
};

class NarrativeReader {
 public:
  NarrativeReader(Footnotes& footnotes, ViewNotes& notes)
      : footnotes_(footnotes), notes_(notes), pending_(notes) {}

  std::vector<ViewBlock> read(const XmlElement& element, const ViewRun& style) {
    walk(element, style);
    flush();
    return std::move(blocks_);
  }

 private:
  void walk(const XmlElement& element, const ViewRun& style) {
    pending_.add(element.text, style);
    for (const XmlElement& child : element.children()) {
      read_child(child, styled(child, style));
      pending_.add(child.tail, style);
    }
  }

  void read_child(const XmlElement& child, const ViewRun& style) {
    const std::string_view name = child.name;
    if (child.attribute("revised") == "delete") return notes_.leave_out(Omission::deleted_text);
    if (name == "br") return pending_.break_line();
    if (name == "list") return read_list(child, style);
    if (name == "table") return read_table(child, style);
    if (name == "linkHtml") return read_link(child, style);
    if (name == "footnote") return read_footnote(child);
    if (name == "footnoteRef") return refer(footnotes_.number_of(child.attribute("IDREF")));
    if (name == "renderMultiMedia") notes_.leave_out(Omission::image);
    const bool apart = name == "paragraph" || name == "caption" || name == "p" || name == "div";
    if (apart) flush();
    walk(child, style);
    if (apart) flush();
  }

  // Ends the paragraph or the item that is being gathered.
  void flush() {
    ViewText text = pending_.take();
    if (text.empty()) return;
    ViewBlock& block = blocks_.emplace_back();
    block.text = std::move(text);
    if (depth_ == 0) return;
    block.kind = ViewBlock::Kind::item;
    block.marker = std::exchange(marker_, {});
    block.depth = depth_;
  }

  void read_list(const XmlElement& list, const ViewRun& style) {
    flush();
    ++depth_;
    int number = 0;
    for (const XmlElement& child : list.children()) {
      const ViewRun child_style = styled(child, style);
      if (child.name == "item" && child.attribute("revised") != "delete") {
        const bool ordered = list.attribute("listType") == "ordered";
        marker_ = ordered ? ordered_marker(list.attribute("styleCode"), ++number) : "•";
        walk(child, child_style);
      } else {
        // A caption stands before its items, not among them.
        --depth_;
        read_child(child, child_style);
        flush();
        ++depth_;
      }
      flush();
      marker_.clear();
    }
    --depth_;
  }

  void read_link(const XmlElement& link, const ViewRun& style) {
    walk(link, style);
    const std::string_view target = link.attribute("href");
    const bool web = target.substr(0, 7) == "http://" || target.substr(0, 8) == "https://";
    if (web && line_of(link, notes_) != target) {
      pending_.add(" [", style);
      pending_.add(target, style);
      pending_.add("]", style);
    }
  }

  void refer(size_t number) { pending_.add(std::to_string(number), raised_style()); }

  void read_footnote(const XmlElement& note) {
    const size_t number = footnotes_.number_of(note.attribute("ID"));
    ViewText text = flat(note, {});
    refer(number);
    footnotes_.texts[number - 1] = std::move(text);
  }

  // What stands in a cell, a caption or a note: its blocks become lines.
  ViewText flat(const XmlElement& element, const ViewRun& style) {
    FlowingText lines(notes_);
    for (const ViewBlock& block : NarrativeReader(footnotes_, notes_).read(element, style)) {
      lines.new_line();
      if (!block.marker.empty()) lines.add(block.marker + " ", style);
      add_lines(block.text, lines);
      add_lines(block.table.caption, lines);
      for (const std::vector<ViewCell>& row : block.table.rows) {
        lines.new_line();
        for (size_t i = 0; i < row.size(); ++i) {
          if (i > 0) lines.add(" ; ", {});
          add_lines(row[i].text, lines);
        }
      }
    }
    return lines.take();
  }

  static void add_lines(const ViewText& text, FlowingText& lines) {
    for (const ViewRun& run : text) {
      for (size_t at = 0; at <= run.text.size();) {
        const size_t end = std::min(run.text.find('\n', at), run.text.size());
        lines.add(std::string_view(run.text).substr(at, end - at), run);
        if (end < run.text.size()) lines.break_line();
        at = end + 1;
      }
    }
  }

  using Rows = std::vector<std::vector<ViewCell>>;

  struct TableParts {
    ViewText caption;
    Rows head;
    Rows body;
    Rows foot;
  };

  void read_table(const XmlElement& table, const ViewRun& style) {
    flush();
    CellCount count;
    count_cells(table, count);
    // A table of one cell is a frame round its text.
    if (count.cells == 1 && count.headings == 0) {
      walk_cells(table, style);
      return flush();
    }
    TableParts parts;
    read_rows(table, style, parts.body, parts);
    for (Rows* rows : {&parts.head, &parts.body, &parts.foot}) end_spans(*rows);

    ViewBlock block;
    block.kind = ViewBlock::Kind::table;
    block.table.caption = std::move(parts.caption);
    block.table.heading_rows = static_cast<int>(parts.head.size());
    for (std::vector<ViewCell>& row : parts.head) {
      for (ViewCell& cell : row) cell.heading = true;
    }
    block.table.rows = std::move(parts.head);
    for (Rows* rows : {&parts.body, &parts.foot}) {
      std::move(rows->begin(), rows->end(), std::back_inserter(block.table.rows));
    }
    if (block.table.heading_rows == 0) block.table.heading_rows = heading_rows(block.table.rows);
    if (!block.table.rows.empty()) {
      blocks_.push_back(std::move(block));
    } else if (!block.table.caption.empty()) {
      block.kind = ViewBlock::Kind::paragraph;
      block.text = std::move(block.table.caption);
      blocks_.push_back(std::move(block));
    }
  }

  // The rows above the first that is not all headings; none when there is nothing below them.
  static int heading_rows(const Rows& rows) {
    const auto all_headings = [](const std::vector<ViewCell>& row) {
      return std::all_of(row.begin(), row.end(), [](const ViewCell& cell) { return cell.heading; });
    };
    const auto first = std::find_if_not(rows.begin(), rows.end(), all_headings);
    return first == rows.end() ? 0 : static_cast<int>(first - rows.begin());
  }

  void walk_cells(const XmlElement& element, const ViewRun& style) {
    for (const XmlElement& child : element.children()) {
      const ViewRun child_style = styled(child, style);
      if (child.name == "caption") {
        read_child(child, child_style);
      } else if (child.name == "td") {
        walk(child, child_style);
      } else {
        note_stray(child.text);
        walk_cells(child, child_style);
      }
      note_stray(child.tail);
    }
  }

  // Of a table or a group of its rows, into `rows`.
  void read_rows(const XmlElement& group, const ViewRun& style, Rows& rows, TableParts& parts) {
    note_stray(group.text);
    for (const XmlElement& child : group.children()) {
      const ViewRun child_style = styled(child, style);
      if (child.attribute("revised") == "delete") {
        notes_.leave_out(Omission::deleted_text);
      } else if (child.name == "caption") {
        parts.caption = flat(child, style);
      } else if (child.name == "tr") {
        read_row(child, child_style, rows);
      } else {
        read_rows(child, child_style,
                  child.name == "thead"   ? parts.head
                  : child.name == "tfoot" ? parts.foot
                                          : rows,
                  parts);
      }
      note_stray(child.tail);
    }
  }

  void read_row(const XmlElement& row, const ViewRun& style, Rows& rows) {
    std::vector<ViewCell> cells;
    note_stray(row.text);
    for (const XmlElement& child : row.children()) {
      note_stray(child.tail);
      ViewCell& cell = cells.emplace_back();
      cell.heading = child.name == "th";
      cell.columns = span_of(child, "colspan", spanned_columns_max);
      cell.rows = span_of(child, "rowspan", spanned_columns_max);
      if (child.attribute("revised") == "delete") {
        notes_.leave_out(Omission::deleted_text);
      } else {
        cell.text = flat(child, styled(child, style));
      }
    }
    if (!cells.empty()) rows.push_back(std::move(cells));
  }

  // A cell ends with its group of rows at the latest.
  static void end_spans(Rows& rows) {
    for (size_t i = 0; i < rows.size(); ++i) {
      for (ViewCell& cell : rows[i])
        cell.rows = static_cast<int>(std::min<size_t>(static_cast<size_t>(cell.rows), rows.size() - i));
    }
  }

  void note_stray(std::string_view text) {
    if (!is_blank(text)) notes_.leave_out(Omission::stray_text);
  }

  Footnotes& footnotes_;
  ViewNotes& notes_;
  FlowingText pending_;
  std::vector<ViewBlock> blocks_;
  std::string marker_;
  int depth_ = 0;
};

}  // namespace

std::vector<std::string> ViewNotes::sentences() const {
  struct Sentence {
    std::string_view one;
    std::string_view many;
  };
  constexpr Sentence sentences[] = {
      {"Une image du document n'est pas reproduite.", "Des images du document ne sont pas reproduites."},
      {"Un passage supprimé par l'auteur n'est pas reproduit.",
       "Des passages supprimés par l'auteur ne sont pas reproduits."},
      {"Un texte placé hors des cellules d'un tableau n'est pas reproduit.",
       "Des textes placés hors des cellules d'un tableau ne sont pas reproduits."},
      {"Une marque qui inverse le sens de lecture a été retirée.",
       "Des marques qui inversent le sens de lecture ont été retirées."},
      {"La copie PDF jointe au document n'est pas reproduite ici.",
       "Les copies PDF jointes au document ne sont pas reproduites ici."}};
  std::vector<std::string> told;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] > 0) told.emplace_back(counts_[i] == 1 ? sentences[i].one : sentences[i].many);
  }
  return told;
}

bool ViewNotes::spend(size_t bytes) {
  spent_ += bytes;
  return !overspent();
}

void FlowingText::append(std::string_view bytes, const ViewRun& style) {
  if (runs_.empty() || !same_style(runs_.back(), style)) {
    runs_.push_back(style);
    runs_.back().text.clear();
  }
  runs_.back().text += bytes;
}

void FlowingText::add(std::string_view text, const ViewRun& style) {
  if (!notes_.spend(text.size())) return;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    while (at < text.size() && !is_space(text[at]) && text[at] != '\xE2') ++at;
    if (at > begin) append(text.substr(begin, at - begin), style);
    if (at == text.size()) return;
    if (is_space(text[at])) {
      if (last() != ' ' && last() != '\n') append(" ", style);
      ++at;
    } else if (const size_t mark = direction_mark_at(text, at); mark > 0) {
      notes_.leave_out(Omission::direction_mark);
      at += mark;
    } else {
      append(text.substr(at++, 1), style);
    }
  }
}

void FlowingText::trim(std::string_view characters) {
  while (!runs_.empty()) {
    std::string& text = runs_.back().text;
    text.erase(text.find_last_not_of(characters) + 1);
    if (!text.empty()) return;
    runs_.pop_back();
  }
}

void FlowingText::break_line() {
  trim(" ");
  if (runs_.empty()) return;
  std::string& text = runs_.back().text;
  // One empty line at most.
  if (text.size() < 2 || text.substr(text.size() - 2) != "\n\n") text += '\n';
}

void FlowingText::new_line() {
  trim(" ");
  if (last() != '\n') break_line();
}

ViewText FlowingText::take() {
  trim(" \n");
  return std::exchange(runs_, {});
}

std::string line_of(const XmlElement& element, ViewNotes& notes) {
  struct Gather {
    FlowingText text;
    void add(const XmlElement& from) {
      text.add(from.text, {});
      for (const XmlElement& child : from.children()) {
        if (child.name == "br") text.add(" ", {});
        add(child);
        text.add(child.tail, {});
      }
    }
  };
  Gather gather{FlowingText(notes)};
  gather.add(element);
  const ViewText text = gather.text.take();
  return text.empty() ? std::string() : text.front().text;
}

std::vector<ViewBlock> read_narrative(const XmlElement& text, ViewNotes& notes) {
  Footnotes footnotes;
  std::vector<ViewBlock> blocks = NarrativeReader(footnotes, notes).read(text, {});
  for (size_t i = 0; i < footnotes.texts.size(); ++i) {
    if (footnotes.texts[i].empty()) continue;
    ViewBlock& note = blocks.emplace_back();
    note.text.push_back(raised_style());
    note.text.back().text = std::to_string(i + 1);
    note.text.push_back({});
    note.text.back().text = " ";
    std::move(footnotes.texts[i].begin(), footnotes.texts[i].end(), std::back_inserter(note.text));
  }
  return blocks;
}

size_t characters_of(const ViewBlock& block) {
  size_t count = characters_in(block.text) + characters_in(block.table.caption);
  for (const std::vector<ViewCell>& row : block.table.rows) {
    for (const ViewCell& cell : row) count += characters_in(cell.text);
  }
  return count;
}

}  // namespace psl
