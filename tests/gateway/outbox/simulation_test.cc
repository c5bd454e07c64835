// The outbox with partners that misbehave and a process that dies anywhere, in one thread, from one seed.
// What survives a death: the ledger and the partners. Everything else is made again from them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "gateway/base/log.h"
#include "gateway/outbox/dispatcher.h"
#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"

namespace psl {
namespace {

// The process ends here. Never thrown through an adapter: the courier's shield would swallow it.
struct Crash {};

class World;

// Keeps what it took, and the truth about it.
class SimPartner final : public Adapter {
 public:
  SimPartner(World& world, AdapterInfo info) : world_(world), info_(std::move(info)) {}

  std::map<std::string, int> copies;
  std::set<std::string> refused_for_good;
  std::set<std::string> in_flight;
  bool is_down = false;

  const AdapterInfo& info() const noexcept override { return info_; }
  bool carries(const v1::SubmitEventRequest&, int) const override { return true; }
  Result<std::string> address(const Dispatch&) const override { return std::string(); }
  Result<Payload> wrap(const Dispatch& dispatch) const override {
    Payload payload;
    payload.body = dispatch.document.cda;
    payload.reference = dispatch.delivery_id.text();
    return payload;
  }
  Result<std::vector<v1::Issue>> admit(const Dispatch&) const override { return std::vector<v1::Issue>{}; }
  Status probe(Instant) override { return {}; }
  Outcome deliver(const Payload& payload, Instant deadline) override;
  Outcome lookup(const Payload& payload, Instant deadline) override;

 private:
  Outcome misbehave(const std::string& reference);

  World& world_;
  const AdapterInfo info_;
};

// Commands wait until the world commits them; with `eager`, whoever submits gets the answer before it goes
// on, as a worker that waits for it does.
class SimSink final : public CommandSink {
 public:
  SimSink(World& world, bool eager) : world_(world), eager_(eager) {}
  void submit(Command command, std::function<void(Result<Effect>)> done) override;
  void set_eager(bool eager) { eager_ = eager; }

 private:
  World& world_;
  bool eager_;
};

class SimJobs final : public Executor {
 public:
  void run(std::string_view, std::function<void()> job) override { jobs.push_back(std::move(job)); }
  std::vector<std::function<void()>> jobs;
};

// What dies.
struct SimProcess {
  SimProcess(World& world, MemoryStore& store, Sealer& sealer, Env& env, const v1::Tenant& tenant,
             const std::vector<Adapter*>& adapters)
      : worker_sink(world, true),
        sink(world, true),
        courier({store, worker_sink, sealer, office, env, [&tenant](std::string_view) { return &tenant; }},
                limits()),
        dispatcher({store, sink, env, courier, jobs, nullptr}, limits(), adapters) {}

  static OutboxLimits limits() {
    OutboxLimits limits;
    limits.attempts_max = 6;
    limits.breaker_failures = 3;
    limits.due_batch = 4;
    return limits;
  }

  std::vector<std::pair<Command, std::function<void(Result<Effect>)>>> queue;
  SimSink worker_sink;
  SimSink sink;
  SimJobs jobs;
  OpeningOffice office;
  Courier courier;
  Dispatcher dispatcher;
};

class World {
 public:
  explicit World(uint64_t seed) : random_(seed), env_(seed) {
    tenant_.set_name("cpts-test");
    // Steps of the store at which the process may die: before anything is on the disk, and before anybody is
    // told.
    store_.before_commit = store_.after_commit = [this] { maybe_crash(400); };
    // Faults are off while the first process starts: nothing is there yet to survive.
    restart();
  }

  void run(int steps) {
    faults_ = true;
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      try {
        act();
      } catch (const Crash&) {
        ++crashes;
        while (!restart()) ++crashes;
      }
      check_moves();
    }
  }

  // Faults stop: everything must become final.
  void settle() {
    faults_ = false;
    for (SimPartner* partner : {&repeat_, &asks_, &mute_}) partner->is_down = false;
    for (int i = 0; i < 20'000 && !store_.open_deliveries().empty(); ++i) {
      const Instant next = process_->dispatcher.tick(env_.now());
      commit_all_waiting();
      while (!process_->jobs.jobs.empty()) run_job();
      commit_all_waiting();
      if (next > env_.now()) env_.advance(next - env_.now());
    }
    check_moves();
    EXPECT_TRUE(store_.open_deliveries().empty()) << "something never ends";
    check_ends();
  }

