// What an event says that its resources do not: one row for each rule, told at the field where it is said.
#include <algorithm>

#include "fhir/care_parts.h"

namespace psl::fhir {
namespace {

struct LossRow {
  // The field, when the event has it and it is lost; else empty.
  std::string_view (*path)(const CarePage& page, const v1::CoordinationEvent& event);
  v1::Issue::Level level;
  std::string_view code;
  std::string_view text;
  std::string_view text_fr;
};

// What the header of the document says beyond how confidential it is, which meta.security says.
bool says_more(const v1::DocumentMetadata& metadata) {
  v1::DocumentMetadata rest = metadata;
  rest.clear_confidentiality();
  return rest.ByteSizeLong() > 0;
}

std::string_view metadata_path(const CarePage&, const v1::CoordinationEvent& event) {
  if (event.orientation().has_metadata() && says_more(event.orientation().metadata()))
    return "event.orientation.metadata";
  if (event.pathway_enrolment().has_metadata() && says_more(event.pathway_enrolment().metadata()))
    return "event.pathway_enrolment.metadata";
  if (event.care_circle_change().has_metadata() && says_more(event.care_circle_change().metadata()))
    return "event.care_circle_change.metadata";
  return {};
}

std::string_view label_path(const CarePage&, const v1::CoordinationEvent& event) {
  const auto& codes = event.pathway_enrolment().condition().codes();
  const bool labelled =
      std::ranges::any_of(codes, [](const v1::Coding& code) { return !code.label().empty(); });
  return labelled ? "event.pathway_enrolment.condition.codes" : "";
}

bool is_one(const v1::Professional& person, const v1::Organization& organization, const v1::Source& source) {
  const std::string& id = source.professional().national_id();
  if (!id.empty()) return person.national_id() == id;
  const std::string& structure = source.organization().national_id();
  return !structure.empty() && organization.national_id() == structure;
}

// Who asked, and who is asked, are named anyway.
std::string_view sender_path(const CarePage& page, const v1::CoordinationEvent& event) {
  if (event.has_care_circle_change()) return "event.source";
  if (!event.has_orientation_update()) return {};
  const v1::CoordinationEvent& asked = page.event;
  const v1::Source& source = event.source();
  const bool is_candidate = std::ranges::any_of(asked.recipients(), [&](const v1::Recipient& one) {
    return is_one(one.person().professional(), one.structure().organization(), source);
  });
  const bool is_requester = is_one(asked.source().professional(), asked.source().organization(), source);
  return is_candidate || is_requester ? "" : "event.source";
}

constexpr LossRow loss_rows[] = {
    {[](const CarePage&, const v1::CoordinationEvent& event) -> std::string_view {
       return event.legal_basis() == v1::LEGAL_BASIS_CONSENT ? "event.consent_at" : "";
     },
     v1::Issue::LEVEL_INFORMATION, "FHIR_LEGAL_BASIS_LEFT_OUT",
     "No resource says that this event rests on the patient's consent, and when it was given: the Consent of "
     "a "
     "circle tells only what was decided about sharing in general.",
     "Aucune ressource ne dit que cet envoi repose sur le consentement du patient, ni sa date."},
    {metadata_path, v1::Issue::LEVEL_INFORMATION, "FHIR_METADATA_LEFT_OUT",
     "What the metadata say of the document (title, type, authors, stay, custodian) has no place in these "
     "resources: the document says it.",
     "Les métadonnées du document (titre, type, auteurs, séjour, conservateur) ne sont pas transmises en "
     "FHIR : "
     "le document les porte."},
    {label_path, v1::Issue::LEVEL_INFORMATION, "FHIR_CODE_LABEL_LEFT_OUT",
     "Labels of the condition's codes are left out: one that differs from the terminology's is an error in "
     "FHIR.",
     "Les libellés des codes ne sont pas transmis : un libellé différent de celui de la terminologie serait "
     "une "
     "erreur en FHIR."},
    {[](const CarePage&, const v1::CoordinationEvent& event) -> std::string_view {
       return event.orientation().facts().social_cover() ? "event.orientation.facts.social_cover" : "";
     },
     v1::Issue::LEVEL_INFORMATION, "FHIR_SOCIAL_COVER_LEFT_OUT",
     "The social cover served for the priority, which is there: readers of the request do not need it (CSP "
     "L.1110-4).",
     "La couverture sociale a servi au calcul de la priorité, qui est transmise : elle-même ne l'est pas "
     "(CSP "
     "art. L.1110-4)."},
    {[](const CarePage&, const v1::CoordinationEvent& event) -> std::string_view {
       const v1::Orientation& asked = event.orientation();
       return asked.has_specialty() && asked.has_profession() ? "event.orientation.profession" : "";
     },
     v1::Issue::LEVEL_INFORMATION, "FHIR_PROFESSION_AS_TEXT",
     "ServiceRequest.performerType holds one code, that of the specialty: a note says the profession.",
     "La demande FHIR ne code qu'un seul type de professionnel, la spécialité : une note dit la profession."},
    {sender_path, v1::Issue::LEVEL_INFORMATION, "FHIR_SENDER_LEFT_OUT",
     "No element of these resources says who told this: a Task names who asked and who was asked, a CareTeam "
     "its "
     "members.",
     "Les ressources FHIR ne disent pas qui a transmis cet évènement."},
};

class CountryLosses {
 public:
  explicit CountryLosses(CarePage& page) : page_(page) {}

