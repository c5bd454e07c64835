// The French words of orientations, enrolments and care circles: what a doctor, a secretary or a coordinator
// reads in a document, in a mail and on the answer page. Pure; an enumerator that says nothing gives an empty
// text.
#pragma once

#include <string>
#include <string_view>

#include "passerelle/v1/circle.pb.h"
#include "passerelle/v1/delivery.pb.h"
#include "passerelle/v1/orientation.pb.h"

namespace psl {

// "Demande d'avis spécialisé": a title.
std::string_view request_title(passerelle::v1::Orientation::Kind kind);
// "avis spécialisé": inside a sentence or after a colon, with neither speciality nor illness.
std::string_view request_noun(passerelle::v1::Orientation::Kind kind);
std::string_view urgency_shown(passerelle::v1::Orientation::Urgency urgency);
// "Rendez-vous fixé".
std::string_view step_shown(passerelle::v1::OrientationUpdate::Step step);
std::string_view reason_shown(passerelle::v1::OrientationUpdate::Reason reason);
std::string_view channel_shown(passerelle::v1::AnswerChannel channel);
std::string_view state_shown(passerelle::v1::OrientationState state);
std::string_view role_shown(passerelle::v1::MemberRole role);
std::string_view status_shown(passerelle::v1::PathwayEnrolment::Status status);
std::string_view end_reason_shown(passerelle::v1::PathwayEnrolment::EndReason reason);
std::string_view decision_shown(passerelle::v1::Consent::Decision decision);

// A French number in pairs that no line end parts: "03 84 00 00 00"; another as it is written.
std::string phone_shown(std::string_view number);
// The same of a URI of scheme tel; empty for another.
std::string phone_of_uri(std::string_view uri);
// The first telephone of a person or a structure; empty when there is none.
template <typename Owner>
std::string phone_of(const Owner& owner) {
  for (const auto& telecom : owner.telecoms()) {
    if (std::string phone = phone_of_uri(telecom.uri()); !phone.empty()) return phone;
  }
  return {};
}

}  // namespace psl
