#include "gateway/app/certificate_watch.h"

#include "gateway/base/log.h"
#include "security/certificate.h"

namespace psl {
namespace {

constexpr Span warned_before = seconds(int64_t{30} * 86400);
constexpr Span looked_at_every = seconds(3600);
constexpr int64_t us_per_day = int64_t{86400} * 1000000;

}  // namespace

Instant CertificateWatch::tick(Instant now) const {
  for (const Watched& watched : watched_) {
    const auto facts = check_tls_files(watched.files, now);
    if (facts.ok()) tell_(watched.whose, facts->expires_at);
    if (!facts.ok()) {
      log(LogLevel::error, "certificate cannot be used",
          {{"whose", SafeText::code(watched.whose)}, {"error", SafeText::error(facts.error())}});
    } else if (facts->expires_at < now + warned_before) {
      log(LogLevel::warn, "certificate expires soon",
          {{"whose", SafeText::code(watched.whose)}, {"days", (facts->expires_at - now).us / us_per_day}});
    }
  }
  return now + looked_at_every;
}

}  // namespace psl
