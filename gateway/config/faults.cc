#include "gateway/config/faults.h"

#include <utility>

namespace psl::config {
namespace {

constexpr size_t faults_max = 20;

// "a.b[2].c" -> "a.b[2]" -> "a.b" -> "a" -> "".
std::string_view parent_of(std::string_view path) {
  const size_t cut = path.find_last_of(".[");
  return cut == std::string_view::npos ? std::string_view() : path.substr(0, cut);
}

}  // namespace

uint32_t place_of(const Places& places, std::string_view path) {
  for (;; path = parent_of(path)) {
    if (const auto found = places.find(path); found != places.end()) return found->second;
    if (path.empty()) return 0;
  }
}

bool given(const Places& places, std::string_view path) { return places.find(path) != places.end(); }

void Faults::add(uint32_t at, std::string_view path, std::string text) {
  if (error_.faults.size() == faults_max) {
    more_ = true;
    return;
  }
  std::string where = source_.place(at);
  if (!path.empty()) where.append(": ").append(path);
  error_.faults.push_back({std::move(where), std::move(text)});
}

Error Faults::take(ErrorCode code) {
  PSL_CHECK(!empty());
  error_.code = code;
  error_.text = more_ ? "the file has wrong or missing fields; here are the first 20"
                      : "the file has wrong or missing fields";
  return std::move(error_);
}

}  // namespace psl::config
