// A transaction whose entries are all conditional: sent again, it changes nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fhir/json_writer.h"
#include "gateway/base/uuid.h"

namespace psl::fhir {

// How a resource is known: to every server by an identifier, inside one bundle by its fullUrl. The two differ
// on purpose: a server may replace the fullUrl wherever it reads it.
struct Known {
  // "Patient".
  std::string_view type;
  // "official", or "secondary" for one that we made because nobody gave one.
  std::string_view use = "official";
  // Of TRE/v2-0203, "IDNPS"; empty: none.
  std::string_view identifier_type = {};
  std::string system;
  std::string value;
  std::string full_url;

  // "identifier=<system>|<value>", encoded: what a conditional request asks (R4, http.html#cond-update).
  std::string query() const;
  // "Patient?identifier=..."
  std::string search() const;
};

// Known by the URN of a UUID of ours.
Known known_by_uuid(std::string_view type, const Uuid& id);
// Known by an identifier that others gave.
Known known_by(std::string_view type, std::string_view identifier_type, std::string system,
               std::string value);
// A UUID that follows from `parts`, the same each time.
Uuid uuid_of(std::initializer_list<std::string_view> parts);

// One writer, one bundle, one thread.
class BundleWriter {
 public:
  BundleWriter(size_t size_hint, std::string_view profile);

  // Begins the entry of a resource: its elements are then written into what this gives, `resourceType` first
  // of all.
  JsonWriter& begin(const Known& known);
  // Ends it: PUT, made or replaced (what we say the whole state of).
  void end_update(const Known& known);
  // Ends it: POST with ifNoneExist, made only where it is not (who: the server's own knowledge stays).
  void end_create(const Known& known);

  std::string finish() { return json_.finish(); }
  const std::vector<std::string>& entries() const { return entries_; }

 private:
  JsonWriter json_;
  std::vector<std::string> entries_;
};

// "identifier": [{...}]
void write_identifier(JsonWriter& json, const Known& known);
// The elements of one identifier.
void write_identifier_elements(JsonWriter& json, const Known& known);
// "<name>": {"reference": ...}; in an array without name.
void write_reference(JsonWriter& json, std::string_view name, std::string_view full_url);
// "<name>": {"coding": [{system, code}], "text": ...}. No display: one that differs from the terminology's is
// an error.
void write_concept(JsonWriter& json, std::string_view name, std::string_view system, std::string_view code,
                   std::string_view text);
// "meta": {"profile": [...]}; nothing without a profile.
void write_profile(JsonWriter& json, std::string_view profile);

}  // namespace psl::fhir
