#include "gateway/sandbox/page.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "adapters/formats/cda/cda_reader.h"
#include "fhir/json_value.h"
#include "gateway/sandbox/json_edit.h"
#include "gateway/sandbox/query.h"

namespace psl {
namespace {

// Of a document that is shown in a page; all of it can be fetched.
constexpr size_t shown_bytes_max = 300'000;

constexpr std::string_view style = R"(
:root { color-scheme: light; --ink: #1d2733; --soft: #5b6775; --line: #d6dce3; --paper: #f5f7f9; --accent: #0b5c8a; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink); background: var(--paper); }
header { background: #fff; border-bottom: 1px solid var(--line); padding: 1.25rem 2rem; }
header h1 { margin: 0; font-size: 1.35rem; }
header p { margin: .25rem 0 0; color: var(--soft); max-width: 52rem; }
main { max-width: 76rem; padding: 1rem 2rem 3rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
a { color: var(--accent); }
code, pre, .id { font-family: "DejaVu Sans Mono", ui-monospace, monospace; font-size: .82rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; background: #fff; border: 1px solid var(--line); }
th, td { text-align: left; padding: .5rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); font-size: .85rem; white-space: nowrap; }
.scroll { overflow-x: auto; }
td.id { overflow-wrap: anywhere; min-width: 10rem; }
td.nowrap { white-space: nowrap; }
.empty, .note { background: #fff; border: 1px solid var(--line); padding: 1rem; }
.note { border-left: 4px solid #c77700; margin: 1rem 0; display: flex; gap: .75rem; align-items: center; flex-wrap: wrap; }
.faults { display: grid; grid-template-columns: repeat(auto-fill, minmax(21rem, 1fr)); gap: .5rem; }
.fault { background: #fff; border: 1px solid var(--line); padding: .6rem .75rem; display: flex; gap: .5rem; align-items: center; }
.fault.on { border-left: 4px solid #c77700; }
.fault p { margin: 0; flex: 1; font-size: .92rem; }
.fault small { display: block; color: var(--soft); }
form { display: inline-flex; gap: .35rem; margin: 0; }
button { font: inherit; font-size: .85rem; padding: .25rem .6rem; border: 1px solid var(--line); border-radius: 3px;
  background: #fff; color: var(--accent); cursor: pointer; white-space: nowrap; }
button:hover, button:focus-visible { border-color: var(--accent); }
pre { background: #fff; border: 1px solid var(--line); padding: 1rem; overflow: auto; max-height: 36rem; margin: .5rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: .88rem; margin-top: 2rem; display: flex; gap: .75rem; align-items: center; flex-wrap: wrap; }
footer p { margin: 0; }
)";

struct FaultWords {
  FaultKind kind;
  std::string_view fault;
  std::string_view label;
  std::string_view meaning;
};
constexpr FaultWords fault_words[] = {
    {FaultKind::refuse, "refuse=503", "Service indisponible", "répond 503 sans rien enregistrer"},
    {FaultKind::refuse, "refuse=422", "Refus définitif", "répond 422 sans rien enregistrer"},
    {FaultKind::delay, "delay=3000", "Lenteur", "enregistre, puis répond après 3 secondes"},
    {FaultKind::drop_before, "drop-before", "Coupure avant enregistrement",
     "ferme la liaison sans rien garder"},
    {FaultKind::drop_after_store, "drop-after-store", "Coupure après enregistrement",
     "garde le document, mais ne répond pas"},
    {FaultKind::truncate, "truncate", "Réponse incomplète",
     "enregistre, puis n’envoie que la moitié de la réponse"},
    {FaultKind::outcome200, "outcome200", "Erreur déguisée en succès",
     "répond 200 avec un OperationOutcome d’erreur"},
    {FaultKind::html, "html", "Page web au lieu de JSON", "répond comme un intermédiaire mal réglé"},
    {FaultKind::redirect, "redirect", "Redirection", "renvoie vers une autre adresse"},
    {FaultKind::lose, "lose", "Perte silencieuse", "répond comme si tout était enregistré, et ne garde rien"},
};

std::string_view french_form(std::string_view form) {
  if (form == "webhook") return "Webhook";
  if (form == resource_form) return "FHIR (transaction)";
  return form == "ITI-65" ? "FHIR (ITI-65)" : "FHIR (ITI-105)";
}

std::string_view french_status(const Arrival& arrival) {
  const std::string_view status = arrival.status;
  // The words of FHIR: they are what a developer looks for.
  if (arrival.form == resource_form) return status;
  if (status == "current") return "en vigueur";
  if (status == "superseded") return "remplacé";
  return status == "signed" ? "signature vérifiée" : "signature non contrôlée";
}

HttpResponse page_answer(int status, std::string_view type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {
      {"Content-Type", std::string(type)},
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Cache-Control", "no-store"}};
  response.body = std::move(body);
  return response;
}

std::string framed(std::string_view title, std::string_view head, std::string_view lead,
                   std::string_view main) {
  std::string page = "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n";
  page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page += std::string(head) + "<title>" + html_text(title) + "</title>\n";
  page += "<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<header>\n";
  page += std::string(lead) + "</header>\n<main>\n" + std::string(main) + "</main>\n</body>\n</html>\n";
  return page;
}

HttpResponse short_page(int status, std::string_view title, std::string_view text) {
  const std::string lead = "<h1>" + html_text(title) + "</h1>\n<p>" + html_text(text) +
                           "</p>\n<p><a href=\"/\">Retour à la liste</a></p>\n";
  return page_answer(status, "text/html; charset=utf-8", framed(title, "", lead, ""));
}

std::string row_of(std::string_view name, std::string_view value) {
  return "<dt>" + html_text(name) + "</dt><dd>" + html_text(value) + "</dd>\n";
}

std::string button(std::string_view action, std::string_view name, std::string_view value,
                   std::string_view label) {
  return "<form method=\"post\" action=\"" + html_text(action) + "\"><button name=\"" + html_text(name) +
         "\" value=\"" + html_text(value) + "\">" + html_text(label) + "</button></form>";
}

std::string shown(std::string_view text) {
  std::string_view part = text.substr(0, shown_bytes_max);
  if (part.size() == text.size()) return "<pre>" + html_text(part) + "</pre>\n";
  // Not in the middle of a character.
  while (!part.empty() && (static_cast<unsigned char>(text[part.size()]) & 0xC0) == 0x80)
    part.remove_suffix(1);
  return "<pre>" + html_text(part) + "</pre>\n<div class=\"note\">Seul le début est affiché ici.</div>\n";
}

bool is_readable(const Arrival& arrival) {
  return arrival.content && arrival.media_type != "application/pdf" && is_utf8(view(arrival.content));
}

// The PDF of a level 1 CDA, or the document when it is one; null when there is none.
Bytes pdf_of(const Arrival& arrival) {
  if (arrival.media_type == "application/pdf") return arrival.content;
  if (!arrival.content) return nullptr;
  const auto cda = read_cda(view(arrival.content), CdaReadOptions{});
  return cda.ok() ? cda->pdf : nullptr;
}

// The JSON with its indentation, and without contents in base64, which are shown as documents.
std::string readable_json(const Arrival& arrival) {
  const auto tree = fhir::Tree::read(std::string(view(arrival.resource)));
  if (!tree.ok()) return std::string(view(arrival.resource));
  std::vector<JsonEdit> edits;
  for (const char* path : {"document.content", "readable_copy.content"}) {
    if (const fhir::Value content = tree->root().at(path); content.exists())
      edits.push_back({path, "(" + std::to_string(content.text().size()) + " caractères en base64)"});
  }
  return write_json(tree->root(), edits, JsonLayout::indented);
}

// "localhost:8745", "127.0.0.1", "[::1]:8745".
bool names_this_machine(std::string_view host) {
  const size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos)
    host = host.substr(0, colon);
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

// Browsers say where a form comes from; programs that are no browsers say nothing.
bool comes_from_here(const HttpRequest& request) {
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return false;
  const std::string_view origin = request.header("origin");
  return origin.empty() || origin == "http://" + std::string(request.header("host"));
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    const std::string_view one = text.substr(i, length);
    const bool control = (lead < 0x20 && lead != '\n' && lead != '\t' && lead != '\r') || lead == 0x7F;
    const bool whole = !control && is_utf8(one);
    i += whole ? length : 1;
    if (!whole) {
      out += "\xEF\xBF\xBD";
    } else if (lead == '&') {
      out += "&amp;";
    } else if (lead == '<') {
      out += "&lt;";
    } else if (lead == '>') {
      out += "&gt;";
    } else if (lead == '"') {
      out += "&quot;";
    } else if (lead == '\'') {
      out += "&#39;";
    } else {
      out += one;
    }
  }
  return out;
}

Page::Page(SandboxAddresses addresses, Arrivals& arrivals, Faults& faults, TimeZone zone)
    : addresses_(std::move(addresses)), arrivals_(arrivals), faults_(faults), zone_(std::move(zone)) {}

HttpResponse Page::answer(const HttpRequest& request) {
  if (!names_this_machine(request.header("host")))
    return short_page(403, "Accès refusé", "Cette page ne se consulte que depuis cette machine.");
  if (request.method == "GET" || request.method == "HEAD") return read(request.path());
  if (request.method != "POST") return short_page(405, "Méthode inconnue", "GET ou POST attendu.");
  if (!comes_from_here(request))
    return short_page(403, "Accès refusé", "Cette demande vient d’un autre site.");
  return change(request);
}

HttpResponse Page::read(std::string_view path) {
  static constexpr std::string_view documents = "/documents/";
  if (path == "/") return page_answer(200, "text/html; charset=utf-8", list_page());
  if (path == "/style.css") return page_answer(200, "text/css; charset=utf-8", std::string(style));
  if (path.starts_with(documents)) return document(path.substr(documents.size()));
  return short_page(404, "Page inconnue", "Il n’y a rien à cette adresse.");
}

HttpResponse Page::document(std::string_view rest) {
  int64_t number = 0;
  const auto [end, fault] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const std::string_view part = rest.substr(static_cast<size_t>(end - rest.data()));
  const auto arrival = fault == std::errc{} ? arrivals_.find(number) : std::nullopt;
  if (!arrival)
    return short_page(404, "Document absent",
                      "Ce document n’est plus là : seuls les derniers arrivés sont gardés.");
  if (part.empty()) return page_answer(200, "text/html; charset=utf-8", document_page(*arrival));
  if (part == "/document" && arrival->content) {
    HttpResponse response = page_answer(200, "application/octet-stream", std::string(view(arrival->content)));
    const std::string_view ending = arrival->media_type == "application/pdf" ? ".pdf" : ".xml";
    response.headers.emplace_back(
        "Content-Disposition",
        "attachment; filename=\"document-" + std::to_string(number) + std::string(ending) + "\"");
    return response;
  }
  const Bytes pdf = part == "/pdf" ? pdf_of(*arrival) : nullptr;
  if (!pdf) return short_page(404, "Page inconnue", "Ce document n’a rien à cette adresse.");
  HttpResponse response = page_answer(200, "application/pdf", std::string(view(pdf)));
  // Browsers show a PDF by means of elements of their own, which the strict policy would stop.
  response.headers[1].second = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'";
  return response;
}

HttpResponse Page::change(const HttpRequest& request) {
  if (!request.header("content-type").starts_with("application/x-www-form-urlencoded"))
    return short_page(415, "Envoi inconnu", "Un formulaire est attendu.");
  const auto form = parse_query(request.body);
  if (!form) return short_page(400, "Envoi illisible", "Le formulaire n’est pas codé comme il faut.");
  if (request.path() == "/sandbox/forget") {
    arrivals_.clear();
  } else if (request.path() != "/sandbox/faults") {
    return short_page(404, "Page inconnue", "Il n’y a rien à cette adresse.");
  } else if (!parameter(*form, "clear").empty()) {
    faults_.clear();
  } else {
    const auto fault = parse_fault(parameter(*form, "fault"));
    if (!fault.ok()) return short_page(400, "Incident inconnu", fault.error().faults.at(0).text);
    faults_.set(*fault);
  }
  HttpResponse response = page_answer(303, "text/plain; charset=utf-8", "");
  response.headers.emplace_back("Location", "/");
  return response;
}

std::string Page::active_faults() const {
  const std::vector<Fault> active = faults_.list();
  if (active.empty()) return {};
  std::string out = "<div class=\"note\"><span>Incidents en cours : ";
  for (size_t i = 0; i < active.size(); ++i)
    out += (i == 0 ? "<code>" : ", <code>") + html_text(text_of(active[i])) + "</code>";
  return out + "</span>" + button("/sandbox/faults", "clear", "1", "Tout rétablir") + "</div>\n";
}

std::string Page::faults_section() const {
  const std::vector<Fault> active = faults_.list();
  std::string out =
      "<h2 id=\"incidents\">Incidents simulés</h2>\n<p>Pour voir comment un logiciel réagit aux défaillances "
      "d’un "
      "destinataire. Les recherches répondent toujours normalement.</p>\n";
  out += "<div class=\"faults\">\n";
  for (const FaultWords& words : fault_words) {
    const int value = parse_fault(words.fault)->value;
    const bool on = std::ranges::any_of(
        active, [&](const Fault& each) { return each.kind == words.kind && each.value == value; });
    out += std::string("<div class=\"fault") + (on ? " on" : "") + "\"><p>" + html_text(words.label) +
           "<small>" + html_text(words.meaning) + "</small></p>";
    out += button("/sandbox/faults", "fault", std::string(words.fault) + "@1", "Une fois");
    out += button("/sandbox/faults", "fault", words.fault, "Toujours") + "</div>\n";
  }
  return out + "</div>\n";
}

std::string Page::list_page() const {
  const std::vector<Arrival> list = arrivals_.list();
  std::string main = "<dl>\n" + row_of("Dépôt de documents (FHIR)", addresses_.fhir) +
                     row_of("Outils (webhook)", addresses_.webhook + "nom") + "</dl>\n" + active_faults();
  main += "<h2>Documents reçus : " + std::to_string(list.size()) + "</h2>\n";
  if (list.empty()) {
    main +=
        "<p class=\"empty\">Rien n’est encore arrivé. Cette page s’actualise toutes les cinq secondes.</p>\n";
  } else {
    main +=
        "<div class=\"scroll\">\n<table>\n<thead><tr><th>Heure</th><th>Titre</th><th>Type</th><th>Arrivé "
        "par</th><th>État</th>"
        "<th>Identifiant</th></tr></thead>\n<tbody>\n";
    for (const Arrival& each : list) {
      const std::string title = each.title.empty() ? "(sans titre)" : each.title;
      main += "<tr><td class=\"nowrap\">" + french_date_time(each.at, zone_) +
              "</td><td><a href=\"/documents/" + std::to_string(each.number) + "\">" + html_text(title) +
              "</a></td><td>" + html_text(each.type) + "</td><td class=\"nowrap\">" +
              html_text(french_form(each.form)) + "</td><td class=\"nowrap\">" +
              html_text(french_status(each)) + "</td><td class=\"id\">" + html_text(each.document_id) +
              "</td></tr>\n";
    }
    main += "</tbody>\n</table>\n</div>\n";
  }
  main += faults_section();
  main += "<footer>\n<p>Seuls les derniers documents sont gardés, en mémoire";
  if (const int64_t gone = arrivals_.pushed_out(); gone > 0)
    main += " (déjà effacés : " + std::to_string(gone) + ")";
  main += " ; l’arrêt du programme efface tout.</p>" + button("/sandbox/forget", "all", "1", "Tout effacer") +
          "\n</footer>\n";
  static constexpr std::string_view lead =
      "<h1>Bac à sable de Passerelle</h1>\n"
      "<p>Ce programme joue le rôle d’un dépôt de documents et d’un outil qui reçoit des documents, pour les "
      "démonstrations et les essais. N’y envoyez que des données fictives.</p>\n"
      "<p><a href=\"#incidents\">Simuler un incident</a></p>\n";
  return framed("Bac à sable de Passerelle", "<meta http-equiv=\"refresh\" content=\"5\">\n", lead, main);
}

std::string Page::document_page(const Arrival& arrival) const {
  const std::string title = arrival.title.empty() ? "(sans titre)" : arrival.title;
  const std::string base = "/documents/" + std::to_string(arrival.number);
  const bool called = arrival.form == "webhook";
  std::string main = "<dl>\n" + row_of("Arrivé le", french_date_time(arrival.at, zone_)) +
                     row_of("Arrivé par", french_form(arrival.form)) + row_of("Type", arrival.type) +
                     row_of("État", french_status(arrival)) +
                     row_of(called ? "Identifiant de l’appel" : "Identifiant", arrival.document_id);
  if (arrival.content)
    main += row_of("Taille du document", std::to_string(view(arrival.content).size()) + " octets");
  main += "</dl>\n";
  if (arrival.content) {
    main += "<p><a href=\"" + base + "/document\">Télécharger le document</a>";
    if (pdf_of(arrival)) main += " · <a href=\"" + base + "/pdf\">Ouvrir le PDF</a>";
    main += "</p>\n";
  }
  if (is_readable(arrival))
    main += "<h2>Document, tel qu’il est arrivé</h2>\n" + shown(view(arrival.content));
  const bool has_state = arrival.form == resource_form;
  main += (called      ? "<h2>Message reçu</h2>\n"
           : has_state ? "<h2>Ressource FHIR</h2>\n"
                       : "<h2>Fiche FHIR (DocumentReference)</h2>\n") +
          shown(readable_json(arrival));
  const std::string lead =
      "<p><a href=\"/\">← Tous les documents</a></p>\n<h1>" + html_text(title) + "</h1>\n";
  return framed(title + " – Bac à sable", "", lead, main);
}

}  // namespace psl
