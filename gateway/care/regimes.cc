#include "gateway/care/regimes.h"

#include <array>
#include <cstdint>

namespace psl::care {
namespace {

namespace v1 = passerelle::v1;

// One bit for each value that a cell of the table lets pass.
constexpr uint32_t bit(int value) { return uint32_t{1} << value; }
template <typename Enum>
constexpr uint32_t bit_of(Enum value) {
  return bit(static_cast<int>(value));
}

namespace regime_standing {
constexpr uint32_t health = bit(v1::STANDING_HEALTH_PROFESSIONAL);
constexpr uint32_t social = bit(v1::STANDING_SOCIAL_PROFESSIONAL);
constexpr uint32_t other = bit(v1::STANDING_OTHER);
constexpr uint32_t said = health | social | other;
constexpr uint32_t anyone = ~uint32_t{0};
}  // namespace regime_standing

namespace regime_basis {
constexpr uint32_t team = bit(v1::MEMBER_BASIS_CARE_TEAM);
constexpr uint32_t outside = bit(v1::MEMBER_BASIS_CONSENT);
constexpr uint32_t either = team | outside;
constexpr uint32_t anything = ~uint32_t{0};
}  // namespace regime_basis

namespace regime_content {
constexpr uint32_t clinical = bit_of(ContentClass::clinical);
constexpr uint32_t coordination = bit_of(ContentClass::coordination);
constexpr uint32_t restricted = bit_of(ContentClass::restricted);
constexpr uint32_t shareable = clinical | coordination;
constexpr uint32_t all = shareable | restricted;
}  // namespace regime_content

namespace regime_consent {
constexpr uint32_t holds = bit_of(ConsentState::holds);
constexpr uint32_t refused = bit_of(ConsentState::refused);
constexpr uint32_t none = bit_of(ConsentState::none);
constexpr uint32_t absent = refused | none;
constexpr uint32_t irrelevant = holds | absent;
}  // namespace regime_consent

namespace regime_objection {
constexpr uint32_t objected = bit(1);
constexpr uint32_t whatever = bit(0) | bit(1);
}  // namespace regime_objection

struct RegimeRow {
  uint32_t standings;
  uint32_t bases;
  uint32_t contents;
  uint32_t consents;
  uint32_t objections;
  RegimeAnswer answer;
};

#define PSL_MAILBOX_RULE(rule, text)
#define PSL_REGIME(rule, standing, basis, content, consent, objection, outcome, needs_consent, text) \
  RegimeRow{                                                                                         \
      regime_standing::standing,   regime_basis::basis,                                              \
      regime_content::content,     regime_consent::consent,                                          \
      regime_objection::objection, RegimeAnswer{v1::RoutingDecision::outcome, #rule, text, needs_consent}},
constexpr RegimeRow regime_rows[] = {
#include "gateway/care/regimes.def"
};
#undef PSL_REGIME
#undef PSL_MAILBOX_RULE

}  // namespace

RegimeAnswer judge(const RegimeQuestion& question) {
  const bool known = v1::Standing_IsValid(question.standing) && v1::MemberBasis_IsValid(question.basis);
  for (const RegimeRow& row : regime_rows) {
    if (known && (row.standings & bit(question.standing)) != 0 && (row.bases & bit(question.basis)) != 0 &&
        (row.contents & bit_of(question.content)) != 0 && (row.consents & bit_of(question.consent)) != 0 &&
        (row.objections & bit(question.objected ? 1 : 0)) != 0) {
      return row.answer;
    }
  }
  return std::end(regime_rows)[-1].answer;
}

}  // namespace psl::care
