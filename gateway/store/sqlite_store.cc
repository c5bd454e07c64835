#include "gateway/store/sqlite_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <system_error>

#include "gateway/store/sqlite_reader.h"
#include "gateway/store/sqlite_writer.h"

namespace psl {
namespace {

Error ledger_error(ErrorCode code, const std::string& path, std::string_view what) {
  return error_of(code, "ledger " + path + ": " + std::string(what));
}

std::string errno_text() { return std::error_code(errno, std::generic_category()).message(); }

// Makes the file with its final mode, from which SQLite takes that of the log and of the index beside it.
// Closed before SQLite opens it: closing it later would drop the locks that SQLite holds on it.
Status make_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ledger_error(ErrorCode::configuration, path, errno_text());
  struct stat facts {};
  const bool known = ::fstat(fd, &facts) == 0;
  ::close(fd);
  if (!known || !S_ISREG(facts.st_mode))
    return ledger_error(ErrorCode::configuration, path, "is not a regular file");
  if ((facts.st_mode & 077) != 0) {
    return ledger_error(ErrorCode::configuration, path,
                        "can be reached by group or others: its mode must be 600");
  }
  return {};
}

}  // namespace

class SqliteStore::ExclusiveUse {
 public:
  explicit ExclusiveUse(int fd) : fd_(fd) {}
  static Result<std::unique_ptr<ExclusiveUse>> take(const std::string& path) {
    const std::string lock_path = path + ".lock";
    auto taken =
        std::make_unique<ExclusiveUse>(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (taken->fd_ < 0) return ledger_error(ErrorCode::configuration, lock_path, errno_text());
    if (::flock(taken->fd_, LOCK_EX | LOCK_NB) != 0) {
      return ledger_error(ErrorCode::configuration, path,
                          errno == EWOULDBLOCK ? "is in use by another gateway" : errno_text());
    }
    return taken;
  }
  ~ExclusiveUse() {
    if (fd_ >= 0) ::close(fd_);
  }
  ExclusiveUse(const ExclusiveUse&) = delete;
  ExclusiveUse& operator=(const ExclusiveUse&) = delete;

 private:
  int fd_;
};

SqliteStore::SqliteStore(Opening) {}
SqliteStore::~SqliteStore() {
  // Readers first: the last connection to close tidies the log away, and only the writer may.
  readers_.clear();
  writer_.reset();
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteOptions options) {
  auto store = std::make_unique<SqliteStore>(Opening());
  Result<std::unique_ptr<ExclusiveUse>> exclusive = ExclusiveUse::take(options.path);
  if (!exclusive) return std::move(exclusive).error();
  store->exclusive_ = *std::move(exclusive);
  if (Status made = make_private_file(options.path); !made) return std::move(made).error();
  Result<std::unique_ptr<SqliteWriter>> writer = SqliteWriter::open(options);
  if (!writer) return std::move(writer).error();
  store->writer_ = *std::move(writer);
  for (int i = 0; i < std::max(1, options.readers); ++i) {
    Result<std::unique_ptr<SqliteReader>> reader = SqliteReader::open(options);
    if (!reader) return std::move(reader).error();
    store->readers_.push_back(*std::move(reader));
  }
  return store;
}

Result<std::vector<Effect>> SqliteStore::commit(std::span<const Command> batch) {
  return writer_->commit(batch);
}

template <typename Question>
auto SqliteStore::ask(Question question) {
  for (const auto& reader : readers_) {
    const std::unique_lock lock(reader->mutex, std::try_to_lock);
    if (lock.owns_lock()) return question(*reader);
  }
  SqliteReader& reader = *readers_[next_reader_++ % readers_.size()];
  const std::lock_guard lock(reader.mutex);
  return question(reader);
}

Result<EventRow> SqliteStore::event(const Uuid& id) {
  return ask([&](SqliteReader& reader) { return reader.event(id); });
}

Result<std::vector<DocumentRow>> SqliteStore::documents(const Uuid& event_id) {
  return ask([&](SqliteReader& reader) { return reader.documents(event_id); });
}

Result<std::vector<DueDelivery>> SqliteStore::due(std::string_view adapter, Lane lane, Instant now,
                                                  int most) {
  return ask([&](SqliteReader& reader) { return reader.due(adapter, lane, now, most); });
}

Result<std::vector<DueDelivery>> SqliteStore::unsettled(std::string_view adapter, Instant now, int most) {
  return ask([&](SqliteReader& reader) { return reader.unsettled(adapter, now, most); });
}

Result<std::vector<DueDelivery>> SqliteStore::overdue(Instant now, int most) {
  return ask([&](SqliteReader& reader) { return reader.overdue(now, most); });
}

Result<std::vector<DueDelivery>> SqliteStore::late(Instant now, int most) {
  return ask([&](SqliteReader& reader) { return reader.late(now, most); });
}

Result<std::vector<DueDelivery>> SqliteStore::interrupted(int most) {
  return ask([&](SqliteReader& reader) { return reader.interrupted(most); });
}

Result<std::optional<std::string>> SqliteStore::replaced_there(const Uuid& delivery_id) {
  return ask([&](SqliteReader& reader) { return reader.replaced_there(delivery_id); });
}

Result<std::optional<Uuid>> SqliteStore::event_with_document(std::string_view tenant,
                                                             std::string_view document_id) {
  return ask([&](SqliteReader& reader) { return reader.event_with_document(tenant, document_id); });
}

Result<Uuid> SqliteStore::event_of(const Uuid& delivery_id) {
  return ask([&](SqliteReader& reader) { return reader.event_of(delivery_id); });
}

Result<EventPage> SqliteStore::list(const EventQuery& query) {
  return ask([&](SqliteReader& reader) { return reader.list(query); });
}

Result<ChangePage> SqliteStore::changes_after(const Owner& owner, int64_t after, int most) {
  return ask([&](SqliteReader& reader) { return reader.changes_after(owner, after, most); });
}

Result<int64_t> SqliteStore::last_change() {
  return ask([&](SqliteReader& reader) { return reader.last_change(); });
}

Result<std::optional<CaseRow>> SqliteStore::case_of(const Uuid& id) {
  return ask([&](SqliteReader& reader) { return reader.case_of(id); });
}

Result<std::optional<CaseRow>> SqliteStore::case_of_event(const Uuid& event_id) {
  return ask([&](SqliteReader& reader) { return reader.case_of_event(event_id); });
}

Result<std::vector<CaseRow>> SqliteStore::cases_of_person(std::string_view tenant, std::string_view subject,
                                                          const std::array<std::string, 2>& person_macs,
                                                          int most) {
  return ask(
      [&](SqliteReader& reader) { return reader.cases_of_person(tenant, subject, person_macs, most); });
}

Result<std::vector<CaseRow>> SqliteStore::cases_to_wake(Instant now, int most) {
  return ask([&](SqliteReader& reader) { return reader.cases_to_wake(now, most); });
}

Result<std::optional<Instant>> SqliteStore::next_wake() {
  return ask([&](SqliteReader& reader) { return reader.next_wake(); });
}

Result<std::vector<ConsentedSend>> SqliteStore::sent_with_consent(std::string_view tenant,
                                                                  std::string_view patient_mac, int most) {
  return ask([&](SqliteReader& reader) { return reader.sent_with_consent(tenant, patient_mac, most); });
}

Result<std::vector<BacklogRow>> SqliteStore::backlog() {
  return ask([&](SqliteReader& reader) { return reader.backlog(); });
}

Result<int64_t> SqliteStore::open_tasks() {
  return ask([&](SqliteReader& reader) { return reader.open_tasks(); });
}

Result<std::optional<Instant>> SqliteStore::next_due() {
  return ask([&](SqliteReader& reader) { return reader.next_due(); });
}

Result<std::vector<SqliteStore::KeyInUse>> SqliteStore::keys_in_use() {
  return ask([&](SqliteReader& reader) { return reader.keys_in_use(); });
}

std::vector<std::string> SqliteStore::statements() const {
  std::vector<std::string> out = writer_->statements();
  for (std::string& one : readers_.front()->statements()) out.push_back(std::move(one));
  return out;
}

}  // namespace psl
