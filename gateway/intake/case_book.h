// Sealed cases: opened to be looked at, sealed again as a compare-and-swap.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/core/seams.h"
#include "gateway/core/store.h"
#include "passerelle/internal/v1/stored.pb.h"

namespace google::protobuf {
class Message;
}

namespace psl {

// What is needed to make the first change of a case.
struct CaseName {
  std::string_view kind;
  std::string_view tenant;
  Uuid id;
  // Whose status shows it.
  Uuid event_id;
};

// Thread safe: it holds no state of its own.
class CaseBook {
 public:
  CaseBook(Ledger& ledger, Sealer& sealer) : ledger_(ledger), sealer_(sealer) {}

  // The case and, in `state`, what it seals; nothing when there is none, and `state` stays as it is. Errors
  // as Sealer::open.
  Result<std::optional<CaseRow>> read(const Uuid& id, google::protobuf::Message& state) const;
  Status open(const CaseRow& row, google::protobuf::Message& state) const;
  // How the orientation that this event is stands now; nothing for an event of another kind.
  Result<std::optional<stored::OrientationCase>> orientation_of(const EventRow& row) const;

  // From `before` (nothing: there is none yet) to `state`; times, attention and openness as before until the
  // caller says otherwise.
  Result<CaseChange> change(const CaseName& name, const std::optional<CaseRow>& before,
                            const google::protobuf::Message& state) const;

 private:
  Ledger& ledger_;
  Sealer& sealer_;
};

}  // namespace psl
