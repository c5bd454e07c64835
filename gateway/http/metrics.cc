#include "gateway/http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <tuple>

namespace psl {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

constexpr Span asked_again_after = seconds(1);
constexpr std::string_view other = "other";
constexpr double us_per_second = 1e6;

constexpr std::array known_reasons = {
#define PSL_REASON(name, text) std::string_view(name),
#include "gateway/core/reasons.def"
#undef PSL_REASON
};

// Values of one label: names of the configuration by their form, and no more of them than a configuration can
// hold. One that slips in from elsewhere would be a series for each value that somebody thinks of, and may
// say whom it is about.
class Names {
 public:
  std::string bounded(std::string_view name) {
    const auto named = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    if (name.empty() || name.size() > name_characters_max || !std::ranges::all_of(name, named))
      return std::string(other);
    const std::lock_guard lock(mutex_);
    if (!seen_.contains(name) && seen_.size() < names_max) seen_.emplace(name);
    return std::string(seen_.contains(name) ? name : other);
  }

 private:
  static constexpr size_t names_max = 256;
  static constexpr size_t name_characters_max = 40;
  std::mutex mutex_;
  std::set<std::string, std::less<>> seen_;
};

std::string bounded_reason(std::string_view reason) {
  return std::string(std::ranges::find(known_reasons, reason) == known_reasons.end() ? other : reason);
}

std::string name_of_lane(Lane lane) {
  switch (lane) {
    case Lane::crisis:
      return "crisis";
    case Lane::unscheduled_care:
      return "unscheduled_care";
    case Lane::letters:
      return "letters";
    case Lane::bulk:
      return "bulk";
  }
  return std::string(other);
}

std::string name_of_verdict(Verdict verdict) {
  switch (verdict) {
    case Verdict::accepted:
      return "accepted";
    case Verdict::try_later:
      return "try_later";
    case Verdict::rejected:
      return "rejected";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

double to_seconds(Instant at) { return static_cast<double>(at.us) / us_per_second; }

// Linux: the second number of statm is the resident set, in pages. 0 elsewhere.
double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

Family<Counter>& counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Gauge>& gauges(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Family<Histogram>& histograms(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// From the time of one fsync on a good disk to the time of one on a disk that will fail.
const Histogram::BucketBoundaries commit_seconds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                                    0.05,   0.1,   0.2,   0.5,   1,    5};
const Histogram::BucketBoundaries commit_sizes = {1, 2, 4, 8, 16, 32, 64, 128, 256, 1024};

}  // namespace

struct Metrics::Series {
  Series(Ledger& the_ledger, Env& the_env) : ledger(the_ledger), env(the_env) {
    build.Add({{"version", PSL_VERSION}}).Set(1);
    started.Set(to_seconds(env.now()));
  }

  // Asks the ledger again when its last answer is old. Series that have gone say 0, for a graph that simply
  // ends looks like a gateway that is dead.
  void refresh() {
    const std::lock_guard lock(mutex);
    const Instant now = env.monotonic();
    if (asked && now < asked_at + asked_again_after) return;
    asked = true;
    asked_at = now;
    const auto rows = ledger.backlog();
    const auto tasks = ledger.open_tasks();
    ledger_up.Set(rows.ok() && tasks.ok() ? 1 : 0);
    if (tasks.ok()) open_tasks.Set(static_cast<double>(*tasks));
    if (rows.ok()) show(*rows);
  }

  void show(const std::vector<BacklogRow>& rows) {
    std::map<std::tuple<std::string, std::string, std::string>, int64_t> counts;
    std::map<std::pair<std::string, std::string>, double> ages;
    const Instant now = env.now();
    for (const BacklogRow& row : rows) {
      const std::string adapter = adapters.bounded(row.adapter);
      const std::string lane = name_of_lane(row.lane);
      counts[{adapter, lane, std::string(name_of(row.state))}] += row.count;
      double& age = ages[{adapter, lane}];
      age = std::max(age, static_cast<double>((now - row.oldest).us) / us_per_second);
    }
    for (const auto& [labels, count] : counts) waiting_seen.insert(labels);
    for (const auto& [labels, age] : ages) oldest_seen.insert(labels);
    for (const auto& labels : waiting_seen) {
      const auto& [adapter, lane, state] = labels;
      waiting.Add({{"adapter", adapter}, {"lane", lane}, {"state", state}})
          .Set(counts.contains(labels) ? static_cast<double>(counts[labels]) : 0);
    }
    for (const auto& labels : oldest_seen) {
      oldest.Add({{"adapter", labels.first}, {"lane", labels.second}})
          .Set(ages.contains(labels) ? ages[labels] : 0);
    }
  }

  Ledger& ledger;
  Env& env;
  Names tenants;
  Names adapters;
  Names kinds;
  Names uses;

  prometheus::Registry registry;
  Family<Counter>& accepted =
      counters(registry, "passerelle_events_accepted_total", "Events accepted durably, for the first time.");
  Family<Counter>& refused =
      counters(registry, "passerelle_events_refused_total", "Submissions refused, by reason (errors.md).");
  Family<Counter>& attempts =
      counters(registry, "passerelle_attempts_total", "Attempts at partners, by outcome (outcomes.md).");
  Family<Counter>& retries =
      counters(registry, "passerelle_retries_total", "Attempts after the first one of a delivery.");
  Family<Counter>& deliveries = counters(registry, "passerelle_deliveries_total",
                                         "Deliveries that an attempt brought to a final state.");
  Family<Counter>& moves = counters(
      registry, "passerelle_moves_total",
      "Deliveries moved otherwise: given up, cancelled, retried, found by a look-up... (state-table.md).");
  Family<Gauge>& waiting =
      gauges(registry, "passerelle_deliveries_waiting", "Deliveries that are not in a final state.");
  Family<Gauge>& oldest =
      gauges(registry, "passerelle_oldest_waiting_seconds", "Time since the oldest of them was accepted.");
  Family<Gauge>& expiry = gauges(registry, "passerelle_certificate_expiry_timestamp_seconds",
                                 "When a certificate of ours ends, in seconds since 1970.");
  Family<Gauge>& build = gauges(registry, "passerelle_build_info", "1; its label says the version.");
  Gauge& open_tasks =
      gauges(registry, "passerelle_open_tasks", "Human tasks that wait for somebody.").Add({});
  Gauge& ledger_up =
      gauges(registry, "passerelle_ledger_up", "1 when the ledger answered the last question.").Add({});
  Gauge& started =
      gauges(registry, "process_start_time_seconds", "When the process began, in seconds since 1970.")
          .Add({});
  Gauge& memory = gauges(registry, "process_resident_memory_bytes", "Resident memory.").Add({});
  Histogram& commit_took =
      histograms(registry, "passerelle_commit_seconds", "Time of a group commit.").Add({}, commit_seconds);
  Histogram& commit_size =
      histograms(registry, "passerelle_commit_commands", "Commands in a group commit.").Add({}, commit_sizes);

  std::mutex mutex;  // guards what follows
  bool asked = false;
  Instant asked_at{};
  std::set<std::tuple<std::string, std::string, std::string>> waiting_seen;
  std::set<std::pair<std::string, std::string>> oldest_seen;
};

Metrics::Metrics(Ledger& ledger, Env& env) : series_(std::make_unique<Series>(ledger, env)) {}
Metrics::~Metrics() = default;

void Metrics::accepted(std::string_view tenant, std::string_view kind) {
  series_->accepted
      .Add({{"tenant", series_->tenants.bounded(tenant)}, {"kind", series_->kinds.bounded(kind)}})
      .Increment();
}

void Metrics::refused(ErrorCode code) {
  series_->refused.Add({{"reason", std::string(reason_of(code))}}).Increment();
}

void Metrics::attempted(const DueDelivery& due, const Outcome& outcome) {
  const std::string adapter = series_->adapters.bounded(due.adapter);
  series_->attempts
      .Add({{"adapter", adapter},
            {"verdict", name_of_verdict(outcome.verdict)},
            {"reason", bounded_reason(outcome.reason)}})
      .Increment();
  if (due.attempts > 0) series_->retries.Add({{"adapter", adapter}}).Increment();
  if (outcome.verdict == Verdict::accepted || outcome.verdict == Verdict::rejected) {
    const auto state =
        outcome.verdict == Verdict::accepted ? DeliveryState::delivered : DeliveryState::rejected;
    series_->deliveries.Add({{"adapter", adapter}, {"state", std::string(name_of(state))}}).Increment();
  }
}

void Metrics::moved(Happening happening) {
  series_->moves.Add({{"happening", std::string(name_of(happening))}}).Increment();
}

void Metrics::committed(Span took, size_t commands) {
  series_->commit_took.Observe(static_cast<double>(took.us) / us_per_second);
  series_->commit_size.Observe(static_cast<double>(commands));
}

void Metrics::certificate(std::string_view use, Instant expires_at) {
  series_->expiry.Add({{"use", series_->uses.bounded(use)}}).Set(to_seconds(expires_at));
}

std::string Metrics::text() {
  series_->refresh();
  series_->memory.Set(resident_bytes());
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, series_->registry.Collect());
  return std::move(out).str();
}

}  // namespace psl
