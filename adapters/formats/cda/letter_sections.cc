#include "adapters/formats/cda/letter_sections.h"

#include "adapters/formats/cda/letter_codes.h"
#include "adapters/formats/xml_writer.h"
#include "passerelle/v1/document.pb.h"

namespace psl {

struct LetterSectionHead {
  std::string_view templates;
  std::string_view code;
  std::string_view label;
  std::string_view title;
};

namespace {

namespace v1 = passerelle::v1;
using CarePlan = v1::CarePlan;

constexpr LetterSectionHead status_section_head{
    R"(<templateId root="1.2.250.1.213.1.1.2.35"/><templateId root="1.2.250.1.213.1.1.2.35.1"/>)", "33557-0",
    "Etat d'achèvement", "Statut du document"};
constexpr LetterSectionHead reason_section_head{
    R"(<templateId root="1.3.6.1.4.1.19376.1.5.3.1.3.1"/><templateId root="1.2.250.1.213.1.1.2.127"/>)",
    "42349-1", "Raison de la recommandation", "Motif d'hospitalisation"};
constexpr LetterSectionHead stay_section_head{
    R"(<templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.21.2.9"/>)"
    R"(<templateId root="1.3.6.1.4.1.19376.1.7.3.1.1.13.7"/><templateId root="1.2.250.1.213.1.1.2.163"/>)"
    R"(<templateId root="1.2.250.1.213.1.1.2.163.1"/>)",
    "42545-4", "Evènements observés", "Synthèse médicale du séjour"};
constexpr LetterSectionHead given_section_head{
    R"(<templateId root="1.3.6.1.4.1.19376.1.5.3.1.3.21"/><templateId root="1.2.250.1.213.1.1.2.145"/>)",
    "18610-6", "Traitements administrés", "Traitements administrés ou arrêtés pendant le séjour"};
constexpr LetterSectionHead discharge_section_head{
    R"(<templateId root="1.3.6.1.4.1.19376.1.5.3.1.3.22"/><templateId root="1.2.250.1.213.1.1.2.146"/>)",
    "10183-2", "Traitements à la sortie", "Traitements à la sortie"};
constexpr LetterSectionHead results_section_head{
    R"(<templateId root="1.3.6.1.4.1.19376.1.5.3.1.3.27"/><templateId root="1.2.250.1.213.1.1.2.150"/>)",
    "30954-2", "Résultats d'examens", "Résultats d'examens"};
constexpr LetterSectionHead plan_section_head{
    R"(<templateId root="2.16.840.1.113883.10.20.1.10"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.3.36"/>)"
    R"(<templateId root="1.2.250.1.213.1.1.2.158"/>)",
    "18776-5", "Plan de soins", "Suites à donner"};
// The first root has 11383 in the official model too.
constexpr LetterSectionHead devices_section_head{
    R"(<templateId root="2.16.840.1.11383.10.20.1.7"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.5.3.5"/>)"
    R"(<templateId root="1.2.250.1.213.1.1.2.1"/>)",
    "46264-8", "Dispositifs médicaux", "Dispositifs médicaux"};
constexpr LetterSectionHead allergies_section_head{
    R"(<templateId root="2.16.840.1.113883.10.20.1.2"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.3.13"/>)"
    R"(<templateId root="1.2.250.1.213.1.1.2.137"/>)",
    "48765-2", "Allergies et hypersensibilités", "Allergies et intolérances"};

constexpr std::string_view none_anchor = "trt-sortie-aucun";

constexpr NarrativeColumn<v1::Treatment> treatment_columns[] = {
    {"Médicament", [](const v1::Treatment& each) { return each.medicine().text(); }, "nom"},
    {"Posologie", [](const v1::Treatment& each) { return dosage_of(each); }, "poso"},
    {"Voie",
     [](const v1::Treatment& each) {
       const bool said = !each.route_code().empty();
       const Concept* route = said ? find_concept(ValueSet::route, each.route_code()) : nullptr;
       return std::string(route != nullptr ? route->label : "");
     }},
    {"Du", [](const v1::Treatment& each) { return french_day(each.start_date()); }},
    {"Au", [](const v1::Treatment& each) { return french_day(each.end_date()); }},
    {"Changement", [](const v1::Treatment& each) { return std::string(change_of(each.change())); }},
    {"Commentaire", [](const v1::Treatment& each) { return each.comment(); }},
};

constexpr NarrativeColumn<v1::ExamResult> result_columns[] = {
    {"Examen", [](const v1::ExamResult& each) { return each.label(); }},
    {"Résultat",
     [](const v1::ExamResult& each) { return each.value().empty() ? std::string("Attendu") : each.value(); }},
    {"Valeurs de référence", [](const v1::ExamResult& each) { return each.reference_range(); }},
    {"Date", [](const v1::ExamResult& each) { return french_day(each.date()); }},
};

