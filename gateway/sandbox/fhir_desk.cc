#include "gateway/sandbox/fhir_desk.h"

#include <algorithm>

#include "fhir/json_writer.h"
#include "gateway/sandbox/query.h"
#include "gateway/sandbox/resource_transaction.h"
#include "gateway/sandbox/transaction.h"

namespace psl {
namespace {

constexpr std::string_view fhir_json = "application/fhir+json";
// Of one answer to a search: there is no further page.
constexpr size_t found_max = 100;

HttpResponse refusal(int status, const Findings& findings) {
  return fhir_answer(status, operation_outcome(findings.list()));
}

HttpResponse not_allowed() {
  HttpResponse response = fhir_refusal(405, "not-supported", "this sandbox does not do that");
  response.headers.emplace_back("Allow", "GET, HEAD, POST");
  return response;
}

std::string media_type_of(const HttpRequest& request) {
  const std::string_view type = request.header("content-type");
  std::string plain(type.substr(0, type.find(';')));
  while (plain.ends_with(' ')) plain.pop_back();
  return plain;
}

HttpResponse content_of(const HttpRequest& request, const Arrival& arrival) {
  // FHIR R4, binary.html#rest: the bytes themselves, unless FHIR is asked for.
  if (request.header("accept").find(fhir_json) != std::string_view::npos) {
    fhir::JsonWriter json(view(arrival.content).size() * 4 / 3 + 200);
    json.text("resourceType", "Binary").text("id", std::to_string(arrival.number));
    json.text("contentType", arrival.media_type).base64("data", view(arrival.content));
    return fhir_answer(200, json.finish());
  }
  HttpResponse response = fhir_answer(200, std::string(view(arrival.content)));
  response.headers[0].second = arrival.media_type;
  return response;
}

void write_interactions(fhir::JsonWriter& json, std::initializer_list<std::string_view> codes) {
  json.array("interaction");
  for (const std::string_view code : codes) json.object().text("code", code).end();
  json.end();
}

}  // namespace

HttpResponse fhir_answer(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", std::string(fhir_json) + "; charset=utf-8"},
                      {"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"}};
  response.body = std::move(body);
  return response;
}

HttpResponse fhir_refusal(int status, std::string_view code, std::string_view text) {
  Findings findings;
  findings.add(code, {}, text);
  return refusal(status, findings);
}

FhirDesk::FhirDesk(std::string base, Arrivals& arrivals, Env& env)
    : base_(std::move(base)), arrivals_(arrivals), env_(env) {}

std::string FhirDesk::base_url(const HttpRequest& request) const {
  std::string host(request.header("host"));
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']';
  };
  if (!std::ranges::all_of(host, fits)) host = "localhost";
  return "https://" + host + base_;
}

HttpResponse FhirDesk::answer(const HttpRequest& request, std::string_view path) {
  if (path == "/") path = {};
  if (request.method == "GET" || request.method == "HEAD") return read(request, path);
  return request.method == "POST" ? write(request, path) : not_allowed();
}

HttpResponse FhirDesk::read(const HttpRequest& request, std::string_view path) {
  if (path == "/metadata") return capabilities(request);
  path.remove_prefix(std::min<size_t>(path.size(), 1));
  const size_t slash = path.find('/');
  const std::string_view type = path.substr(0, slash);
  const bool is_type = !type.empty() && type[0] >= 'A' && type[0] <= 'Z' &&
                       type.find_first_of("\"\\") == std::string_view::npos;
  if (!is_type) return fhir_refusal(404, "not-found", "expected /metadata, /Type?identifier= or /Type/id");
  return slash == std::string_view::npos ? search(request, type)
                                         : read_one(request, type, path.substr(slash + 1));
}

HttpResponse FhirDesk::read_one(const HttpRequest& request, std::string_view type, std::string_view id) {
  const HttpResponse absent = fhir_refusal(404, "not-found", "there is no resource of this id any more");
  const auto number = number_of_id(id.substr(0, id.find('/')));
  if (!number) return absent;
  if (type == "List") {
    const auto set = arrivals_.find_set(*number);
    return set ? fhir_answer(200, std::string(view(set->resource))) : absent;
  }
  const auto arrival = arrivals_.find(*number);
  if (!arrival || arrival->form == "webhook") return absent;
  const bool is_document = type == "DocumentReference" || type == "Binary";
  if (arrival->form == resource_form ? arrival->type != type : !is_document) return absent;
  return type == "Binary" ? content_of(request, *arrival)
                          : fhir_answer(200, std::string(view(arrival->resource)));
}

