// Single faults in a document of ours, made on its text. Each part that is named must be there: a fault that
// changes nothing would prove nothing.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/adapters/formats/cda_fixtures.h"

namespace psl::test {

// The first `from` becomes `to`; `codes` are those of all issues then, sorted.
struct Mutation {
  const char* what;
  std::string from;
  std::string to;
  std::vector<std::string> codes;
};

inline std::string mutated(const std::string& whole, const Mutation& mutation) {
  return replaced(whole, mutation.from, mutation.to);
}

// What stands after the first `begin` and before the next `end`.
inline std::string between(const std::string& text, std::string_view begin, std::string_view end) {
  const size_t from = text.find(begin);
  EXPECT_NE(from, std::string::npos) << "not in the fixture: " << begin;
  if (from == std::string::npos) return {};
  const size_t start = from + begin.size();
  return text.substr(start, text.find(end, start) - start);
}

// The first element of that name, whole. Elements of its own name inside it are not expected.
inline std::string element_of(const std::string& text, const std::string& name) {
  const size_t begin = std::min(text.find("<" + name + ">"), text.find("<" + name + " "));
  EXPECT_NE(begin, std::string::npos) << "not in the fixture: " << name;
  if (begin == std::string::npos) return {};
  const size_t tag_end = text.find('>', begin);
  if (text[tag_end - 1] == '/') return text.substr(begin, tag_end + 1 - begin);
  const std::string end = "</" + name + ">";
  return text.substr(begin, text.find(end, begin) + end.size() - begin);
}

inline std::string without_element(const std::string& text, const std::string& name) {
  return replaced(text, element_of(text, name), "");
}

// The element of that name around the first `mark`.
inline std::string around(const std::string& text, std::string_view mark, const std::string& name) {
  const size_t at = text.find(mark);
  EXPECT_NE(at, std::string::npos) << "not in the fixture: " << mark;
  if (at == std::string::npos) return {};
  const size_t begin = text.rfind("<" + name + ">", at);
  const std::string end = "</" + name + ">";
  return text.substr(begin, text.find(end, at) + end.size() - begin);
}

// A section by its LOINC code, an entry by the code of its observation.
inline std::string section_of(const std::string& text, const std::string& code) {
  return around(text, "<code code=\"" + code + "\"", "component");
}
inline std::string without_section(const std::string& text, const std::string& code) {
  return replaced(text, section_of(text, code), "");
}
inline std::string observation_of(const std::string& text, const std::string& code) {
  return around(text, "<code code=\"" + code + "\"", "entry");
}
inline std::string without_observation(const std::string& text, const std::string& code) {
  return replaced(text, observation_of(text, code), "");
}

}  // namespace psl::test
