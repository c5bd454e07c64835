#include "adapters/readable/letter_copy.h"

#include <gtest/gtest.h>

#include <thread>

#include "adapters/formats/pdf_check.h"
#include "tests/adapters/readable/pdf_reading.h"
#include "tests/adapters/readable/sample_view.h"

namespace psl {
namespace {

class LetterCopyTest : public ::testing::Test {
 protected:
  std::string copy_of(const DocumentView& view) {
    const Result<std::string> pdf = copy_of_view(view, *fonts_);
    EXPECT_TRUE(pdf.ok()) << (pdf.ok() ? "" : pdf.error().describe());
    return pdf.ok() ? *pdf : std::string();
  }
  const Result<CopyFonts>& fonts_ = CopyFonts::installed();
};

// In scripts that need the second font, and no font at all.
DocumentView view_of_many_scripts() {
  DocumentView view = minimal_view();
  view.sections.push_back({"Écritures",
                           1,
                           {paragraph_of("العربية: المريض يتناول 5 ملغ مرتين في اليوم."),
                            paragraph_of("Ελληνικά, Русский, ğışö, Tiếng Việt"),
                            paragraph_of("😀 👩‍⚕️ 漢字 עברית ﬁ"),
                            table_of({row_of({"العربية", "Ελληνικά"}, true), row_of({"سطر", "ένα"})})}});
  return view;
}

TEST_F(LetterCopyTest, GivesTheSameBytesForTheSameDocument) {
  // No clock, no counter and no memory of an earlier letter goes into the file.
  const std::string first = copy_of(complete_view());
  (void)copy_of(view_of_many_scripts());
  EXPECT_EQ(copy_of(complete_view()), first);
  std::string elsewhere;
  std::thread([&] { elsewhere = copy_of(complete_view()); }).join();
  EXPECT_EQ(elsewhere, first);
}

TEST_F(LetterCopyTest, MayBeAttachedToALetter) {
  // Our own check of the PDF of others lets it pass: whole, no script, not encrypted.
  EXPECT_TRUE(check_pdf(copy_of(complete_view())).ok());
  EXPECT_TRUE(check_pdf(copy_of(view_of_many_scripts())).ok());
}

TEST_F(LetterCopyTest, ShowsItsTextAsText) {
  // What the document says can be selected and searched, on each page with whose it is and which page.
  ReadPdf pdf(copy_of(complete_view()));
  std::string all;
  const auto pages = QPDFPageDocumentHelper(pdf.pdf).getAllPages();
  for (size_t i = 0; i < pages.size(); ++i) {
    const std::string text = shown_text(pages[i]);
    EXPECT_NE(text.find("09/03/1965"), std::string::npos);
    EXPECT_NE(text.find("page " + std::to_string(i + 1) + "/" + std::to_string(pages.size())),
              std::string::npos);
    all += text;
  }
  for (const char* said : {"Centre hospitalier de Louhans-le-Test", "Cabinet infirmier des Essais",
                           "265033947811573", "Motif d'hospitalisation", "sans facteur retrouv", "1 comprim",
                           "INS", "Potassium", "seul fait foi", "Une image du document"}) {
    EXPECT_NE(all.find(said), std::string::npos) << said;
  }
}

TEST_F(LetterCopyTest, EmbedsEveryFontWithItsCharacters) {
  // A reader needs no font of its own, and copies the text that it sees.
  ReadPdf pdf(copy_of(view_of_many_scripts()));
  size_t descriptors = 0;
  size_t composite = 0;
  for (QPDFObjectHandle object : pdf.pdf.getAllObjects()) {
    if (!object.isDictionary()) continue;
    QPDFObjectHandle subtype = object.getKey("/Subtype");
    if (subtype.isNameAndEquals("/TrueType") || subtype.isNameAndEquals("/Type0")) {
      EXPECT_TRUE(object.getKey("/ToUnicode").isStream());
    }
    if (subtype.isNameAndEquals("/CIDFontType2")) {
      ++composite;
      EXPECT_TRUE(object.getKey("/CIDToGIDMap").isNameAndEquals("/Identity"));
      EXPECT_TRUE(object.getKey("/FontDescriptor").getKey("/CIDSet").isStream());
    }
    if (!object.getKey("/Type").isNameAndEquals("/FontDescriptor")) continue;
    ++descriptors;
    EXPECT_TRUE(object.getKey("/FontFile2").isStream());
  }
  EXPECT_GE(descriptors, 3U);
  EXPECT_GE(composite, 1U);
}

TEST_F(LetterCopyTest, SaysWhatCouldNotBePrinted) {
  // A character without a glyph, and an INS that fits no symbol, are told to the reader.
  DocumentView view = view_of_many_scripts();
  view.datamatrix = std::string(5000, '1');
  ReadPdf pdf(copy_of(view));
  const std::string text = shown_text(QPDFPageDocumentHelper(pdf.pdf).getAllPages().back());
  EXPECT_NE(text.find("Des caract"), std::string::npos);
  EXPECT_NE(text.find("Le Datamatrix de l'INS"), std::string::npos);
}

TEST_F(LetterCopyTest, TakesADocumentWithNothingInIt) {
  // No field of a view is needed to make a page.
  ReadPdf pdf(copy_of(DocumentView{}));
  EXPECT_EQ(pdf.pages(), 1U);
}

TEST_F(LetterCopyTest, NamesNeitherADocumentNorAPatientThatItDoesNotHave) {
  // The foot says what the view says of its origin, and nothing else; without an identity there is no
  // patient's frame.
  DocumentView view = minimal_view();
  view.reference.clear();
  view.origin.clear();
  view.patient.clear();
  view.identity_status.clear();
  ReadPdf pdf(copy_of(view));
  const std::string text = shown_text(QPDFPageDocumentHelper(pdf.pdf).getAllPages()[0]);
  EXPECT_EQ(text.find("seul fait foi"), std::string::npos);
  EXPECT_EQ(text.find("Patient"), std::string::npos);
}

TEST_F(LetterCopyTest, LaysOutLongTables) {
  // A table of thousands of rows goes over its pages; one that needs too many is refused as a document.
  DocumentView view = minimal_view();
  view.sections.push_back({"Traitements", 1, {long_table(600)}});
  ReadPdf pdf(copy_of(view));
  EXPECT_GT(pdf.pages(), 8U);
  for (QPDFPageObjectHelper page : QPDFPageDocumentHelper(pdf.pdf).getAllPages()) {
    const std::string text = shown_text(page);
    EXPECT_NE(text.find("dicament"), std::string::npos);
    EXPECT_NE(text.find("Remarque"), std::string::npos);
  }
  std::vector<std::vector<ViewCell>> rows(12'000, row_of({"1"}));
  view.sections.back().blocks = {table_of(std::move(rows))};
  const Result<std::string> refused = copy_of_view(view, *fonts_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::document_invalid);
}

TEST_F(LetterCopyTest, RefusesTextThatFillsNoPage) {
  // Millions of spaces and marks are on no page and would cost minutes: the text is bounded too.
  DocumentView view = minimal_view();
  std::string marks;
  while (marks.size() < 99'000) marks += "\u200F";
  view.sections[0].blocks.assign(30, paragraph_of(marks));
  const Result<std::string> refused = copy_of_view(view, *fonts_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::document_invalid);
}

TEST_F(LetterCopyTest, WorksInManyThreadsAtOnce) {
  // Intake's workers may ask side by side: each waits for its turn and gets what one alone would get.
  const std::string complete = copy_of(complete_view());
  const std::string scripts = copy_of(view_of_many_scripts());
  constexpr int threads_count = 8;
  std::vector<int> wrong(threads_count, 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        const bool odd = (i + round) % 2 == 1;
        const Result<std::string> pdf = copy_of_view(odd ? complete_view() : view_of_many_scripts(), *fonts_);
        if (!pdf.ok() || *pdf != (odd ? complete : scripts)) ++wrong[static_cast<size_t>(i)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(threads_count, 0));
}

}  // namespace
}  // namespace psl
