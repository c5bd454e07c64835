#include "gateway/app/care_print.h"

#include <algorithm>
#include <string_view>

#include "gateway/app/print.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

// "ORIENTATION_STATE_TO_REBOOK" without its prefix, as words.
std::string words_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return "?";
  std::string words(name.substr(prefix.size()));
  std::ranges::transform(words, words.begin(), [](char c) {
    return c == '_' ? ' ' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return words;
}

std::string proposal_text(const v1::ProposalStatus& proposal) {
  std::string out = "  proposal " + proposal.proposal_id() + "  recipient " +
                    std::to_string(proposal.recipient_index()) + "  " + word_of(proposal.state());
  if (proposal.state() == v1::PROPOSAL_STATE_PROPOSED && proposal.has_expires_at())
    out += ", answer awaited until " + to_text(proposal.expires_at());
  if (proposal.has_answered_at()) out += ", answered " + to_text(proposal.answered_at());
  if (proposal.channel() != v1::ANSWER_CHANNEL_UNSPECIFIED)
    out += " by " + words_of(v1::AnswerChannel_Name(proposal.channel()), "ANSWER_CHANNEL_");
  if (proposal.reason() != v1::OrientationUpdate::REASON_UNSPECIFIED)
    out += ", " + words_of(v1::OrientationUpdate::Reason_Name(proposal.reason()), "");
  return out + "\n";
}

std::string orientation_text(const v1::OrientationStatus& orientation) {
  std::string out = "  orientation " + word_of(orientation.state());
  if (orientation.priority_class() > 0) {
    out += ", priority " + std::to_string(orientation.priority_class()) + " (score " +
           std::to_string(orientation.priority_score()) + ", rules " + orientation.priority_rules() + ")";
  }
  out += "\n";
  for (const v1::ProposalStatus& proposal : orientation.proposals()) out += proposal_text(proposal);
  return out;
}

}  // namespace

std::string word_of(v1::OrientationState state) {
  return words_of(v1::OrientationState_Name(state), "ORIENTATION_STATE_");
}

std::string word_of(v1::ProposalState state) {
  return words_of(v1::ProposalState_Name(state), "PROPOSAL_STATE_");
}

std::string routing_text(const v1::RoutingDecision& decision) {
  std::string out = "  circle member " + decision.member_id() + ": " +
                    words_of(v1::RoutingDecision::Outcome_Name(decision.outcome()), "") + ", " +
                    decision.rule();
  if (decision.recipient_index() >= 0) out += ", recipient " + std::to_string(decision.recipient_index());
  return out + "\n      " + decision.text_fr() + "\n";
}

std::string care_text(const v1::EventStatus& status) {
  std::string out;
  if (status.has_orientation()) out += orientation_text(status.orientation());
  for (const v1::RoutingDecision& decision : status.routing()) out += routing_text(decision);
  for (const v1::PastSend& past : status.past_sends()) {
    out += "  sent before under the consent withdrawn: event " + past.event_id() + " recipient " +
           std::to_string(past.recipient_index()) + ", " + std::string(name_of_state(past.state()));
    if (past.has_delivered_at()) out += " " + to_text(past.delivered_at());
    out += "\n";
  }
  if (!status.attention().empty())
    out += "  ATTENTION " + status.attention() + ": " + status.attention_fr() + "\n";
  return out;
}

}  // namespace psl
