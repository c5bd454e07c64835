#include "gateway/care/candidates.h"

#include <gtest/gtest.h>

namespace psl::care {
namespace {

using Entry = v1::CandidateList::Entry;

constexpr std::string_view today = "2026-11-22";

// A list "doctors" around three communes on one meridian; 34001 is where the patient lives.
class Territory {
 public:
  Territory() {
    add_commune("34001", 43.60);
    add_commune("34002", 43.70);
    add_commune("34003", 43.65);
    list_ = tenant_.add_candidate_lists();
    list_->set_name("doctors");
    asked_.set_kind(v1::Orientation::PRIMARY_CARE_PHYSICIAN);
    asked_.set_commune_code("34001");
    asked_.set_candidate_list("doctors");
  }

  Entry& add(const std::string& name, const std::string& commune) {
    Entry& entry = *list_->add_entries();
    entry.mutable_person()->set_mailbox(name + "@medecin.demo.mssante.fr");
    entry.add_kinds("PRIMARY_CARE_PHYSICIAN");
    entry.set_commune_code(commune);
    entry.set_confirmed_on("2026-11-01");
    return entry;
  }
  v1::Orientation& asked() { return asked_; }
  v1::Tenant& tenant() { return tenant_; }

  Choice choose() const { return choose_candidates(asked_, tenant_, today); }
  // "a b c": the local parts, in order.
  std::string chosen() const {
    std::string names;
    for (const v1::Candidate& candidate : choose().candidates) {
      const std::string& mailbox = candidate.has_tool()        ? candidate.tool().name()
                                   : candidate.has_structure() ? candidate.structure().mailbox()
                                                               : candidate.person().mailbox();
      names += (names.empty() ? "" : " ") + mailbox.substr(0, mailbox.find('@'));
    }
    return names;
  }
  std::string codes() const {
    std::string codes;
    for (const v1::Issue& issue : choose().issues) codes += (codes.empty() ? "" : " ") + issue.code();
    return codes;
  }

 private:
  void add_commune(const std::string& code, double latitude) {
    v1::Commune& commune = *tenant_.add_communes();
    commune.set_code(code);
    commune.set_latitude(latitude);
    commune.set_longitude(3.9);
  }

