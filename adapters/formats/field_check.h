// What is wrong with the fields of a request, gathered on one walk: paths, and the rules that many fields
// share.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/formats/check/rules.h"
#include "gateway/base/result.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {

// Where a field stands. It points to its parent and is only spelled when something is wrong there, so that a
// right request costs no string. A child may not outlive its parent: hence none of a temporary.
class FieldPath {
 public:
  explicit FieldPath(std::string_view name) : name_(name) {}
  FieldPath operator/(std::string_view name) const& { return FieldPath(this, name, -1); }
  FieldPath operator/(std::string_view) const&& = delete;
  // One of a repeated field: "authors[2]".
  FieldPath at(std::string_view name, int position) const& { return FieldPath(this, name, position); }
  FieldPath at(std::string_view, int) const&& = delete;

  // "event.subject.telecoms[0].uri".
  std::string text() const;

 private:
  FieldPath(const FieldPath* parent, std::string_view name, int position)
      : parent_(parent), name_(name), position_(position) {}

  const FieldPath* parent_ = nullptr;
  std::string_view name_;
  int position_ = -1;
};

// Collects faults, at most 20, and issues. A value never gets into either. One thread.
class FieldCheck {
 public:
  void fault(const FieldPath& path, std::string_view expected);
  void issue(Rule rule, const FieldPath& path) { add_issue(issues_, rule, path.text()); }

  // A text of one line, of `least` to `most` characters, `least` 0 for one that may be left out: UTF-8 that
  // XML can hold, not blank, no control character, no bidirectional control. TEXT_LOOKS_LIKE_MARKUP when it
  // does.
  void line(const FieldPath& path, std::string_view value, size_t least, size_t most);
  // The same with "\n" between its lines. "\r" is refused: it would come back from the document as another
  // text.
  void paragraphs(const FieldPath& path, std::string_view value, size_t least, size_t most);
  // A line that names somebody or something. Not one that begins with a quotation mark: the official
  // schematron warns of it (dtr1-3-EN).
  void name(const FieldPath& path, std::string_view value, size_t least, size_t most);
  // 1 to `most` printable ASCII characters without space.
  void token(const FieldPath& path, std::string_view value, size_t most);
  void oid(const FieldPath& path, std::string_view value);
  // "YYYY", "YYYY-MM" or "YYYY-MM-DD", 1800 to 2200. Empty: nothing to check.
  void date(const FieldPath& path, const std::string& value);
  // A period's end: a date, not before the other one as far as both are precise.
  void end_date(const FieldPath& path, const std::string& end, const std::string& start);
  // False, with a fault, when a list is beyond its bound: it is not looked at any further.
  bool count(const FieldPath& path, int size, int least, int most);
  // Of an enum: known, and told when it is `required`.
  void choice(const FieldPath& path, bool known, bool told, bool required);

  bool ok() const noexcept { return faults_.empty(); }
  // field_invalid with the faults; success when there is none.
  Status status() &&;
  std::vector<passerelle::v1::Issue> take_issues() { return std::move(issues_); }

 private:
  void text(const FieldPath& path, std::string_view value, size_t least, size_t most, bool with_lines);

  std::vector<FieldFault> faults_;
  std::vector<passerelle::v1::Issue> issues_;
};

// "2026", "2026-11" or "2026-11-22", a day that exists, 1800 to 2200.
bool partial_date_ok(const std::string& date);

}  // namespace psl
