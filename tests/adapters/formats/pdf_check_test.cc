#include "adapters/formats/pdf_check.h"

#include <gtest/gtest.h>

#include "tests/adapters/formats/cda_fixtures.h"

namespace psl {
namespace {

using test::replaced;
using test::small_pdf;

std::string verdict(std::string_view pdf) {
  const Status status = check_pdf(pdf);
  return status.ok() ? "" : status.error().text;
}

TEST(PdfCheck, TakesAnOrdinaryPdf) {
  // Versions 1.x and 2.x, trailing line ends, an open action that only goes to a page.
  EXPECT_EQ(verdict(small_pdf()), "");
  EXPECT_EQ(verdict(replaced(small_pdf(), "%PDF-1.4", "%PDF-2.0")), "");
  EXPECT_EQ(verdict(small_pdf() + "\r\n\r\n"), "");
  EXPECT_EQ(verdict(small_pdf("/OpenAction [3 0 R /Fit]")), "");
}

TEST(PdfCheck, RefusesWhatIsNotAPdf) {
  // Empty, another format, a PDF after something else, an unknown version.
  for (const std::string& bytes : {std::string(), std::string("hello"), std::string("PK\x03\x04"),
                                   " " + small_pdf(), replaced(small_pdf(), "%PDF-1.4", "%PDF-9.4")}) {
    EXPECT_NE(verdict(bytes).find("is not a PDF"), std::string::npos);
  }
}

TEST(PdfCheck, RefusesAPdfWithoutItsEnd) {
  // Cut anywhere in its last part.
  const std::string whole = small_pdf();
  for (const size_t cut : {size_t{3}, size_t{8}, size_t{20}, size_t{100}}) {
    EXPECT_NE(verdict(whole.substr(0, whole.size() - cut)).find("its end is missing"), std::string::npos)
        << cut;
  }
  EXPECT_NE(verdict(whole + std::string(5000, ' ')), "");
}

TEST(PdfCheck, RefusesEncryptionScriptsAndPrograms) {
  // Names in clear and with escapes, in any object.
  EXPECT_NE(verdict(replaced(small_pdf(), "/Size 4", "/Size 4 /Encrypt 9 0 R")).find("encrypted"),
            std::string::npos);
  EXPECT_NE(verdict(small_pdf("/OpenAction << /S /JavaScript /JS (app.alert(1)) >>")).find("JavaScript"),
            std::string::npos);
  EXPECT_NE(verdict(small_pdf("/Names << /JavaScript 5 0 R >>")).find("JavaScript"), std::string::npos);
  EXPECT_NE(verdict(small_pdf("/AA << /O << /S /#4aava#53cript >> >>")).find("JavaScript"),
            std::string::npos);
  EXPECT_NE(verdict(small_pdf("/OpenAction << /S/Launch/F(x.exe) >>")).find("starts a program"),
            std::string::npos);
  EXPECT_NE(verdict(small_pdf("/A(unbalanced \\) /OpenAction << /S /JS >>")).find("JavaScript"),
            std::string::npos);
}

TEST(PdfCheck, DoesNotTakeTextForActions) {
  // Strings, comments, streams and longer names are not names of actions.
  EXPECT_EQ(verdict(small_pdf("/Title (how /JavaScript and /Encrypt work (nested /JS))")), "");
  EXPECT_EQ(verdict(small_pdf("\n% /JavaScript\n")), "");
  EXPECT_EQ(verdict(small_pdf("/EncryptMetadata false /JSON 1 /LaunchPad 2")), "");
  EXPECT_EQ(
      verdict(small_pdf(
          ">>\nendobj\n5 0 obj\n<< /Length 12 >>\nstream\n/JS (x) /Launch\nendstream\nendobj\n6 0 obj <<")),
      "");
}

TEST(PdfCheck, StaysLinearOnHostileBytes) {
  // 2 MiB of what could be begun again at every byte, then above the limit.
  const size_t size = size_t{2} << 20U;
  for (const std::string_view unit : {"(", "stream\n", "/a#", "%", "<<", "(\\"}) {
    std::string bytes = small_pdf();
    std::string filling;
    while (filling.size() < size) filling += unit;
    bytes.insert(9, filling);
    check_pdf(bytes).ok();
  }
  std::string big = small_pdf();
  big.insert(9, std::string(size_t{30} << 20U, ' '));
  EXPECT_NE(verdict(big).find("above 30 MiB"), std::string::npos);
}

}  // namespace
}  // namespace psl
