#include "gateway/http/answer_page.h"

#include <algorithm>
#include <optional>

#include "gateway/net/http_server.h"

namespace psl {
namespace {

using Standing = AnswerView::Standing;
using Step = v1::OrientationUpdate;

constexpr size_t form_bytes_max = 1024;
constexpr size_t page_header_bytes_max = 8192;
// A territory's professionals at once. Those of a hospital come from one address; whoever wants to keep the
// others out needs several.
constexpr size_t page_connections_max = 256;
constexpr size_t page_connections_per_client_max = 64;
constexpr Span page_patience = seconds(10);
constexpr Span page_idle_timeout = seconds(15);

HttpResponse page(int status, std::string html) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/html; charset=utf-8"},
                      {"Content-Language", "fr"},
                      {"Cache-Control", "no-store"},
                      {"Content-Security-Policy", answer_policy()},
                      // The link is a secret: it must not be told to who is linked from here.
                      {"Referrer-Policy", "no-referrer"},
                      {"Strict-Transport-Security", "max-age=31536000"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"X-Frame-Options", "DENY"},
                      {"X-Robots-Tag", "noindex, nofollow"}};
  response.body = std::move(html);
  return response;
}

int status_of(Standing standing) {
  switch (standing) {
    case Standing::taken:
      return 409;
    case Standing::expired:
    case Standing::withdrawn:
    case Standing::suspended:
    case Standing::patient_declined:
      return 410;
    default:
      return 200;
  }
}

HttpResponse page_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::link_invalid:
    case ErrorCode::not_found:
      return page(
          404,
          notice_html("Ce lien n'est pas valable",
                      "Il est incomplet ou a été modifié. Ouvrez-le de nouveau depuis le message reçu, ou "
                      "appelez le demandeur, indiqué dans ce message."));
    case ErrorCode::proposal_closed:
      return page(410,
                  notice_html("Cette demande est close",
                              "Le délai de réponse est dépassé, ou la demande a été retirée. Si vous pouviez "
                              "l'accepter, appelez le demandeur, indiqué dans le message reçu."));
    case ErrorCode::consent_missing:
      return page(410,
                  notice_html("Cette demande est suspendue",
                              "La demande est suspendue : elle ne peut plus recevoir de réponse. Pour en "
                              "savoir plus, appelez le demandeur, indiqué dans le message reçu."));
    case ErrorCode::already_taken:
      return page(
          409, notice_html("Cette demande est déjà pourvue",
                           "Un autre professionnel l'a acceptée avant vous. Vous n'avez plus rien à faire ; "
                           "merci."));
    case ErrorCode::already_answered:
      return page(409,
                  notice_html("Vous avez déjà répondu autrement",
                              "Votre première réponse est gardée. Pour la changer, appelez le demandeur, "
                              "indiqué dans le message reçu."));
    case ErrorCode::step_not_possible:
      return page(409,
                  notice_html("Cette réponse n'est plus possible",
                              "La demande a changé entre-temps. Rouvrez le lien depuis le message reçu."));
    default:
      return page(503,
                  notice_html("Cette page ne répond pas en ce moment",
                              "Réessayez dans quelques minutes : une réponse donnée deux fois ne compte "
                              "qu'une fois. Si c'est urgent, appelez le demandeur, indiqué dans le message "
                              "reçu."));
  }
}

// What the server answers before a request is one of ours: a person may sit before it all the same.
HttpResponse own_page(int status) {
  switch (status) {
    case 413:
      return page(status, notice_html("Réponse trop longue",
                                      "Répondez par le formulaire de la page, sans rien y ajouter."));
    case 500:
    case 503: {
      HttpResponse later = page_of(error_of(ErrorCode::store_unavailable));
      later.status = status;
      return later;
    }
    case 501:
      return page(status, notice_html("Action impossible", "Ouvrez le lien dans un navigateur."));
    default:
      return page(status,
                  notice_html("Demande illisible",
                              "Ouvrez de nouveau le lien depuis le message reçu, au besoin dans un autre "
                              "navigateur."));
  }
}

HttpServerOptions page_server_options(const AnswerPageOptions& from) {
  HttpServerOptions options;
  options.listen = from.listen;
  if (!from.certificate_file.empty() || !from.key_file.empty()) {
    options.tls = HttpServerTls{from.certificate_file, from.key_file, ""};
    options.connections_per_client_max = page_connections_per_client_max;
  }
  options.header_bytes_max = page_header_bytes_max;
  options.body_bytes_max = form_bytes_max;
  options.connections_max = page_connections_max;
  options.idle_timeout = page_idle_timeout;
  options.header_timeout = options.body_timeout = options.write_timeout = page_patience;
  options.own_answer = own_page;
  return options;
}

