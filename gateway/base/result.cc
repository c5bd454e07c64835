#include "gateway/base/result.h"

#include <cstdio>

namespace psl {
namespace {

struct ErrorRow {
  std::string_view reason;
  int grpc_code;
  std::string_view text;
};

constexpr ErrorRow error_rows[] = {
#define PSL_ERROR(name, reason, grpc_code, text) {reason, grpc_code, text},
#include "gateway/base/errors.def"
#undef PSL_ERROR
};

const ErrorRow& row_of(ErrorCode code) { return error_rows[static_cast<size_t>(code)]; }

}  // namespace

std::string_view reason_of(ErrorCode code) { return row_of(code).reason; }
int grpc_code_of(ErrorCode code) { return row_of(code).grpc_code; }
std::string_view text_of(ErrorCode code) { return row_of(code).text; }

std::string Error::describe() const {
  std::string out(reason_of(code));
  out += ": ";
  out += text.empty() ? std::string(text_of(code)) : text;
  for (const FieldFault& fault : faults) {
    out += "\n  ";
    out += fault.path;
    out += ": ";
    out += fault.text;
  }
  return out;
}

void trap(const char* what, const char* file, int line) {
  std::fprintf(stderr, "passerelle: broken invariant: %s at %s:%d\n", what, file, line);
  std::abort();
}

Error error_of(ErrorCode code, std::string text) { return Error{code, std::move(text), {}}; }

Error field_error(std::string path, std::string text) {
  return Error{ErrorCode::field_invalid, {}, {FieldFault{std::move(path), std::move(text)}}};
}

}  // namespace psl
