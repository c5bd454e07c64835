// What the sandbox does wrong when it is told to.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/net/http_server.h"

namespace psl {

enum class FaultKind {
  refuse,            // answers with a status of its own, and stores nothing
  delay,             // stores, and answers late
  drop_before,       // ends the connection without storing
  drop_after_store,  // stores, and ends the connection without an answer: the sender cannot know
  truncate,          // stores, and sends half of the answer
  outcome200,        // stores nothing, and says so in an OperationOutcome with status 200
  html,              // stores nothing, and answers with a page, as a proxy does
  redirect,          // stores nothing, and sends elsewhere
  lose,              // answers as if it had stored, and has nothing
};
inline constexpr std::array<FaultKind, 9> fault_kinds = {
    FaultKind::refuse,   FaultKind::delay,      FaultKind::drop_before, FaultKind::drop_after_store,
    FaultKind::truncate, FaultKind::outcome200, FaultKind::html,        FaultKind::redirect,
    FaultKind::lose};

// "drop-after-store".
std::string_view name_of(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::refuse;
  // Status of `refuse` (400 to 599, default 503), milliseconds of `delay` (1 to 600,000, default 3,000).
  int value = 0;
  // Posts that it is still for; 0: all, until it is taken away.
  int left = 0;
};

// "KIND", "KIND=VALUE", "KIND@COUNT", "KIND=VALUE@COUNT"; count 1 to 1,000,000. `field_invalid` says what is
// expected.
Result<Fault> parse_fault(std::string_view text);
std::string text_of(const Fault& fault);

// What the faults make of one post.
struct FaultPlan {
  // False: nothing is looked at nor stored, and `instead` says what is answered.
  bool stores = true;
  Fault instead;
  Span delay{};
  HttpResponse::Ending ending = HttpResponse::Ending::whole;
};

// The faults in force: of each kind one at most. Thread safe.
class Faults {
 public:
  void set(const Fault& fault);
  void clear();
  std::vector<Fault> list() const;
  // For the next post; counts it.
  FaultPlan next();

 private:
  mutable std::mutex mutex_;
  std::vector<Fault> faults_;
};

}  // namespace psl
