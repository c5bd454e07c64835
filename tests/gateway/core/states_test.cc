#include "gateway/core/states.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "gateway/core/outcome.h"

namespace psl {
namespace {

using S = DeliveryState;
using H = Happening;

constexpr S all_states[] = {S::pending,  S::sending,     S::unknown,   S::delivered,
                            S::rejected, S::handed_over, S::cancelled, S::expired};
constexpr H all_happenings[] = {H::attempt_started,  H::partner_accepted, H::partner_busy, H::partner_refused,
                                H::outcome_lost,     H::may_repeat,       H::cannot_tell,  H::given_up,
                                H::proposal_expired, H::cancelled,        H::retried};

TEST(States, HaveExactlyTheEdgesOfTheArchitecture) {
  // Claim: the table is complete: every pair of state and happening is either listed here or has no edge.
  const std::map<std::pair<S, H>, S> edges = {
      {{S::pending, H::attempt_started}, S::sending},  {{S::sending, H::partner_accepted}, S::delivered},
      {{S::sending, H::partner_busy}, S::pending},     {{S::sending, H::partner_refused}, S::rejected},
      {{S::sending, H::outcome_lost}, S::unknown},     {{S::unknown, H::partner_accepted}, S::delivered},
      {{S::unknown, H::may_repeat}, S::pending},       {{S::unknown, H::cannot_tell}, S::handed_over},
      {{S::unknown, H::given_up}, S::handed_over},     {{S::pending, H::partner_accepted}, S::delivered},
      {{S::pending, H::partner_refused}, S::rejected}, {{S::unknown, H::partner_refused}, S::rejected},
      {{S::pending, H::given_up}, S::handed_over},     {{S::pending, H::proposal_expired}, S::expired},
      {{S::pending, H::cancelled}, S::cancelled},      {{S::delivered, H::partner_refused}, S::rejected},
      {{S::rejected, H::retried}, S::pending},         {{S::handed_over, H::retried}, S::pending},
  };
  for (S from : all_states) {
    for (H happening : all_happenings) {
      const auto edge = edges.find({from, happening});
      const auto to = next_state(from, happening);
      ASSERT_EQ(to.has_value(), edge != edges.end()) << name_of(from) << " " << name_of(happening);
      if (to) {
        EXPECT_EQ(*to, edge->second) << name_of(from) << " " << name_of(happening);
      }
    }
  }
}

TEST(States, EveryFinalOneIsClearAboutTheHuman) {
  // Claim: what is not delivered, cancelled or expired in the end has a human.
  for (S state : all_states) {
    EXPECT_EQ(needs_human(state), state == S::rejected || state == S::handed_over);
    EXPECT_EQ(is_final(state), state != S::pending && state != S::sending && state != S::unknown);
  }
}

TEST(Outcomes, UnknownIsNeverAFailure) {
  // Claim: each verdict takes its own edge.
  EXPECT_EQ(happening_of(Verdict::accepted), H::partner_accepted);
  EXPECT_EQ(happening_of(Verdict::try_later), H::partner_busy);
  EXPECT_EQ(happening_of(Verdict::rejected), H::partner_refused);
  EXPECT_EQ(happening_of(Verdict::unknown), H::outcome_lost);
}

}  // namespace
}  // namespace psl
