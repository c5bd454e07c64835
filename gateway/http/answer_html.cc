#include "gateway/http/answer_html.h"

#include <array>

#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"
#include "gateway/core/french_words.h"

namespace psl {
namespace {

using Standing = AnswerView::Standing;
using Reason = v1::OrientationUpdate;

// Contrast of every text at least 4.5 (WCAG 2.1, 1.4.3); targets of at least 44 px.
constexpr std::string_view style = R"css(
*{box-sizing:border-box}
body{margin:0;background:#f2f5f7;color:#17212b;font:1.0625rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:40rem;margin:0 auto;padding:1.5rem 1rem 3rem}
header p{margin:0;color:#44525f;font-size:.9375rem}
h1{margin:.25rem 0 1rem;font-size:1.5rem;line-height:1.25}
h2{margin:0 0 .5rem;font-size:1.125rem}
section{margin:0 0 1rem;padding:1.25rem;background:#fff;border:1px solid #c9d3dc;border-radius:.5rem}
dl{margin:0;display:grid;grid-template-columns:minmax(9rem,auto) 1fr;gap:.5rem 1rem}
dt{color:#44525f}
dd{margin:0;font-weight:600;overflow-wrap:anywhere}
a{color:#0b5394}
section p:first-child{margin-top:0}
section p:last-child{margin-bottom:0}
.state{border-left:.375rem solid #5b6b7a}
.good{border-left-color:#1b6e3c}
.bad{border-left-color:#a61b1b}
fieldset{margin:0 0 1rem;padding:0;border:0}
legend{padding:0;margin-bottom:.25rem}
label{display:flex;align-items:center;gap:.75rem;min-height:2.75rem;padding:.25rem 0}
input{flex:none;width:1.25rem;height:1.25rem;margin:0}
button{width:100%;min-height:3rem;padding:.5rem 1.25rem;border:2px solid;border-radius:.375rem;font:inherit;font-weight:700;cursor:pointer}
.yes{background:#1b6e3c;border-color:#1b6e3c;color:#fff}
.no{background:#fff;border-color:#a61b1b;color:#a61b1b}
button:focus-visible,input:focus-visible,a:focus-visible{outline:3px solid #0b5394;outline-offset:2px}
footer{color:#44525f;font-size:.9375rem}
@media (max-width:30rem){dl{display:block}dd{margin-bottom:.625rem}}
)css";

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

constexpr std::array<Reason::Reason, 7> offered_reasons = {
    Reason::NOT_AVAILABLE,          Reason::NOT_COMPETENT,  Reason::OUT_OF_AREA, Reason::NO_BED,
    Reason::NEEDS_MORE_INFORMATION, Reason::PATIENT_CHOICE, Reason::OTHER};

// A bed is only asked for by an admission.
bool is_offered(Reason::Reason reason, v1::Orientation::Kind kind) {
  return reason != Reason::NO_BED || kind == v1::Orientation::DIRECT_ADMISSION;
}

std::string document(std::string_view title, const std::string& content) {
  return "<!DOCTYPE html>\n<html lang=\"fr\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
         "<meta name=\"robots\" content=\"noindex, nofollow\"><title>" +
         escaped(title) + "</title><style>" + std::string(style) + "</style></head><body><main>" + content +
         "</main></body></html>\n";
}

// As a link; only what a telephone number is made of.
std::string phone_html(std::string_view uri) {
  constexpr std::string_view scheme = "tel:";
  if (!uri.starts_with(scheme)) return {};
  const std::string_view number = uri.substr(scheme.size());
  if (number.empty() || number.find_first_not_of("+0123456789-.()") != std::string_view::npos) return {};
  return "<a href=\"" + escaped(uri) + "\">" + escaped(phone_shown(number)) + "</a>";
}

void add_row(std::string& rows, std::string_view name, const std::string& html) {
  if (!html.empty()) rows += "<dt>" + std::string(name) + "</dt><dd>" + html + "</dd>";
}

std::string facts(const AnswerView& view, const AnswerTime& time) {
  const auto said = [&](Instant at) { return at.us == 0 ? std::string() : escaped(time(view, at)); };
  std::string rows;
  add_row(rows, "Demandeur", escaped(view.requester));
  add_row(rows, "Téléphone", phone_html(view.requester_phone));
  add_row(rows, "Objet", std::string(request_title(view.kind)));
  add_row(rows, "Urgence", std::string(urgency_shown(view.urgency)));
  add_row(rows, "À partir du", said(view.wanted_from));
  add_row(rows, "Avant le", said(view.wanted_before));
  if (view.standing == Standing::open) add_row(rows, "Répondre avant le", said(view.expires_at));
  return "<section aria-label=\"La demande\"><dl>" + rows + "</dl></section>";
}

struct StandingWords {
  std::string_view title;
  std::string_view text;
  std::string_view look;
};

StandingWords words_of_standing(Standing standing) {
  switch (standing) {
    case Standing::accepted:
      return {
          "Vous avez accepté cette demande",
          "Votre réponse est enregistrée et le demandeur en est informé. Prenez contact avec lui pour "
          "convenir de la suite ; les informations sur le patient sont dans le message que vous avez reçu.",
          "good"};
    case Standing::declined:
      return {"Vous avez refusé cette demande",
              "Votre réponse est enregistrée et le demandeur en est informé. Vous n'avez plus rien à faire.",
              "good"};
    case Standing::taken:
      return {"Cette demande est déjà pourvue",
              "Un autre professionnel l'a acceptée avant vous. Vous n'avez plus rien à faire ; merci.",
              "bad"};
    case Standing::expired:
      return {"Le délai de réponse est dépassé",
              "Cette demande ne peut plus recevoir de réponse ici. Si vous pouviez l'accepter, "
              "appelez le demandeur.",
              "bad"};
    case Standing::suspended:
      return {
          "Cette demande est suspendue",
          "La demande est suspendue : elle ne peut plus recevoir de réponse. Pour en savoir plus, appelez "
          "le demandeur.",
          "bad"};
    case Standing::patient_declined:
      return {"Le patient a fait un autre choix",
              "Le demandeur nous a indiqué que le patient a fait un autre choix. Vous n'avez plus rien à "
              "faire ; merci.",
              "bad"};
    case Standing::withdrawn:
      return {"Cette demande a été retirée",
              "Le demandeur l'a annulée. Vous n'avez plus rien à faire ; merci.", "bad"};
    default:
      return {"Une demande d'orientation vous attend", "", ""};
  }
}

std::string forms(const AnswerView& view) {
  std::string reasons;
  for (const Reason::Reason each : offered_reasons) {
    if (!is_offered(each, view.kind)) continue;
    reasons += "<label><input type=\"radio\" name=\"reason\" value=\"" + Reason::Reason_Name(each) +
               "\" required> " + escaped(reason_shown(each)) + "</label>";
  }
  return "<section><h2 id=\"yes\">J'accepte</h2><form method=\"post\" aria-labelledby=\"yes\">"
         "<p>Le demandeur en sera informé aussitôt. La première acceptation l'emporte.</p>"
         "<button class=\"yes\" name=\"answer\" value=\"accept\">J'accepte</button></form></section>"
         "<section><h2 id=\"no\">Je refuse</h2><form method=\"post\" aria-labelledby=\"no\">"
         "<fieldset><legend>Pour quelle raison ?</legend>" +
         reasons +
         "</fieldset><button class=\"no\" name=\"answer\" value=\"decline\">Je "
         "refuse</button></form></section>";
}

}  // namespace

std::string answer_html(const AnswerView& view, const AnswerTime& time, std::string_view complaint) {
  const StandingWords words = words_of_standing(view.standing);
  std::string content =
      "<header><p>Orientation d'un patient</p><h1>" + escaped(words.title) + "</h1></header>";
  const std::string who = view.candidate.empty() ? "du titulaire de la boîte aux lettres destinataire"
                                                 : "de <strong>" + escaped(view.candidate) + "</strong>";
  content += "<p>Vous répondez au nom " + who + ". Ce lien lui est réservé : ne le transmettez pas.</p>";
  if (!complaint.empty())
    content += "<section class=\"state bad\" role=\"alert\"><p>" + escaped(complaint) + "</p></section>";
  if (!words.text.empty())
    content += "<section class=\"state " + std::string(words.look) + "\" role=\"status\"><p>" +
               escaped(words.text) + "</p></section>";
  content += facts(view, time);
  if (view.standing == Standing::open) content += forms(view);
  content +=
      "<footer><p>Cette page ne montre ni donnée de santé ni nom de patient : ils sont dans le message que "
      "vous avez "
      "reçu. En cas d'urgence vitale, appelez le 15.</p></footer>";
  return document(words.title, content);
}

std::string notice_html(std::string_view title, std::string_view text) {
  return document(title, "<header><p>Orientation d'un patient</p><h1>" + escaped(title) +
                             "</h1></header><section class=\"state bad\"><p>" + escaped(text) +
                             "</p></section>");
}

v1::OrientationUpdate::Reason offered_reason(std::string_view name) {
  for (const Reason::Reason each : offered_reasons) {
    if (Reason::Reason_Name(each) == name) return each;
  }
  return Reason::REASON_UNSPECIFIED;
}

std::string answer_policy() {
  // CSP 3 section 2.3.1.
  return "default-src 'none'; style-src 'sha256-" + base64_encode(sha256(style)) +
         "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
}

}  // namespace psl