// The last part of a path that ends with "/r/<token>"; empty when it does not. What stands before belongs to
// the proxy.
std::string_view token_of(std::string_view path) {
  constexpr std::string_view mark = "/r/";
  const size_t at = path.rfind(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view token = path.substr(at + mark.size());
  const auto unreserved = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
  };
  return std::all_of(token.begin(), token.end(), unreserved) ? token : std::string_view();
}

bool is_form(std::string_view content_type) {
  constexpr std::string_view form = "application/x-www-form-urlencoded";
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return std::equal(form.begin(), form.end(), content_type.begin(), content_type.end(), [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
  });
}

struct GivenAnswer {
  Step::Step step = Step::STEP_UNSPECIFIED;
  Step::Reason reason = Step::REASON_UNSPECIFIED;
};

// Nothing when it is not one of the two forms. Their names and values need no percent-encoding, so none is
// undone.
std::optional<GivenAnswer> parse_form(std::string_view body) {
  GivenAnswer given;
  bool reasoned = false;
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(pair.size() + 1, body.size()));
    if (pair == "answer=accept" && given.step == Step::STEP_UNSPECIFIED) {
      given.step = Step::ACCEPTED;
    } else if (pair == "answer=decline" && given.step == Step::STEP_UNSPECIFIED) {
      given.step = Step::DECLINED;
    } else if (pair.starts_with("reason=") && !reasoned) {
      reasoned = true;
      given.reason = offered_reason(pair.substr(7));
      if (given.reason == Step::REASON_UNSPECIFIED) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (given.step == Step::STEP_UNSPECIFIED || (given.step == Step::ACCEPTED && reasoned)) return std::nullopt;
  return given;
}

class Answering {
 public:
  explicit Answering(AnswerCalls calls) : calls_(std::move(calls)) {}

  void respond(const HttpRequest& request, const HttpReply& reply) const {
    const std::string_view token = token_of(request.path());
    if (token.empty()) return reply(page_of(error_of(ErrorCode::link_invalid)));
    if (request.method == "GET" || request.method == "HEAD") return reply(show(token, {}));
    if (request.method != "POST") {
      HttpResponse refused =
          page(405, notice_html("Action impossible", "Ouvrez le lien dans un navigateur."));
      refused.headers.emplace_back("Allow", "GET, HEAD, POST");
      return reply(std::move(refused));
    }
    if (!is_form(request.header("content-type")))
      return reply(page(415, notice_html("Réponse illisible", "Répondez par le formulaire de la page.")));
    const auto given = parse_form(request.body);
    if (!given)
      return reply(page(400, notice_html("Réponse illisible", "Répondez par le formulaire de la page.")));
    if (given->step == Step::DECLINED && given->reason == Step::REASON_UNSPECIFIED) {
      HttpResponse again = show(token, "Choisissez une raison avant de refuser.");
      if (again.status == 200) again.status = 400;
      return reply(std::move(again));
    }
    take(token, *given, reply);
  }

 private:
  HttpResponse show(std::string_view token, std::string_view complaint) const {
    const auto view = calls_.look(token);
    if (!view.ok()) return page_of(view.error());
    return page(status_of(view->standing), answer_html(*view, calls_.time, complaint));
  }

  void take(std::string_view token, const GivenAnswer& given, const HttpReply& reply) const {
    const auto done = [reply, token = std::string(token)](const Result<AnswerView>& view) {
      if (!view.ok()) return reply(page_of(view.error()));
      // A page that is loaded again must not answer again. Relative, whatever path a proxy has put before.
      HttpResponse back = page(303, "");
      back.headers.emplace_back("Location", token);
      reply(std::move(back));
    };
    calls_.answer(token, given.step, given.reason, done);
  }

  const AnswerCalls calls_;
};

}  // namespace

Result<std::unique_ptr<AnswerPage>> AnswerPage::open(AnswerPageOptions options, AnswerCalls calls, Env& env) {
  auto answering = std::make_shared<const Answering>(std::move(calls));
  auto server = HttpServer::start(
      page_server_options(options),
      [answering](const HttpRequest& request, const HttpReply& reply) { answering->respond(request, reply); },
      env);
  if (!server.ok()) return error_of(server.error().code, "answers." + server.error().text);
  return std::make_unique<AnswerPage>(std::move(*server));
}

AnswerPage::AnswerPage(std::unique_ptr<HttpServer> server) : server_(std::move(server)) {}
AnswerPage::~AnswerPage() = default;
int AnswerPage::port() const { return server_->port(); }
void AnswerPage::stop() { server_->stop(); }

}  // namespace psl
