#include "gateway/sandbox/fault.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace psl {
namespace {

constexpr int count_max = 1'000'000;

struct Shape {
  int value_default = 0;
  int value_min = 0;
  int value_max = 0;
};

// Without a range the kind takes no value.
Shape shape_of(FaultKind kind) {
  if (kind == FaultKind::refuse) return {503, 400, 599};
  if (kind == FaultKind::delay) return {3000, 1, 600'000};
  return {};
}

std::optional<int> number_in(std::string_view text, int min, int max) {
  int value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || value < min || value > max)
    return std::nullopt;
  return value;
}

Error expected_fault() {
  return field_error(
      "fault",
      "expected refuse[=400..599], delay[=milliseconds], drop-before, drop-after-store, truncate, "
      "outcome200, html, redirect or lose, then @count for so many posts only");
}

}  // namespace

std::string_view name_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::refuse:
      return "refuse";
    case FaultKind::delay:
      return "delay";
    case FaultKind::drop_before:
      return "drop-before";
    case FaultKind::drop_after_store:
      return "drop-after-store";
    case FaultKind::truncate:
      return "truncate";
    case FaultKind::outcome200:
      return "outcome200";
    case FaultKind::html:
      return "html";
    case FaultKind::redirect:
      return "redirect";
    case FaultKind::lose:
      break;
  }
  return "lose";
}

Result<Fault> parse_fault(std::string_view text) {
  Fault fault;
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    const auto count = number_in(text.substr(at + 1), 1, count_max);
    if (!count) return expected_fault();
    fault.left = *count;
    text = text.substr(0, at);
  }
  const size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const auto kind = std::ranges::find(fault_kinds, name, [](FaultKind each) { return name_of(each); });
  if (kind == fault_kinds.end()) return expected_fault();
  fault.kind = *kind;
  const Shape shape = shape_of(fault.kind);
  fault.value = shape.value_default;
  if (equals == std::string_view::npos) return fault;
  const auto value = number_in(text.substr(equals + 1), shape.value_min, shape.value_max);
  if (!value || shape.value_max == 0) return expected_fault();
  fault.value = *value;
  return fault;
}

std::string text_of(const Fault& fault) {
  std::string text(name_of(fault.kind));
  if (fault.value > 0) text += "=" + std::to_string(fault.value);
  if (fault.left > 0) text += "@" + std::to_string(fault.left);
  return text;
}

void Faults::set(const Fault& fault) {
  const std::lock_guard lock(mutex_);
  std::erase_if(faults_, [&](const Fault& each) { return each.kind == fault.kind; });
  faults_.push_back(fault);
}

void Faults::clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

std::vector<Fault> Faults::list() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

FaultPlan Faults::next() {
  const std::lock_guard lock(mutex_);
  FaultPlan plan;
  for (Fault& fault : faults_) {
    switch (fault.kind) {
      case FaultKind::delay:
        plan.delay = milliseconds(fault.value);
        break;
      case FaultKind::drop_after_store:
        plan.ending = HttpResponse::Ending::dropped;
        break;
      case FaultKind::truncate:
        plan.ending = HttpResponse::Ending::truncated;
        break;
      default:
        if (plan.stores) plan.instead = fault;
        plan.stores = false;
    }
    if (fault.left == 1) fault.left = -1;
    if (fault.left > 1) --fault.left;
  }
  std::erase_if(faults_, [](const Fault& each) { return each.left < 0; });
  if (!plan.stores)
    plan.ending = plan.instead.kind == FaultKind::drop_before ? HttpResponse::Ending::dropped
                                                              : HttpResponse::Ending::whole;
  return plan;
}

}  // namespace psl
