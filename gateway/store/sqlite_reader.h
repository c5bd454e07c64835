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
  Result<std::optional<std::string>> replaced_there(const Uuid& delivery_id);
  Result<std::optional<Uuid>> event_with_document(std::string_view tenant, std::string_view document_id);
  Result<Uuid> event_of(const Uuid& delivery_id);
  Result<EventPage> list(const EventQuery& query);
  Result<ChangePage> changes_after(const Owner& owner, int64_t after, int most);
  Result<int64_t> last_change();
  Result<std::optional<CaseRow>> case_of(const Uuid& id);
  Result<std::optional<CaseRow>> case_of_event(const Uuid& event_id);
  Result<std::vector<CaseRow>> cases_of_person(std::string_view tenant, std::string_view subject,
                                               const std::array<std::string, 2>& person_macs, int most);
  Result<std::vector<CaseRow>> cases_to_wake(Instant now, int most);
  Result<std::optional<Instant>> next_wake();
  Result<std::vector<ConsentedSend>> sent_with_consent(std::string_view tenant, std::string_view patient_mac,
                                                       int most);
  Result<std::vector<BacklogRow>> backlog();
  Result<int64_t> open_tasks();
  Result<std::optional<Instant>> next_due();
  Result<std::vector<SqliteStore::KeyInUse>> keys_in_use();
  std::vector<std::string> statements() const;

  std::mutex mutex;

 private:
  // Runs `body` on `value` inside one transaction: all that it reads is of one moment.
  template <typename T, typename Body>
  Result<T> at_one_moment(T value, Body body);
  std::vector<CaseRow> cases(Rows& rows);
  Result<std::optional<CaseRow>> only_case(Rows& rows);
  std::string attention_of(int64_t event_seq);
  std::vector<DeliveryRow> deliveries_of(int64_t event_seq, const EventRow& event);
  // Takes from the candidates, newest first, what the query asks for.
  void collect(Rows& candidates, const EventQuery& query, EventPage& page);
  bool fulfils(int64_t event_seq, const EventQuery& query);
  EventRow listed_event(int64_t seq);
  // The first column of the only row; 0 when there is none, or NULL.
  int64_t number(Statement& statement);
  // The answer, or the failure that stuck; the next question starts afresh.
  template <typename T>
  Result<T> answer(T value);
  Result<std::vector<DueDelivery>> collect(Rows& rows);

  std::unique_ptr<Database> database_;
  std::unique_ptr<SqliteReaderStatements> sql_;
};

}  // namespace psl