  void look_at(const v1::Organization& organization, const std::string& path) {
    look_at(organization.address(), path);
  }
  void look_at(const v1::Professional& person, const std::string& path) {
    look_at(person.address(), path);
    look_at(person.organization().address(), path + ".organization");
  }
  // A Candidate or a CircleMember.
  template <typename Holder>
  void look_at_holder(const Holder& holder, const std::string& path) {
    if (holder.has_person()) look_at(holder.person().professional(), path + ".person.professional");
    if (holder.has_structure()) look_at(holder.structure().organization(), path + ".structure.organization");
  }
  template <typename Holders>
  void look_at_all(const Holders& holders, const std::string& path) {
    for (int i = 0; i < holders.size(); ++i) look_at_holder(holders[i], path + "[" + std::to_string(i) + "]");
  }

 private:
  void look_at(const v1::Address& address, const std::string& path) {
    if (address.country().empty()) return;
    add_event_issue(
        page_, v1::Issue::LEVEL_INFORMATION, "FHIR_COUNTRY_LEFT_OUT", path + ".address.country",
        "The country of a professional or a structure is a code of JDV_J256 in the Annuaire profiles: "
        "what the sender wrote is left out.",
        "Le pays d'un professionnel ou d'une structure n'est pas transmis : les profils de l'Annuaire "
        "demandent un code.");
  }

  CarePage& page_;
};

}  // namespace

void tell_losses(CarePage& page) {
  const v1::CoordinationEvent& event = page.input.request.event();
  for (const LossRow& row : loss_rows) {
    const std::string_view path = row.path(page, event);
    if (!path.empty()) add_event_issue(page, row.level, row.code, path, row.text, row.text_fr);
  }
  CountryLosses countries(page);
  // Of an update nobody's address is written but those of its orientation, with which it was told.
  if (event.has_orientation_update()) return;
  countries.look_at(event.source().organization(), "event.source.organization");
  countries.look_at(event.source().professional(), "event.source.professional");
  countries.look_at_all(event.orientation().candidates(), "event.orientation.candidates");
  countries.look_at_all(event.pathway_enrolment().members(), "event.pathway_enrolment.members");
  countries.look_at_all(event.care_circle_change().joins(), "event.care_circle_change.joins");
}

}  // namespace psl::fhir
