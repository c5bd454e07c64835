#include "adapters/readable/letter_copy.h"

#include "adapters/readable/letter_layout.h"
#include "adapters/readable/page_painter.h"
#include "adapters/readable/paper.h"
#include "adapters/readable/pdfa.h"

namespace psl {

namespace {

Result<std::string> draw(const DocumentView& view, const CopyFonts& fonts) {
  Typesetter typesetter(fonts);
  Paper paper;
  if (Status status = lay_out_letter(view, typesetter, paper); !status.ok()) return status.error();
  const Result<const std::vector<PaperPage>*> pages = paper.finish();
  if (!pages.ok()) return pages.error();
  return paint_pages(**pages, view, typesetter);
}

}  // namespace

Result<std::string> copy_of_view(const DocumentView& view, const CopyFonts& fonts) {
  const Result<std::string> drawn = draw(view, fonts);
  if (!drawn.ok()) return drawn.error();
  return finish_pdfa(*drawn, {view.title, view.created});
}

}  // namespace psl
