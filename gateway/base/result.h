// Expected failures as values: Result<T> is a T or an Error, and an Error never holds a value that a caller
// sent.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace psl {

enum class ErrorCode {
#define PSL_ERROR(name, reason, grpc_code, text) name,
#include "gateway/base/errors.def"
#undef PSL_ERROR
};

// The stable reason ("FIELD_INVALID"), the gRPC status code, and the default text of a code.
std::string_view reason_of(ErrorCode code);
int grpc_code_of(ErrorCode code);
std::string_view text_of(ErrorCode code);

// One wrong field: its path in proto field names from the request, and what is expected. Never the value.
struct FieldFault {
  std::string path;
  std::string text;
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  // In English, for the developer of the client or the operator. Empty: the default text of the code.
  std::string text;
  std::vector<FieldFault> faults;

  // "REASON: text" followed by one "path: text" per fault.
  std::string describe() const;
};

// A broken invariant: says where on stderr and ends the process, in release too.
[[noreturn]] void trap(const char* what, const char* file, int line);
#define PSL_CHECK(condition) ((condition) ? void() : ::psl::trap(#condition, __FILE__, __LINE__))

// A value or an error; test it before use. Reading the wrong side traps.
template <typename T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  const T& value() const& {
    PSL_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T& value() & {
    PSL_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    PSL_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const& {
    PSL_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    PSL_CHECK(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

// Success, or an error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const& {
    PSL_CHECK(!ok());
    return *error_;
  }
  Error&& error() && {
    PSL_CHECK(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

// Shorthands for the two usual errors.
Error error_of(ErrorCode code, std::string text = {});
Error field_error(std::string path, std::string text);

}  // namespace psl