constexpr NarrativeColumn<CarePlan::Act> act_columns[] = {
    {"Acte", [](const CarePlan::Act& each) { return each.act().text(); }, "nom"},
    {"Date", [](const CarePlan::Act& each) { return french_day(each.date()); }},
    {"Priorité", [](const CarePlan::Act& each) { return std::string(priority_of(each.priority()).shown); }},
};

constexpr NarrativeColumn<CarePlan::Request> request_columns[] = {
    {"Demande", [](const CarePlan::Request& each) { return each.text(); }},
    {"Date", [](const CarePlan::Request& each) { return french_day(each.date()); }},
};

constexpr NarrativeColumn<CarePlan::Appointment> appointment_columns[] = {
    {"Rendez-vous", [](const CarePlan::Appointment& each) { return each.text(); }},
    // A visit to a practice or to outpatients needs no word.
    {"Type",
     [](const CarePlan::Appointment& each) {
       const bool usual = each.class_code().empty() || each.class_code() == "AMB";
       const Concept* kind = usual ? nullptr : find_concept(ValueSet::appointment_class, each.class_code());
       return std::string(kind != nullptr ? kind->label : "");
     }},
    {"Date", [](const CarePlan::Appointment& each) { return french_day(each.date()); }},
    {"État",
     [](const CarePlan::Appointment& each) {
       return std::string(each.status() == CarePlan::Appointment::STATUS_BOOKED ? "Confirmé" : "À prendre");
     }},
    {"Priorité",
     [](const CarePlan::Appointment& each) { return std::string(priority_of(each.priority()).shown); }},
};

constexpr NarrativeColumn<v1::Device> device_columns[] = {
    {"Dispositif", [](const v1::Device& each) { return each.device().text(); }, "nom"},
    {"Identifiant unique (IUD)", [](const v1::Device& each) { return each.udi(); }},
    {"Du", [](const v1::Device& each) { return french_day(each.start_date()); }},
    {"Au", [](const v1::Device& each) { return french_day(each.end_date()); }},
    {"Commentaire", [](const v1::Device& each) { return each.comment(); }},
};

constexpr NarrativeColumn<v1::Allergy> allergy_columns[] = {
    {"Agent", [](const v1::Allergy& each) { return each.agent().text(); }, "nom"},
    {"Type", [](const v1::Allergy& each) { return std::string(allergy_kind_of(each.kind()).shown); }},
    {"Réaction", [](const v1::Allergy& each) { return each.reaction(); }},
    {"Gravité", [](const v1::Allergy& each) { return std::string(severity_of(each.severity()).shown); }},
    {"Depuis", [](const v1::Allergy& each) { return french_day(each.since()); }},
};

template <typename Repeated>
auto rows_of(const Repeated& repeated) {
  return std::vector<const typename Repeated::value_type*>(repeated.pointer_begin(), repeated.pointer_end());
}

// A question about the stay: answered by yes or no, or by a text that may be empty.
struct StayQuestion {
  LetterObservation observation;
  std::string_view shown;
  v1::YesNo (v1::Stay::*yes_no)() const;
  const std::string& (v1::Stay::*text)() const;
};

constexpr StayQuestion stay_questions[] = {
    {{"1.2.250.1.213.1.1.3.48.3",
      "MED-143",
      "Evènements indésirables survenus pendant l'hospitalisation",
      "evenements",
      {}},
     "Évènements indésirables pendant le séjour",
     nullptr,
     &v1::Stay::adverse_events},
    {{"1.2.250.1.213.1.1.3.48.8",
      "MED-309",
      "Recherche de microorganismes multi-résistants ou émergents effectuée",
      "micro-recherche",
      {}},
     "Recherche de micro-organismes multirésistants ou émergents",
     &v1::Stay::microorganisms_searched,
     nullptr},
    {{"1.2.250.1.213.1.1.3.48.5",
      "MED-144",
      "Identification de micro-organismes multirésistants",
      "micro-trouves",
      {}},
     "Micro-organismes identifiés",
     nullptr,
     &v1::Stay::microorganisms_found},
    {{"1.2.250.1.213.1.1.3.48.10", "MED-145", "Transfusion de produits sanguins", "transfusion", {}},
     "Transfusion de produits sanguins",
     &v1::Stay::transfusion,
     nullptr},
    {{"1.2.250.1.213.1.1.3.48.1", "MED-146", "Accidents transfusionnels", "accidents", {}},
     "Accidents transfusionnels",
     nullptr,
     &v1::Stay::transfusion_accidents},
    {{"1.2.250.1.213.1.1.3.48.2", "MED-147", "Administration de dérivés du sang", "derives", {}},
     "Administration de dérivés du sang",
     &v1::Stay::blood_derivatives,
     nullptr},
    {{"1.2.250.1.213.1.1.3.48.4",
      "MED-148",
      "Evènements indésirables suite à l'administration de dérivés du sang",
      "derives-evenements",
      {}},
     "Évènements indésirables après dérivés du sang",
     nullptr,
     &v1::Stay::blood_derivatives_events},
};

}  // namespace

