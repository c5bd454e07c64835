// Private to this folder: what the YAML and the JSON reader share. Both feed it events; it keeps the bounds.
#pragma once

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gateway/config/file_tree.h"

namespace psl::config {

// What is wrong with the syntax of a file, and where.
struct SyntaxFault {
  size_t at = 0;
  std::string text;
};

// Every member returns false once something is wrong; `fault()` then says what.
class TreeBuilder {
 public:
  // True where a map waits for its next key.
  bool wants_key() const {
    return !frames_.empty() && frames_.back().node.kind == FileNode::Kind::map && !has_key_;
  }
  bool key(size_t at, std::string text);
  bool scalar(FileNode::Kind kind, size_t at, std::string text);
  bool open(FileNode::Kind kind, size_t at);
  bool close();

  bool fail(size_t at, std::string text);
  const SyntaxFault& fault() const { return fault_; }
  FileNode take_root() { return std::move(root_); }

 private:
  struct Frame {
    FileNode node;
    std::unordered_set<std::string> keys;
  };
  FileNode start(FileNode::Kind kind, size_t at);
  void place(FileNode node);

  std::vector<Frame> frames_;
  FileNode root_;
  std::string key_;
  size_t key_at_ = 0;
  bool has_key_ = false;
  size_t nodes_ = 0;
  SyntaxFault fault_;
};

// False: see builder.fault().
bool read_yaml(std::string_view text, TreeBuilder& builder);
bool read_json(std::string_view text, TreeBuilder& builder);

}  // namespace psl::config
