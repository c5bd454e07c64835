// Whom an orientation asks when its sender names a list, and how urgent it is: pure functions of the
// configuration of the tenant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"
#include "passerelle/v1/orientation.pb.h"

namespace psl::care {

namespace v1 = passerelle::v1;

struct Choice {
  std::vector<v1::Candidate> candidates;
  std::vector<v1::Issue> issues;
};

inline constexpr int candidates_most = 30;

// Of the list that `orientation` names: those who take its kind and its specialty or profession, serve the
// commune, and visit at home when that is needed; the same commune first, then the nearest, those who were
// not confirmed within 30 days last (CANDIDATE_STALE), the order of the list between equals; at most 30
// (CANDIDATES_LEFT_OUT). An entry without an address is left out (CANDIDATE_WITHOUT_ADDRESS). Nobody: an
// empty choice, with NO_CANDIDATE_FITS. `today`: "YYYY-MM-DD".
Choice choose_candidates(const v1::Orientation& orientation, const v1::Tenant& tenant,
                         std::string_view today);

struct Priority {
  // 0: no rules are in force.
  int number = 0;
  int score = 0;
  // Version of the rules.
  std::string rules;
};

// By the newest rules that are in force on `today`. `birth_date`: "YYYY-MM-DD".
Priority priority_of(const v1::PriorityFacts& facts, std::string_view birth_date, const v1::Tenant& tenant,
                     std::string_view today);

// Whole years between two dates "YYYY-MM-DD"; -1 when either is no date, or the second is before the first.
// Born on 29 February, one is a year older from 1 March of a year without that day.
int age_on(std::string_view birth_date, std::string_view day);
// The UTC day of an instant.
std::string day_of(Instant at);

}  // namespace psl::care
