// What time does to cases: proposals that expire, candidates who cannot be reached, deadlines that come near,
// exit rules that hold, consents that end.
#pragma once

#include <functional>

#include "gateway/core/seams.h"
#include "gateway/core/store.h"
#include "gateway/intake/intake.h"

namespace psl {

struct CaseSeams {
  const TenantTable& tenants;
  Env& env;
  Sealer& sealer;
  Ledger& ledger;
  CommandSink& sink;
  const Intake& intake;
};

// Thread safe: it holds no state of its own.
class CaseDesk {
 public:
  explicit CaseDesk(CaseSeams seams) : seams_(seams) {}

  // One step of a case that is due, as an event of its own when somebody must be told of it, else as a
  // command. `done` is called once, when the step is durable or failed; a case that another step changed
  // meanwhile is ok: it is looked at again when it is due.
  void wake(const CaseRow& row, Instant now, std::function<void(Status)> done) const;

 private:
  CaseSeams seams_;
};

}  // namespace psl
