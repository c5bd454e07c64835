// Writes FHIR JSON straight into one string: no tree, the same bytes for the same calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace psl::fhir {

// One writer, one resource, one thread. FHIR forbids empty objects, arrays and texts (R4, json.html#null and
// datatypes.html#string), so they are never written: a text of white space only is left out with its name,
// and an object or array appears when something is put into it. Names are the program's own literals: written
// as they are, they must outlive what they name. Misuse (a name in an array, a value without one in an
// object, an end too many, an empty resource) traps.
//
// A character that FHIR does not allow in a text (a control character other than tab and line ends, bytes
// that are not UTF-8) becomes U+FFFD.
class JsonWriter {
 public:
  // `size_hint`: bytes to reserve. Begins with the resource's own object.
  explicit JsonWriter(size_t size_hint = 4096);
  // Texts from now on without the white space around them, of which FHIR validators complain.
  void trim_texts() { trims_ = true; }

  // Inside an object, with a name; inside an array, without. Each is closed by end().
  JsonWriter& object(std::string_view name = {}) { return open(name, '{'); }
  JsonWriter& array(std::string_view name = {}) { return open(name, '['); }
  JsonWriter& end();

  JsonWriter& text(std::string_view name, std::string_view value);
  JsonWriter& element(std::string_view value) { return text({}, value); }
  JsonWriter& number(std::string_view name, uint64_t value);
  // base64Binary; nothing when there are no bytes.
  JsonWriter& base64(std::string_view name, std::string_view bytes);

  // Closes what is open and gives the resource, with a last line end. The writer is spent afterwards.
  std::string finish();

 private:
  struct Frame {
    std::string_view name;
    char bracket;
    bool has_content;
  };
  JsonWriter& open(std::string_view name, char bracket);
  void begin_value(std::string_view name);
  void separate(Frame& parent, std::string_view name);
  void quote(std::string_view value);

  std::string out_;
  bool trims_ = false;
  std::vector<Frame> frames_;
  // The first of `frames_`, whose brackets stand in `out_`: those in which something is.
  size_t written_ = 0;
};

}  // namespace psl::fhir
