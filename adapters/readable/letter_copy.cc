#include "adapters/readable/letter_copy.h"

#include "adapters/readable/letter_layout.h"
#include "adapters/readable/page_painter.h"
#include "adapters/readable/paper.h"
#include "adapters/readable/pdfa.h"

namespace psl {

Result<std::string> copy_of_view(const DocumentView& view, const CopyFonts& fonts) {
  Typesetter typesetter(fonts);
  Paper paper;
  if (Status status = lay_out_letter(view, typesetter, paper); !status.ok()) return status.error();
  const Result<const std::vector<PaperPage>*> pages = paper.finish();
  if (!pages.ok()) return pages.error();
  const Result<std::string> drawn = paint_pages(**pages, view, typesetter);
  if (!drawn.ok()) return drawn.error();
  return finish_pdfa(*drawn, {view.title, view.created});
}

}  // namespace psl
