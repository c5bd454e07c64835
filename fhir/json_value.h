// FHIR resources of outside, read into a tree that is bounded and never changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace psl::fhir {

struct ReadLimits {
  size_t bytes = size_t{64} << 20;
  // Objects and arrays inside one another. FHIR's own examples stay below 20.
  size_t depth = 32;
  // Members of one object: names are compared one by one.
  size_t members = 256;
  // Of all kinds together; each takes 28 bytes of memory besides its text.
  size_t values = 1'000'000;
};

struct TreeContents;  // known to json_value.cc only

// One value of a tree, or nothing: asking nothing for its parts gives nothing again, so that a path is
// followed without a test at each step. Cheap to copy; lives as long as the tree's contents (moving the Tree
// is allowed).
class Value {
 public:
  enum class Kind : uint8_t { absent, null, boolean, number, text, array, object };

  Value() = default;
  Kind kind() const;
  bool exists() const { return kind() != Kind::absent; }
  bool is_object() const { return kind() == Kind::object; }
  bool is_array() const { return kind() == Kind::array; }

  // Of a text; of a number or a boolean as it is written; empty of all others.
  std::string_view text() const;
  // Elements of an array, members of an object; 0 of all others.
  size_t size() const;
  // A member; absent when this is no object or has none of that name.
  Value operator[](std::string_view name) const;
  // An element of an array; absent beyond its end. Walks: to visit all, use begin() and end().
  Value operator[](size_t index) const;
  // Follows "entry.0.response.status": names, and places in arrays.
  Value at(std::string_view path) const;
  // at(path).text().
  std::string_view text(std::string_view path) const { return at(path).text(); }
  // The name under which its object holds it; empty in an array.
  std::string_view name() const;

  // The elements of an array, or the members of an object.
  class Iterator {
   public:
    Value operator*() const { return Value(tree_, index_); }
    Iterator& operator++();
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    friend class Value;
    const TreeContents* tree_ = nullptr;
    uint32_t index_ = 0;
    Iterator(const TreeContents* tree, uint32_t index) : tree_(tree), index_(index) {}
  };
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class Tree;
  Value(const TreeContents* tree, uint32_t index) : tree_(tree), index_(index) {}
  const TreeContents* tree_ = nullptr;
  uint32_t index_ = 0;
};

// Thread safe once read.
class Tree {
 public:
  // Reads `json` (taken over: texts stay where they are). Refused: what is no JSON of RFC 8259 in UTF-8, a
  // limit passed, a name twice in one object, a NUL in a text. The error (document_invalid) says what and at
  // which byte, never the text found there.
  static Result<Tree> read(std::string json, const ReadLimits& limits = {});

  Tree(Tree&&) noexcept;
  Tree& operator=(Tree&&) noexcept;
  ~Tree();
  Value root() const;

 private:
  explicit Tree(std::unique_ptr<const TreeContents> contents);
  std::unique_ptr<const TreeContents> contents_;
};

}  // namespace psl::fhir
