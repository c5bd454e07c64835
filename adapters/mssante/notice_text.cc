#include "adapters/mssante/notice_text.h"

#include <algorithm>

#include "adapters/formats/event_words.h"
#include "adapters/formats/text.h"
#include "gateway/core/checked.h"
#include "gateway/core/document_facts.h"
#include "gateway/core/french_words.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

using google::protobuf::Timestamp;

constexpr size_t notice_name_max = 200;

std::string notice_line(std::string_view text) { return one_line(first_characters(text, notice_name_max)); }

Instant instant_of_stamp(const Timestamp& at) { return Instant{at.seconds() * 1000000}; }

// "48 heures", "30 minutes", "5 jours".
std::string span_shown(int64_t seconds) {
  constexpr int64_t minute = 60;
  constexpr int64_t hour = 60 * minute;
  constexpr int64_t day = 24 * hour;
  const auto shown = [](int64_t count, const char* one) {
    return std::to_string(count) + " " + one + (count > 1 ? "s" : "");
  };
  if (seconds % day == 0 && seconds > 2 * day) return shown(seconds / day, "jour");
  if (seconds % hour == 0) return shown(seconds / hour, "heure");
  return shown((seconds + minute - 1) / minute, "minute");
}

// The orientation that the event is, or is about.
const v1::CoordinationEvent& asked_event(const Dispatch& dispatch) {
  const v1::CoordinationEvent& event = dispatch.request.event();
  return event.has_orientation() ? event : dispatch.care.orientation().event();
}

// "Dr Zoé LEFÈVRE, Cabinet du Dr Lefèvre (téléphone : 03 85 00 00 01)".
std::string requester_shown(const v1::Source& source) {
  std::string shown = notice_line(person_shown(source.professional()));
  const std::string structure = notice_line(source.organization().name());
  if (!shown.empty() && !structure.empty()) shown += ", ";
  shown += structure;
  std::string phone = phone_of(source.professional());
  if (phone.empty()) phone = phone_of(source.organization());
  if (!phone.empty()) shown += " (téléphone : " + notice_line(phone) + ")";
  return shown;
}

const stored::Proposal* proposal_at(const stored::OrientationCase& state, int recipient_index) {
  for (const stored::Proposal& each : state.proposals()) {
    if (each.recipient_index() == recipient_index) return &each;
  }
  return nullptr;
}

bool same_dates(const v1::Orientation& a, const v1::Orientation& b) {
  const auto same = [](const Timestamp& x, const Timestamp& y) {
    return x.seconds() == y.seconds() && x.nanos() == y.nanos();
  };
  return a.has_wanted_from() == b.has_wanted_from() && a.has_wanted_before() == b.has_wanted_before() &&
         same(a.wanted_from(), b.wanted_from()) && same(a.wanted_before(), b.wanted_before());
}

// Whether the dates that are wanted now are others than those of the document, which was written before.
bool was_rescheduled(const Dispatch& dispatch) {
  const v1::CoordinationEvent& now = dispatch.care.orientation().event();
  return now.has_orientation() && !same_dates(dispatch.request.event().orientation(), now.orientation());
}

std::string answer_until(const Dispatch& dispatch, const TimeZone& zone) {
  const stored::OrientationCase& state = dispatch.care.orientation();
  const stored::Proposal* proposal = proposal_at(state, dispatch.recipient_index);
  if (proposal != nullptr && proposal->has_expires_at())
    return "Réponse attendue avant le " + moment_in_french(proposal->expires_at(), zone) + ".\n";
  if (state.answer_within_s() <= 0) return {};
  // Written before anybody knows when this candidate's turn comes; nobody has longer than the request.
  std::string shown = "Délai de réponse : " + span_shown(state.answer_within_s());
  if (state.has_give_up_at())
    shown += ", et en tout cas avant le " + moment_in_french(state.give_up_at(), zone);
  return shown + ".\n";
}

constexpr std::string_view notice_end =
    "\nCe message a été envoyé automatiquement. Il est couvert par le secret professionnel : si vous n'en "
    "êtes pas le "
    "destinataire, merci d'en avertir l'expéditeur, puis de le supprimer.\n";

