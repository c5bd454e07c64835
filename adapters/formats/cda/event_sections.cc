#include "adapters/formats/cda/event_sections.h"

#include <algorithm>

#include "adapters/formats/event_words.h"
#include "adapters/formats/text.h"
#include "adapters/formats/value_sets.h"
#include "gateway/core/french_words.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/event.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;
using google::protobuf::Timestamp;

constexpr size_t title_characters = 128;

// One who takes part, as a reader looks for them.
struct ShownParty {
  std::string name;
  std::string structure;
  std::string phone;
};

template <typename Target>
ShownParty party_of(const Target& target) {
  ShownParty party;
  if (target.has_person()) {
    const v1::Professional& person = target.person().professional();
    party.name = person_shown(person);
    party.structure = person.organization().name();
    party.phone = phone_of(person);
    if (party.phone.empty()) party.phone = phone_of(person.organization());
  } else if (target.has_structure()) {
    party.name = target.structure().organization().name();
    party.phone = phone_of(target.structure().organization());
  }
  return party;
}

class EventSections {
 public:
  explicit EventSections(const EventPageInput& input)
      : event_(input.event), care_(input.care), zone_(input.zone) {}

  std::vector<PageSection> run() {
    switch (event_.kind_case()) {
      case v1::CoordinationEvent::kOrientation:
        orientation();
        break;
      case v1::CoordinationEvent::kOrientationUpdate:
        update();
        break;
      case v1::CoordinationEvent::kPathwayEnrolment:
        enrolment();
        break;
      case v1::CoordinationEvent::kCareCircleChange:
        circle_change();
        break;
      default:
        break;
    }
    return std::move(sections_);
  }

 private:
  PageSection& section(std::string_view title) {
    sections_.push_back({title, {}, {}, {}, {}});
    return sections_.back();
  }
  void text_section(std::string_view title, const std::string& text) {
    if (!text.empty()) section(title).text = text;
  }

  std::string moment(bool present, const Timestamp& at) const {
    return present ? moment_in_french(at, zone_) : std::string();
  }
  std::string day(bool present, const Timestamp& at) const {
    return present ? french_date(Instant{at.seconds() * 1000000}, zone_) : std::string();
  }
  void asked(PageSection& shown, const v1::Orientation& orientation) const {
    shown.fact("Demande", std::string(request_title(orientation.kind())));
    if (orientation.has_specialty()) shown.fact("Spécialité", specialty_shown(orientation.specialty()));
    if (orientation.has_profession()) shown.fact("Profession", profession_shown(orientation.profession()));
    shown.fact("Urgence", std::string(urgency_shown(orientation.urgency())));
    shown.fact("Patient à voir", wanted_shown(orientation, zone_));
    shown.fact("Commune du patient", orientation.commune_code().empty()
                                         ? std::string()
                                         : "code INSEE " + orientation.commune_code());
  }

  void requester(const v1::Source& source) {
    PageSection& shown = section("Qui demande");
    const v1::Professional& person = source.professional();
    const Concept* specialty = find_concept(ValueSet::author_specialty, person.specialty_code());
    shown.fact("Professionnel", person_shown(person));
    shown.fact("Profession", specialty == nullptr ? std::string() : std::string(specialty->label));
    shown.fact("Structure", source.organization().name());
    const std::string phone = phone_of(person);
    shown.fact("Téléphone", phone.empty() ? phone_of(source.organization()) : phone);
  }

  void orientation() {
    const v1::Orientation& orientation = event_.orientation();
    asked(section("Ce qui est demandé"), orientation);
    text_section("Motif", orientation.reason());
    facts(orientation.facts());
    text_section("Traitements en cours", orientation.treatments());
    text_section("Allergies et intolérances", orientation.allergies());
    text_section("Contexte", orientation.context());
    requester(event_.source());
    if (orientation.patient_informed()) {
      section("Information du patient").text =
          "Le patient a été informé de cette demande et ne s'y est pas opposé. Le professionnel sollicité "
          "reste "
          "libre de sa réponse, et le patient de choisir un autre professionnel.";
    }
  }

  // Not the social cover: it only counts for priority, and whoever decides on care does not need it.
  void facts(const v1::PriorityFacts& facts) {
    std::vector<std::string>& items = section("Situation du patient").items;
    const auto add = [&items](bool holds, const char* text) {
      if (holds) items.emplace_back(text);
    };
    add(facts.long_term_illness(), "Affection de longue durée");
    add(facts.disability(), "Situation de handicap");
    add(facts.home_visit_needed(), "Visite à domicile nécessaire : ne peut pas se déplacer");
    add(facts.pregnancy(), "Grossesse");
    add(facts.social_support(), "Suivi par un travailleur social");
    add(facts.lives_alone(), "Vit seul(e)");
    if (facts.daily_medicines() > 0)
      items.push_back("Médicaments pris chaque jour : " + std::to_string(facts.daily_medicines()));
  }

