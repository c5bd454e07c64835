// The signed link of a proposal, and the code that a reply quotes. Both are the right to answer: they stand in the
// candidate's mail, and nowhere else in clear.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/base/uuid.h"
#include "gateway/core/seams.h"

namespace psl {

struct AnswerToken {
  Uuid delivery_id;
  // It is not worth anything afterwards, whatever the proposal's own time.
  Instant not_after;
  // 128 bits of HMAC under the tenant's key for "answer-link", in base64url.
  std::string mac;
};

// "<delivery UUID>.<seconds since 1970>.<mac>": unreserved characters only (RFC 3986, 2.3). It tells nothing about the
// patient.
Result<std::string> make_answer_token(Sealer& sealer, std::string_view tenant, const Uuid& delivery_id,
                                      Instant not_after);
// link_invalid for another shape. Proves nothing yet.
Result<AnswerToken> parse_answer_token(std::string_view text);
// link_invalid when it was not made by make_answer_token (compared in constant time).
Status check_answer_token(Sealer& sealer, std::string_view tenant, const AnswerToken& token);

// "PSL-7K3M-9QXD": 40 bits of HMAC under "answer-code", in Crockford's base32. Only counts from the candidate's own
// address.
Result<std::string> make_answer_code(Sealer& sealer, std::string_view tenant, const Uuid& delivery_id);

}  // namespace psl
