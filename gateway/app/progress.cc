#include "gateway/app/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "gateway/app/when.h"

namespace psl {
namespace {

constexpr Span bar_interval = milliseconds(100);
constexpr Span line_interval = seconds(5);
constexpr int bar_columns_max = 30;
// A shorter bar says nothing.
constexpr int bar_columns_min = 10;

int terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string rate_and_rest(const ProgressFacts& facts) {
  std::string out;
  if (facts.done > 0 && facts.elapsed.us > 0) {
    const double rate = static_cast<double>(facts.done) * 1e6 / static_cast<double>(facts.elapsed.us);
    char text[32];
    std::snprintf(text, sizeof text, rate < 10 ? ", %.1f/s" : ", %.0f/s", rate);
    out += text;
  }
  if (facts.refused > 0) out += ", " + std::to_string(facts.refused) + " refused";
  if (facts.done > 0 && facts.done < facts.total) {
    const double left = static_cast<double>(facts.elapsed.us) *
                        static_cast<double>(facts.total - facts.done) / static_cast<double>(facts.done);
    out += ", " + clock_text(Span{static_cast<int64_t>(left)}) + " left";
  }
  return out;
}

}  // namespace

std::string progress_line(const ProgressFacts& facts) {
  return std::to_string(facts.done) + " of " + std::to_string(facts.total) + " " + facts.what +
         rate_and_rest(facts);
}

std::string progress_bar(const ProgressFacts& facts, int columns) {
  std::string text = std::to_string(facts.done) + "/" + std::to_string(facts.total) + " " + facts.what +
                     rate_and_rest(facts);
  // The last column stays free: some terminals begin a new line as soon as it is written.
  const int room = columns - 1 - static_cast<int>(text.size()) - 3;
  const int width = std::min(room, bar_columns_max);
  if (width < bar_columns_min) return text.substr(0, static_cast<size_t>(std::max(columns - 1, 0)));
  const int64_t total = std::max<int64_t>(facts.total, 1);
  const auto filled = static_cast<size_t>(std::clamp<int64_t>(width * facts.done / total, 0, width));
  std::string bar(filled, '=');
  if (filled < static_cast<size_t>(width)) bar += '>';
  bar.resize(static_cast<size_t>(width), ' ');
  return "[" + bar + "] " + text;
}

Progress::Style Progress::style_for(bool wanted) {
  if (!wanted) return Style::none;
  return ::isatty(STDERR_FILENO) == 1 ? Style::bar : Style::line;
}

Progress::Progress(Style style, std::string what, int64_t total, Env& env)
    : style_(style), env_(env), begun_(env.monotonic()), shown_at_(begun_) {
  facts_.what = std::move(what);
  facts_.total = total;
}

void Progress::step(bool refused) {
  ++facts_.done;
  if (refused) ++facts_.refused;
  show();
}

void Progress::show() {
  const Instant now = env_.monotonic();
  facts_.elapsed = now - begun_;
  if (style_ == Style::none || now < shown_at_ + (style_ == Style::bar ? bar_interval : line_interval))
    return;
  shown_at_ = now;
  if (style_ == Style::line) {
    std::fprintf(stderr, "%s\n", progress_line(facts_).c_str());
  } else {
    std::fprintf(stderr, "\r\x1b[K%s", progress_bar(facts_, terminal_columns()).c_str());
    drawn_ = true;
  }
  std::fflush(stderr);
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace psl
