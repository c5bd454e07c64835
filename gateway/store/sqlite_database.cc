#include "gateway/store/sqlite_database.h"

#include <sqlite3.h>

namespace psl {
namespace {

// What an outside program (a backup, a shell) may hold the file for before we give up.
constexpr int busy_timeout_ms = 5000;

Error database_error(int code) {
  // A sentence of the library for the code; the connection's own message could quote a value.
  const std::string text = std::string("ledger: ") + sqlite3_errstr(code);
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return error_of(ErrorCode::store_unavailable, text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return error_of(ErrorCode::corrupt, text);
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
      return error_of(ErrorCode::internal, text);
    default:
      return error_of(ErrorCode::input_output, text);
  }
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Access access,
                                                 const std::string& vfs) {
  sqlite3* handle = nullptr;
  // No mutex of its own: each connection has one user at a time, by its owner's lock.
  const int flags = (access == Access::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  auto database = std::make_unique<Database>();
  database->handle_.reset(handle);  // also after a failure: it has to be closed
  if (code != SQLITE_OK) {
    Error error = database_error(code);
    error.text += ": " + path;
    return error;
  }
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  return database;
}

void Database::Closer::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

void Database::note(int code) {
  if (failure_ == 0 && code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) failure_ = code;
}

Error Database::error() const { return database_error(failure_); }

void Database::execute(const char* sql) {
  if (!failed()) note(sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr));
}

int64_t Database::integer(const char* sql) {
  Statement statement(*this, sql);
  Rows rows(statement);
  return rows.next() ? rows.integer(0) : 0;
}

std::vector<std::string> Database::statements() const {
  std::vector<std::string> out;
  sqlite3_stmt* one = nullptr;
  while ((one = sqlite3_next_stmt(handle(), one)) != nullptr) out.emplace_back(sqlite3_sql(one));
  return out;
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  if (database_.failed()) return;
  sqlite3_stmt* compiled = nullptr;
  database_.note(sqlite3_prepare_v3(database_.handle(), sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &compiled, nullptr));
  handle_.reset(compiled);
}

void Statement::Finalizer::operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }

void Statement::bind(int at, int64_t value, Lifetime) {
  if (!database_.failed()) database_.note(sqlite3_bind_int64(handle_.get(), at, value));
}

void Statement::bind(int at, std::string_view text, Lifetime lifetime) {
  if (database_.failed()) return;
  // A null pointer would be taken for NULL.
  const char* const data = text.data() == nullptr ? "" : text.data();
  database_.note(sqlite3_bind_text64(handle_.get(), at, data, text.size(),
                                     lifetime == Lifetime::call ? SQLITE_STATIC : SQLITE_TRANSIENT,
                                     SQLITE_UTF8));
}

void Statement::bind(int at, Blob blob, Lifetime lifetime) {
  if (database_.failed()) return;
  if (blob.bytes.empty()) {
    database_.note(sqlite3_bind_zeroblob(handle_.get(), at, 0));
    return;
  }
  database_.note(sqlite3_bind_blob64(handle_.get(), at, blob.bytes.data(), blob.bytes.size(),
                                     lifetime == Lifetime::call ? SQLITE_STATIC : SQLITE_TRANSIENT));
}

void Statement::bind(int at, const Uuid& id, Lifetime lifetime) {
  bind(at, Blob{{reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}}, lifetime);
}

void Statement::bind(int at, std::nullptr_t, Lifetime) {
  if (!database_.failed()) database_.note(sqlite3_bind_null(handle_.get(), at));
}

bool Statement::step() {
  if (database_.failed()) return false;
  const int code = sqlite3_step(handle_.get());
  database_.note(code);
  return code == SQLITE_ROW;
}

void Statement::reset() {
  if (handle_ == nullptr) return;         // it did not compile
  sqlite3_reset(handle_.get());           // repeats the code of the last step, which is noted already
  sqlite3_clear_bindings(handle_.get());  // what they point at may go now
}

int64_t Rows::integer(int column) const { return sqlite3_column_int64(statement_.handle_.get(), column); }

std::string_view Rows::bytes(int column) const {
  const void* const data = sqlite3_column_blob(statement_.handle_.get(), column);
  const int size = sqlite3_column_bytes(statement_.handle_.get(), column);
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), static_cast<size_t>(size));
}

bool Rows::is_null(int column) const {
  return sqlite3_column_type(statement_.handle_.get(), column) == SQLITE_NULL;
}

Uuid Rows::uuid(int column) const {
  const std::optional<Uuid> id = Uuid::from_raw(bytes(column));
  if (!id) statement_.database_.note(SQLITE_CORRUPT);
  return id.value_or(Uuid{});
}

}  // namespace psl
