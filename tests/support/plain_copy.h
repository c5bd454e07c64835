// A readable copy for tests that look at documents and not at pages: the smallest PDF, the same for all.
#pragma once

#include "gateway/core/seams.h"

namespace psl::test {

class PlainCopy final : public ReadableCopy {
 public:
  Result<std::string> lay_out(std::string_view /*cda*/) const override {
    return std::string("%PDF-1.4\ntrailer << >>\nstartxref\n9\n%%EOF\n");
  }
};

}  // namespace psl::test