  void update() {
    const v1::OrientationUpdate& update = event_.orientation_update();
    const stored::OrientationCase& state = care_.orientation();
    PageSection& happened = section("Ce qui s'est passé");
    happened.fact("Étape", std::string(step_shown(update.step())));
    happened.fact("Date", moment(event_.has_occurred_at(), event_.occurred_at()));
    happened.fact("Motif", std::string(reason_shown(update.reason())));
    happened.fact("Précisions", update.reason_text());
    happened.fact("Réponse reçue par", std::string(channel_shown(update.channel())));
    happened.fact("Patient à voir", wanted_shown(update, zone_));
    happened.fact("État de la demande", std::string(state_shown(state.state())));
    happened.fact("Professionnels sollicités", asked_so_far(state));
    appointment(update.has_appointment() ? update.appointment() : state.appointment());
    taker(state);

    const v1::Orientation& asked_for = state.event().orientation();
    PageSection& request = section("La demande");
    asked(request, asked_for);
    request.fact("Demandée le", moment(state.event().has_occurred_at(), state.event().occurred_at()));
    text_section("Motif de la demande", asked_for.reason());
    requester(state.event().source());
  }

  static std::string asked_so_far(const stored::OrientationCase& state) {
    // Also when all is over, whose turn never came was asked nothing. Who cannot be reached was tried.
    const auto was_asked = [](const stored::Proposal& each) {
      return each.has_proposed_at() || each.state() == v1::PROPOSAL_STATE_UNREACHABLE;
    };
    const auto& proposals = state.proposals();
    if (proposals.empty()) return {};
    const auto asked = std::count_if(proposals.begin(), proposals.end(), was_asked);
    return std::to_string(asked) + " sur " + std::to_string(proposals.size());
  }

  void appointment(const v1::Appointment& appointment) {
    if (!appointment.has_start()) return;
    PageSection& shown = section("Rendez-vous");
    shown.fact("Début", moment(true, appointment.start()));
    shown.fact("Fin", moment(appointment.has_end(), appointment.end()));
    shown.fact("Lieu", appointment.place());
  }

  void taker(const stored::OrientationCase& state) {
    for (const stored::Proposal& each : state.proposals()) {
      if (each.state() != v1::PROPOSAL_STATE_ACCEPTED) continue;
      const int index = each.recipient_index();
      if (index < 0 || index >= state.event().recipients_size()) continue;
      const v1::Recipient& recipient = state.event().recipients(index);
      const ShownParty party = party_of(recipient);
      PageSection& shown = section("Qui prend en charge");
      shown.fact(recipient.has_structure() ? "Structure" : "Professionnel",
                 recipient.has_tool() ? recipient.tool().name() : party.name);
      shown.fact("Structure", party.structure);
      shown.fact("Téléphone", party.phone);
    }
  }

  void enrolment() {
    const v1::PathwayEnrolment& enrolment = event_.pathway_enrolment();
    PageSection& pathway = section("Le parcours");
    pathway.fact("Parcours", protocol_title());
    pathway.fact("Version du protocole", enrolment.protocol_version());
    pathway.fact("État", std::string(status_shown(enrolment.status())));
    pathway.fact("Début", day(enrolment.has_start(), enrolment.start()));
    pathway.fact("Fin", day(enrolment.has_end(), enrolment.end()));
    pathway.fact("Motif de fin", std::string(end_reason_shown(enrolment.end_reason())));
    pathway.fact("Problème de santé", enrolment.condition().text());
    std::vector<std::string>& criteria = section("Critères d'inclusion remplis").items;
    for (const std::string& each :
         care_.criteria_labels().empty() ? enrolment.criteria_met() : care_.criteria_labels())
      criteria.push_back(each);
    std::vector<std::string>& goals = section("Objectifs").items;
    for (const std::string& each : enrolment.goals()) goals.push_back(each);
    activities(enrolment);
    circle("Cercle de soins");
    consent(enrolment.consent());
    requester_of_plan();
  }

  std::string protocol_title() const {
    return care_.protocol_title().empty() ? event_.pathway_enrolment().protocol_id() : care_.protocol_title();
  }

  void activities(const v1::PathwayEnrolment& enrolment) {
    PageTable& table = section("Actions prévues").table;
    table.headings = {"Action", "Par", "Date"};
    for (const v1::PlannedActivity& each : enrolment.activities()) {
      const auto& members = enrolment.members();
      const auto who = std::find_if(members.begin(), members.end(), [&](const auto& member) {
        return member.member_id() == each.member_id();
      });
      table.rows.push_back({each.text(), who == members.end() ? std::string() : party_of(*who).name,
                            day(each.has_planned_at(), each.planned_at())});
    }
  }

