#include "adapters/formats/view/html_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/adapters/formats/view/view_fixtures.h"

namespace psl {
namespace {

using test::view_letter;
using test::view_ok;
using test::view_section;
using testing::HasSubstr;
using testing::Not;

std::string page_of(std::string_view text) {
  return write_html(view_ok(view_letter(view_section("Synthèse", text))));
}

TEST(HtmlView, IsOnePageThatFetchesAndRunsNothing) {
  // Claim: its policy forbids all but its own style; there is no script, link, image or frame in it.
  const std::string page = page_of("a");
  EXPECT_THAT(page, testing::StartsWith("<!DOCTYPE html>\n<html lang=\"fr\">"));
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
  for (const char* forbidden :
       {"<script", "<link", "<img", "<iframe", "<a ", "href=", "src=", "url(", "@import"})
    EXPECT_THAT(page, Not(HasSubstr(forbidden)));
}

TEST(HtmlView, EscapesWhatTheDocumentSays) {
  // Claim: text of a document is text on the page, in every place where it may stand.
  const std::string hostile = "&lt;script&gt;\"x\" &amp; 'y'";
  const std::string escaped = "&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;";
  DocumentView view =
      view_ok(view_letter(view_section(hostile, "<table><caption>" + hostile + "</caption><tr><td>" +
                                                    hostile + "</td><td/></tr></table>" + hostile)));
  for (const char* part :
       {"<h2 dir=\"auto\">", "<caption dir=\"auto\">", "<td dir=\"auto\">", "<p dir=\"auto\">"})
    EXPECT_THAT(write_html(view), HasSubstr(part + escaped));
  const std::string raw = "<script>\"x\" & 'y'";
  view.title = raw;
  view.sender = {raw, raw};
  view.addressees = {raw};
  view.dated = view.identity_status = view.signature = view.reference = raw;
  view.facts = view.patient = {{raw, raw}};
  view.left_out = {raw};
  EXPECT_THAT(write_html(view), Not(HasSubstr("<script")));
}

TEST(HtmlView, KeepsStylesListsAndTables) {
  // Claim: what the view says is on the page, with its marks.
  const std::string page = page_of(
      "<content styleCode='Bold Underline'>a</content><br/>10<sup>9</sup><list "
      "listType='ordered'><item>b<list>"
      "<item>c</item></list></item></list><table><thead><tr><th colspan='2'>d</th></tr></thead><tr><td "
      "rowspan='2'>"
      "e</td><td>f</td></tr><tr><td>g</td></tr></table>");
  for (const char* part :
       {"<p dir=\"auto\"><strong><u>a<br></u></strong>10<sup>9</sup></p>",
        "<div class=\"item d1\"><b>1.</b><span dir=\"auto\">b</span></div>",
        "<div class=\"item d2\"><b>•</b><span dir=\"auto\">c</span></div>",
        "<thead>\n<tr><th dir=\"auto\" colspan=\"2\">d</th></tr>\n</thead>\n<tbody>\n<tr><td dir=\"auto\" "
        "rowspan=\"2\">e</td>",
        "<tr><td dir=\"auto\">g</td></tr>\n</tbody>\n</table>"})
    EXPECT_THAT(page, HasSubstr(part));
}

TEST(HtmlView, ShowsTheLetterRound) {
  // Claim: title, date, patient with the state of the identity, and the reference at the foot.
  const std::string page = page_of("<renderMultiMedia/>a");
  for (const char* part : {"<h1 dir=\"auto\">Lettre de sortie</h1>", "Fait le 24 février 2025 à 17:30",
                           "<h2>Patient <span>Identité qualifiée</span></h2>", "<dt>Nom de naissance</dt>",
                           "DE L&#39;ÉTOILE", "Une image du document n&#39;est pas reproduite.",
                           "<footer><p>Document 1.2.250.1.999.7.1, version 2</p></footer>"})
    EXPECT_THAT(page, HasSubstr(part));
}

}  // namespace
}  // namespace psl