LetterSections::LetterSections(XmlWriter& xml, const LetterInput& input)
    : xml_(xml),
      input_(input),
      letter_(input.letter),
      narrative_(xml),
      entries_(xml, input.event_id),
      given_(rows_of(input.letter.treatments_given())) {
  for (const v1::Treatment& each : letter_.treatments_at_discharge().treatments()) {
    (each.change() == v1::Treatment::CHANGE_STOPPED ? stopped_ : at_discharge_).push_back(&each);
  }
  given_.insert(given_.end(), stopped_.begin(), stopped_.end());
}

void LetterSections::write() {
  write_status();
  write_reason();
  write_stay();
  write_treatments_given();
  write_treatments_at_discharge();
  write_exam_results();
  write_care_plan();
  write_devices();
  write_allergies();
}

void LetterSections::open(const LetterSectionHead& head) {
  xml_.raw("<component><section>").raw(head.templates);
  entries_.id();
  xml_.raw("<code code=\"").raw(head.code).raw("\" displayName=\"").raw(head.label).raw("\" codeSystem=\"");
  xml_.raw(loinc_system).raw("\" codeSystemName=\"LOINC\"/><title>").raw(head.title).raw("</title><text>");
}

void LetterSections::open_entries() { xml_.raw("</text>"); }

// One line for each section, for those who read the document as text.
void LetterSections::close() { xml_.raw("</section></component>\n"); }

LetterSections::Day LetterSections::day_of(int64_t seconds) const {
  const Instant at{seconds * 1000000};
  return {hl7(at, input_.zone).substr(0, 8), french_date(at, input_.zone)};
}

void LetterSections::write_status() {
  const ShownConcept& status = completion_of(letter_.status());
  const Day day = day_of(input_.metadata.signed_at().seconds());
  open(status_section_head);
  narrative_.paragraph("statut", std::string(status.shown) + " " + day.shown);
  open_entries();
  entries_.completion({"1.2.250.1.213.1.1.3.48.16.1", "GEN-065", "Statut du document", "statut", day.hl7},
                      status.code);
  close();
}

void LetterSections::write_reason() {
  open(reason_section_head);
  narrative_.paragraphs(letter_.reason());
  open_entries();
  close();
}

void LetterSections::write_stay() {
  const v1::Encounter& encounter = input_.metadata.encounter();
  const Day start = day_of(encounter.start().seconds());
  const Day end = encounter.has_end() ? day_of(encounter.end().seconds()) : Day{};
  open(stay_section_head);
  write_stay_narrative(start, end);
  open_entries();
  write_stay_entries(start, end);
  close();
}

void LetterSections::write_stay_narrative(const Day& start, const Day& end) {
  const v1::Stay& stay = letter_.stay();
  const auto dated = [](const Day& day, std::string_view said) {
    return day.shown.empty() ? std::string(said) : day.shown + ", " + std::string(said);
  };
  narrative_.open_facts();
  narrative_.fact("Entrée", "entree", dated(start, admission_of(stay.admission_mode()).shown));
  narrative_.fact("Sortie", "sortie", dated(end, discharge_of(stay.discharge_mode()).shown));
  narrative_.close_facts();
  narrative_.paragraph("synthese", stay.synthesis());
  narrative_.open_facts();
  for (const StayQuestion& each : stay_questions) {
    const std::string_view anchor = each.observation.anchor;
    if (each.yes_no != nullptr) {
      narrative_.fact(each.shown, anchor, (stay.*each.yes_no)() == v1::YES_NO_YES ? "Oui" : "Non");
    } else if (const std::string& text = (stay.*each.text)(); !text.empty()) {
      narrative_.fact(each.shown, anchor, text);
    }
  }
  narrative_.close_facts();
}

