#include "gateway/sandbox/page.h"

#include "gateway/sandbox/fhir_desk.h"
#include "tests/gateway/sandbox/posted.h"
#include "tests/support/fake_env.h"

namespace psl {
namespace {

using test::bundle_of;

class PageTest : public testing::Test {
 protected:
  HttpResponse get(std::string target, std::string host = "127.0.0.1:8745") {
    return page_.answer({"GET", std::move(target), {{"host", std::move(host)}}, ""});
  }
  HttpResponse post(std::string target, std::string body, HttpHeaders more = {}) {
    more.emplace_back("host", "127.0.0.1:8745");
    more.emplace_back("content-type", "application/x-www-form-urlencoded");
    return page_.answer({"POST", std::move(target), std::move(more), std::move(body)});
  }
  Arrival sample() const {
    return {.number = 1,
            .at = Instant{1'795'338'001'000'000},
            .form = "ITI-65",
            .document_id = "urn:oid:2.25.1",
            .type = "Lettre de liaison",
            .title = "Lettre",
            .status = "current",
            .resource = make_bytes(R"({"resourceType":"DocumentReference"})"),
            .media_type = "text/xml",
            .content = make_bytes("<ClinicalDocument>é</ClinicalDocument>")};
  }
  static bool has(const HttpResponse& response, std::string_view text) {
    return response.body.find(text) != std::string::npos;
  }

  Arrivals arrivals_;
  Faults faults_;
  Page page_{{"https://localhost:8744/fhir", "https://localhost:8744/webhook/"},
             arrivals_,
             faults_,
             *TimeZone::load("Europe/Paris")};
};

TEST_F(PageTest, SaysInFrenchThatNothingArrivedYet) {
  // And where to send, and that it renews itself without JavaScript.
  const HttpResponse page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "<html lang=\"fr\">"));
  EXPECT_TRUE(has(page, "Rien n’est encore arrivé"));
  EXPECT_TRUE(has(page, "https://localhost:8744/fhir"));
  EXPECT_TRUE(has(page, "http-equiv=\"refresh\""));
  EXPECT_FALSE(has(page, "<script"));
}

TEST_F(PageTest, ListsWhatArrived) {
  // Time of Paris, title with a link, type, way, state, identifier.
  arrivals_.add(sample());
  const HttpResponse page = get("/");
  for (const char* text : {"22/11/2026 10:00", "<a href=\"/documents/1\">Lettre</a>", "Lettre de liaison",
                           "FHIR (ITI-65)", "en vigueur", "urn:oid:2.25.1", "Documents reçus : 1"})
    EXPECT_TRUE(has(page, text)) << text;
}

TEST_F(PageTest, EscapesEverythingThatArrived) {
  // Markup in a title, a type, an identifier, a document or a resource stays text.
  Arrival bad = sample();
  const std::string script = "<script>alert('x')</script>\"&";
  bad.title = bad.type = bad.document_id = script;
  bad.resource = make_bytes(R"({"a":"</pre><script>alert(1)</script>"})");
  bad.content = make_bytes("</pre><script>alert(2)</script>");
  arrivals_.add(bad);
  for (const char* path : {"/", "/documents/1"}) {
    const HttpResponse page = get(path);
    EXPECT_EQ(page.status, 200);
    EXPECT_FALSE(has(page, "<script")) << path;
    EXPECT_TRUE(has(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;")) << path;
  }
}

TEST_F(PageTest, EscapesBytesThatAreNoText) {
  // Not UTF-8, control characters, a character cut in the middle.
  EXPECT_EQ(html_text("a\xff\x01z\n"), "a\xEF\xBF\xBD\xEF\xBF\xBDz\n");
  EXPECT_EQ(html_text("\xc3"), "\xEF\xBF\xBD");
  EXPECT_EQ(html_text("é€😀"), "é€😀");
}

TEST_F(PageTest, ShowsADocument) {
  // Its facts, the XML as text, the resource with indentation, and the document to fetch.
  arrivals_.add(sample());
  const HttpResponse page = get("/documents/1");
  EXPECT_TRUE(has(page, "&lt;ClinicalDocument&gt;é&lt;/ClinicalDocument&gt;"));
  EXPECT_TRUE(has(page, "{\n  &quot;resourceType&quot;: &quot;DocumentReference&quot;\n}"));
  const HttpResponse document = get("/documents/1/document");
  EXPECT_EQ(document.body, "<ClinicalDocument>é</ClinicalDocument>");
  EXPECT_EQ(document.headers.back().second, "attachment; filename=\"document-1.xml\"");
  EXPECT_EQ(get("/documents/1/pdf").status, 404);
  for (const char* absent :
       {"/documents/2", "/documents/", "/documents/x", "/documents/1/x", "/documents/99999999999999999999"})
    EXPECT_EQ(get(absent).status, 404) << absent;
}

TEST_F(PageTest, ShowsOnlyTheBeginningOfALongDocument) {
  // Whole characters, and a word that says so.
  Arrival large = sample();
  large.content = make_bytes("x" + [] {
    std::string text;
    while (text.size() < 400'000) text += "é";
    return text;
  }());
  arrivals_.add(large);
  const HttpResponse page = get("/documents/1");
  EXPECT_LT(page.body.size(), 320'000U);
  EXPECT_TRUE(has(page, "Seul le début est affiché ici"));
  EXPECT_FALSE(has(page, "\xEF\xBF\xBD"));
}

TEST_F(PageTest, GivesThePdf) {
  // Of a document that is one; a browser may show it.
  Arrival pdf = sample();
  pdf.media_type = "application/pdf";
  pdf.content = make_bytes("%PDF-1.4\n");
  arrivals_.add(pdf);
  EXPECT_TRUE(has(get("/documents/1"), "/documents/1/pdf"));
  const HttpResponse response = get("/documents/1/pdf");
  EXPECT_EQ(response.headers.at(0).second, "application/pdf");
  EXPECT_EQ(response.body, "%PDF-1.4\n");
}

TEST_F(PageTest, HidesContentsInBase64OfACall) {
  // Megabytes that nobody reads are a number of characters; the document is shown as text.
  Arrival call = sample();
  call.form = "webhook";
  call.status = "signed";
  call.resource = make_bytes(R"({"document":{"content":"QUJDREVG"}})");
  arrivals_.add(call);
  const HttpResponse page = get("/documents/1");
  EXPECT_TRUE(has(page, "(8 caractères en base64)"));
  EXPECT_TRUE(has(page, "signature vérifiée"));
  EXPECT_FALSE(has(page, "QUJDREVG"));
}

TEST_F(PageTest, ForbidsScriptsFramesAndForeignResources) {
  // On every page, whatever it says.
  arrivals_.add(sample());
  for (const char* path : {"/", "/documents/1", "/absent", "/style.css"}) {
    const HttpResponse page = get(path);
    EXPECT_EQ(
        page.headers.at(1).second,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    EXPECT_EQ(page.headers.at(2), (std::pair<std::string, std::string>{"X-Content-Type-Options", "nosniff"}));
    EXPECT_FALSE(has(page, "style=\"")) << path;
    EXPECT_FALSE(has(page, "src=\"http")) << path;
  }
}

TEST_F(PageTest, AnswersOnlyToNamesOfThisMachine) {
  // A name that somebody made to lead here (DNS rebinding) is refused.
  for (const char* host : {"127.0.0.1:8745", "localhost:8745", "localhost", "[::1]:8745"})
    EXPECT_EQ(get("/", host).status, 200) << host;
  for (const char* host :
       {"evil.example", "evil.example:8745", "localhost.evil.example", "127.0.0.1.evil.example", ""})
    EXPECT_EQ(get("/", host).status, 403) << host;
}

TEST_F(PageTest, TurnsFaultsOnAndOff) {
  // As its buttons do: back to the list, where the fault is shown.
  const HttpResponse done = post("/sandbox/faults", "fault=drop-after-store%401");
  EXPECT_EQ(done.status, 303);
  EXPECT_EQ(done.headers.back().second, "/");
  EXPECT_EQ(text_of(faults_.list().at(0)), "drop-after-store@1");
  EXPECT_TRUE(has(get("/"), "<code>drop-after-store@1</code>"));
  EXPECT_EQ(post("/sandbox/faults", "clear=1").status, 303);
  EXPECT_TRUE(faults_.list().empty());
  EXPECT_EQ(post("/sandbox/faults", "fault=explode").status, 400);
  EXPECT_EQ(post("/sandbox/faults", "fault=%zz").status, 400);
  EXPECT_EQ(post("/sandbox/other", "fault=html").status, 404);
}

TEST_F(PageTest, ForgetsWhatArrived) {
  // One button, no question: all is synthetic.
  arrivals_.add(sample());
  EXPECT_EQ(post("/sandbox/forget", "all=1").status, 303);
  EXPECT_TRUE(arrivals_.list().empty());
}

TEST_F(PageTest, RefusesAFormOfAnotherSite) {
  // A page elsewhere cannot push our buttons; a program that says nothing can.
  EXPECT_EQ(post("/sandbox/faults", "fault=html", {{"sec-fetch-site", "cross-site"}}).status, 403);
  EXPECT_EQ(post("/sandbox/faults", "fault=html", {{"origin", "https://evil.example"}}).status, 403);
  EXPECT_EQ(post("/sandbox/faults", "fault=html", {{"origin", "null"}}).status, 403);
  EXPECT_TRUE(faults_.list().empty());
  EXPECT_EQ(post("/sandbox/faults", "fault=html",
                 {{"sec-fetch-site", "same-origin"}, {"origin", "http://127.0.0.1:8745"}})
                .status,
            303);
  EXPECT_EQ(page_
                .answer({"POST",
                         "/sandbox/faults",
                         {{"host", "localhost"}, {"content-type", "application/json"}},
                         "{}"})
                .status,
            415);
  EXPECT_EQ(page_.answer({"DELETE", "/", {{"host", "localhost"}}, ""}).status, 405);
}

TEST_F(PageTest, ShowsALetterThatCameByFhir) {
  // From the transaction to the page.
  FakeEnv env;
  FhirDesk desk("/fhir", arrivals_, env);
  ASSERT_EQ(desk.answer(test::post_of("/fhir", bundle_of(SampleLetter())), "").status, 200);
  EXPECT_TRUE(has(get("/"), "Lettre de liaison du service de cardiologie"));
  EXPECT_TRUE(has(get("/documents/2"), "Fiche FHIR"));
}

}  // namespace
}  // namespace psl
