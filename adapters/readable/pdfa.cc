#include "adapters/readable/pdfa.h"

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <qpdf/Buffer.hh>
#include <qpdf/QPDF.hh>
#include <qpdf/QPDFObjectHandle.hh>
#include <qpdf/QPDFPageDocumentHelper.hh>
#include <qpdf/QPDFWriter.hh>

#include "adapters/formats/calendar.h"
#include "adapters/readable/srgb_profile.h"

namespace psl {
namespace {

constexpr std::string_view producer = "Passerelle";

struct PdfDates {
  std::string info;  // "D:20250224163000Z"
  std::string xmp;   // "2025-02-24T16:30:00Z"
};

// Without an offset in the document none is claimed.
std::optional<PdfDates> pdf_dates_of(std::string_view created) {
  const std::optional<Hl7Time> time = parse_hl7(created);
  if (!time.has_value()) return std::nullopt;
  const std::string at = utc14(time->at);
  const std::string zone = time->has_offset ? "Z" : "";
  return PdfDates{"D:" + at + zone, at.substr(0, 4) + "-" + at.substr(4, 2) + "-" + at.substr(6, 2) + "T" +
                                        at.substr(8, 2) + ":" + at.substr(10, 2) + ":" + at.substr(12, 2) +
                                        zone};
}

std::string xmp_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

// The XMP packet says what the Info dictionary says (ISO 19005-1 section 6.7.3).
std::string xmp_packet(const std::string& title, const std::optional<PdfDates>& dates) {
  std::string out =
      "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n"
      "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
      "<rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\"\n"
      " xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\"\n"
      " xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\">\n"
      "<pdfaid:part>1</pdfaid:part>\n<pdfaid:conformance>B</pdfaid:conformance>\n"
      "<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">" +
      xmp_escaped(title) + "</rdf:li></rdf:Alt></dc:title>\n<pdf:Producer>" + std::string(producer) +
      "</pdf:Producer>\n";
  if (dates.has_value()) out += "<xmp:CreateDate>" + dates->xmp + "</xmp:CreateDate>\n";
  return out + "</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"r\"?>";
}

void write_info(QPDF& pdf, const std::string& title, const std::optional<PdfDates>& dates) {
  QPDFObjectHandle info = QPDFObjectHandle::newDictionary();
  info.replaceKey("/Title", QPDFObjectHandle::newUnicodeString(title));
  info.replaceKey("/Producer", QPDFObjectHandle::newString(std::string(producer)));
  if (dates.has_value()) info.replaceKey("/CreationDate", QPDFObjectHandle::newString(dates->info));
  pdf.getTrailer().replaceKey("/Info", pdf.makeIndirectObject(info));
}

void write_catalog(QPDF& pdf, const std::string& packet) {
  static const std::string profile = make_srgb_profile();
  QPDFObjectHandle catalog = pdf.getRoot();
  catalog.replaceKey("/Lang", QPDFObjectHandle::newString("fr-FR"));
  catalog.replaceKey("/ViewerPreferences", QPDFObjectHandle::parse("<< /DisplayDocTitle true >>"));
  // Not compressed, so that programs which do not read PDF find it (section 6.7.2).
  QPDFObjectHandle metadata = QPDFObjectHandle::newStream(&pdf, packet);
  metadata.getDict().replaceKey("/Type", QPDFObjectHandle::newName("/Metadata"));
  metadata.getDict().replaceKey("/Subtype", QPDFObjectHandle::newName("/XML"));
  catalog.replaceKey("/Metadata", metadata);
  QPDFObjectHandle colours = QPDFObjectHandle::newStream(&pdf, profile);
  colours.getDict().replaceKey("/N", QPDFObjectHandle::newInteger(3));
  QPDFObjectHandle intent = QPDFObjectHandle::parse(
      "<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) /Info (sRGB) >>");
  intent.replaceKey("/DestOutputProfile", colours);
  catalog.replaceKey("/OutputIntents", QPDFObjectHandle::newArray({pdf.makeIndirectObject(intent)}));
}

uint32_t big_endian(const unsigned char* at, size_t bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8U | at[i];
  return value;
}

// numGlyphs of the table "maxp" of a TrueType font; 0 when there is none.
size_t glyphs_in(const unsigned char* font, size_t size) {
  if (size < 12) return 0;
  const size_t tables = big_endian(font + 4, 2);
  for (size_t i = 0; i < tables && 12 + 16 * (i + 1) <= size; ++i) {
    const unsigned char* entry = font + 12 + 16 * i;
    const size_t offset = big_endian(entry + 8, 4);
    if (std::string_view(reinterpret_cast<const char*>(entry), 4) != "maxp" || offset + 6 > size) continue;
    return big_endian(font + offset + 4, 2);
  }
  return 0;
}

// A subset of a font with CIDs says which glyphs it has (section 6.3.5): Cairo numbers them without gaps.
void add_glyph_set(QPDF& pdf, QPDFObjectHandle descriptor) {
  const std::shared_ptr<Buffer> font = descriptor.getKey("/FontFile2").getStreamData();
  const size_t glyphs = glyphs_in(font->getBuffer(), font->getSize());
  std::string bits((glyphs + 7) / 8, '\0');
  for (size_t i = 0; i < glyphs; ++i) {
    bits[i / 8] = static_cast<char>(static_cast<unsigned char>(bits[i / 8]) | (0x80U >> (i % 8)));
  }
  descriptor.replaceKey("/CIDSet", QPDFObjectHandle::newStream(&pdf, bits));
}

void finish_objects(QPDF& pdf) {
  for (QPDFObjectHandle object : pdf.getAllObjects()) {
    if (object.isDictionary() && object.getKey("/Subtype").isNameAndEquals("/CIDFontType2")) {
      // Cairo leaves out what is the default (section 6.3.3.2 wants it said).
      object.replaceKey("/CIDToGIDMap", QPDFObjectHandle::newName("/Identity"));
      add_glyph_set(pdf, object.getKey("/FontDescriptor"));
    }
  }
  for (QPDFPageObjectHelper& page : QPDFPageDocumentHelper(pdf).getAllPages()) {
    page.getObjectHandle().removeKey("/Group");
  }
}

std::string written(QPDF& pdf) {
  QPDFWriter writer(pdf);
  writer.setOutputMemory();
  writer.setObjectStreamMode(qpdf_o_disable);
  writer.setStreamDataMode(qpdf_s_preserve);
  writer.setNewlineBeforeEndstream(true);
  writer.forcePDFVersion("1.4");
  writer.setDeterministicID(true);
  writer.write();
  const std::shared_ptr<Buffer> bytes = writer.getBufferSharedPointer();
  return {reinterpret_cast<const char*>(bytes->getBuffer()), bytes->getSize()};
}

}  // namespace

Result<std::string> finish_pdfa(const std::string& drawn, const PdfaFacts& facts) {
  const std::optional<PdfDates> dates = pdf_dates_of(facts.created);
  try {
    QPDF pdf;
    pdf.setSuppressWarnings(true);
    pdf.setAttemptRecovery(false);
    pdf.processMemoryFile("drawn", drawn.data(), drawn.size());
    write_info(pdf, facts.title, dates);
    write_catalog(pdf, xmp_packet(facts.title, dates));
    finish_objects(pdf);
    return written(pdf);
  } catch (const std::exception&) {
    // Its text may quote the file.
    return error_of(ErrorCode::internal, "the readable copy could not be made a PDF/A");
  }
}

}  // namespace psl
