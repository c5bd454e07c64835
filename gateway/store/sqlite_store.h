// The ledger in one SQLite file: write-ahead log, synchronous=FULL, one writer, readers that never block it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/core/store.h"

namespace psl {

struct SqliteOptions {
  // Made when absent, mode 600. Beside it: "-wal", "-shm" and ".lock".
  std::string path;
  // Free disk below which new events are refused (Effect::disk_full); what is owed is still recorded.
  uint64_t disk_free_bytes_min = uint64_t{64} << 20;
  // Questions at once; more wait for each other.
  int readers = 2;
  // Frames of 4 KiB in the log after which they are copied into the file: SQLite's own number.
  int checkpoint_frames = 1000;
  // SQLite file system, for tests that break it; empty: the system's.
  std::string vfs = {};
  // Free bytes of the disk, for tests; none: asked of the system.
  std::function<uint64_t()> disk_free_bytes = {};
};

class SqliteWriter;
class SqliteReader;

// commit() from one thread; the questions from any.
//
// After a failed write, sync or checkpoint every commit() is refused with `store_unavailable`, and the file
// is left as it is for the next start to recover: that includes a disk that fills in spite of
// `disk_free_bytes_min`.
class SqliteStore final : public Store, public Ledger {
  // Only open() can make one.
  struct Opening {
    explicit Opening() = default;
  };

 public:
  explicit SqliteStore(Opening);
  // `configuration`: the file is open in another gateway, readable by others, of a newer version, or not a
  // ledger.
  static Result<std::unique_ptr<SqliteStore>> open(SqliteOptions options);
  ~SqliteStore() override;

  Result<std::vector<Effect>> commit(std::span<const Command> batch) override;

  Result<EventRow> event(const Uuid& id) override;
  Result<std::vector<DocumentRow>> documents(const Uuid& event_id) override;
  // `most` is taken as 1 to 1,000 in all of these.
  Result<std::vector<DueDelivery>> due(std::string_view adapter, Lane lane, Instant now, int most) override;
  Result<std::vector<DueDelivery>> unsettled(std::string_view adapter, Instant now, int most) override;
  Result<std::vector<DueDelivery>> overdue(Instant now, int most) override;
  Result<std::vector<DueDelivery>> late(Instant now, int most) override;
  Result<std::vector<DueDelivery>> interrupted(int most) override;
  Result<std::optional<std::string>> replaced_there(const Uuid& delivery_id) override;
  Result<std::optional<Uuid>> event_with_document(std::string_view tenant,
                                                  std::string_view document_id) override;
  Result<Uuid> event_of(const Uuid& delivery_id) override;
  Result<EventPage> list(const EventQuery& query) override;
  Result<ChangePage> changes_after(const Owner& owner, int64_t after, int most) override;
  Result<int64_t> last_change() override;
  Result<std::optional<CaseRow>> case_of(const Uuid& id) override;
  Result<std::optional<CaseRow>> case_of_event(const Uuid& event_id) override;
  Result<std::vector<CaseRow>> cases_of_person(std::string_view tenant, std::string_view subject,
                                               const std::array<std::string, 2>& person_macs,
                                               int most) override;
  Result<std::vector<CaseRow>> cases_to_wake(Instant now, int most) override;
  Result<std::optional<Instant>> next_wake() override;
  Result<std::vector<ConsentedSend>> sent_with_consent(std::string_view tenant, std::string_view patient_mac,
                                                       int most) override;
  Result<std::vector<BacklogRow>> backlog() override;
  Result<int64_t> open_tasks() override;
  // In the past when something is due already.
  Result<std::optional<Instant>> next_due() override;

  // A tenant key that some event needs.
  struct KeyInUse {
    std::string tenant;
    std::string key_id;
  };
  Result<std::vector<KeyInUse>> keys_in_use();

  // The texts of every prepared statement, so that a test can ask SQLite how it would run them.
  std::vector<std::string> statements() const;

 private:
  // Holds the lock file; the system lets it go with the process, however that ends.
  class ExclusiveUse;
  // A reader that is free, or the next one to wait for.
  template <typename Question>
  auto ask(Question question);

  // In this order, so that the lock goes last.
  std::unique_ptr<ExclusiveUse> exclusive_;
  std::unique_ptr<SqliteWriter> writer_;
  std::vector<std::unique_ptr<SqliteReader>> readers_;
  std::atomic<unsigned> next_reader_ = 0;
};

}  // namespace psl
