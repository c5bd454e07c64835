#include "gateway/care/regimes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace psl::care {
namespace {

namespace v1 = passerelle::v1;

using Cells = std::vector<std::string>;

// The tables of docs/circle.md whose rows begin with a rule: `wanted` cells each.
std::vector<Cells> rules_of_page(size_t wanted) {
  std::ifstream page(PSL_SOURCE_DIR "/docs/circle.md");
  std::vector<Cells> rows;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `") || line.find("` | ") == std::string::npos) continue;
    Cells cells;
    for (size_t at = 2; at < line.size();) {
      const size_t end = line.find(" |", at);
      cells.push_back(line.substr(at, end - at));
      at = end + 3;
    }
    const std::string& rule = cells[0];
    const bool is_rule = rule.find_first_not_of("`ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string::npos;
    if (is_rule && cells.size() == wanted) rows.push_back(cells);
  }
  return rows;
}

// The words of the page for what the program calls these.
const std::map<std::string, std::string> standing_words = {
    {"health", "professionnel de santé"},
    {"social", "professionnel social ou médico-social"},
    {"other", "autre"},
    {"said", "chacun des trois"},
    {"anyone", "tous"}};
const std::map<std::string, std::string> basis_words = {{"team", "équipe de soins"},
                                                        {"outside", "hors équipe"},
                                                        {"either", "l'une ou l'autre"},
                                                        {"anything", "toutes"}};
const std::map<std::string, std::string> content_words = {{"clinical", "clinique"},
                                                          {"coordination", "coordination"},
                                                          {"restricted", "restreint"},
                                                          {"shareable", "clinique ou coordination"},
                                                          {"all", "tous"}};
const std::map<std::string, std::string> consent_words = {
    {"holds", "donné"},
    {"refused", "refusé, retiré ou expiré"},
    {"none", "non recueilli"},
    {"absent", "non recueilli, refusé, retiré ou expiré"},
    {"irrelevant", "sans effet"}};
const std::map<std::string, std::string> objection_words = {{"objected", "oui"}, {"whatever", "sans effet"}};
const std::map<std::string, std::string> outcome_words = {
    {"FULL", "le document"}, {"REDUCED", "un avis"}, {"NOTHING", "rien"}};
const std::map<std::string, std::string> yes_words = {{"true", "oui"}, {"false", "non"}};

TEST(Regimes, ThePageIsTheTable) {
  // Claim: docs/circle.md has the rows of regimes.def, in the same order, cell by cell.
  const std::vector<Cells> table = {
#define PSL_MAILBOX_RULE(rule, text)
#define PSL_REGIME(rule, standing, basis, content, consent, objection, outcome, needs_consent, text) \
  Cells{"`" #rule "`",                                                                               \
        standing_words.at(#standing),                                                                \
        basis_words.at(#basis),                                                                      \
        content_words.at(#content),                                                                  \
        consent_words.at(#consent),                                                                  \
        objection_words.at(#objection),                                                              \
        outcome_words.at(#outcome),                                                                  \
        yes_words.at(#needs_consent),                                                                \
        text},
#include "gateway/care/regimes.def"
#undef PSL_REGIME
#undef PSL_MAILBOX_RULE
  };
  const std::vector<Cells> page = rules_of_page(9);
  ASSERT_EQ(page.size(), table.size());
  for (size_t i = 0; i < table.size(); ++i) EXPECT_EQ(page[i], table[i]);
}

TEST(Regimes, ThePageHasTheRulesOfMailboxes) {
  // Claim: the second table too.
  const std::vector<Cells> table = {
#define PSL_REGIME(rule, standing, basis, content, consent, objection, outcome, needs_consent, text)
#define PSL_MAILBOX_RULE(rule, text) Cells{"`" #rule "`", text},
#include "gateway/care/regimes.def"
#undef PSL_MAILBOX_RULE
#undef PSL_REGIME
  };
  EXPECT_EQ(rules_of_page(2), table);
}

// The law as a person would say it, without the table: what each cell must come to.
std::string expected(const RegimeQuestion& q) {
  const bool health = q.standing == v1::STANDING_HEALTH_PROFESSIONAL;
  const bool social = q.standing == v1::STANDING_SOCIAL_PROFESSIONAL;
  const bool known = health || social || q.standing == v1::STANDING_OTHER;
  const bool team = q.basis == v1::MEMBER_BASIS_CARE_TEAM;
  const bool outside = q.basis == v1::MEMBER_BASIS_CONSENT;
  if (q.objected) return "PATIENT_OBJECTS nothing";
  if (!known || (!team && !outside)) return "NO_RULE_ALLOWS nothing";
  if (q.content == ContentClass::restricted) return "RESTRICTED_NOT_ROUTED nothing";
  const bool consents = q.consent == ConsentState::holds;
  if (outside && q.consent == ConsentState::refused) return "CONSENT_REFUSED nothing";
  if (outside && !consents) return "CONSENT_MISSING nothing";
  if (!health && !social)
    return consents ? "NOT_A_HEALTH_PROFESSIONAL notice while" : "NOT_LISTED_BY_LAW nothing";
  if (health) return team ? "TEAM_SHARES all" : "CONSENT_HOLDS all while";
  const bool notice = q.content == ContentClass::clinical;
  const std::string row = team ? "SOCIAL_TEAM" : "SOCIAL_CONSENT";
  return row + (notice ? "_NOTICE notice" : "_COORDINATION all") + (team ? "" : " while");
}

std::string answered(const RegimeAnswer& answer) {
  std::string text(answer.rule);
  text += answer.outcome == v1::RoutingDecision::FULL      ? " all"
          : answer.outcome == v1::RoutingDecision::REDUCED ? " notice"
                                                           : " nothing";
  return text + (answer.needs_consent ? " while" : "");
}

std::vector<RegimeQuestion> all_questions() {
  std::vector<RegimeQuestion> questions;
  for (const auto standing :
       {v1::STANDING_UNSPECIFIED, v1::STANDING_HEALTH_PROFESSIONAL, v1::STANDING_SOCIAL_PROFESSIONAL,
        v1::STANDING_OTHER, static_cast<v1::Standing>(31), static_cast<v1::Standing>(-1),
        static_cast<v1::Standing>(1 << 20)}) {
    for (const auto basis : {v1::MEMBER_BASIS_UNSPECIFIED, v1::MEMBER_BASIS_CARE_TEAM,
                             v1::MEMBER_BASIS_CONSENT, static_cast<v1::MemberBasis>(77)}) {
      for (const auto content :
           {ContentClass::clinical, ContentClass::coordination, ContentClass::restricted}) {
        for (const auto consent : {ConsentState::none, ConsentState::holds, ConsentState::refused}) {
          for (const bool objected : {false, true}) {
            questions.push_back({standing, basis, content, consent, objected});
          }
        }
      }
    }
  }
  return questions;
}

TEST(Regimes, JudgeEveryCellAsTheLawDoes) {
  // Claim: every combination of standing, basis, content, consent and objection, those of tomorrow's senders
  // too.
  for (const RegimeQuestion& question : all_questions()) {
    const bool known = v1::Standing_IsValid(question.standing) && v1::MemberBasis_IsValid(question.basis);
    EXPECT_EQ(answered(judge(question)), known ? expected(question) : "NO_RULE_ALLOWS nothing")
        << question.standing << " " << question.basis << " " << static_cast<int>(question.content) << " "
        << static_cast<int>(question.consent) << " " << question.objected;
  }
}

TEST(Regimes, GiveNothingClinicalToOneWhoIsNoHealthProfessional) {
  // Claim: in no cell.
  for (const RegimeQuestion& question : all_questions()) {
    if (question.standing == v1::STANDING_HEALTH_PROFESSIONAL) continue;
    if (question.content == ContentClass::coordination) continue;
    EXPECT_NE(judge(question).outcome, v1::RoutingDecision::FULL);
  }
}

TEST(Regimes, GiveNothingAgainstThePatientsWill) {
  // Claim: an objection stops everything; outside the team nothing goes without a consent that holds, and
  // what goes stops with it.
  for (const RegimeQuestion& question : all_questions()) {
    const RegimeAnswer answer = judge(question);
    if (question.objected) {
      EXPECT_EQ(answer.outcome, v1::RoutingDecision::NOTHING);
    }
    if (question.basis == v1::MEMBER_BASIS_CARE_TEAM || answer.outcome == v1::RoutingDecision::NOTHING)
      continue;
    EXPECT_EQ(question.consent, ConsentState::holds);
    EXPECT_TRUE(answer.needs_consent);
  }
}

TEST(Regimes, DenyByDefault) {
  // Claim: a question that says nothing is answered with nothing.
  EXPECT_EQ(judge({}).outcome, v1::RoutingDecision::NOTHING);
  EXPECT_EQ(judge({v1::STANDING_UNSPECIFIED, v1::MEMBER_BASIS_CARE_TEAM}).rule, "NO_RULE_ALLOWS");
}

}  // namespace
}  // namespace psl::care
