#include "adapters/readable/pdf_copy.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/formats/pdf_check.h"
#include "adapters/readable/letter_copy.h"
#include "tests/adapters/readable/pdf_reading.h"
#include "tests/adapters/readable/sample_view.h"

namespace psl {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view small_cda = R"(<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <id root="1.2.250.1.999.1.1.7"/>
  <title>Lettre de liaison</title>
  <effectiveTime value="20250224173000+0100"/>
  <component><structuredBody><component><section>
    <title>Traitements</title>
    <text><paragraph>Aucun traitement.</paragraph></text>
  </section></component></structuredBody></component>
</ClinicalDocument>)";

TEST(PdfCopy, LaysOutADocument) {
  // The narrative of a CDA becomes the text of a page, its date the file's.
  const auto copy = make_pdf_copy();
  ASSERT_TRUE(copy.ok());
  const Result<std::string> pdf = (*copy)->lay_out(small_cda);
  ASSERT_TRUE(pdf.ok()) << pdf.error().describe();
  ReadPdf read(*pdf);
  const std::string text = shown_text(QPDFPageDocumentHelper(read.pdf).getAllPages()[0]);
  EXPECT_NE(text.find("Aucun traitement."), std::string::npos);
  EXPECT_EQ(read.pdf.getTrailer().getKey("/Info").getKey("/CreationDate").getStringValue(),
            "D:20250224163000Z");
}

TEST(PdfCopy, RefusesWhatIsNoDocument) {
  // Bytes that are not a CDA give an error and no PDF.
  const auto copy = make_pdf_copy();
  ASSERT_TRUE(copy.ok());
  EXPECT_FALSE((*copy)->lay_out("not a document").ok());
}

void leave(const fs::path& folder, const std::string& name, const Result<std::string>& pdf) {
  ASSERT_TRUE(pdf.ok()) << name << ": " << pdf.error().describe();
  EXPECT_TRUE(check_pdf(*pdf).ok()) << name;
  std::ofstream(folder / (name + ".pdf"), std::ios::binary) << *pdf;
}

// PASSERELLE_PDFA_OUT: an empty folder. PASSERELLE_CDA_EXAMPLES: folders with CDA of level 3, parted by ":".
TEST(PdfCopy, LeavesItsCopiesForAJudge) {
  // For tests/deep/pdfa.sh, where a program of others judges them.
  const char* out = std::getenv("PASSERELLE_PDFA_OUT");
  if (out == nullptr) GTEST_SKIP() << "PASSERELLE_PDFA_OUT names no folder";
  const Result<CopyFonts>& fonts = CopyFonts::installed();
  ASSERT_TRUE(fonts.ok());
  DocumentView scripts = minimal_view();
  scripts.sections[0].blocks = {
      paragraph_of("العربية 5 ملغ, עברית, Ελληνικά, Русский, Tiếng Việt, 😀 💊 漢字 ﬁ"),
      table_of({row_of({"العربية", "😀"}, true), row_of({"سطر", "e\u0301 \u200F"})})};
  DocumentView tables = complete_view();
  tables.sections[2].blocks = {long_table(3000)};
  leave(out, "hand-complete", copy_of_view(complete_view(), *fonts));
  leave(out, "hand-minimal", copy_of_view(minimal_view(), *fonts));
  leave(out, "hand-empty", copy_of_view(DocumentView{}, *fonts));
  leave(out, "hand-scripts", copy_of_view(scripts, *fonts));
  leave(out, "hand-tables", copy_of_view(tables, *fonts));
  const auto copy = make_pdf_copy();
  ASSERT_TRUE(copy.ok());
  const char* examples = std::getenv("PASSERELLE_CDA_EXAMPLES");
  std::istringstream folders(examples == nullptr ? "" : examples);
  for (std::string folder; std::getline(folders, folder, ':');) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".xml") continue;
      std::ostringstream cda;
      cda << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      // Level 1 has its PDF already.
      if (cda.str().find("structuredBody") == std::string::npos) continue;
      leave(out, entry.path().stem().string(), (*copy)->lay_out(cda.str()));
    }
  }
}

}  // namespace
}  // namespace psl
