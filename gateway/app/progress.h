// How far a command with many files is: a bar on a terminal, else a plain line now and then.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/base/env.h"

namespace psl {

struct ProgressFacts {
  // "sent", "settled".
  std::string what;
  int64_t done = 0;
  int64_t total = 0;
  int64_t refused = 0;
  Span elapsed;
};

// "[=====>    ] 1200/10000 sent, 350/s, 2 refused, 0:25 left", at most `columns` wide: a narrow terminal gets
// no bar.
std::string progress_bar(const ProgressFacts& facts, int columns);
// "1200 of 10000 sent, 350/s, 2 refused, 0:25 left".
std::string progress_line(const ProgressFacts& facts);

// Writes to stderr. One thread at a time.
class Progress {
 public:
  enum class Style { none, line, bar };
  // `bar` when stderr is a terminal, else `line`; `none` when it is not wanted.
  static Style style_for(bool wanted);

  Progress(Style style, std::string what, int64_t total, Env& env);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(bool refused);
  // Shows what there is to show when it is time for it: a bar ten times a second, a line every 5 s.
  void show();
  // Takes the bar away, so that something else can be printed; the next show() draws it again.
  void clear();

  const ProgressFacts& facts() const { return facts_; }

 private:
  const Style style_;
  Env& env_;
  const Instant begun_;
  ProgressFacts facts_;
  Instant shown_at_;
  bool drawn_ = false;
};

}  // namespace psl