// To a candidate: about "the request" and its reference, never about the patient.
NoticeText candidate_notice(const Dispatch& dispatch, const TimeZone& zone) {
  const v1::CoordinationEvent& asked = asked_event(dispatch);
  const std::string reference = request_reference(dispatch);
  const std::string requester = requester_shown(asked.source());
  const std::string request =
      "la demande " + reference + " (" + std::string(request_noun(asked.orientation().kind())) + ")";
  std::string title;
  std::string what;
  switch (telling_of(dispatch)) {
    case stored::TELLING_CONFIRMED:
      title = "Acceptation enregistrée";
      what = "Votre acceptation est enregistrée pour " + request +
             ". Merci de prendre contact avec le demandeur pour convenir de la suite.\n";
      break;
    case stored::TELLING_TAKEN:
      title = "Demande pourvue";
      what = "Un autre professionnel a accepté avant vous " + request +
             ". Vous n'avez plus rien à faire. Merci de votre disponibilité.\n";
      break;
    case stored::TELLING_TOO_LATE:
      title = "Réponse arrivée trop tard";
      what = "Votre réponse est arrivée trop tard pour " + request +
             " : elle n'a pas été prise en compte. Vous n'avez rien à faire.\n";
      break;
    case stored::TELLING_CANCELLED:
      title = "Demande annulée";
      what = "Le demandeur a annulé " + request + ". Vous n'avez plus rien à faire.\n";
      break;
    case stored::TELLING_RESCHEDULED: {
      title = "Dates modifiées";
      what = "Les dates souhaitées ont changé pour " + request + ".\n";
      const std::string dates = wanted_shown(dispatch.request.event().orientation_update(), zone);
      if (!dates.empty()) what += "Patient à voir : " + dates + ".\n";
      break;
    }
    default:
      title = "Autre choix du patient";
      what = "Le patient a fait un autre choix pour " + request + ". Vous n'avez plus rien à faire.\n";
      break;
  }
  return {title + " (référence " + reference + ")",
          "Bonjour,\n\n" + what + "\nDemandeur : " + requester + ".\n" + std::string(notice_end)};
}

// What happened, for somebody who may not have clinical content: neither the parcours nor the kind of
// request.
std::string_view reduced_sentence(const v1::CoordinationEvent& event) {
  switch (event.kind_case()) {
    case v1::CoordinationEvent::kDischargeLetter:
      return "Une personne que vous accompagnez sort d'un établissement de santé.";
    case v1::CoordinationEvent::kOrientation:
      return "Une demande de prise en charge est faite pour une personne que vous accompagnez.";
    case v1::CoordinationEvent::kOrientationUpdate:
      return "Une demande de prise en charge a évolué pour une personne que vous accompagnez.";
    case v1::CoordinationEvent::kPathwayEnrolment:
      switch (event.pathway_enrolment().status()) {
        case v1::PathwayEnrolment::PLANNED:
        case v1::PathwayEnrolment::ACTIVE:
          return "Une personne que vous accompagnez entre dans un parcours de soins, ou y est suivie.";
        case v1::PathwayEnrolment::FINISHED:
        case v1::PathwayEnrolment::CANCELLED:
          return "Une personne que vous accompagnez sort d'un parcours de soins.";
        default:
          return "Le parcours de soins d'une personne que vous accompagnez change.";
      }
    default:
      return "Le cercle de soins d'une personne que vous accompagnez change.";
  }
}

// Birth and usual name, and birth date: what coordination needs to know who it is.
std::string person_in_mail(const v1::Patient& patient) {
  std::string shown = notice_line(first_given_name(patient));
  if (!patient.used_given_name().empty()) shown = notice_line(patient.used_given_name());
  shown += " " + notice_line(patient.used_family_name().empty() ? patient.birth_family_name()
                                                                : patient.used_family_name());
  if (!patient.used_family_name().empty())
    shown += " (nom de naissance : " + notice_line(patient.birth_family_name()) + ")";
  if (const std::string& date = patient.birth_date(); date_ok(date))
    shown += ", né(e) le " + date.substr(8, 2) + "/" + date.substr(5, 2) + "/" + date.substr(0, 4);
  return shown;
}

