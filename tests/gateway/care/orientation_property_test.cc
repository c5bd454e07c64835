#include <gtest/gtest.h>

#include <random>
#include <set>

#include "gateway/care/orientation.h"
#include "tests/gateway/care/orientation_world.h"

namespace psl::care {
namespace {

using Update = v1::OrientationUpdate;

// One random life of an orientation; every step is held to what must always be true.
class RandomLife {
 public:
  explicit RandomLife(uint64_t seed) : chance_(seed) {
    OrientationPlan plan;
    plan.mode = below(2) == 0 ? v1::Orientation::ONE_BY_ONE : v1::Orientation::PARALLEL;
    plan.candidates = below(6);
    plan.answer = minutes(5 + below(100));
    if (below(2) == 0) plan.alert = minutes(1 + below(200));
    if (below(2) == 0) plan.give_up = minutes(1 + below(400));
    for (int i = 0; i < plan.candidates; ++i) {
      if (below(5) == 0) plan.unreachable.push_back(i);
    }
    deliveries_.assign(static_cast<size_t>(plan.candidates), DeliveryState::pending);
    take(begun(plan, now_));
  }

  void go_on() {
    now_ = now_ + Span{below(4) == 0 ? 0 : static_cast<int64_t>(below(40)) * 60000000};
    for (DeliveryState& state : deliveries_) {
      if (below(6) == 0) state = static_cast<DeliveryState>(1 + below(8));
    }
    if (below(3) == 0) return elapse_twice();
    const Update update = random_update();
    const Result<OrientationStep> step = apply(state_, update, now_);
    const Result<OrientationStep> again = apply(state_, update, now_);
    ASSERT_EQ(step.ok(), again.ok());
    if (!step.ok()) return;
    ASSERT_EQ(step->state.SerializeAsString(), again->state.SerializeAsString());
    ASSERT_EQ(told_of(*step), told_of(*again));
    if (step->visible == Update::STEP_UNSPECIFIED) {
      ASSERT_EQ(step->state.SerializeAsString(), state_.SerializeAsString());
    }
    take(*step);
  }

 private:
  int below(int bound) { return static_cast<int>(chance_() % static_cast<uint64_t>(bound)); }

  Update random_update() {
    const int step = 1 + below(10);
    const bool answer = step <= 2;
    Update update = step_of(static_cast<Update::Step>(step), answer || below(4) == 0 ? below(6) : -1);
    update.set_channel(static_cast<v1::AnswerChannel>(below(4)));
    update.set_reason(static_cast<Update::Reason>(below(9)));
    return update;
  }

  void elapse_twice() {
    const auto step = elapse(state_, deliveries_, now_);
    const auto again = elapse(state_, deliveries_, now_);
    ASSERT_EQ(step.has_value(), again.has_value());
    if (!step) return;
    ASSERT_EQ(step->state.SerializeAsString(), again->state.SerializeAsString());
    take(*step);
    // What time has done it does once.
    if (step->state.state() == v1::ORIENTATION_STATE_OPEN && step->release.empty()) {
      ASSERT_FALSE(elapse(state_, deliveries_, now_));
    }
  }

  void take(const OrientationStep& step) {
    state_ = step.state;
    const std::string letters = letters_of(state_);
    check_counts(step, letters);
    check_indices(step);
    ASSERT_TRUE(step.wake_at == Instant{} || step.wake_at > now_);
    ASSERT_EQ(step.wake_at == Instant{}, !step.open);
    const bool calls = step.attention == "CANDIDATES_SPENT" || step.attention == "PATIENT_CHOSE_OTHERWISE";
    // An open one calls when it waits only for those who were told that it is taken.
    ASSERT_TRUE(calls || state_.state() != v1::ORIENTATION_STATE_SPENT);
    ASSERT_TRUE(!calls || state_.state() == v1::ORIENTATION_STATE_SPENT || letters.find('P') != letters.npos);
  }

  void check_counts(const OrientationStep& step, const std::string& letters) {
    const auto accepted = std::ranges::count(letters, 'A');
    ASSERT_LE(accepted, 1) << letters;
    ASSERT_EQ(letters.size(), deliveries_.size());
    ASSERT_EQ(letters.find('?'), std::string::npos);
    const bool held = state_.state() == v1::ORIENTATION_STATE_ACCEPTED ||
                      state_.state() == v1::ORIENTATION_STATE_BOOKED ||
                      state_.state() == v1::ORIENTATION_STATE_TO_REBOOK;
    if (held) {
      ASSERT_EQ(accepted, 1);
    }
    if (state_.state() == v1::ORIENTATION_STATE_OPEN) {
      ASSERT_EQ(accepted, 0);
      ASSERT_NE(letters.find('P'), std::string::npos);
    } else {
      ASSERT_EQ(letters.find('P'), std::string::npos) << letters;
    }
    if (!step.open) {
      ASSERT_EQ(letters.find('W'), std::string::npos) << letters;
    }
    if (state_.event().orientation().mode() == v1::Orientation::ONE_BY_ONE) {
      ASSERT_LE(std::ranges::count(letters, 'P'), 1);
    }
  }

  void check_indices(const OrientationStep& step) {
    std::set<int> used;
    for (const auto* list : {&step.release, &step.withdraw, &step.expire}) {
      for (const int index : *list) {
        ASSERT_TRUE(index >= 0 && index < state_.proposals_size());
        ASSERT_TRUE(used.insert(index).second) << "in two lists: " << index;
      }
    }
    for (const int index : step.release)
      ASSERT_EQ(state_.proposals(index).state(), v1::PROPOSAL_STATE_PROPOSED);
    for (const Told& told : step.told)
      ASSERT_TRUE(told.recipient_index >= 2 && told.recipient_index < state_.proposals_size() + 2);
  }

  std::mt19937_64 chance_;
  Instant now_ = orientation_day;
  stored::OrientationCase state_;
  std::vector<DeliveryState> deliveries_;
};

TEST(OrientationProperties, HoldInEveryLife) {
  // Claim: never two acceptances, no proposal lost or left open, no list out of bounds, no wake-up in the
  // past, and the same step from the same state.
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    RandomLife life(seed);
    for (int i = 0; i < 25 && !testing::Test::HasFatalFailure(); ++i) life.go_on();
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace psl::care
