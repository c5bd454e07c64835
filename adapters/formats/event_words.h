// The French words of orientations, enrolments and care circles: what a doctor, a secretary or a coordinator
// reads in a document or in a mail. Pure; an enumerator that says nothing gives an empty text.
#pragma once

#include <string>
#include <string_view>

#include "adapters/formats/calendar.h"
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

// What is asked for, of its label or of the official one of JDV_J01: "Cardiologie et maladies vasculaires";
// the code where nobody knows a label. `specialty` TRE_R38, `profession` TRE_G15.
std::string specialty_shown(const passerelle::v1::Coding& specialty);
std::string profession_shown(const passerelle::v1::Coding& profession);

// "Dr Zoé LEFÈVRE".
std::string person_shown(const passerelle::v1::Professional& person);
// The first telephone of a person or a structure, as it is dialled in France: "03 84 00 00 00"; empty when
// there is none.
std::string phone_of_uri(std::string_view uri);
template <typename Owner>
std::string phone_of(const Owner& owner) {
  for (const auto& telecom : owner.telecoms()) {
    if (std::string phone = phone_of_uri(telecom.uri()); !phone.empty()) return phone;
  }
  return {};
}

// "22/11/2026 à 10:00"; the day alone when the clock says midnight, since nobody means that minute.
std::string moment_in_french(const google::protobuf::Timestamp& at, const TimeZone& zone);
// "à partir du 23/11/2026 et avant le 28/11/2026"; empty when neither is said. Of an orientation or an
// update.
template <typename Wanted>
std::string wanted_shown(const Wanted& what, const TimeZone& zone) {
  std::string shown;
  if (what.has_wanted_from()) shown = "à partir du " + moment_in_french(what.wanted_from(), zone);
  if (what.has_wanted_before()) {
    if (!shown.empty()) shown += " et ";
    shown += "avant le " + moment_in_french(what.wanted_before(), zone);
  }
  return shown;
}

}  // namespace psl