  void requester_of_plan() {
    PageSection& shown = section("Contact");
    shown.fact("Professionnel", person_shown(event_.source().professional()));
    shown.fact("Structure", event_.source().organization().name());
    shown.fact("Téléphone", phone_of(event_.source().organization()));
  }

  std::vector<std::string> member_row(const v1::CircleMember& member, std::string from,
                                      std::string until) const {
    const ShownParty party = party_of(member);
    return {std::string(role_shown(member.role())),
            party.name,
            party.structure,
            party.phone,
            std::move(from),
            std::move(until)};
  }

  // Those who are in it at the time of the event.
  void circle(std::string_view title) {
    PageTable& table = section(title).table;
    table.headings = {"Rôle", "Nom", "Structure", "Téléphone", "Du", "Au"};
    for (const stored::CircleCase::Membership& each : care_.circle().memberships()) {
      if (each.has_until() && each.until().seconds() <= event_.occurred_at().seconds()) continue;
      table.rows.push_back(
          member_row(each.member(), day(each.has_from(), each.from()), day(each.has_until(), each.until())));
    }
  }

  void consent(const v1::Consent& consent) {
    PageSection& shown = section("Accord du patient");
    shown.fact("Décision", std::string(decision_shown(consent.decision())));
    shown.fact("Date", day(consent.has_decided_at(), consent.decided_at()));
    shown.fact("Valable jusqu'au", day(consent.has_expires_at(), consent.expires_at()));
  }

  void circle_change() {
    const v1::CareCircleChange& change = event_.care_circle_change();
    PageTable& joined = section("Entrées dans le cercle de soins").table;
    joined.headings = {"Rôle", "Nom", "Structure", "Téléphone", "Du", "Au"};
    for (const v1::CircleMember& each : change.joins()) {
      joined.rows.push_back(member_row(
          each,
          each.has_start() ? day(true, each.start()) : day(event_.has_occurred_at(), event_.occurred_at()),
          day(each.has_end(), each.end())));
    }
    PageTable& left = section("Sorties du cercle de soins").table;
    left.headings = {"Rôle", "Nom", "Structure", "Le"};
    for (const v1::Leave& each : change.leaves()) left.rows.push_back(leave_row(each));
    consent(change.consent());
    circle("Le cercle de soins à ce jour");
    requester_of_plan();
  }

  std::vector<std::string> leave_row(const v1::Leave& leave) const {
    const std::string at =
        leave.has_at() ? day(true, leave.at()) : day(event_.has_occurred_at(), event_.occurred_at());
    const auto& memberships = care_.circle().memberships();
    // The last one of that name is the one that ended.
    for (int i = memberships.size() - 1; i >= 0; --i) {
      const v1::CircleMember& member = memberships[i].member();
      if (member.member_id() != leave.member_id()) continue;
      const ShownParty party = party_of(member);
      return {std::string(role_shown(member.role())), party.name, party.structure, at};
    }
    return {"", "", "", at};
  }

  const v1::CoordinationEvent& event_;
  const stored::Care& care_;
  const TimeZone& zone_;
  std::vector<PageSection> sections_;
};

std::string title_before_cut(const EventPageInput& input) {
  const v1::CoordinationEvent& event = input.event;
  switch (event.kind_case()) {
    case v1::CoordinationEvent::kOrientation: {
      const v1::Orientation& orientation = event.orientation();
      std::string title(request_title(orientation.kind()));
      if (orientation.has_specialty()) title += " : " + specialty_shown(orientation.specialty());
      if (orientation.has_profession()) title += " : " + profession_shown(orientation.profession());
      return title;
    }
    case v1::CoordinationEvent::kOrientationUpdate: {
      const v1::Orientation& orientation = input.care.orientation().event().orientation();
      return std::string(step_shown(event.orientation_update().step()))
          .append(" : ")
          .append(request_noun(orientation.kind()));
    }
    case v1::CoordinationEvent::kPathwayEnrolment: {
      const v1::PathwayEnrolment& enrolment = event.pathway_enrolment();
      const std::string& known = input.care.protocol_title();
      return "Parcours de soins : " + (known.empty() ? enrolment.protocol_id() : known);
    }
    default:
      return "Cercle de soins : changement";
  }
}

}  // namespace

std::string event_title(const EventPageInput& input) {
  return std::string(first_characters(title_before_cut(input), title_characters));
}

std::vector<PageSection> event_sections(const EventPageInput& input) { return EventSections(input).run(); }

}  // namespace psl