NoticeText reduced_notice(const Dispatch& dispatch, const TimeZone& zone) {
  const v1::CoordinationEvent& event = dispatch.request.event();
  std::string body = "Bonjour,\n\n" + std::string(reduced_sentence(event)) + "\n\n";
  if (notice_names_person(dispatch)) body += "Personne : " + person_in_mail(dispatch.header.patient()) + "\n";
  if (event.has_occurred_at())
    body += "Date : " + french_date(instant_of_stamp(event.occurred_at()), zone) + "\n";
  v1::Source structure_only;
  *structure_only.mutable_organization() = event.source().organization();
  const std::string sender = requester_shown(structure_only);
  body += "Expéditeur : " + sender + "\n\n";
  body += notice_names_person(dispatch)
              ? "Ce message ne contient pas d'information médicale. Pour l'organisation, contactez "
                "l'expéditeur.\n"
              : "Ce message ne contient pas d'information médicale et ne nomme pas la personne. Pour "
                "l'organisation, contactez l'expéditeur.\n";
  return {"Information de coordination", body + std::string(notice_end)};
}

}  // namespace

stored::Telling telling_of(const Dispatch& dispatch) {
  const int index = dispatch.recipient_index;
  return index < dispatch.care.routed_size() ? dispatch.care.routed(index).telling()
                                             : stored::TELLING_DOCUMENT;
}

bool is_notice(stored::Telling telling) {
  return telling != stored::TELLING_DOCUMENT && telling != stored::TELLING_PROPOSAL;
}

bool notice_names_person(const Dispatch& dispatch) {
  if (telling_of(dispatch) != stored::TELLING_REDUCED) return false;
  const std::string& member = dispatch.care.routed(dispatch.recipient_index).member_id();
  const auto& routing = dispatch.care.routing();
  return std::any_of(routing.begin(), routing.end(), [&](const v1::RoutingDecision& each) {
    return each.recipient_index() == dispatch.recipient_index && each.member_id() == member &&
           (each.rule() == "SOCIAL_TEAM_NOTICE" || each.rule() == "SOCIAL_CONSENT_NOTICE");
  });
}

std::string request_reference(const Dispatch& dispatch) {
  const auto asked = Uuid::from_raw(dispatch.care.orientation().event_id());
  std::string text = asked.value_or(dispatch.event_id).text().substr(0, 8);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text.substr(0, 4) + "-" + text.substr(4);
}

std::string proposal_text(const Dispatch& dispatch, const TimeZone& zone, bool reads_replies) {
  const v1::CoordinationEvent& event = asked_event(dispatch);
  const v1::Orientation& orientation = event.orientation();
  const stored::Routed& routed = dispatch.care.routed(dispatch.recipient_index);
  const bool rescheduled = was_rescheduled(dispatch);
  const std::string dates =
      wanted_shown(rescheduled ? dispatch.care.orientation().event().orientation() : orientation, zone);
  const std::string to_be_seen = dates.empty() ? dates : "Patient à voir : " + dates + ".\n";
  std::string text;
  // What a reader must see first, for the document says otherwise.
  if (rescheduled)
    text += "ATTENTION : les dates souhaitées ont changé depuis la rédaction du document joint.\n" +
            to_be_seen + "\n";
  text += "Ce document vous propose une prise en charge : " + std::string(request_noun(orientation.kind())) +
          ".\n";
  text += "Urgence : " + std::string(urgency_shown(orientation.urgency())) + ".\n";
  if (!rescheduled) text += to_be_seen;
  text += answer_until(dispatch, zone);
  text += "Référence de la demande : " + request_reference(dispatch) + ".\n\n";
  const bool by_link = !routed.answer_link().empty();
  const bool by_mail = reads_replies && !routed.answer_code().empty();
  if (by_link)
    text +=
        "Pour répondre, ouvrez ce lien (aucun compte n'est nécessaire) : " + routed.answer_link() + "\n\n";
  if (by_mail) {
    text += by_link ? "Vous pouvez aussi répondre à ce message" : "Pour répondre, répondez à ce message";
    text += " en écrivant J'ACCEPTE ou JE REFUSE sur la première ligne. Référence de réponse : " +
            routed.answer_code() + "\n\n";
  }
  if (!by_mail && !by_link) text += "Pour répondre, contactez le demandeur.\n\n";
  text +=
      "Vous êtes libre de votre réponse. La première acceptation est retenue : si d'autres professionnels "
      "sont sollicités, un message vous dira si la vôtre l'est. Si vous acceptez, prenez contact avec le "
      "demandeur : " +
      requester_shown(event.source()) + ".\n\n";
  return text;
}

NoticeText notice_text(const Dispatch& dispatch, const TimeZone& zone) {
  return telling_of(dispatch) == stored::TELLING_REDUCED ? reduced_notice(dispatch, zone)
                                                         : candidate_notice(dispatch, zone);
}

}  // namespace psl
