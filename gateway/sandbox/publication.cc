#include "gateway/sandbox/publication.h"

#include <algorithm>
#include <span>

#include "gateway/base/hash.h"
#include "gateway/sandbox/query.h"

namespace psl {
namespace {

using fhir::Value;

constexpr std::string_view uri_system = "urn:ietf:rfc:3986";
constexpr size_t media_type_characters_max = 100;

// Elements with min = 1, of the profiles' snapshots and of MHD's UniqueIdIdentifier.
constexpr std::string_view provided_elements[] = {"masterIdentifier.value",
                                                  "status",
                                                  "type",
                                                  "category",
                                                  "subject",
                                                  "date",
                                                  "author",
                                                  "custodian",
                                                  "securityLabel",
                                                  "content.0.attachment.contentType",
                                                  "content.0.attachment.language",
                                                  "content.0.attachment.url",
                                                  "content.0.attachment.size",
                                                  "content.0.attachment.hash",
                                                  "content.0.attachment.title",
                                                  "content.0.attachment.creation",
                                                  "content.0.format.code",
                                                  "context.period.start",
                                                  "context.facilityType",
                                                  "context.practiceSetting",
                                                  "context.sourcePatientInfo.reference"};
constexpr std::string_view published_elements[] = {"masterIdentifier.value",
                                                   "status",
                                                   "subject",
                                                   "date",
                                                   "author",
                                                   "custodian",
                                                   "content.0.attachment.contentType",
                                                   "content.0.attachment.data",
                                                   "content.0.attachment.title"};
constexpr std::string_view submission_set_elements[] = {
    "status", "mode", "code", "subject", "date", "source.reference", "entry.0.item.reference"};

// "content.0.attachment" as FHIRPath: "content[0].attachment".
std::string expression_of(const std::string& path, std::string_view element) {
  std::string out = path;
  while (!element.empty()) {
    const std::string_view step = element.substr(0, element.find('.'));
    element.remove_prefix(std::min(element.size(), step.size() + 1));
    const bool index = step.find_first_not_of("0123456789") == std::string_view::npos;
    out += index ? "[" + std::string(step) + "]" : "." + std::string(step);
  }
  return out;
}

void require(Value resource, const std::string& path, std::span<const std::string_view> elements,
             Findings& findings) {
  for (const std::string_view element : elements) {
    if (!resource.at(element).exists())
      findings.add("required", expression_of(path, element), "this element is required by the profile");
  }
}

void expect(Value resource, const std::string& path, std::string_view element, std::string_view value,
            Findings& findings) {
  const Value found = resource.at(element);
  if (found.exists() && found.text() != value)
    findings.add("value", expression_of(path, element), "expected '" + std::string(value) + "'");
}

// True when one element of `list` has this text as its member `name`.
bool has_one(Value list, std::string_view name, std::string_view text) {
  for (const Value each : list) {
    if (each.text(name) == text) return true;
  }
  return false;
}

bool is_contained(Value resource, std::string_view reference) {
  return reference.starts_with('#') && has_one(resource["contained"], "id", reference.substr(1));
}

// PDSm asks that authors, sources and the patient's traits travel inside the resource.
void expect_contained(Value resource, const std::string& path, std::string_view element, Findings& findings) {
  const Value reference = resource.at(element);
  if (reference.exists() && !is_contained(resource, reference.text()))
    findings.add("invalid", expression_of(path, element),
                 "expected a reference to a contained resource ('#id') that is there");
}

void check_identifier(Value reference, const std::string& path, Findings& findings) {
  const Value identifier = reference["masterIdentifier"];
  if (!identifier.exists()) return;
  for (const std::string_view member : {"use", "system"}) {
    if (!identifier[member].exists())
      findings.add("required", path + ".masterIdentifier." + std::string(member),
                   "MHD's UniqueIdIdentifier requires it");
  }
  expect(reference, path, "masterIdentifier.use", "usual", findings);
  expect(reference, path, "masterIdentifier.system", uri_system, findings);
  const std::string_view value = identifier.text("value");
  if (!value.empty() && !value.starts_with("urn:oid:") && !value.starts_with("urn:uuid:"))
    findings.add("value", path + ".masterIdentifier.value", "expected a URN: 'urn:oid:...'");
}

void check_reference(Value reference, const std::string& path, Findings& findings) {
  if (!reference.is_object() || reference.text("resourceType") != "DocumentReference") {
    findings.add("structure", path, "expected a DocumentReference");
    return;
  }
  check_identifier(reference, path, findings);
  expect(reference, path, "status", "current", findings);
  if (reference["content"].size() > 1)
    findings.add("structure", path + ".content", "expected one content: the profile's maximum is 1");
  for (const std::string_view absent : {"docStatus", "modifierExtension"}) {
    if (reference[absent].exists())
      findings.add("structure", path + "." + std::string(absent), "the profile excludes this element");
  }
  size_t index = 0;
  for (const Value author : reference["author"]) {
    const std::string_view to = author.text("reference");
    if (to.starts_with('#') && !is_contained(reference, to))
      findings.add("invalid", path + ".author[" + std::to_string(index) + "].reference",
                   "refers to a contained resource that is not there");
    ++index;
  }
}

// A value of a header of ours when the document is given back.
bool is_media_type(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '.' || c == '+' || c == '-';
  };
  return text.size() <= media_type_characters_max && std::ranges::count(text, '/') == 1 &&
         std::ranges::all_of(text, fits);
}

std::string label_of_type(Value reference) {
  const std::string_view text = reference.text("type.text");
  if (!text.empty()) return std::string(text);
  const std::string_view display = reference.text("type.coding.0.display");
  return std::string(display.empty() ? reference.text("type.coding.0.code") : display);
}

Publication describe(Value reference) {
  Publication publication;
  publication.document_id = std::string(reference.text("masterIdentifier.value"));
  publication.type = label_of_type(reference);
  publication.title = std::string(reference.text("content.0.attachment.title"));
  publication.media_type = std::string(reference.text("content.0.attachment.contentType"));
  return publication;
}

// Decodes the content, and compares it with what the attachment says of it.
void check_content(Value reference, const std::string& path, std::string_view base64,
                   const std::string& place, Publication& publication, Findings& findings) {
  const std::string attachment = path + ".content[0].attachment";
  std::string content;
  if (!base64_decode(base64, content) || content.empty())
    return findings.add("value", place, "expected the document in base64");
  if (!is_media_type(publication.media_type))
    findings.add("value", attachment + ".contentType", "expected a media type, as 'text/xml'");
  const Value size = reference.at("content.0.attachment.size");
  if (size.exists() && size.text() != std::to_string(content.size()))
    findings.add("value", attachment + ".size",
                 "the document has " + std::to_string(content.size()) + " bytes once decoded");
  publication.hash = base64_encode(sha1(content));
  const Value hash = reference.at("content.0.attachment.hash");
  if (hash.exists() && hash.text() != publication.hash)
    findings.add("value", attachment + ".hash",
                 "expected the base64 of the SHA-1 (20 bytes) of the document once decoded");
  publication.content = make_bytes(std::move(content));
}

}  // namespace

