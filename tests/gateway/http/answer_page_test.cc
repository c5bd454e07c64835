#include "gateway/http/answer_page.h"

#include <gtest/gtest.h>

#include <csignal>
#include <mutex>
#include <thread>

#include "tests/support/fake_env.h"
#include "tests/support/raw_client.h"
#include "tests/support/throwaway_pki.h"

namespace psl {
namespace {

using test::RawAnswer;
using test::RawClient;
using Standing = AnswerView::Standing;
using Update = v1::OrientationUpdate;

constexpr std::string_view token = "0f0e0d0c-0b0a-0908-0706-050403020100.1800000000.mac_-~";

AnswerView open_view() {
  AnswerView view;
  view.kind = v1::Orientation::UNSCHEDULED_CARE;
  view.urgency = v1::Orientation::URGENT;
  view.requester = "Clinique <b>des</b> Lilas & Cie";
  view.requester_phone = "tel:+33102030405";
  view.candidate = "Dr Camille \"Essai\"";
  view.wanted_before = Instant{1};
  view.expires_at = Instant{2};
  return view;
}

class AnswerPageTest : public testing::Test {
 protected:
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }
  ~AnswerPageTest() override { page_.reset(); }

  Status open(AnswerPageOptions options) {
    AnswerCalls calls;
    calls.look = [this](std::string_view given) -> Result<AnswerView> {
      const std::lock_guard lock(mutex_);
      looked_.emplace_back(given);
      return view_;
    };
    calls.answer = [this](std::string_view given, Update::Step step, Update::Reason reason,
                          AnswerDesk::Done done) {
      const std::lock_guard lock(mutex_);
      if (forget_) return;
      answered_.push_back(std::string(given) + " " + Update::Step_Name(step) + " " +
                          Update::Reason_Name(reason));
      // As the ledger does: from another thread.
      std::thread([done = std::move(done), result = result_] { done(result); }).join();
    };
    calls.time = [](const AnswerView&, Instant at) { return "jour " + std::to_string(at.us); };
    auto page = AnswerPage::open(std::move(options), std::move(calls), env_);
    if (!page.ok()) return page.error();
    page_ = std::move(*page);
    return {};
  }
  RawAnswer ask(std::string_view method, std::string_view path, std::string_view headers = "",
                std::string_view body = "") {
    if (!page_) {
      EXPECT_TRUE(open({"127.0.0.1:0", "", ""}).ok());
    }
    RawClient client(page_->port());
    client.send(std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" +
                std::string(headers) +
                (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" +
                std::string(body));
    return client.read_answer(method != "HEAD");
  }
  RawAnswer get(std::string_view prefix = "") {
    return ask("GET", std::string(prefix) + "/r/" + std::string(token));
  }
  RawAnswer post(std::string_view body, std::string_view type = "application/x-www-form-urlencoded") {
    return ask("POST", "/r/" + std::string(token), "Content-Type: " + std::string(type) + "\r\n", body);
  }
  bool nothing_answered() {
    const std::lock_guard lock(mutex_);
    return answered_.empty();
  }

  Result<AnswerView> view_ = open_view();
  Result<AnswerView> result_ = open_view();
  std::vector<std::string> looked_;
  std::vector<std::string> answered_;
  // An answer to which nothing comes back.
  bool forget_ = false;
  std::mutex mutex_;
  FakeEnv env_;
  std::unique_ptr<AnswerPage> page_;
};

bool says(const RawAnswer& answer, std::string_view text) {
  return answer.body.find(text) != std::string::npos;
}
bool heads(const RawAnswer& answer, std::string_view text) {
  return answer.header.find(text) != std::string::npos;
}

TEST_F(AnswerPageTest, ShowsTheProposalAndTheTwoForms) {
  // Who asks, what, how urgent, until when, in whose name; escaped; in French; without anything to run or to
  // load.
  const RawAnswer answer = get();
  EXPECT_EQ(answer.status, 200);
  for (const char* text :
       {"lang=\"fr\"", "Clinique &lt;b&gt;des&lt;/b&gt; Lilas &amp; Cie",
        "href=\"tel:+33102030405\">01\u00A002\u00A003\u00A004\u00A005<", "Demande de soins non programmés",
        "Urgent", "jour 1", "jour 2", "Dr Camille &quot;Essai&quot;", "J'accepte", "Je refuse",
        "Vous répondez au nom de", "value=\"NOT_AVAILABLE\"", "name=\"viewport\"", "appelez le 15"})
    EXPECT_TRUE(says(answer, text)) << text;
  for (const char* text : {"<script", "http://", "https://", "NO_BED", "NO_LONGER_NEEDED", "À partir du"})
    EXPECT_FALSE(says(answer, text)) << text;
}

TEST_F(AnswerPageTest, ForbidsWhatAPageCouldBeMadeToDo) {
  // Every status that a browser can get, also those that the server gives by itself: a page in French, no
  // script, no frame, no referrer, no store, no index; the style is allowed by its hash. Nothing of the
  // request comes back.
  ASSERT_TRUE(open({"127.0.0.1:0", "", ""}).ok());
  const auto raw = [this](const std::string& request) { return RawClient(page_->port()).ask(request); };
  const std::string line = " /r/secret HTTP/1.1\r\nHost: x\r\n";
  std::vector<std::pair<int, RawAnswer>> answers;
  answers.emplace_back(200, get());
  answers.emplace_back(303, post("answer=accept"));
  answers.emplace_back(400, post("x"));
  answers.emplace_back(400, raw("secret\r\n\r\n"));
  answers.emplace_back(400, raw("GET /r/secret HTTP/1.1\r\n\r\n"));
  answers.emplace_back(400, raw("POST" + line + "Content-Length: secret\r\n\r\n"));
  answers.emplace_back(400, raw("POST" + line + "Content-Type: application/x-www-form-urlencoded\r\n\r\n"));
  answers.emplace_back(404, ask("GET", "/secret"));
  answers.emplace_back(405, ask("PUT", "/r/secret"));
  answers.emplace_back(413, post(std::string(5000, 'a')));
  answers.emplace_back(413, raw("POST" + line + "Expect: 100-continue\r\nContent-Length: 1025\r\n\r\n"));
  answers.emplace_back(415, post("secret", "text/plain"));
  answers.emplace_back(431, raw("GET" + line + "X: " + std::string(9000, 'x') + "\r\n\r\n"));
  answers.emplace_back(501, raw("PROPFIND" + line + "\r\n"));
  answers.emplace_back(505, raw("GET /r/secret HTTP/2.0\r\nHost: x\r\n\r\n"));
  forget_ = true;
  answers.emplace_back(500, post("answer=accept"));
  result_ = view_ = error_of(ErrorCode::store_unavailable);
  answers.emplace_back(503, get());
  for (const auto& [status, answer] : answers) {
    EXPECT_EQ(answer.status, status);
    for (const char* text :
         {"Content-Security-Policy: default-src 'none'; style-src 'sha256-", "frame-ancestors 'none'",
          "form-action 'self'", "Referrer-Policy: no-referrer", "Cache-Control: no-store",
          "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY", "Strict-Transport-Security: max-age=",
          "X-Robots-Tag: noindex", "Content-Type: text/html; charset=utf-8"})
      EXPECT_TRUE(heads(answer, text)) << answer.status << " " << text;
    EXPECT_TRUE(status == 303 || says(answer, "<html lang=\"fr\">")) << status;
    EXPECT_FALSE(says(answer, "secret")) << status;
    EXPECT_FALSE(says(answer, "is not")) << status;
  }
}

TEST_F(AnswerPageTest, ChangesNothingWhenItIsLookedAt) {
  // Scanners of mails follow links: GET and HEAD, with any query, answer nothing.
  EXPECT_EQ(get().status, 200);
  EXPECT_EQ(ask("HEAD", "/r/" + std::string(token)).status, 200);
  EXPECT_EQ(ask("GET", "/r/" + std::string(token) + "?answer=accept").status, 200);
  EXPECT_TRUE(nothing_answered());
}

TEST_F(AnswerPageTest, TakesAnAcceptanceAndLeadsBackToThePage) {
  // 303 with a relative address: a page that is loaded again does not answer again, whatever a proxy put
  // before.
  const RawAnswer answer = post("answer=accept", "Application/X-WWW-Form-Urlencoded; charset=utf-8");
  EXPECT_EQ(answer.status, 303);
  EXPECT_TRUE(heads(answer, "Location: " + std::string(token) + "\r\n"));
  ASSERT_EQ(answered_.size(), 1U);
  EXPECT_EQ(answered_[0], std::string(token) + " ACCEPTED REASON_UNSPECIFIED");
}

TEST_F(AnswerPageTest, TakesARefusalWithItsReason) {
  // In either order of the form's fields.
  EXPECT_EQ(post("answer=decline&reason=OUT_OF_AREA").status, 303);
  EXPECT_EQ(post("reason=OTHER&answer=decline").status, 303);
  EXPECT_EQ(answered_.at(0), std::string(token) + " DECLINED OUT_OF_AREA");
  EXPECT_EQ(answered_.at(1), std::string(token) + " DECLINED OTHER");
}

TEST_F(AnswerPageTest, AsksForTheReasonOfARefusal) {
  // Without one the form comes again, and says so.
  const RawAnswer answer = post("answer=decline");
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(says(answer, "Choisissez une raison"));
  EXPECT_TRUE(says(answer, "role=\"alert\""));
  EXPECT_TRUE(nothing_answered());
}

TEST_F(AnswerPageTest, RefusesWhatIsNotItsForm) {
  // Other fields, reasons, types, sizes and methods change nothing.
  for (const char* body :
       {"x", "answer=yes", "answer=accept&answer=accept", "answer=accept&reason=OTHER",
        "answer=decline&reason=NO_LONGER_NEEDED", "answer=decline&reason=OTHER&reason=OTHER",
        "answer=accept&text=a", "reason=OTHER", "answer=accept&&"})
    EXPECT_EQ(post(body).status, 400) << body;
  EXPECT_EQ(post("{}", "application/json").status, 415);
  EXPECT_EQ(ask("POST", "/r/a", "", "answer=accept").status, 415);
  EXPECT_EQ(post(std::string(1025, 'a')).status, 413);
  const RawAnswer put = ask("PUT", "/r/a", "", "x");
  EXPECT_EQ(put.status, 405);
  EXPECT_TRUE(heads(put, "Allow: GET, HEAD, POST"));
  EXPECT_TRUE(nothing_answered());
}

TEST_F(AnswerPageTest, AcceptsWhateverAProxyPutsBefore) {
  // The token is what follows the last "/r/"; a path without, or with what no token holds, is no link.
  EXPECT_EQ(get("/reponses/cpts").status, 200);
  EXPECT_EQ(get("/r/x").status, 200);
  for (const std::string& seen : looked_) EXPECT_EQ(seen, token);
  for (const char* path : {"/", "/r/", "/r", "/r/a%20b", "/r/a/b", "/healthz"})
    EXPECT_EQ(ask("GET", path).status, 404) << path;
}

TEST_F(AnswerPageTest, ShowsHowTheProposalStands) {
  // One status and one sentence for each standing; the forms only when it is open.
  const struct {
    Standing standing;
    int status;
    const char* text;
  } cases[] = {{Standing::accepted, 200, "Vous avez accepté"},
               {Standing::declined, 200, "Vous avez refusé"},
               {Standing::taken, 409, "déjà pourvue"},
               {Standing::expired, 410, "délai de réponse est dépassé"},
               {Standing::withdrawn, 410, "a été retirée"},
               {Standing::suspended, 410, "La demande est suspendue"},
               {Standing::patient_declined, 410, "le patient a fait un autre choix"}};
  for (const auto& each : cases) {
    view_->standing = each.standing;
    const RawAnswer answer = get();
    EXPECT_EQ(answer.status, each.status) << each.text;
    EXPECT_TRUE(says(answer, each.text)) << each.text;
    EXPECT_FALSE(says(answer, "<form")) << each.text;
  }
}

TEST_F(AnswerPageTest, NamesTheHolderOfTheMailboxWhenNothingElseIsKnown) {
  // Whoever answers is told in whose name, and not to hand the link on, whatever is known of the candidate.
  view_->candidate.clear();
  EXPECT_TRUE(says(get(),
                   "Vous répondez au nom du titulaire de la boîte aux lettres destinataire. Ce lien lui "
                   "est réservé : ne le transmettez pas."));
}

TEST_F(AnswerPageTest, TellsWhyAnAnswerDoesNotCount) {
  // Each error of the desk has its status and its sentence; none of them its text.
  const struct {
    ErrorCode code;
    int status;
    const char* text;
  } cases[] = {{ErrorCode::link_invalid, 404, "pas valable"},
               {ErrorCode::proposal_closed, 410, "close"},
               {ErrorCode::already_taken, 409, "déjà pourvue"},
               {ErrorCode::already_answered, 409, "déjà répondu autrement"},
               {ErrorCode::step_not_possible, 409, "plus possible"},
               {ErrorCode::store_unavailable, 503, "Réessayez"},
               {ErrorCode::draining, 503, "Réessayez"}};
  for (const auto& each : cases) {
    result_ = view_ = error_of(each.code, "secret");
    for (const RawAnswer& answer : {post("answer=accept"), get()}) {
      EXPECT_EQ(answer.status, each.status) << each.text;
      EXPECT_TRUE(says(answer, each.text)) << each.text;
      EXPECT_FALSE(says(answer, "secret"));
    }
  }
}

TEST_F(AnswerPageTest, LinksNothingButATelephone) {
  // What is no telephone number is not shown at all.
  for (const char* phone : {"javascript:alert(1)", "tel:\" onclick=", "0102030405", "tel:"}) {
    view_->requester_phone = phone;
    EXPECT_FALSE(says(get(), "Téléphone")) << phone;
  }
  view_->requester_phone = "tel:+32-2-000-00-00";
  EXPECT_TRUE(says(get(), ">+32-2-000-00-00<"));
}

TEST_F(AnswerPageTest, AsksABrowserForNoCertificate) {
  // HTTPS with the door's own certificate only; without one, nothing but a loopback address is opened.
  env_.set_now(system_env().now());  // the certificates are of today
  test::ThrowawayPki pki;
  const auto own = pki.issue("answers", "DNS:localhost");
  ASSERT_TRUE(open({"127.0.0.1:0", own.certificate, own.key}).ok());
  RawClient browser(page_->port(), test::ClientTls{"", "", pki.ca_file});
  ASSERT_TRUE(browser.connected());
  EXPECT_EQ(browser.ask("GET /r/" + std::string(token) + " HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  EXPECT_EQ(open({"0.0.0.0:0", "", ""}).error().code, ErrorCode::configuration);
  const Status wrong = open({"127.0.0.1:0", own.certificate, pki.issue("other", "").key});
  EXPECT_EQ(wrong.error().code, ErrorCode::configuration);
  EXPECT_TRUE(wrong.error().text.starts_with("answers."));
}

}  // namespace
}  // namespace psl
