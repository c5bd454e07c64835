// JSON for people to read, in golden files.
#pragma once

#include <string>
#include <string_view>

namespace psl {

// One member a line, for people to read; the same JSON.
inline std::string indented(std::string_view json) {
  std::string out;
  size_t depth = 0;
  bool quoted = false;
  const auto new_line = [&] { out += "\n" + std::string(2 * depth, ' '); };
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!quoted && (c == '}' || c == ']')) {
      --depth;
      new_line();
    }
    out += c;
    if (c == '"' && (i == 0 || json[i - 1] != '\\')) quoted = !quoted;
    if (quoted) continue;
    if (c == ':') out += ' ';
    if (c == '{' || c == '[') ++depth;
    if (c == '{' || c == '[' || c == ',') new_line();
  }
  return out;
}

}  // namespace psl
