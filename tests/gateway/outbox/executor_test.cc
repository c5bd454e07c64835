#include "gateway/outbox/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "gateway/outbox/dispatcher.h"
#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"

namespace psl {
namespace {

TEST(WorkerPools, RunEachPartnersJobsOnItsOwnThreads) {
  // A partner whose threads all hang holds nobody else.
  ScriptedAdapter slow("slow");
  ScriptedAdapter quick("quick", 2);
  const std::vector<Adapter*> adapters = {&slow, &quick};
  std::promise<void> release;
  std::promise<void> ran;
  WorkerPools pools(system_env(), adapters);
  pools.run("slow", [&release] { release.get_future().wait(); });
  pools.run("quick", [&ran] { ran.set_value(); });
  ran.get_future().wait();
  release.set_value();
  EXPECT_TRUE(pools.stop(seconds(60)));
}

TEST(WorkerPools, BoundTheThreadsOfAPartner) {
  // Never more jobs at once than its concurrency.
  ScriptedAdapter adapter("mail", 2);
  const std::vector<Adapter*> adapters = {&adapter};
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::promise<void> all_done;
  std::atomic<int> left = 50;
  WorkerPools pools(system_env(), adapters);
  for (int i = 0; i < 50; ++i) {
    pools.run("mail", [&] {
      const int now = ++running;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      --running;
      if (--left == 0) all_done.set_value();
    });
  }
  all_done.get_future().wait();
  EXPECT_LE(most, 2);
}

TEST(WorkerPools, FinishWhatRunsAndDropWhatWaitsAtTheStop) {
  // What runs may have sent bytes; what waits has not.
  ScriptedAdapter adapter("mail");
  const std::vector<Adapter*> adapters = {&adapter};
  std::promise<void> begun;
  std::promise<void> release;
  bool second = false;
  {
    WorkerPools pools(system_env(), adapters);
    pools.run("mail", [&] {
      begun.set_value();
      release.get_future().wait();
    });
    pools.run("mail", [&second] { second = true; });
    begun.get_future().wait();
    EXPECT_FALSE(pools.stop(Span{0})) << "the deadline passed and the first still runs";
    pools.run("mail", [&second] { second = true; });
    release.set_value();
    EXPECT_TRUE(pools.stop(seconds(60)));
  }
  EXPECT_FALSE(second);
}

TEST(TickThread, TicksAtOnceAndWhenNotified) {
  // However far away the next time is.
  TickThread ticker(system_env());
  std::atomic<int> ticks = 0;
  std::promise<void> first;
  std::promise<void> second;
  ticker.start([&](Instant now) {
    const int tick = ++ticks;
    if (tick == 1) first.set_value();
    if (tick == 2) second.set_value();
    return now + seconds(3600);
  });
  first.get_future().wait();
  ticker.notify();
  second.get_future().wait();
  ticker.stop();
  EXPECT_EQ(ticks, 2);
  ticker.notify();
}

TEST(TickThread, TicksWhenItsTimeComes) {
  // Without any notice.
  TickThread ticker(system_env());
  std::promise<void> third;
  int ticks = 0;
  ticker.start([&](Instant now) {
    if (++ticks == 3) third.set_value();
    return now + (ticks < 3 ? milliseconds(1) : seconds(3600));
  });
  third.get_future().wait();
}

TEST(TickThread, StopsBeforeItEverStarted) {
  // A process that fails to start still ends.
  TickThread ticker(system_env());
  ticker.notify();
  ticker.stop();
}

TEST(Outbox, DeliversWithRealThreads) {
  // Ticker, workers and a sink that answers at once: 40 deliveries of two partners, some of which fail first.
  MemoryStore store;
  ImmediateSink sink(store);
  PlainSealer sealer;
  FakeEnv env;
  env.fix_random(0);
  v1::Tenant tenant;
  tenant.set_name("cpts-test");
  std::atomic<int> calls = 0;
  const auto now_and_then_busy = [&calls](const Payload&) { return ++calls % 5 == 0 ? busy() : accepted(); };
  // One thread each: the scripts of the stand-ins are not for several.
  ScriptedAdapter mail("mail");
  ScriptedAdapter web("web");
  mail.on_deliver = now_and_then_busy;
  web.on_deliver = now_and_then_busy;
  const std::vector<Adapter*> adapters = {&mail, &web};
  for (uint64_t i = 1; i <= 20; ++i) {
    const Command event = event_to(sealer, i, {"mail", "web"}, env.now());
    ASSERT_TRUE(store.commit(std::span(&event, 1)).ok());
  }

  TickThread ticker(system_env());
  WorkerPools pools(system_env(), adapters);
  OpeningOffice office;
  Courier courier({store, sink, sealer, office, env, [&tenant](std::string_view) { return &tenant; }}, {});
  std::promise<void> quiet;
  std::atomic<bool> told = false;
  Dispatcher dispatcher({store, sink, env, courier, pools, [&ticker] { ticker.notify(); }}, {}, adapters);
  ASSERT_TRUE(dispatcher.recover().ok());
  ticker.start([&](Instant now) {
    dispatcher.tick(env.now());
    if (store.open_deliveries().empty() && !told.exchange(true)) quiet.set_value();
    return now + seconds(60);
  });
  quiet.get_future().wait();
  ticker.stop();
  EXPECT_TRUE(pools.stop(seconds(60)));
  for (const Uuid& id : store.all_deliveries()) {
    EXPECT_EQ(store.delivery(id).due.state, DeliveryState::delivered);
  }
}

}  // namespace
}  // namespace psl
