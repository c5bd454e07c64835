// The answer page, as the configuration has it.
#pragma once

#include <memory>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/http/answer_page.h"
#include "passerelle/v1/config.pb.h"

namespace psl {

// Null when the configuration has none. Times are shown in the zone of the tenant whose proposal it is.
// `desk` and `env` outlive it. Errors as AnswerPage::open(), and `configuration` for a zone that does not
// exist.
Result<std::unique_ptr<AnswerPage>> open_answer_door(const passerelle::v1::Config& config,
                                                     const AnswerDesk& desk, Env& env);

}  // namespace psl
