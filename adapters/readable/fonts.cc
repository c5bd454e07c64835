#include "adapters/readable/fonts.h"

#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <pango/pangofc-fontmap.h>

#include <filesystem>
#include <string_view>
#include <utility>

#ifdef __SANITIZE_ADDRESS__
// Fontconfig keeps offsets where others keep pointers: what it holds looks lost to a leak checker.
extern "C" const char* __lsan_default_suppressions();                                    // NOLINT
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig\n"; }  // NOLINT
#endif

namespace psl {
namespace {

// Those of fonts-liberation2 and fonts-dejavu-core: oblique DejaVu is in another package, and a machine that
// has it must not draw other pages.
constexpr std::string_view font_files[] = {
    "LiberationSans-Regular.ttf",    "LiberationSans-Bold.ttf", "LiberationSans-Italic.ttf",
    "LiberationSans-BoldItalic.ttf", "DejaVuSans.ttf",          "DejaVuSans-Bold.ttf"};

// Where Debian puts them.
const std::vector<std::string> usual_folders = {"/usr/share/fonts/truetype/liberation2",
                                                "/usr/share/fonts/truetype/liberation",
                                                "/usr/share/fonts/truetype/dejavu"};

// Two letters that are set or painted at the same moment share fonts inside of Cairo, whatever we keep apart;
// under load version 1.16 then ends the process (an assertion of cairo-error.c).
std::mutex loan_mutex;

std::string find_font(std::string_view file, const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    const std::filesystem::path path = std::filesystem::path(folder) / file;
    std::error_code problem;
    if (std::filesystem::is_regular_file(path, problem)) return path.string();
  }
  return {};
}

}  // namespace

void CopyFonts::ConfigDestroy::operator()(_FcConfig* config) const { FcConfigDestroy(config); }
void CopyFonts::CharSetDestroy::operator()(_FcCharSet* characters) const { FcCharSetDestroy(characters); }
void CopyFonts::FontMapUnref::operator()(_PangoFontMap* map) const { g_object_unref(map); }
void FontLoan::ContextUnref::operator()(_PangoContext* context) const { g_object_unref(context); }

CopyFonts::CopyFonts() : config_(FcConfigCreate()), characters_(FcCharSetCreate()) {
  PSL_CHECK(config_ != nullptr && characters_ != nullptr);
}

const Result<CopyFonts>& CopyFonts::installed() {
  static const Result<CopyFonts>* const fonts =
      std::make_unique<Result<CopyFonts>>(load(usual_folders)).release();
  return *fonts;
}

Result<CopyFonts> CopyFonts::load(const std::vector<std::string>& folders) {
  CopyFonts fonts;
  for (const std::string_view file : font_files) {
    const std::string path = find_font(file, folders);
    const auto* name = reinterpret_cast<const FcChar8*>(path.c_str());
    if (path.empty() || FcConfigAppFontAddFile(fonts.config_.get(), name) == FcFalse) {
      return error_of(
          ErrorCode::configuration,
          "the font " + std::string(file) + " is missing: install fonts-liberation2 and fonts-dejavu-core");
    }
  }
  const FcFontSet* set = FcConfigGetFonts(fonts.config_.get(), FcSetApplication);
  for (int i = 0; i < set->nfont; ++i) {
    FcCharSet* of_font = nullptr;
    if (FcPatternGetCharSet(set->fonts[i], FC_CHARSET, 0, &of_font) == FcResultMatch) {
      FcCharSetMerge(fonts.characters_.get(), of_font, nullptr);
    }
  }
  return fonts;
}

bool CopyFonts::has(char32_t character) const {
  return FcCharSetHasChar(characters_.get(), static_cast<FcChar32>(character)) == FcTrue;
}

_PangoFontMap* CopyFonts::opened() const {
  if (map_ != nullptr) return map_.get();
  map_.reset(pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT));
  PSL_CHECK(map_ != nullptr);
  pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(map_.get()), config_.get());
  pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(map_.get()), 72);
  return map_.get();
}

FontLoan::FontLoan(const CopyFonts& fonts)
    : fonts_(fonts), alone_(loan_mutex), context_(pango_font_map_create_context(fonts.opened())) {
  const std::unique_ptr<cairo_font_options_t, decltype(&cairo_font_options_destroy)> options(
      cairo_font_options_create(), &cairo_font_options_destroy);
  cairo_font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(options.get(), CAIRO_ANTIALIAS_GRAY);
  pango_cairo_context_set_font_options(context_.get(), options.get());
  pango_context_set_round_glyph_positions(context_.get(), FALSE);
  pango_context_set_language(context_.get(), pango_language_from_string("fr"));
}

}  // namespace psl
