#include "adapters/readable/pdfa.h"

#include <gtest/gtest.h>

#include "adapters/readable/letter_copy.h"
#include "tests/adapters/readable/pdf_reading.h"
#include "tests/adapters/readable/sample_view.h"

namespace psl {
namespace {

std::string finished(const DocumentView& view) {
  const Result<CopyFonts>& fonts = CopyFonts::installed();
  const Result<std::string> pdf = copy_of_view(view, *fonts);
  EXPECT_TRUE(pdf.ok());
  return pdf.ok() ? *pdf : std::string();
}

TEST(Pdfa, SaysThatItIsOne) {
  // Version, colour space, language and conformance are where ISO 19005-1 looks for them.
  ReadPdf read(finished(complete_view()));
  EXPECT_EQ(read.bytes.substr(0, 8), "%PDF-1.4");
  EXPECT_EQ(read.bytes.find("/ObjStm"), std::string::npos);
  QPDFObjectHandle catalog = read.pdf.getRoot();
  EXPECT_EQ(catalog.getKey("/Lang").getStringValue(), "fr-FR");
  EXPECT_TRUE(catalog.getKey("/ViewerPreferences").getKey("/DisplayDocTitle").getBoolValue());
  QPDFObjectHandle intents = catalog.getKey("/OutputIntents");
  ASSERT_EQ(intents.getArrayNItems(), 1);
  EXPECT_TRUE(intents.getArrayItem(0).getKey("/S").isNameAndEquals("/GTS_PDFA1"));
  EXPECT_TRUE(intents.getArrayItem(0).getKey("/DestOutputProfile").isStream());
  const std::string xmp = text_of_stream(catalog.getKey("/Metadata"));
  EXPECT_NE(xmp.find("<pdfaid:part>1</pdfaid:part>"), std::string::npos);
  EXPECT_NE(xmp.find("<pdfaid:conformance>B</pdfaid:conformance>"), std::string::npos);
  EXPECT_TRUE(read.pdf.getTrailer().getKey("/ID").isArray());
  for (QPDFPageObjectHelper page : QPDFPageDocumentHelper(read.pdf).getAllPages()) {
    EXPECT_FALSE(page.getObjectHandle().hasKey("/Group"));
  }
}

TEST(Pdfa, NamesTheDocumentAndNotThePatient) {
  // A list of files shows titles: neither Info nor XMP says whose letter it is; they say the same title and
  // date.
  ReadPdf read(finished(complete_view()));
  QPDFObjectHandle info = read.pdf.getTrailer().getKey("/Info");
  const std::string title = info.getKey("/Title").getUTF8Value();
  EXPECT_EQ(title, complete_view().title);
  EXPECT_EQ(info.getKey("/CreationDate").getStringValue(), "D:20250224163000Z");
  const std::string xmp = text_of_stream(read.pdf.getRoot().getKey("/Metadata"));
  EXPECT_NE(xmp.find(title), std::string::npos);
  EXPECT_NE(xmp.find("<xmp:CreateDate>2025-02-24T16:30:00Z<"), std::string::npos);
  for (const std::string& text : {xmp, info.unparse()}) {
    for (const char* name : {"TOUR", "ARGENT", "MARIE", "265033947811573"}) {
      EXPECT_EQ(text.find(name), std::string::npos);
    }
  }
}

TEST(Pdfa, WritesATitleThatIsMarkup) {
  // What a title holds cannot end the XMP packet.
  DocumentView view = minimal_view();
  view.title = "a < b & c ]]> é 漢";
  ReadPdf read(finished(view));
  EXPECT_EQ(read.pdf.getTrailer().getKey("/Info").getKey("/Title").getUTF8Value(), view.title);
  const std::string xmp = text_of_stream(read.pdf.getRoot().getKey("/Metadata"));
  EXPECT_NE(xmp.find("a &lt; b &amp; c ]]&gt; é 漢<"), std::string::npos);
}

TEST(Pdfa, ClaimsNoMoreOfADateThanTheDocument) {
  // Without an offset none is written; a text that is no date gives none.
  DocumentView view = minimal_view();
  view.created = "20250224173000";
  EXPECT_EQ(ReadPdf(finished(view)).pdf.getTrailer().getKey("/Info").getKey("/CreationDate").getStringValue(),
            "D:20250224173000");
  view.created = "hier";
  EXPECT_FALSE(ReadPdf(finished(view)).pdf.getTrailer().getKey("/Info").hasKey("/CreationDate"));
}

TEST(Pdfa, RefusesWhatIsNoPdf) {
  // A fault of the drawing ends in an error, not in an exception.
  for (const char* drawn : {"", "no PDF", "%PDF-1.4\ntrailer << >>\nstartxref\n9\n%%EOF\n"}) {
    const Result<std::string> pdf = finish_pdfa(drawn, {"Titre", ""});
    ASSERT_FALSE(pdf.ok());
    EXPECT_EQ(pdf.error().code, ErrorCode::internal);
  }
}

}  // namespace
}  // namespace psl
