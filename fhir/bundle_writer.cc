#include "fhir/bundle_writer.h"

#include "fhir/codes.h"
#include "gateway/base/hash.h"

namespace psl::fhir {
namespace {

constexpr size_t usual_query = 128;

std::string full_url_of(std::string_view type, std::string_view system, std::string_view value) {
  return "urn:uuid:" + uuid_of({"full-url", type, system, value}).text();
}

// Of a hexadecimal digit in lower case, the one whose bits are the others.
char complement(char digit) {
  static constexpr std::string_view digits = "0123456789abcdef";
  return digits[15 - digits.find(digit)];
}

}  // namespace

std::string Known::query() const {
  std::string query = "identifier=";
  query.reserve(usual_query);
  percent_encode(system, query);
  percent_encode("|", query);
  percent_encode(value, query);
  return query;
}

std::string Known::search() const { return std::string(type) + "?" + query(); }

Uuid uuid_of(std::initializer_list<std::string_view> parts) {
  return Uuid::from_hash(sha256_of_parts(parts));
}

Known known_by_uuid(std::string_view type, const Uuid& id) {
  std::string urn = "urn:uuid:" + id.text();
  // Another UUID that goes with it one to one, without a hash.
  std::string full_url = urn;
  for (const size_t place : {9, 10}) full_url[place] = complement(full_url[place]);
  return {type, "official", {}, std::string(uri_system), std::move(urn), std::move(full_url)};
}

Known known_by(std::string_view type, std::string_view identifier_type, std::string system,
               std::string value) {
  std::string full_url = full_url_of(type, system, value);
  return {type, "official", identifier_type, std::move(system), std::move(value), std::move(full_url)};
}

BundleWriter::BundleWriter(size_t size_hint, std::string_view profile) : json_(size_hint) {
  json_.trim_texts();
  json_.text("resourceType", "Bundle");
  write_profile(json_, profile);
  json_.text("type", "transaction").array("entry");
}

JsonWriter& BundleWriter::begin(const Known& known) {
  entries_.emplace_back(known.type);
  json_.object().text("fullUrl", known.full_url).object("resource").text("resourceType", known.type);
  return json_;
}

void BundleWriter::end_update(const Known& known) {
  json_.end().object("request").text("method", "PUT");
  json_.text("url", known.search()).end().end();
}

void BundleWriter::end_create(const Known& known) {
  json_.end().object("request").text("method", "POST").text("url", known.type);
  json_.text("ifNoneExist", known.query()).end().end();
}

void write_identifier_elements(JsonWriter& json, const Known& known) {
  json.text("use", known.use);
  if (!known.identifier_type.empty())
    write_concept(json, "type", french_identifier_types, known.identifier_type, {});
  json.text("system", known.system).text("value", known.value);
}

void write_identifier(JsonWriter& json, const Known& known) {
  json.array("identifier").object();
  write_identifier_elements(json, known);
  json.end().end();
}

void write_reference(JsonWriter& json, std::string_view name, std::string_view full_url) {
  json.object(name).text("reference", full_url).end();
}

void write_concept(JsonWriter& json, std::string_view name, std::string_view system, std::string_view code,
                   std::string_view text) {
  json.object(name);
  if (!system.empty() && !code.empty()) {
    json.array("coding").object().text("system", system).text("code", code).end().end();
  }
  json.text("text", text).end();
}

void write_profile(JsonWriter& json, std::string_view profile) {
  if (!profile.empty()) json.object("meta").array("profile").element(profile).end().end();
}

}  // namespace psl::fhir
