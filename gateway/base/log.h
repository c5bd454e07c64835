// One JSON line per fact on stderr. Only values that cannot hold a person's data can be given to it: the
// types refuse the rest, so that a slip does not compile.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/uuid.h"

namespace psl {

// A text that is safe to log: a literal of the program, or a checked code.
class SafeText {
 public:
  template <size_t n>
  // NOLINTNEXTLINE(google-explicit-constructor)
  consteval SafeText(const char (&literal)[n]) : literal_(literal, n - 1) {}

  // [A-Za-z0-9._:/@ +-] up to 120 characters are kept, anything else becomes '?'. For codes, names of the
  // configuration, versions, host names; never for a text that came with a message.
  static SafeText code(std::string_view text);
  // A path of the operator's configuration or of this machine; control characters become '?'. At most 300
  // characters.
  static SafeText path(std::string_view text);
  // The text of an error of ours, which never holds a value that a caller sent.
  static SafeText error(const Error& error);

  std::string_view view() const noexcept {
    return owned_.empty() ? literal_ : std::string_view(owned_.data(), owned_.size());
  }

 private:
  explicit SafeText(std::string_view owned) : owned_(owned.begin(), owned.end()) {}
  std::string_view literal_;
  std::vector<char> owned_;  // not std::string: its own small buffer cannot be built in a constant expression
};

struct LogField {
  LogField(SafeText key, SafeText text) : name(std::move(key)), value(std::move(text)) {}
  LogField(SafeText key, int64_t count)
      : name(std::move(key)), value(SafeText::code("")), number(count), is_number(true) {}
  LogField(SafeText key, const Uuid& id) : name(std::move(key)), value(SafeText::code(id.text())) {}

  SafeText name;
  SafeText value;
  int64_t number = 0;
  bool is_number = false;
};

// error: a person must act. warn: the program copes. info: a change of state. debug: off by default.
enum class LogLevel { debug, info, warn, error };

// Thread safe. `fact` names what happened: "event accepted".
void log(LogLevel level, SafeText fact, std::initializer_list<LogField> fields = {});

// From which level on lines are written; default info.
void set_log_level(LogLevel level);

// Sends protobuf's own messages through log(), without their text, which may quote a value. Call once, in
// main.
void capture_library_logs();

}  // namespace psl