  bool chance(uint64_t one_in) { return random_() % one_in == 0; }
  uint64_t below(uint64_t bound) { return random_() % bound; }
  bool faults() const { return faults_; }
  MemoryStore& store() { return store_; }
  SimProcess& process() { return *process_; }
  void die() { dead_ = true; }
  void stop_if_dead() const {
    if (dead_) throw Crash{};
  }

  // While a partner is busy with one delivery, other threads go on.
  void meanwhile() {
    ++depth_;
    try {
      while (depth_ < 4 && !dead_ && chance(3)) act();
    } catch (const Crash&) {
      dead_ = true;
    }
    --depth_;
  }

  void commit_some(size_t most) {
    stop_if_dead();
    auto& queue = process_->queue;
    const size_t count = std::min(most, queue.size());
    if (count == 0) return;
    std::vector<Command> commands;
    std::vector<std::function<void(Result<Effect>)>> callbacks;
    for (size_t i = 0; i < count; ++i) {
      commands.push_back(std::move(queue[i].first));
      callbacks.push_back(std::move(queue[i].second));
    }
    queue.erase(queue.begin(), queue.begin() + static_cast<ptrdiff_t>(count));
    const std::vector<Effect> effects = store_.commit(commands).value();
    for (size_t i = 0; i < count; ++i) callbacks[i](effects[i]);
  }
  void commit_all_waiting() { commit_some(process_->queue.size()); }

  int crashes = 0;
  size_t owed_count() const { return owed_.size(); }
  std::map<DeliveryState, int> ends;
  std::map<std::string, int> reasons;

 private:
  void maybe_crash(uint64_t one_in) {
    if (faults_ && chance(one_in)) throw Crash{};
  }

  // False: the process died again while it recovered.
  bool restart() {
    dead_ = false;
    depth_ = 0;
    for (SimPartner* partner : {&repeat_, &asks_, &mute_}) partner->in_flight.clear();
    process_ = std::make_unique<SimProcess>(*this, store_, sealer_, env_, tenant_,
                                            std::vector<Adapter*>{&repeat_, &asks_, &mute_});
    try {
      EXPECT_TRUE(process_->dispatcher.recover().ok());
    } catch (const Crash&) {
      return false;
    }
    process_->sink.set_eager(false);
    EXPECT_TRUE(store_.interrupted(1).value().empty());
    return true;
  }

