#include "gateway/base/log.h"

#include <google/protobuf/stubs/logging.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>

#include "gateway/base/env.h"

namespace psl {
namespace {

std::atomic<LogLevel> lowest_level{LogLevel::info};

constexpr std::string_view level_names[] = {"debug", "info", "warn", "error"};

bool code_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("._:/@ +-").find(c) != std::string_view::npos;
}

std::string cleaned(std::string_view text, size_t most, bool (*keep)(char)) {
  std::string out(text.substr(0, most));
  std::replace_if(
      out.begin(), out.end(), [keep](char c) { return !keep(c); }, '?');
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += ' ';
    } else {
      out += c;
    }
  }
  out += '"';
}

// protobuf's own texts may quote a field's content: only where it speaks from is kept.
void on_protobuf_log(google::protobuf::LogLevel level, const char*, int line, const std::string&) {
  log(level >= google::protobuf::LOGLEVEL_ERROR ? LogLevel::warn : LogLevel::debug,
      "protobuf message withheld", {{"line", line}});
}

}  // namespace

SafeText SafeText::code(std::string_view text) { return SafeText(cleaned(text, 120, code_character)); }

SafeText SafeText::path(std::string_view text) {
  return SafeText(
      cleaned(text, 300, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; }));
}

SafeText SafeText::error(const Error& error) { return SafeText(error.describe()); }

void set_log_level(LogLevel level) { lowest_level = level; }

void log(LogLevel level, SafeText fact, std::initializer_list<LogField> fields) {
  if (level < lowest_level.load()) return;
  std::string line = "{\"time\":\"" + to_rfc3339(system_env().now()) + "\",\"level\":\"";
  line += level_names[static_cast<size_t>(level)];
  line += "\",\"fact\":";
  append_json_string(line, fact.view());
  for (const LogField& field : fields) {
    line += ',';
    append_json_string(line, field.name.view());
    line += ':';
    if (field.is_number) {
      line += std::to_string(field.number);
    } else {
      append_json_string(line, field.value.view());
    }
  }
  line += "}\n";
  // One write() a line: lines of several threads do not mix. Nothing can be done when stderr is gone.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

void capture_library_logs() { google::protobuf::SetLogHandler(on_protobuf_log); }

}  // namespace psl
