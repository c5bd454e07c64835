// The opaque text that leads from one page of a list to the next.
#pragma once

#include <string>

#include "gateway/core/seams.h"
#include "gateway/core/store.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {

// Bound by a MAC to caller, tenant, scope and filter, so that it neither works elsewhere nor can be made up.
// One call's; what it is given outlives it.
class PageToken {
 public:
  PageToken(Sealer& sealer, const Principal& principal, const Owner& owner, const v1::EventFilter& filter)
      : sealer_(sealer), principal_(principal), owner_(owner), filter_(filter) {}

  Result<std::string> write(int64_t next) const;
  // field_invalid "page_token" for any other text than write() gave for the same list.
  Result<int64_t> read(const std::string& token) const;

 private:
  Result<std::string> binding(std::string_view position) const;

  Sealer& sealer_;
  const Principal& principal_;
  const Owner& owner_;
  const v1::EventFilter& filter_;
};

}  // namespace psl
