// What the suites for every store share.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/gateway/store/letters.h"

namespace psl {

class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
  virtual Ledger& ledger() = 0;
  // As after the end of the process.
  virtual void reopen() = 0;
};

using StoreFactory = std::function<std::unique_ptr<StoreUnderTest>()>;

class StoreFixture : public testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override { subject_ = GetParam()(); }

  std::vector<Effect> commit(std::vector<Command> batch) {
    Result<std::vector<Effect>> effects = subject_->store().commit(batch);
    EXPECT_TRUE(effects.ok()) << (effects.ok() ? "" : effects.error().describe());
    return effects.ok() ? *effects : std::vector<Effect>{};
  }
  Effect commit_one(Command command) {
    std::vector<Command> batch;
    batch.push_back(std::move(command));
    const std::vector<Effect> effects = commit(std::move(batch));
    EXPECT_EQ(effects.size(), 1u);
    return effects.empty() ? Effect::missing : effects.front();
  }
  EventRow event(const Uuid& id) {
    Result<EventRow> row = ledger().event(id);
    EXPECT_TRUE(row.ok());
    return row.ok() ? *row : EventRow{};
  }
  // The first delivery of an event.
  DeliveryRow delivery(const AcceptEvent& accepted, size_t index = 0) {
    const EventRow row = event(accepted.id);
    EXPECT_GT(row.deliveries.size(), index);
    return row.deliveries.size() > index ? row.deliveries[index] : DeliveryRow{};
  }
  DeliveryState state(const AcceptEvent& accepted, size_t index = 0) {
    return delivery(accepted, index).due.state;
  }
  std::vector<Uuid> due(int64_t now_s = 0, Lane lane = Lane::letters, const std::string& adapter = "mail") {
    return ids(ledger().due(adapter, lane, letters::after(now_s), 100));
  }
  static std::vector<Uuid> ids(const Result<std::vector<DueDelivery>>& found) {
    EXPECT_TRUE(found.ok());
    std::vector<Uuid> out;
    if (!found.ok()) return out;
    for (const DueDelivery& one : *found) out.push_back(one.id);
    return out;
  }
  Ledger& ledger() { return subject_->ledger(); }

  // Brings the first delivery of a new event, to an address of its own, to `wanted`.
  AcceptEvent in_state(DeliveryState wanted, const std::string& name) {
    AcceptEvent made = letters::letter("key " + name, "1.2." + name, name);
    commit({made});
    const Uuid id = made.deliveries[0].id;
    const auto start_and = [&](Verdict verdict) {
      commit({letters::attempt(id), letters::outcome(id, verdict)});
    };
    switch (wanted) {
      case DeliveryState::pending:
        break;
      case DeliveryState::sending:
        commit_one(letters::attempt(id));
        break;
      case DeliveryState::unknown:
        start_and(Verdict::unknown);
        break;
      case DeliveryState::delivered:
        start_and(Verdict::accepted);
        break;
      case DeliveryState::rejected:
        start_and(Verdict::rejected);
        break;
      case DeliveryState::handed_over:
        commit_one(letters::moved(id, Happening::given_up));
        break;
      case DeliveryState::cancelled:
        commit_one(letters::moved(id, Happening::cancelled));
        break;
      case DeliveryState::expired:
        commit_one(letters::moved(id, Happening::proposal_expired));
        break;
    }
    EXPECT_EQ(state(made), wanted);
    return made;
  }

  std::unique_ptr<StoreUnderTest> subject_;
};

}  // namespace psl