HttpResponse FhirDesk::search(const HttpRequest& request, std::string_view type) {
  const auto parameters = parse_query(request.query());
  if (!parameters) return fhir_refusal(400, "invalid", "the query is not percent-encoded as it should be");
  const bool by_identifier = !parameter(*parameters, "identifier").empty();
  const bool documents = type == "DocumentReference";
  // Between commas: any of them (R4, search.html#combining).
  const std::string wanted =
      "," +
      (documents ? identifier_of_query(request.query()) : std::string(parameter(*parameters, "identifier"))) +
      ",";
  const std::string_view status = parameter(*parameters, "status");
  const std::string url = base_url(request);
  size_t total = 0;
  std::string entries;
  for (const Arrival& arrival : arrivals_.list()) {
    if (arrival.form == "webhook" ||
        (by_identifier && wanted.find("," + arrival.document_id + ",") == std::string::npos))
      continue;
    if (arrival.form == resource_form ? arrival.type != type : !documents) continue;
    if (!status.empty() && arrival.status != status) continue;
    if (total == found_max) break;
    entries += total++ == 0 ? "" : ",";
    entries += "{\"fullUrl\":\"" + url + "/" + std::string(type) + "/" + std::to_string(arrival.number) +
               "\",\"resource\":" + std::string(view(arrival.resource)) + ",\"search\":{\"mode\":\"match\"}}";
  }
  std::string body = R"({"resourceType":"Bundle","type":"searchset","total":)" + std::to_string(total);
  // FHIR knows no empty array.
  if (total > 0) body += ",\"entry\":[" + entries + "]";
  return fhir_answer(200, body + "}\n");
}

HttpResponse FhirDesk::capabilities(const HttpRequest& request) const {
  fhir::JsonWriter json;
  json.text("resourceType", "CapabilityStatement").text("status", "active").text("date", "2026-01-01");
  json.text("kind", "instance").text("fhirVersion", "4.0.1").array("format").element("json").end();
  json.object("software").text("name", "passerelle sandbox").end();
  json.object("implementation").text("description", "Bac à sable").text("url", base_url(request)).end();
  json.array("rest").object().text("mode", "server").array("resource");
  json.object().text("type", "DocumentReference");
  write_interactions(json, {"read", "search-type", "create"});
  json.array("searchParam").object().text("name", "identifier").text("type", "token").end().end().end();
  json.object().text("type", "Binary");
  write_interactions(json, {"read"});
  json.end().object().text("type", "List");
  write_interactions(json, {"read"});
  json.end().end();
  write_interactions(json, {"transaction"});
  return fhir_answer(200, json.finish());
}

HttpResponse FhirDesk::write(const HttpRequest& request, std::string_view path) {
  const std::string type = media_type_of(request);
  if (type != fhir_json && type != "application/json")
    return fhir_refusal(415, "not-supported", "this sandbox reads application/fhir+json");
  if (!path.empty() && path != "/DocumentReference") return not_allowed();
  const auto tree = fhir::Tree::read(request.body);
  if (!tree.ok()) return fhir_refusal(400, "structure", tree.error().text);
  return path.empty() ? provide(tree->root()) : publish(request, tree->root());
}

HttpResponse FhirDesk::provide(fhir::Value bundle) {
  if (bundle.text("resourceType") != "Bundle" || bundle.text("type") != "transaction")
    return fhir_refusal(400, "structure", "expected a Bundle of type transaction");
  Findings findings;
  std::string response = is_about_resources(bundle) ? keep_resources(bundle, arrivals_, env_, findings)
                                                   : provide_documents(bundle, arrivals_, env_, findings);
  if (findings.empty()) return fhir_answer(200, std::move(response));
  const bool changed = std::ranges::count(findings.list(), "conflict", &Finding::code) > 0;
  return refusal(changed ? 412 : 422, findings);
}

HttpResponse FhirDesk::publish(const HttpRequest& request, fhir::Value reference) {
  Findings findings;
  Publication publication = check_published(reference, findings);
  std::optional<Arrival> replaced;
  for (const fhir::Value related : reference["relatesTo"]) {
    if (related.text("code") != "replaces") continue;
    replaced = arrivals_.find_document(related.text("target.identifier.value"));
    if (!replaced && related.at("target.identifier").exists())
      findings.add("not-found", "DocumentReference.relatesTo.target.identifier", "there is no such document");
  }
  const std::string unless = identifier_of_query(request.header("if-none-exist"));
  const auto known = arrivals_.find_document(publication.document_id);
  if (known && unless != publication.document_id)
    findings.add("duplicate", "DocumentReference.masterIdentifier.value",
                 "a document has this identifier already: send If-None-Exist to repeat safely");
  if (!findings.empty()) return refusal(422, findings);
  const int64_t number =
      known ? known->number : keep_document(reference, std::move(publication), "ITI-105", arrivals_, env_);
  // In place of the PATCH of a transaction, which this form has not.
  if (!known && replaced) supersede(*replaced, arrivals_);
  HttpResponse response = read_one(request, "DocumentReference", std::to_string(number));
  response.status = known ? 200 : 201;
  response.headers.emplace_back(
      "Location", base_url(request) + "/DocumentReference/" + std::to_string(number) + "/_history/1");
  if (request.header("prefer").find("return=minimal") != std::string_view::npos) response.body.clear();
  return response;
}

}  // namespace psl
