#include "gateway/core/french_words.h"

#include <algorithm>

namespace psl {

namespace v1 = passerelle::v1;

std::string_view request_title(v1::Orientation::Kind kind) {
  switch (kind) {
    case v1::Orientation::PRIMARY_CARE_PHYSICIAN:
      return "Recherche d'un médecin traitant";
    case v1::Orientation::UNSCHEDULED_CARE:
      return "Demande de soins non programmés";
    case v1::Orientation::SPECIALIST:
      return "Demande d'avis spécialisé";
    case v1::Orientation::PARAMEDICAL:
      return "Demande de soins paramédicaux";
    case v1::Orientation::DIRECT_ADMISSION:
      return "Demande d'admission directe en hospitalisation";
    case v1::Orientation::COORDINATION_SUPPORT:
      return "Demande d'appui à la coordination";
    default:
      return "Demande d'orientation";
  }
}

std::string_view request_noun(v1::Orientation::Kind kind) {
  switch (kind) {
    case v1::Orientation::PRIMARY_CARE_PHYSICIAN:
      return "recherche d'un médecin traitant";
    case v1::Orientation::UNSCHEDULED_CARE:
      return "soins non programmés";
    case v1::Orientation::SPECIALIST:
      return "avis spécialisé";
    case v1::Orientation::PARAMEDICAL:
      return "soins paramédicaux";
    case v1::Orientation::DIRECT_ADMISSION:
      return "admission directe en hospitalisation";
    case v1::Orientation::COORDINATION_SUPPORT:
      return "appui à la coordination";
    default:
      return "orientation";
  }
}

std::string_view urgency_shown(v1::Orientation::Urgency urgency) {
  switch (urgency) {
    case v1::Orientation::URGENT:
      return "Urgent";
    case v1::Orientation::AS_SOON_AS_POSSIBLE:
      return "Dès que possible, le jour même";
    default:
      return "Habituelle";
  }
}

std::string_view step_shown(v1::OrientationUpdate::Step step) {
  switch (step) {
    case v1::OrientationUpdate::ACCEPTED:
      return "Demande acceptée";
    case v1::OrientationUpdate::DECLINED:
      return "Demande déclinée par un professionnel";
    case v1::OrientationUpdate::BOOKED:
      return "Rendez-vous fixé";
    case v1::OrientationUpdate::NO_SHOW:
      return "Patient absent au rendez-vous";
    case v1::OrientationUpdate::APPOINTMENT_CANCELLED:
      return "Rendez-vous annulé";
    case v1::OrientationUpdate::SEEN:
      return "Patient vu, compte rendu attendu";
    case v1::OrientationUpdate::COMPLETED:
      return "Demande terminée";
    case v1::OrientationUpdate::PATIENT_DECLINED:
      return "Autre choix du patient";
    case v1::OrientationUpdate::CANCELLED:
      return "Demande annulée";
    case v1::OrientationUpdate::RESCHEDULED:
      return "Dates souhaitées modifiées";
    case v1::OrientationUpdate::EXPIRED:
      return "Proposition restée sans réponse";
    case v1::OrientationUpdate::UNREACHABLE:
      return "Professionnel non joint";
    case v1::OrientationUpdate::SPENT:
      return "Aucun professionnel disponible";
    case v1::OrientationUpdate::TOO_LATE:
      return "Réponse arrivée trop tard";
    default:
      return {};
  }
}

std::string_view reason_shown(v1::OrientationUpdate::Reason reason) {
  switch (reason) {
    case v1::OrientationUpdate::NOT_AVAILABLE:
      return "Pas de disponibilité dans ce délai";
    case v1::OrientationUpdate::NOT_COMPETENT:
      return "Hors du champ de compétence";
    case v1::OrientationUpdate::OUT_OF_AREA:
      return "Hors du secteur";
    case v1::OrientationUpdate::NO_BED:
      return "Pas de lit disponible";
    case v1::OrientationUpdate::NEEDS_MORE_INFORMATION:
      return "Informations complémentaires nécessaires";
    case v1::OrientationUpdate::PATIENT_CHOICE:
      return "Choix du patient";
    case v1::OrientationUpdate::NO_LONGER_NEEDED:
      return "La demande n'est plus nécessaire";
    case v1::OrientationUpdate::OTHER:
      return "Autre motif";
    default:
      return {};
  }
}

std::string_view channel_shown(v1::AnswerChannel channel) {
  switch (channel) {
    case v1::ANSWER_CHANNEL_API:
      return "son logiciel";
    case v1::ANSWER_CHANNEL_LINK:
      return "le lien de réponse";
    case v1::ANSWER_CHANNEL_MAIL:
      return "messagerie sécurisée";
    default:
      return {};
  }
}

std::string_view state_shown(v1::OrientationState state) {
  switch (state) {
    case v1::ORIENTATION_STATE_OPEN:
      return "Recherche en cours";
    case v1::ORIENTATION_STATE_ACCEPTED:
      return "Acceptée, rendez-vous à fixer";
    case v1::ORIENTATION_STATE_BOOKED:
      return "Rendez-vous fixé";
    case v1::ORIENTATION_STATE_TO_REBOOK:
      return "Rendez-vous à fixer de nouveau";
    case v1::ORIENTATION_STATE_SEEN:
      return "Patient vu, compte rendu attendu";
    case v1::ORIENTATION_STATE_COMPLETED:
      return "Terminée";
    case v1::ORIENTATION_STATE_CANCELLED:
      return "Annulée";
    case v1::ORIENTATION_STATE_SPENT:
      return "Sans solution : reprise par une personne";
    default:
      return {};
  }
}

std::string_view role_shown(v1::MemberRole role) {
  switch (role) {
    case v1::MEMBER_ROLE_PRIMARY_CARE_PHYSICIAN:
      return "Médecin traitant";
    case v1::MEMBER_ROLE_SPECIALIST:
      return "Médecin spécialiste";
    case v1::MEMBER_ROLE_NURSE:
      return "Infirmier";
    case v1::MEMBER_ROLE_PHARMACIST:
      return "Pharmacien";
    case v1::MEMBER_ROLE_PHYSIOTHERAPIST:
      return "Masseur-kinésithérapeute";
    case v1::MEMBER_ROLE_DIETITIAN:
      return "Diététicien";
    case v1::MEMBER_ROLE_PSYCHOLOGIST:
      return "Psychologue";
    case v1::MEMBER_ROLE_MIDWIFE:
      return "Sage-femme";
    case v1::MEMBER_ROLE_SPEECH_THERAPIST:
      return "Orthophoniste";
    case v1::MEMBER_ROLE_OTHER_HEALTH_PROFESSIONAL:
      return "Autre professionnel de santé";
    case v1::MEMBER_ROLE_PATHWAY_COORDINATOR:
      return "Coordonnateur de parcours";
    case v1::MEMBER_ROLE_HOSPITAL:
      return "Établissement de santé";
    case v1::MEMBER_ROLE_HOME_NURSING_SERVICE:
      return "Service de soins infirmiers à domicile";
    case v1::MEMBER_ROLE_COORDINATION_SUPPORT:
      return "Dispositif d'appui à la coordination";
    case v1::MEMBER_ROLE_SOCIAL_WORKER:
      return "Travailleur social";
    case v1::MEMBER_ROLE_HOME_HELP:
      return "Aide à domicile";
    case v1::MEMBER_ROLE_ADAPTED_ACTIVITY_TEACHER:
      return "Enseignant en activité physique adaptée";
    case v1::MEMBER_ROLE_OTHER:
      return "Autre intervenant";
    default:
      return {};
  }
}

std::string_view status_shown(v1::PathwayEnrolment::Status status) {
  switch (status) {
    case v1::PathwayEnrolment::PLANNED:
      return "Inclusion prévue";
    case v1::PathwayEnrolment::ACTIVE:
      return "En cours";
    case v1::PathwayEnrolment::ON_HOLD:
      return "Suspendu";
    case v1::PathwayEnrolment::FINISHED:
      return "Terminé";
    case v1::PathwayEnrolment::CANCELLED:
      return "Annulé avant son début";
    default:
      return {};
  }
}

std::string_view end_reason_shown(v1::PathwayEnrolment::EndReason reason) {
  switch (reason) {
    case v1::PathwayEnrolment::GOALS_REACHED:
      return "Objectifs atteints";
    case v1::PathwayEnrolment::EXIT_RULE:
      return "Règle de sortie du protocole";
    case v1::PathwayEnrolment::PATIENT_CHOICE:
      return "Choix du patient";
    case v1::PathwayEnrolment::MOVED:
      return "Déménagement";
    case v1::PathwayEnrolment::HANDED_OVER:
      return "Relais pris par une autre équipe";
    case v1::PathwayEnrolment::DECEASED:
      return "Décès";
    case v1::PathwayEnrolment::OTHER:
      return "Autre motif";
    default:
      return {};
  }
}

std::string_view decision_shown(v1::Consent::Decision decision) {
  switch (decision) {
    case v1::Consent::GIVEN:
      return "Accord du patient pour le partage hors de l'équipe de soins";
    case v1::Consent::REFUSED:
      return "Refus du patient pour le partage hors de l'équipe de soins";
    case v1::Consent::WITHDRAWN:
      return "Accord retiré par le patient";
    default:
      return {};
  }
}

std::string phone_shown(std::string_view number) {
  std::string digits;
  for (const char c : number) {
    if (c != ' ' && c != '.' && c != '-' && c != '(' && c != ')') digits += c;
  }
  // "+33 (0)3 84..." is written, too.
  for (const std::string_view abroad : {"+330", "+33"}) {
    if (digits.starts_with(abroad)) digits = "0" + digits.substr(abroad.size());
  }
  const bool french = digits.size() == 10 && digits[0] == '0' &&
                      std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!french) return std::string(number);
  std::string text = digits.substr(0, 2);
  for (size_t i = 2; i < 10; i += 2) text += "\u00A0" + digits.substr(i, 2);
  return text;
}

std::string phone_of_uri(std::string_view uri) {
  constexpr std::string_view scheme = "tel:";
  return uri.starts_with(scheme) ? phone_shown(uri.substr(scheme.size())) : std::string();
}

}  // namespace psl