void LetterSections::write_stay_entries(const Day& start, const Day& end) {
  const v1::Stay& stay = letter_.stay();
  entries_.coded({"1.2.250.1.213.1.1.3.48.6", "ORG-070", "Modalité d'entrée", "entree", start.hl7},
                 admission_of(stay.admission_mode()).code);
  entries_.coded({"1.2.250.1.213.1.1.3.48.7", "ORG-074", "Modalité de sortie", "sortie", end.hl7},
                 discharge_of(stay.discharge_mode()).code);
  entries_.text({"1.2.250.1.213.1.1.3.48.9", "MED-142", "Synthèse médicale", "synthese", end.hl7},
                stay.synthesis());
  for (const StayQuestion& each : stay_questions) {
    LetterObservation observation = each.observation;
    observation.day = end.hl7;
    if (each.yes_no != nullptr) {
      entries_.yes_no(observation, (stay.*each.yes_no)() == v1::YES_NO_YES);
    } else if (const std::string& text = (stay.*each.text)(); !text.empty()) {
      entries_.text(observation, text);
    }
  }
}

void LetterSections::write_treatments_given() {
  if (given_.empty()) return;
  open(given_section_head);
  narrative_.table<v1::Treatment>({}, "adm", given_, treatment_columns);
  open_entries();
  for (size_t i = 0; i < given_.size(); ++i) entries_.treatment(*given_[i], "adm", i + 1);
  close();
}

void LetterSections::write_treatments_at_discharge() {
  open(discharge_section_head);
  if (at_discharge_.empty()) {
    // Only medicines that were stopped: the patient leaves with none.
    const ShownConcept& none = no_treatment_of(stopped_.empty() ? letter_.treatments_at_discharge().none()
                                                                : v1::DischargeTreatments::NONE_NO_TREATMENT);
    narrative_.paragraph(none_anchor, none.shown);
    write_stopped();
    open_entries();
    entries_.no_treatment(none.code, none_anchor);
  } else {
    narrative_.table<v1::Treatment>({}, "trt", at_discharge_, treatment_columns);
    write_stopped();
    open_entries();
    for (size_t i = 0; i < at_discharge_.size(); ++i) entries_.treatment(*at_discharge_[i], "trt", i + 1);
  }
  close();
}

void LetterSections::write_stopped() {
  if (stopped_.empty()) return;
  std::string names;
  for (const v1::Treatment* each : stopped_) {
    names.append(names.empty() ? "" : " ; ").append(each->medicine().text());
  }
  narrative_.bold_paragraph("Traitements arrêtés, à ne plus prendre : " + names);
}

void LetterSections::write_exam_results() {
  const v1::ExamResults& results = letter_.exam_results();
  if (results.text().empty() && results.results().empty()) return;
  open(results_section_head);
  narrative_.paragraphs(results.text());
  narrative_.table<v1::ExamResult>({}, "res", rows_of(results.results()), result_columns);
  open_entries();
  close();
}

void LetterSections::write_care_plan() {
  const CarePlan& plan = letter_.care_plan();
  if (plan.text().empty() && plan.acts().empty() && plan.requests().empty() && plan.appointments().empty()) {
    return;
  }
  open(plan_section_head);
  narrative_.paragraphs(plan.text());
  narrative_.table<CarePlan::Act>("Actes prévus", "acte", rows_of(plan.acts()), act_columns);
  narrative_.table<CarePlan::Request>("Examens et suivi demandés", "dem", rows_of(plan.requests()),
                                      request_columns);
  narrative_.table<CarePlan::Appointment>("Rendez-vous", "rdv", rows_of(plan.appointments()),
                                          appointment_columns);
  open_entries();
  size_t number = 0;
  for (const CarePlan::Act& act : plan.acts()) entries_.planned_act(act, "acte", ++number);
  number = 0;
  for (const CarePlan::Request& request : plan.requests()) entries_.request(request, "dem", ++number);
  number = 0;
  for (const CarePlan::Appointment& visit : plan.appointments()) entries_.appointment(visit, "rdv", ++number);
  close();
}

void LetterSections::write_devices() {
  if (letter_.devices().empty()) return;
  open(devices_section_head);
  narrative_.table<v1::Device>({}, "dm", rows_of(letter_.devices()), device_columns);
  open_entries();
  size_t number = 0;
  for (const v1::Device& device : letter_.devices()) entries_.device(device, "dm", ++number);
  close();
}

void LetterSections::write_allergies() {
  const v1::Allergies& allergies = letter_.allergies();
  if (!allergies.none_known() && allergies.allergies().empty()) return;
  open(allergies_section_head);
  if (allergies.none_known()) {
    narrative_.paragraph("all-aucune", "Aucune allergie ni intolérance connue");
    open_entries();
    entries_.no_allergy("all-aucune");
  } else {
    narrative_.table<v1::Allergy>({}, "all", rows_of(allergies.allergies()), allergy_columns);
    open_entries();
    entries_.allergies(allergies, "all");
  }
  close();
}

}  // namespace psl
