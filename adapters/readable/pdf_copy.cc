#include "adapters/readable/pdf_copy.h"

#include "adapters/formats/view/document_view.h"
#include "adapters/readable/fonts.h"
#include "adapters/readable/letter_copy.h"

namespace psl {
namespace {

class PdfCopy final : public ReadableCopy {
 public:
  explicit PdfCopy(const CopyFonts& fonts) : fonts_(fonts) {}

  Result<std::string> lay_out(std::string_view cda) const override {
    const Result<DocumentView> view = view_of(cda);
    if (!view.ok()) return view.error();
    return copy_of_view(*view, fonts_);
  }

 private:
  const CopyFonts& fonts_;
};

}  // namespace

Result<std::unique_ptr<ReadableCopy>> make_pdf_copy() {
  const Result<CopyFonts>& fonts = CopyFonts::installed();
  if (!fonts.ok()) return fonts.error();
  std::unique_ptr<ReadableCopy> copy = std::make_unique<PdfCopy>(*fonts);
  return copy;
}

}  // namespace psl
