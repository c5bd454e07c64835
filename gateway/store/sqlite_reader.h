// A reading connection with its questions. Private to this folder.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/store/sqlite_database.h"
#include "gateway/store/sqlite_store.h"

namespace psl {

struct SqliteReaderStatements;

// Locked by its user around each question.
class SqliteReader {
 public:
  static Result<std::unique_ptr<SqliteReader>> open(const SqliteOptions& options);
  // open() does this.
  explicit SqliteReader(std::unique_ptr<Database> database);
  ~SqliteReader();

  Result<EventRow> event(const Uuid& id);
  Result<std::vector<DocumentRow>> documents(const Uuid& event_id);
  Result<std::vector<DueDelivery>> due(std::string_view adapter, Lane lane, Instant now, int most);
  Result<std::vector<DueDelivery>> unsettled(std::string_view adapter, Instant now, int most);
  Result<std::vector<DueDelivery>> overdue(Instant now, int most);
  Result<std::vector<DueDelivery>> late(Instant now, int most);
  Result<std::vector<DueDelivery>> interrupted(int most);
  Result<std::optional<Instant>> next_due();
  Result<std::vector<SqliteStore::KeyInUse>> keys_in_use();
  std::vector<std::string> statements() const;

  std::mutex mutex;

 private:
  std::vector<DeliveryRow> deliveries_of(int64_t event_seq, const EventRow& event);
  // The answer, or the failure that stuck; the next question starts afresh.
  template <typename T>
  Result<T> answer(T value);
  Result<std::vector<DueDelivery>> collect(Rows& rows);

  std::unique_ptr<Database> database_;
  std::unique_ptr<SqliteReaderStatements> sql_;
};

}  // namespace psl