  void act() {
    const uint64_t choice = below(100);
    if (choice < 15) {
      accept();
    } else if (choice < 45) {
      process_->dispatcher.tick(env_.now());
    } else if (choice < 75) {
      if (!process_->jobs.jobs.empty()) run_job();
    } else if (choice < 90) {
      commit_some(1 + below(4));
    } else if (choice < 96) {
      env_.advance(Span{static_cast<int64_t>(below(chance(20) ? 3'600'000'000 : 20'000'000))});
    } else if (choice < 97) {
      move_by_hand(Happening::cancelled);
    } else if (choice < 98) {
      move_by_hand(Happening::retried);
    } else {
      SimPartner* const partners[] = {&repeat_, &asks_, &mute_};
      SimPartner& partner = *partners[below(3)];
      partner.is_down = !partner.is_down;
    }
    maybe_crash(500);
  }

  void run_job() {
    auto& jobs = process_->jobs.jobs;
    const size_t index = below(jobs.size());
    const std::function<void()> job = std::move(jobs[index]);
    jobs.erase(jobs.begin() + static_cast<ptrdiff_t>(index));
    job();
  }

  void accept() {
    if (store_.open_deliveries().size() > 25) return;
    static const std::vector<std::vector<std::string>> routes = {
        {"repeat"}, {"repeat", "asks"}, {"mute"}, {"repeat", "asks", "mute"}};
    AcceptEvent event = event_to(sealer_, ++last_event_, routes[below(routes.size())], env_.now());
    event.lane = lanes[below(lanes.size())];
    event.give_up_at = env_.now() + seconds(static_cast<int64_t>(60 + below(36'000)));
    if (last_event_ > 5 && chance(5)) {
      event.replaces = numbered_id('e', last_event_ - 1 - below(4)).oid();
    }
    if (chance(2)) {
      event.set_id = "set " + std::to_string(below(3));
      event.version = static_cast<int>(last_event_ / 6 + below(4));
      for (const NewDelivery& one : event.deliveries)
        versions_[one.id] = {event.set_id + " " + one.adapter + " " + one.address_mac, event.version};
    }
    const Uuid id = event.id;
    process_->sink.submit(std::move(event), [this, id](const Result<Effect>& effect) {
      if (effect.ok() && *effect == Effect::done) owed_.push_back(id);
    });
  }

  void move_by_hand(Happening happening) {
    const std::vector<Uuid> ids = store_.all_deliveries();
    if (ids.empty()) return;
    process_->sink.submit(MoveDelivery{ids[below(ids.size())], env_.now(), happening, "BY_HAND", env_.now()},
                          [](const Result<Effect>&) {});
  }

  void check_moves() {
    // The table of architecture and ARCHITECTURE.md, written a second time on purpose.
    using S = DeliveryState;
    static const std::set<std::pair<S, S>> edges = {
        {S::pending, S::sending},     {S::sending, S::delivered}, {S::sending, S::pending},
        {S::sending, S::rejected},    {S::sending, S::unknown},   {S::unknown, S::delivered},
        {S::unknown, S::rejected},    {S::unknown, S::pending},   {S::unknown, S::handed_over},
        {S::pending, S::handed_over}, {S::pending, S::cancelled}, {S::rejected, S::pending},
        {S::handed_over, S::pending},
    };
    for (const MemoryStore::Move& move : store_.moves_since(seen_moves_)) {
      ++seen_moves_;
      EXPECT_TRUE(edges.contains({move.from, move.to})) << name_of(move.from) << " to " << name_of(move.to);
      if (move.to == S::unknown) ++unknowns_[move.delivery_id];
      if (move.to == S::sending) check_version(move.delivery_id);
      if (move.happening == Happening::retried) ++retries_[move.delivery_id];
    }
  }

  // No version of a set leaves for an address after a newer one did.
  void check_version(const Uuid& delivery_id) {
    const auto found = versions_.find(delivery_id);
    if (found == versions_.end()) return;
    const auto& [where, version] = found->second;
    int& newest = newest_sent_[where];
    EXPECT_GE(version, newest) << where;
    newest = std::max(newest, version);
  }

  void check_ends() {
    for (const Uuid& id : owed_) EXPECT_TRUE(store_.has_event(id)) << "an accepted event is lost";
    for (const Uuid& id : store_.all_deliveries()) {
      const DeliveryRow row = store_.delivery(id);
      ++ends[row.due.state];
      ++reasons[row.reason];
      SimPartner& partner = row.due.adapter == "repeat" ? repeat_ : row.due.adapter == "asks" ? asks_ : mute_;
      const int copies = partner.copies[id.text()];
      if (row.due.state == DeliveryState::delivered) {
        EXPECT_GE(copies, 1);
      }
      if (row.due.state == DeliveryState::cancelled && retries_[id] == 0 && unknowns_[id] == 0) {
        EXPECT_EQ(copies, 0);
      }
      // A partner that cannot bear repetition acts once, unless a human asked again; the other, once more at
      // most for each time that the outcome was unknown.
      const int bearable = partner.info().repeat_safe ? unknowns_[id] : 0;
      EXPECT_LE(copies, 1 + retries_[id] + bearable) << partner.info().name;
      if (row.due.state == DeliveryState::handed_over) {
        static const std::set<std::string> known = {"GIVE_UP_AT_PASSED", "ATTEMPTS_SPENT", "CANNOT_TELL"};
        EXPECT_TRUE(known.contains(row.reason)) << row.reason;
        EXPECT_TRUE(row.task_id.has_value());
      }
      if (row.due.state == DeliveryState::rejected) {
        EXPECT_TRUE(partner.refused_for_good.contains(id.text()));
      }
    }
  }

  std::mt19937_64 random_;
  FakeEnv env_;
  MemoryStore store_;
  PlainSealer sealer_;
  v1::Tenant tenant_;
  SimPartner repeat_{*this,
                     {"repeat", "sim", /*concurrency=*/3, /*repeat_safe=*/true, /*can_look_up=*/false}};
  SimPartner asks_{*this, {"asks", "sim", 2, false, true}};
  SimPartner mute_{*this, {"mute", "sim", 1, false, false}};
  std::unique_ptr<SimProcess> process_;
  bool faults_ = false;
  bool dead_ = false;
  int depth_ = 0;
  uint64_t last_event_ = 0;
  std::vector<Uuid> owed_;
  size_t seen_moves_ = 0;
  std::map<Uuid, int> unknowns_;
  std::map<Uuid, int> retries_;
  // Of deliveries: their set and address, and their version. And what was sent of each.
  std::map<Uuid, std::pair<std::string, int>> versions_;
  std::map<std::string, int> newest_sent_;
};

void SimSink::submit(Command command, std::function<void(Result<Effect>)> done) {
  world_.stop_if_dead();
  auto& queue = world_.process().queue;
  queue.emplace_back(std::move(command), std::move(done));
  while (eager_ && !queue.empty()) world_.commit_some(8);
}

Outcome SimPartner::deliver(const Payload& payload, Instant) {
  const std::string& reference = payload.reference;
  EXPECT_TRUE(in_flight.insert(reference).second) << "one delivery is twice in flight";
  EXPECT_LE(in_flight.size(), static_cast<size_t>(info_.concurrency));
  EXPECT_EQ(world_.store().delivery(*Uuid::parse(reference)).due.state, DeliveryState::sending)
      << "bytes left before the attempt was durable";
  world_.meanwhile();
  struct Landing {
    std::set<std::string>& in_flight;
    const std::string& reference;
    ~Landing() { in_flight.erase(reference); }
  } landing{in_flight, reference};
  if (world_.faults()) return misbehave(reference);
  ++copies[reference];
  return accepted();
}

Outcome SimPartner::misbehave(const std::string& reference) {
  if (is_down) return down();
  const uint64_t choice = world_.below(100);
  if (choice < 20) return busy();
  if (choice < 24) {
    refused_for_good.insert(reference);
    return refused();
  }
  if (choice < 32) return lost();
  if (choice < 35) throw std::string("before anything was taken");
  if (choice < 37) {
    world_.die();
    return lost();
  }
  ++copies[reference];
  if (choice < 45) return lost();
  if (choice < 48) throw std::string("after it was taken");
  if (choice < 50) world_.die();
  return accepted();
}

Outcome SimPartner::lookup(const Payload& payload, Instant) {
  const std::string& reference = payload.reference;
  EXPECT_FALSE(in_flight.contains(reference)) << "asked about while it is in flight";
  if (world_.faults() && is_down) return down();
  if (world_.faults() && world_.chance(4)) return {Verdict::unknown, "CANNOT_SAY", "", false};
  return copies[reference] > 0 ? accepted() : busy();
}

TEST(OutboxSimulation, LosesNothingAndEndsWhateverHappens) {
  // Accepted events are never lost, no delivery is ever twice in flight, states move along the table's edges
  // only, a partner acts as often as it can bear, and when faults stop everything becomes final. Quieter than
  // any level: thousands of lines would hide the failure.
  set_log_level(static_cast<LogLevel>(static_cast<int>(LogLevel::error) + 1));
  std::map<DeliveryState, int> ends;
  std::map<std::string, int> reasons;
  for (uint64_t seed = 1; seed <= 4 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    world.run(10'000);
    world.settle();
    EXPECT_GT(world.crashes, 20);
    EXPECT_GT(world.owed_count(), 200u);
    for (const auto& [state, count] : world.ends) ends[state] += count;
    for (const auto& [reason, count] : world.reasons) reasons[reason] += count;
  }
  set_log_level(LogLevel::info);
  // The simulation is worth what it reaches: every end was met, and each way to it.
  for (DeliveryState state : {DeliveryState::delivered, DeliveryState::rejected, DeliveryState::handed_over,
                              DeliveryState::cancelled}) {
    EXPECT_GT(ends[state], 10) << name_of(state);
  }
  for (const char* reason : {"GIVE_UP_AT_PASSED", "ATTEMPTS_SPENT", "CANNOT_TELL", "REPLACED", "BY_HAND"}) {
    EXPECT_GT(reasons[reason], 0) << reason;
  }
}

}  // namespace
}  // namespace psl
