// A YAML or JSON file as a tree of values that know where they stand, so that every error can say file, line
// and column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace psl {

// Why: a JSON file may hold a whole request (32 MiB) in base64. A YAML parser keeps some 150 bytes for each
// byte of an ill-made file; whoever needs more there names the content with `x_file`.
inline constexpr size_t json_bytes_max = size_t{64} << 20;
inline constexpr size_t yaml_bytes_max = size_t{4} << 20;
// Our messages nest 8 deep; nothing real comes near these.
inline constexpr size_t tree_depth_max = 64;
inline constexpr size_t tree_nodes_max = 1'000'000;

struct FileNode {
  enum class Kind {
    null,     // also a YAML key without value
    plain,    // unquoted YAML: the field that takes it decides what it is
    text,     // a JSON string, or a quoted or block YAML scalar
    number,   // a JSON number, as written
    boolean,  // a JSON true or false
    list,
    map
  };
  Kind kind = Kind::null;
  // Offsets in the file, in bytes: of the value, and of the key in the map that holds it.
  uint32_t at = 0;
  uint32_t key_at = 0;
  std::string key;
  std::string text;
  std::vector<FileNode> children;
};

// The characters of a file, and how to say a place in it.
struct FileText {
  // The path, as the user gave it.
  std::string name;
  std::string text;

  // "name:line:column", both from 1; a column is a character, not a byte.
  std::string place(size_t at) const;
};

struct FileTree {
  FileText source;
  FileNode root;
};

enum class FileSyntax { yaml, json };

// ".json" is JSON, ".yaml" and ".yml" are YAML, case aside; else JSON when the first character is a brace or
// a bracket.
FileSyntax syntax_of(std::string_view path, std::string_view content);

// Reads a tree. Refused, with the place: bytes that are not UTF-8, NUL and control characters, duplicate
// keys, keys that are not text, aliases, anchors and tags, several documents, anything after a JSON value,
// and more than the bounds above. Errors: `wrong` for the content. The text never quotes the file.
Result<FileTree> parse_tree(FileText source, FileSyntax syntax, ErrorCode wrong);

// The same from a file. Errors: `input_output` when it cannot be read or is not a regular file.
Result<FileTree> load_tree(const std::string& path, ErrorCode wrong);

// The whole of a regular file (never a pipe or a device) of at most `bytes_max`. The text of the error does
// not name it.
Result<std::string> read_regular_file(const std::string& path, size_t bytes_max);

}  // namespace psl
