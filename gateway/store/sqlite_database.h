// One connection to SQLite and its prepared statements, private to this folder.
//
// Errors stick: after the first one every statement does nothing and finds no row, so that a command reads as
// a straight line; whoever began the transaction asks failed() once, before the commit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/base/uuid.h"

struct sqlite3;
struct sqlite3_stmt;

namespace psl {

class Database {
 public:
  enum class Access { read, write };
  // `vfs`: empty for the system's files. `corrupt` when it is no database, `input_output` otherwise.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Access access,
                                                const std::string& vfs);

  // Several statements without parameters, whose rows are not wanted.
  void execute(const char* sql);
  // The first column of the first row of one statement without parameters; 0 when there is none.
  int64_t integer(const char* sql);

  bool failed() const noexcept { return failure_ != 0; }
  // Keeps SQLite's extended code of the first failure.
  void note(int code);
  void forget_failure() noexcept { failure_ = 0; }
  // What SQLite's code means to the caller. The text never holds a value.
  Error error() const;

  // The texts of all statements that are prepared.
  std::vector<std::string> statements() const;
  sqlite3* handle() const noexcept { return handle_.get(); }

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Closer> handle_;
  int failure_ = 0;
};

// A parameter that is bytes and not text.
struct Blob {
  std::string_view bytes;
};

class Statement {
 public:
  // A text that does not compile sticks to the database as its failure.
  Statement(Database& database, std::string_view sql);

  // Runs it to its end with these parameters, which need to live only as long as the call.
  template <typename... Values>
  void run(const Values&... values) {
    int at = 0;
    (bind(++at, values, Lifetime::call), ...);
    step();
    reset();
  }

 private:
  friend class Rows;
  enum class Lifetime { call, copied };
  void bind(int at, int64_t value, Lifetime lifetime);
  void bind(int at, int value, Lifetime lifetime) { bind(at, int64_t{value}, lifetime); }
  void bind(int at, Instant value, Lifetime lifetime) { bind(at, value.us, lifetime); }
  void bind(int at, std::string_view text, Lifetime lifetime);
  void bind(int at, const std::string& text, Lifetime lifetime) {
    bind(at, std::string_view(text), lifetime);
  }
  void bind(int at, Blob blob, Lifetime lifetime);
  void bind(int at, const Uuid& id, Lifetime lifetime);
  void bind(int at, std::nullptr_t, Lifetime lifetime);
  bool step();
  void reset();

  Database& database_;
  struct Finalizer {
    void operator()(sqlite3_stmt* handle) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalizer> handle_;
};

// The rows of one run of a statement; the statement is free again when this goes.
class Rows {
 public:
  template <typename... Values>
  explicit Rows(Statement& statement, const Values&... values) : statement_(statement) {
    int at = 0;
    (statement_.bind(++at, values, Statement::Lifetime::copied), ...);
  }
  ~Rows() { statement_.reset(); }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  bool next() { return statement_.step(); }

  // Columns of the current row, from 0. Views live until next().
  int64_t integer(int column) const;
  int small(int column) const { return static_cast<int>(integer(column)); }
  Instant instant(int column) const { return Instant{integer(column)}; }
  std::string_view bytes(int column) const;
  std::string text(int column) const { return std::string(bytes(column)); }
  bool is_null(int column) const;
  // A value that is not 16 bytes sticks to the database as corruption.
  Uuid uuid(int column) const;

 private:
  Statement& statement_;
};

}  // namespace psl
