// The fonts of the readable copy: Liberation Sans, then DejaVu Sans for what it lacks. Nothing else of the
// machine's font settings is read, so that a letter looks the same wherever it is made.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/base/result.h"

struct _FcCharSet;
struct _FcConfig;
struct _PangoContext;
struct _PangoFontMap;

namespace psl {

// Thread safe.
class CopyFonts {
 public:
  // Those of this machine, loaded once and never given back: Pango cannot give back all that it takes.
  // `configuration`, naming the file, when one is missing.
  static const Result<CopyFonts>& installed();
  static Result<CopyFonts> load(const std::vector<std::string>& folders);

  // Whether one of the fonts can show this character.
  bool has(char32_t character) const;

 private:
  friend class FontLoan;
  struct ConfigDestroy {
    void operator()(_FcConfig* config) const;
  };
  struct CharSetDestroy {
    void operator()(_FcCharSet* characters) const;
  };
  struct FontMapUnref {
    void operator()(_PangoFontMap* map) const;
  };
  using FontMapPtr = std::unique_ptr<_PangoFontMap, FontMapUnref>;

  CopyFonts();
  // For who has the loan.
  _PangoFontMap* opened() const;

  std::unique_ptr<_FcConfig, ConfigDestroy> config_;
  std::unique_ptr<_FcCharSet, CharSetDestroy> characters_;
  // Kept open: to open fonts takes longer than a letter.
  mutable FontMapPtr map_;
};

// What one letter is set with: a Pango context in these fonts, unhinted, one unit a point. For one thread;
// what it set ends before it does. There is one at a time in the whole process: whoever wants another waits,
// a thread that has one for ever.
class FontLoan {
 public:
  explicit FontLoan(const CopyFonts& fonts);
  FontLoan(const FontLoan&) = delete;
  FontLoan& operator=(const FontLoan&) = delete;

  const CopyFonts& fonts() const { return fonts_; }
  _PangoContext* context() const { return context_.get(); }

 private:
  struct ContextUnref {
    void operator()(_PangoContext* context) const;
  };

  const CopyFonts& fonts_;
  std::lock_guard<std::mutex> alone_;
  std::unique_ptr<_PangoContext, ContextUnref> context_;
};

}  // namespace psl
