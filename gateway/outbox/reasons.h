// Why the outbox itself moved a delivery; adapters name their own reasons. docs/reference/outcomes.md
// explains them all.
#pragma once

#include <string_view>

namespace psl::reason {

// Handed over to a human.
inline constexpr std::string_view give_up_at_passed = "GIVE_UP_AT_PASSED";
inline constexpr std::string_view attempts_spent = "ATTEMPTS_SPENT";
// The partner may have it; it can neither say nor be asked twice.
inline constexpr std::string_view cannot_tell = "CANNOT_TELL";
// The translation refuses what intake accepted: a fault of the program, or the configuration changed.
inline constexpr std::string_view cannot_wrap = "CANNOT_WRAP";
// What the ledger holds cannot be opened: corruption, a missing key, or a tenant that is no longer
// configured.
inline constexpr std::string_view content_unreadable = "CONTENT_UNREADABLE";

// Outcome unknown.
inline constexpr std::string_view process_died = "PROCESS_DIED";
inline constexpr std::string_view adapter_fault = "ADAPTER_FAULT";

// Unknown, then pending again.
inline constexpr std::string_view repeat_safe = "REPEAT_SAFE";

// An adapter gave a reason that is not UPPER_SNAKE_CASE.
inline constexpr std::string_view unnamed = "UNNAMED";

}  // namespace psl::reason