  v1::Tenant tenant_;
  v1::CandidateList* list_ = nullptr;
  v1::Orientation asked_;
};

TEST(Candidates, TheSameCommuneThenTheNearestThenTheUnknown) {
  // Claim: by distance over the tenant's communes; the order of the list between equals.
  Territory territory;
  territory.add("unknown", "99999");
  territory.add("far", "34002");
  territory.add("near", "34003");
  territory.add("home", "34001");
  territory.add("near2", "34003");
  EXPECT_EQ(territory.chosen(), "home near near2 far unknown");
  EXPECT_EQ(territory.codes(), "");
}

TEST(Candidates, WithoutThePatientsCommuneTheListDecides) {
  // Claim: unknown is unknown for all but the same commune.
  Territory territory;
  territory.asked().set_commune_code("11111");
  territory.add("far", "34002");
  territory.add("near", "34003");
  territory.add("same", "11111");
  EXPECT_EQ(territory.chosen(), "same far near");
}

TEST(Candidates, TakeTheKindAndTheSkill) {
  // Claim: kind always; specialty with SPECIALIST, profession with PARAMEDICAL; no skill: any.
  Territory territory;
  territory.add("other", "34001").set_kinds(0, "DIRECT_ADMISSION");
  Entry& cardio = territory.add("cardio", "34001");
  cardio.set_kinds(0, "SPECIALIST");
  cardio.add_skills("SM04");
  Entry& nurse = territory.add("nurse", "34001");
  nurse.set_kinds(0, "PARAMEDICAL");
  nurse.add_skills("60");
  Entry& any = territory.add("any", "34002");
  any.set_kinds(0, "PARAMEDICAL");
  any.add_kinds("SPECIALIST");
  territory.asked().set_kind(v1::Orientation::SPECIALIST);
  territory.asked().mutable_specialty()->set_code("SM04");
  EXPECT_EQ(territory.chosen(), "cardio any");
  territory.asked().mutable_specialty()->set_code("SM99");
  EXPECT_EQ(territory.chosen(), "any");
  territory.asked().set_kind(v1::Orientation::PARAMEDICAL);
  territory.asked().mutable_profession()->set_code("60");
  EXPECT_EQ(territory.chosen(), "nurse any");
}

TEST(Candidates, ServeTheCommuneAndVisitAtHome) {
  // Claim: no commune served means all; the own commune is always served; home visits when they are needed.
  Territory territory;
  territory.add("elsewhere", "34002").add_communes_served("34003");
  territory.add("here", "34002").add_communes_served("34001");
  territory.add("own", "34001").add_communes_served("34003");
  territory.add("all", "34003").set_home_visits(true);
  EXPECT_EQ(territory.chosen(), "own all here");
  territory.asked().mutable_facts()->set_home_visit_needed(true);
  EXPECT_EQ(territory.chosen(), "all");
}

TEST(Candidates, NotConfirmedWithinThirtyDaysComeLast) {
  // Claim: 30 days is fresh, 31 is stale, never is stale; an issue says how many.
  Territory territory;
  territory.add("never", "34001").clear_confirmed_on();
  territory.add("stale", "34001").set_confirmed_on("2026-10-22");
  territory.add("fresh", "34002").set_confirmed_on("2026-10-23");
  EXPECT_EQ(territory.chosen(), "fresh never stale");
  ASSERT_EQ(territory.codes(), "CANDIDATE_STALE");
  const v1::Issue issue = territory.choose().issues[0];
  EXPECT_EQ(issue.path(), "event.orientation.candidate_list");
  EXPECT_EQ(issue.text_fr(), "Disponibilité non confirmée depuis 30 jours, sollicités en dernier : 2.");
}

TEST(Candidates, WithoutAnAddressAreLeftOutAndTold) {
  // Claim: no silent loss; the others are asked.
  Territory territory;
  territory.add("without", "34001").mutable_person()->clear_mailbox();
  territory.add("nobody", "34001").clear_person();
  territory.add("tool", "34001").mutable_tool()->set_name("agenda");
  territory.add("house", "34001").mutable_structure()->set_mailbox("house@structure.demo.mssante.fr");
  EXPECT_EQ(territory.chosen(), "agenda house");
  EXPECT_EQ(territory.codes(), "CANDIDATE_WITHOUT_ADDRESS");
}

TEST(Candidates, AreAskedOncePerAddress) {
  // Claim: two practices, one mailbox, whatever its case: once, at the better place.
  Territory territory;
  territory.add("two", "34002").set_phone("tel:+33400000002");
  territory.add("TWO", "34001").set_phone("tel:+33400000001");
  const Choice choice = territory.choose();
  ASSERT_EQ(choice.candidates.size(), 1U);
  EXPECT_EQ(choice.candidates[0].phone(), "tel:+33400000001");
}

TEST(Candidates, AreThirtyAtMost) {
  // Claim: the nearest thirty; an issue tells how many more there are.
  Territory territory;
  for (int i = 0; i < 33; ++i) territory.add("d" + std::to_string(i), "34001");
  EXPECT_EQ(territory.choose().candidates.size(), 30U);
  ASSERT_EQ(territory.codes(), "CANDIDATES_LEFT_OUT");
  EXPECT_EQ(territory.choose().issues[0].text_fr(), "Non sollicités, au-delà de 30 : 3.");
}

TEST(Candidates, NobodyFits) {
  // Claim: an empty choice with its issue, for an unknown list too.
  Territory territory;
  EXPECT_EQ(territory.codes(), "NO_CANDIDATE_FITS");
  territory.asked().set_candidate_list("unknown");
  EXPECT_EQ(territory.codes(), "NO_CANDIDATE_FITS");
  EXPECT_TRUE(territory.choose().candidates.empty());
}

v1::PriorityRules::Rule& add_rule(v1::PriorityRules& rules, int points) {
  v1::PriorityRules::Rule& rule = *rules.add_rules();
  rule.set_points(points);
  return rule;
}

void add_class(v1::PriorityRules& rules, int number, int points_min) {
  v1::PriorityRules::Class& one = *rules.add_classes();
  one.set_number(number);
  one.set_points_min(points_min);
}

// The rules of scenario A1: long-term illness 3, over 70 2, home visit 2, ten medicines 1.
v1::Tenant with_rules() {
  v1::Tenant tenant;
  v1::PriorityRules& rules = *tenant.add_priority_rules();
  rules.set_version("meb-v1");
  rules.set_effective_from("2026-01-01");
  add_rule(rules, 3).set_fact("long_term_illness");
  add_rule(rules, 2).set_age_min(70);
  add_rule(rules, 2).set_fact("home_visit_needed");
  add_rule(rules, 1).set_daily_medicines_min(10);
  add_class(rules, 1, 7);
  add_class(rules, 2, 3);
  add_class(rules, 3, 0);
  return tenant;
}

TEST(Priority, SumsPointsAndTakesTheFirstClassThatIsReached) {
  // Claim: scenario A1 is in the top class; each rule counts from its bound on.
  const v1::Tenant tenant = with_rules();
  v1::PriorityFacts facts;
  Priority priority = priority_of(facts, "1990-01-01", tenant, today);
  EXPECT_EQ(priority.number, 3);
  EXPECT_EQ(priority.score, 0);
  EXPECT_EQ(priority.rules, "meb-v1");
  facts.set_long_term_illness(true);
  EXPECT_EQ(priority_of(facts, "1990-01-01", tenant, today).number, 2);
  facts.set_home_visit_needed(true);
  EXPECT_EQ(priority_of(facts, "1956-11-23", tenant, today).score, 5);
  EXPECT_EQ(priority_of(facts, "1956-11-22", tenant, today).score, 7);
  EXPECT_EQ(priority_of(facts, "1956-11-22", tenant, today).number, 1);
  facts.set_daily_medicines(9);
  EXPECT_EQ(priority_of(facts, "", tenant, today).score, 5);
  facts.set_daily_medicines(10);
  EXPECT_EQ(priority_of(facts, "", tenant, today).score, 6);
}

TEST(Priority, ByTheNewestRulesInForce) {
  // Claim: neither older ones nor those of tomorrow, whatever their order.
  v1::Tenant tenant = with_rules();
  for (const char* day : {"2027-01-01", "2026-11-22", "2025-01-01"}) {
    v1::PriorityRules& rules = *tenant.add_priority_rules();
    rules.set_version(std::string("from ") + day);
    rules.set_effective_from(day);
    add_class(rules, 9, 0);
  }
  EXPECT_EQ(priority_of({}, "1950-01-01", tenant, today).rules, "from 2026-11-22");
  EXPECT_EQ(priority_of({}, "1950-01-01", tenant, "2026-11-21").rules, "meb-v1");
}

TEST(Priority, IsNoneWithoutRules) {
  // Claim: class 0 and no version.
  const Priority priority = priority_of({}, "1950-01-01", v1::Tenant(), today);
  EXPECT_EQ(priority.number, 0);
  EXPECT_EQ(priority.score, 0);
  EXPECT_EQ(priority.rules, "");
}

TEST(Priority, AFactThatIsNoYesOrNoCountsForNothing) {
  // Claim: an unknown name, or a number, is no fact.
  v1::Tenant tenant;
  v1::PriorityRules& rules = *tenant.add_priority_rules();
  rules.set_effective_from("2026-01-01");
  add_rule(rules, 3).set_fact("daily_medicines");
  add_rule(rules, 3).set_fact("no_such_fact");
  v1::PriorityFacts facts;
  facts.set_daily_medicines(20);
  EXPECT_EQ(priority_of(facts, "1950-01-01", tenant, today).score, 0);
}

TEST(Age, IsInWholeYears) {
  // Claim: from the birthday on; born on 29 February, from 1 March of a year without that day.
  EXPECT_EQ(age_on("1979-03-28", "2026-03-27"), 46);
  EXPECT_EQ(age_on("1979-03-28", "2026-03-28"), 47);
  EXPECT_EQ(age_on("2008-02-29", "2026-02-28"), 17);
  EXPECT_EQ(age_on("2008-02-29", "2026-03-01"), 18);
  EXPECT_EQ(age_on("2008-02-29", "2024-02-29"), 16);
  EXPECT_EQ(age_on("2026-11-22", "2026-11-22"), 0);
}

TEST(Age, OfNoDateIsUnknown) {
  // Claim: -1, and before the birth too.
  EXPECT_EQ(age_on("", "2026-03-27"), -1);
  EXPECT_EQ(age_on("2025-02-29", "2026-03-27"), -1);
  EXPECT_EQ(age_on("1979-03-28", "today"), -1);
  EXPECT_EQ(age_on("2027-01-01", "2026-03-27"), -1);
}

TEST(Day, IsInUtc) {
  // Claim: the day changes at 00:00 UTC.
  EXPECT_EQ(day_of(Instant{1795391999999999}), "2026-11-22");
  EXPECT_EQ(day_of(Instant{1795392000000000}), "2026-11-23");
}

}  // namespace
}  // namespace psl::care