Publication check_provided(Value reference, const std::string& path, const Binaries& binaries,
                           Findings& findings) {
  check_reference(reference, path, findings);
  require(reference, path, provided_elements, findings);
  if (reference["category"].size() > 1)
    findings.add("structure", path + ".category", "expected one category: the profile's maximum is 1");
  expect_contained(reference, path, "context.sourcePatientInfo.reference", findings);
  Publication publication = describe(reference);
  const std::string place = path + ".content[0].attachment.url";
  const std::string_view url = reference.text("content.0.attachment.url");
  if (url.empty()) return publication;
  const auto binary = binaries.find(url);
  if (binary == binaries.end()) {
    findings.add("not-found", place, "expected the fullUrl of a Binary of this Bundle");
    return publication;
  }
  if (binary->second.text("contentType") != publication.media_type)
    findings.add("value", path + ".content[0].attachment.contentType", "the Binary has another contentType");
  check_content(reference, path, binary->second.text("data"), place + ".resolve().data", publication,
                findings);
  return publication;
}

Publication check_published(Value reference, Findings& findings) {
  const std::string path = "DocumentReference";
  check_reference(reference, path, findings);
  require(reference, path, published_elements, findings);
  Publication publication = describe(reference);
  const Value data = reference.at("content.0.attachment.data");
  if (data.exists())
    check_content(reference, path, data.text(), path + ".content[0].attachment.data", publication, findings);
  return publication;
}

void check_submission_set(Value list, const std::string& path, Findings& findings) {
  require(list, path, submission_set_elements, findings);
  expect(list, path, "status", "current", findings);
  expect(list, path, "mode", "working", findings);
  expect(list, path, "code.coding.0.code", "submissionset", findings);
  expect_contained(list, path, "source.reference", findings);
  for (const std::string_view name : {"ihe-designationType", "ihe-sourceId"}) {
    const std::string url = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/" + std::string(name);
    const bool there = has_one(list["extension"], "url", url);
    if (!there)
      findings.add("required", path + ".extension", "the extension " + std::string(name) + " is required");
  }
}

std::string identifier_of_query(std::string_view query) {
  const auto parameters = parse_query(query);
  if (!parameters) return {};
  const std::string_view token = parameter(*parameters, "identifier");
  const size_t bar = token.find('|');
  if (bar == std::string_view::npos) return std::string(token);
  const std::string_view system = token.substr(0, bar);
  if (!system.empty() && system != uri_system) return {};
  return std::string(token.substr(bar + 1));
}

}  // namespace psl
