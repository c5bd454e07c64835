// The committer, as everybody in the process sees it: what becomes durable wakes those who wait for it.
#pragma once

#include <functional>
#include <utility>

#include "gateway/core/store.h"

namespace psl {

// Thread safe, like the sink inside, which outlives it. The functions are called on the committer's thread
// and must not wait.
class TellingSink final : public CommandSink {
 public:
  struct Listeners {
    // An event came, or a person moved a delivery: the dispatcher may have something to do.
    std::function<void()> work;
    // Anything became durable: watchers may have something to be told.
    std::function<void()> changed;
  };
  TellingSink(CommandSink& inner, Listeners tell) : inner_(inner), tell_(std::move(tell)) {}

  void submit(Command command, std::function<void(Result<Effect>)> done) override {
    const bool is_work = gives_work(command);
    inner_.submit(std::move(command), [this, is_work, done = std::move(done)](Result<Effect> effect) {
      const bool durable = effect.ok();
      done(std::move(effect));
      if (!durable) return;
      if (is_work) tell_.work();
      tell_.changed();
    });
  }

 private:
  static bool gives_work(const Command& command) {
    const auto* move = std::get_if<MoveDelivery>(&command);
    // The dispatcher wakes itself after its own moves, which have no actor.
    // A step may let a proposal leave.
    return std::holds_alternative<AcceptEvent>(command) || std::holds_alternative<StepCase>(command) ||
           (move != nullptr && !move->actor.empty());
  }

  CommandSink& inner_;
  const Listeners tell_;
};

}  // namespace psl
