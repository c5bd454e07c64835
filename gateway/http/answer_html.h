// The page behind the link of a proposal, as HTML: in French, without script, account, clinical text or
// patient.
#pragma once

#include <string>
#include <string_view>

#include "gateway/intake/answer_desk.h"

namespace psl {

// "22/11/2026 09:00" in the zone of the tenant whose proposal it is.
using AnswerTime = std::function<std::string(const AnswerView& view, Instant at)>;

// What the proposal is and how it stands; the two forms when it is open. `complaint`: shown above, in French,
// when the last answer could not be taken; empty: none.
std::string answer_html(const AnswerView& view, const AnswerTime& time, std::string_view complaint = {});
// A page that says one thing.
std::string notice_html(std::string_view title, std::string_view text);

// The reasons that the page offers for a refusal, by name of OrientationUpdate.Reason; unspecified for
// another text.
v1::OrientationUpdate::Reason offered_reason(std::string_view name);

// Content-Security-Policy: nothing but our own style, by its hash; forms to where the page is from; no frame.
std::string answer_policy();

}  // namespace psl
