// Looks into a finished PDF, for tests.
#pragma once

#define POINTERHOLDER_TRANSITION 4
#include <qpdf/Buffer.hh>
#include <qpdf/Pl_Buffer.hh>
#include <qpdf/QPDF.hh>
#include <qpdf/QPDFObjectHandle.hh>
#include <qpdf/QPDFPageDocumentHelper.hh>
#include <string>

namespace psl {

// Owns the bytes that the library reads.
struct ReadPdf {
  explicit ReadPdf(std::string content) : bytes(std::move(content)) {
    pdf.setSuppressWarnings(true);
    pdf.processMemoryFile("copy", bytes.data(), bytes.size());
  }
  size_t pages() { return QPDFPageDocumentHelper(pdf).getAllPages().size(); }

  std::string bytes;
  QPDF pdf;
};

// The literal strings that a page shows, one after the other: of the fonts in WinAnsi, what it says.
inline std::string shown_text(QPDFPageObjectHelper page) {
  Pl_Buffer buffer("content");
  page.pipeContents(&buffer);
  const auto content = buffer.getBufferSharedPointer();
  const std::string_view all(reinterpret_cast<const char*>(content->getBuffer()), content->getSize());
  std::string text;
  bool inside = false;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i] == '(' && !inside) {
      inside = true;
    } else if (all[i] == ')' && inside) {
      inside = false;
    } else if (inside) {
      if (all[i] == '\\') ++i;
      text += all[i];
    } else if (all.substr(i, 2) == "ET") {
      text += ' ';
    }
  }
  return text;
}

inline std::string text_of_stream(QPDFObjectHandle stream) {
  const auto content = stream.getStreamData();
  return {reinterpret_cast<const char*>(content->getBuffer()), content->getSize()};
}

}  // namespace psl
