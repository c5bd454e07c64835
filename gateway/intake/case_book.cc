#include "gateway/intake/case_book.h"

#include <google/protobuf/message.h>

#include "gateway/intake/kinds.h"

namespace psl {

Status CaseBook::open(const CaseRow& row, google::protobuf::Message& state) const {
  const auto plain = sealer_.open(row.tenant, row.key, row.id, case_column, row.state);
  if (!plain.ok()) return plain.error();
  if (!state.ParseFromString(*plain)) return error_of(ErrorCode::corrupt);
  return {};
}

Result<std::optional<CaseRow>> CaseBook::read(const Uuid& id, google::protobuf::Message& state) const {
  auto row = ledger_.case_of(id);
  if (!row.ok() || !row->has_value()) return row;
  if (Status opened = open(**row, state); !opened.ok()) return std::move(opened).error();
  return row;
}

Result<std::optional<stored::OrientationCase>> CaseBook::orientation_of(const EventRow& row) const {
  std::optional<stored::OrientationCase> orientation;
  if (row.kind != orientation_kind) return orientation;
  const auto found = ledger_.case_of_event(row.id);
  if (!found.ok()) return found.error();
  if (!found->has_value()) return orientation;
  if (Status opened = open(**found, orientation.emplace()); !opened.ok()) return std::move(opened).error();
  return orientation;
}

Result<CaseChange> CaseBook::change(const CaseName& name, const std::optional<CaseRow>& before,
                                    const google::protobuf::Message& state) const {
  CaseChange change;
  change.id = name.id;
  change.tenant = name.tenant;
  change.kind = name.kind;
  change.event_id = name.event_id;
  if (before) {
    change.expected_revision = before->revision;
    change.event_id = before->event_id;
    change.key = before->key;
    change.wake_at = before->wake_at;
    change.attention = before->attention;
    change.open = before->open;
  } else {
    auto key = sealer_.new_key(name.tenant, name.id);
    if (!key.ok()) return std::move(key).error();
    change.key = std::move(*key);
  }
  auto sealed = sealer_.seal(name.tenant, change.key, name.id, case_column, state.SerializeAsString());
  if (!sealed.ok()) return std::move(sealed).error();
  change.state = std::move(*sealed);
  return change;
}

}  // namespace psl
