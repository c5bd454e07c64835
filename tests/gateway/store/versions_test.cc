// Never an older version over a newer one, in every ledger: CI-SIS ST v1.16 section 3.5.5.10.
#include <gmock/gmock.h>

#include "tests/gateway/store/memory_under_test.h"
#include "tests/gateway/store/sqlite_under_test.h"
#include "tests/gateway/store/store_fixture.h"

namespace psl {
namespace {

class Versions : public StoreFixture {
 protected:
  // Version `number` of the set 1.9, which is document 1.9.<number>, for address "a".
  static AcceptEvent version(int number, const std::string& key = {}) {
    const std::string name = std::to_string(number);
    AcceptEvent event = letters::letter(key.empty() ? "v" + name : key, "1.9." + name, "a");
    event.set_id = "1.9";
    event.version = number;
    return event;
  }
  static AcceptEvent replacing(int number, int replaced) {
    AcceptEvent event = version(number);
    event.replaces = "1.9." + std::to_string(replaced);
    return event;
  }
  static Command retried(const AcceptEvent& event) {
    return letters::moved(event.deliveries[0].id, Happening::retried);
  }
  void bring(const AcceptEvent& event, Verdict verdict) {
    const Uuid id = event.deliveries[0].id;
    EXPECT_EQ(commit({letters::attempt(id), letters::outcome(id, verdict)}),
              (std::vector<Effect>{Effect::done, Effect::done}));
  }
};

INSTANTIATE_TEST_SUITE_P(Sqlite, Versions,
                         testing::Values(StoreFactory([] { return std::make_unique<SqliteUnderTest>(); })));
INSTANTIATE_TEST_SUITE_P(Memory, Versions,
                         testing::Values(StoreFactory([] { return std::make_unique<MemoryUnderTest>(); })));

TEST_P(Versions, AreTakenInTheirOrderAndInNoOther) {
  // Claim: a version above all known is taken; below the newest, nothing of the set is, known or not; no
  // trace is left.
  EXPECT_EQ(commit_one(version(1)), Effect::done);
  EXPECT_EQ(commit_one(version(4)), Effect::done);
  EXPECT_EQ(commit_one(version(3)), Effect::newer_version_known);
  EXPECT_EQ(ledger().event(version(3).id).error().code, ErrorCode::not_found);
  EXPECT_EQ(commit_one(version(1, "for another")), Effect::newer_version_known);
  EXPECT_EQ(commit_one(version(4, "for another")), Effect::linked);
  EXPECT_EQ(commit_one(version(5)), Effect::done);
}

TEST_P(Versions, AreJudgedInTheOrderOfOneBatch) {
  // Claim: two versions that arrive together in the wrong order are not both taken.
  EXPECT_EQ(commit({version(2), version(1), version(3)}),
            (std::vector<Effect>{Effect::done, Effect::newer_version_known, Effect::done}));
}

TEST_P(Versions, BelongToOneDocumentEach) {
  // Claim: another document under a version that is taken is refused, also when that one was withdrawn.
  const AcceptEvent first = version(1);
  commit({first, letters::moved(first.deliveries[0].id, Happening::cancelled)});
  AcceptEvent other = letters::letter("other", "1.9.99", "a");
  other.set_id = "1.9";
  EXPECT_EQ(commit_one(other), Effect::version_reused);
  other.version = 2;
  EXPECT_EQ(commit_one(other), Effect::done);
  EXPECT_EQ(commit_one(first), Effect::already_accepted) << "the key that is known comes before all";
}

TEST_P(Versions, BelongToTheirTenantAndTheirSet) {
  // Claim: sets of two tenants, and documents that name none, have nothing to do with each other.
  commit({version(2)});
  AcceptEvent elsewhere = version(1);
  elsewhere.tenant = "cpts-2";
  EXPECT_EQ(commit_one(elsewhere), Effect::done);
  AcceptEvent without = letters::letter("none", "1.8.1", "a");
  AcceptEvent also_without = letters::letter("none either", "1.8.2", "a");
  EXPECT_EQ(commit({without, also_without}), (std::vector<Effect>{Effect::done, Effect::done}));
  EXPECT_EQ(due().size(), 4u);
}

TEST_P(Versions, OfDocumentsWithoutASetAreKnownByWhatReplacesThem) {
  // Claim: a document that another one replaces is not taken any more, whether it was there before or not.
  AcceptEvent second = letters::letter("second", "1.7.2", "a");
  second.replaces = "1.7.1";
  commit({second});
  EXPECT_EQ(commit_one(letters::letter("first", "1.7.1", "a")), Effect::newer_version_known);
  EXPECT_EQ(commit_one(letters::letter("again", "1.7.2", "b")), Effect::done);
  AcceptEvent elsewhere = letters::letter("first", "1.7.1", "a");
  elsewhere.tenant = "cpts-2";
  EXPECT_EQ(commit_one(elsewhere), Effect::done);
}

TEST_P(Versions, WaitForTheOneBeforeAtTheSameAddressAlsoWhenTheyDoNotNameIt) {
  // Claim: a newer version that says nothing of what it replaces, or names a document that never came, is not
  // due while an older one of its set may still be sent there.
  for (const char* replaced : {"", "1.9.77"}) {
    subject_ = GetParam()();
    const AcceptEvent first = version(1);
    AcceptEvent second = letters::to(version(2), "b");
    second.replaces = replaced;
    commit({first, letters::attempt(first.deliveries[0].id), second});
    EXPECT_EQ(due(), (std::vector<Uuid>{second.deliveries[1].id})) << replaced;
    commit({letters::outcome(first.deliveries[0].id, Verdict::try_later)});
    EXPECT_THAT(due(2), testing::UnorderedElementsAre(first.deliveries[0].id, second.deliveries[1].id))
        << replaced;
    bring(first, Verdict::accepted);
    EXPECT_EQ(due(2).size(), 2u) << replaced;
  }
}

TEST_P(Versions, ThatAreOutdatedAreNotTriedAgainByHand) {
  // Claim: what was refused or handed over is not retried once a newer version is known, delivered there or
  // not, whoever sent it.
  for (const bool names_it : {true, false}) {
    for (const DeliveryState end : {DeliveryState::rejected, DeliveryState::handed_over}) {
      subject_ = GetParam()();
      const AcceptEvent first = version(1);
      commit({first});
      if (end == DeliveryState::rejected) {
        bring(first, Verdict::rejected);
      } else {
        commit({letters::moved(first.deliveries[0].id, Happening::given_up)});
      }
      AcceptEvent second = names_it ? replacing(2, 1) : version(2);
      second.principal = "clinic";
      commit({second});
      EXPECT_EQ(commit_one(retried(first)), Effect::stale);
      bring(second, Verdict::accepted);
      EXPECT_EQ(commit_one(retried(first)), Effect::stale);
      EXPECT_EQ(state(first), end);
    }
  }
}

TEST_P(Versions, WithoutASetAreNotTriedAgainAfterWhatReplacedThemThere) {
  // Claim: of documents without a set, another principal's replacement at the same address stops a retry
  // too.
  const AcceptEvent first = letters::letter("first", "1.7.1", "a");
  commit({first});
  bring(first, Verdict::rejected);
  AcceptEvent second = letters::letter("second", "1.7.2", "a");
  second.replaces = "1.7.1";
  second.principal = "clinic";
  commit({second});
  bring(second, Verdict::accepted);
  EXPECT_EQ(commit_one(retried(first)), Effect::stale);
}

TEST_P(Versions, ReachAnAddressInTheirOrderWhateverBecomesOfEach) {
  // Claim: with every outcome of the old one, and whenever the new one comes, the old one is not sent to an
  // address after the new one.
  for (const Verdict verdict : {Verdict::accepted, Verdict::try_later, Verdict::rejected, Verdict::unknown}) {
    for (const bool during_attempt : {true, false}) {
      subject_ = GetParam()();
      const AcceptEvent first = version(1);
      const AcceptEvent second = replacing(2, 1);
      const Uuid old = first.deliveries[0].id;
      commit({first, letters::attempt(old)});
      if (during_attempt) commit({second});
      commit({letters::outcome(old, verdict)});
      if (!during_attempt) commit({second});
      commit({letters::moved(old, Happening::may_repeat)});
      bool new_one_left = false;
      for (int round = 0; round < 4; ++round) {
        for (const Uuid& id : due(1000)) {
          EXPECT_FALSE(id == old && new_one_left);
          new_one_left = new_one_left || id != old;
          commit({letters::attempt(id), letters::outcome(id, Verdict::rejected)});
        }
        commit({retried(first)});
      }
      EXPECT_TRUE(new_one_left);
    }
  }
}

TEST_P(Versions, WaitForTheirSetAlsoWhenTheyReplaceADocumentOfAnother) {
  // Claim: a version that names a document of another set waits at an address for both: what it replaces and
  // what came before it.
  const AcceptEvent first = version(1);
  AcceptEvent other = letters::letter("other", "1.5.1", "a");
  other.set_id = "1.5";
  other.principal = "clinic";
  AcceptEvent second = version(2);
  second.replaces = "1.5.1";
  commit({first, other, second});
  for (const AcceptEvent& next : {first, other, second}) {
    EXPECT_EQ(due(), (std::vector<Uuid>{next.deliveries[0].id}));
    bring(next, Verdict::accepted);
  }
}

TEST_P(Versions, AreRefusedWhenTheReplacedOneAppearedMeanwhile) {
  // Claim: who looked for the replaced document in vain, while it was being accepted, has to look again.
  AcceptEvent second = replacing(2, 1);
  second.replaced_unknown = true;
  EXPECT_EQ(commit({version(1), second}), (std::vector<Effect>{Effect::done, Effect::replaced_appeared}));
  EXPECT_EQ(ledger().event(second.id).error().code, ErrorCode::not_found);
  second.replaced_unknown = false;
  EXPECT_EQ(commit_one(second), Effect::done);
  AcceptEvent other = letters::letter("other", "1.6.2", "a");
  other.replaces = "1.6.1";
  other.replaced_unknown = true;
  EXPECT_EQ(commit_one(other), Effect::done) << "it never came";
}

TEST_P(Versions, AreFoundByTheirDocument) {
  // Claim: the newest event of the tenant with the document; nothing for others, or without an identifier.
  const AcceptEvent first = version(1);
  const AcceptEvent again = version(1, "again");
  AcceptEvent elsewhere = version(1);
  elsewhere.tenant = "cpts-2";
  elsewhere.id = letters::id_of("elsewhere");
  elsewhere.deliveries.clear();
  commit({first, again, elsewhere});
  EXPECT_EQ(ledger().event_with_document("cpts", "1.9.1").value(), again.id);
  EXPECT_EQ(ledger().event_with_document("cpts-2", "1.9.1").value(), elsewhere.id);
  EXPECT_EQ(ledger().event_with_document("cpts", "1.9.2").value(), std::nullopt);
  EXPECT_EQ(ledger().event_with_document("cpts", "").value(), std::nullopt);
}

}  // namespace
}  // namespace psl
