#include <utility>

#include "gateway/app/doctor.h"
#include "gateway/app/print.h"

namespace psl {
namespace {

// Errors with faults take several lines.
std::string on_one_line(std::string text) {
  for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2))
    text.replace(at, 1, "; ");
  return text;
}

std::string_view name_of_health(Health health) {
  switch (health) {
    case Health::ok:
      return "ok";
    case Health::warn:
      return "warn";
    default:
      return "FAIL";
  }
}

}  // namespace

void Diagnoses::ok(std::string check, std::string text) {
  all_.push_back({Health::ok, std::move(check), on_one_line(std::move(text)), {}});
}
void Diagnoses::warn(std::string check, std::string text, std::string todo) {
  all_.push_back({Health::warn, std::move(check), on_one_line(std::move(text)), std::move(todo)});
}
void Diagnoses::fail(std::string check, std::string text, std::string todo) {
  all_.push_back({Health::fail, std::move(check), on_one_line(std::move(text)), std::move(todo)});
}
void Diagnoses::fail(std::string check, const Error& error, std::string todo) {
  // The reason is for programs; a person reads the text.
  std::string text = error.text.empty() ? std::string(text_of(error.code)) : error.text;
  for (const FieldFault& fault : error.faults) text += "\n" + fault.path + ": " + fault.text;
  fail(std::move(check), std::move(text), std::move(todo));
}

std::string to_line(const Diagnosis& diagnosis) {
  std::string line(name_of_health(diagnosis.health));
  line.resize(6, ' ');
  line += diagnosis.check + ": " + diagnosis.text;
  return diagnosis.todo.empty() ? line : line + " -> " + diagnosis.todo;
}

std::string to_json(const Diagnosis& diagnosis) {
  return "{\"health\":" +
         quoted(diagnosis.health == Health::fail ? "fail" : name_of_health(diagnosis.health)) +
         ",\"check\":" + quoted(diagnosis.check) + ",\"text\":" + quoted(diagnosis.text) +
         ",\"todo\":" + quoted(diagnosis.todo) + "}";
}

}  // namespace psl
