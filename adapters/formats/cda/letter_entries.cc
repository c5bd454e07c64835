#include "adapters/formats/cda/letter_entries.h"

#include <algorithm>

#include "adapters/formats/cda/letter_codes.h"
#include "adapters/formats/cda/letter_narrative.h"
#include "adapters/formats/xml_writer.h"
#include "gateway/base/hash.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

// What every entry of a kind begins with. The roots are those of the model; see section by section in
// LDL-SES 2022.01.
constexpr std::string_view observation_head =
    R"(<entry><observation classCode="OBS" moodCode="EVN"><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>)"
    R"(<templateId root="1.2.250.1.213.1.1.3.48"/>)";
constexpr std::string_view status_parent_template = R"(<templateId root="1.2.250.1.213.1.1.3.48.16"/>)";
constexpr std::string_view treatment_head =
    R"(<entry><substanceAdministration classCode="SBADM" moodCode="EVN">)"
    R"(<templateId root="1.2.250.1.213.1.1.3.42"/><templateId root="2.16.840.1.113883.10.20.1.24"/>)"
    R"(<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7.1"/>)";
constexpr std::string_view product_head =
    R"(<consumable><manufacturedProduct><templateId root="1.2.250.1.213.1.1.3.43"/>)"
    R"(<templateId root="2.16.840.1.113883.10.20.1.53"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7.2"/>)"
    R"(<manufacturedMaterial>)";
constexpr std::string_view product_tail = "</manufacturedMaterial></manufacturedProduct></consumable>";
constexpr std::string_view instructions_head =
    R"(<entryRelationship typeCode="SUBJ" inversionInd="true"><act classCode="ACT" moodCode="INT">)"
    R"(<templateId root="2.16.840.1.113883.10.20.1.49"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.3"/>)"
    R"(<templateId root="1.2.250.1.213.1.1.3.33"/>)";
constexpr std::string_view act_head =
    R"(<entry><procedure classCode="PROC" moodCode="INT"><templateId root="2.16.840.1.113883.10.20.1.25"/>)"
    R"(<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.19"/><templateId root="1.2.250.1.213.1.1.3.62"/>)";
constexpr std::string_view request_head =
    R"(<entry><observation classCode="OBS" moodCode="INT"><templateId root="2.16.840.1.113883.10.20.1.25"/>)"
    R"(<templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.20.3.1"/><templateId root="1.2.250.1.213.1.1.3.27"/>)";
constexpr std::string_view encounter_head =
    R"(<entry><encounter classCode="ENC" moodCode="ARQ"><templateId root="2.16.840.1.113883.10.20.1.21"/>)"
    R"(<templateId root="2.16.840.1.113883.10.20.1.25"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.14"/>)"
    R"(<templateId root="1.2.250.1.213.1.1.3.58"/>)";
constexpr std::string_view device_head =
    R"(<entry><supply classCode="SPLY" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.1.34"/>)"
    R"(<templateId root="1.2.250.1.213.1.1.3.20"/>)";
constexpr std::string_view allergies_head =
    R"(<entry><act classCode="ACT" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.1.27"/>)"
    R"(<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5.1"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5.3"/>)"
    R"(<templateId root="1.2.250.1.213.1.1.3.40"/>)";
constexpr std::string_view allergy_head =
    R"(<entryRelationship typeCode="SUBJ" inversionInd="false"><observation classCode="OBS" moodCode="EVN">)"
    R"(<templateId root="2.16.840.1.113883.10.20.1.28"/><templateId root="2.16.840.1.113883.10.20.1.18"/>)"
    R"(<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.6"/>)"
    R"(<templateId root="1.2.250.1.213.1.1.3.41"/>)";
constexpr std::string_view reaction_head =
    R"(<entryRelationship typeCode="MFST" inversionInd="false"><observation classCode="OBS" moodCode="EVN">)"
    R"(<templateId root="2.16.840.1.113883.10.20.1.28"/><templateId root="2.16.840.1.113883.10.20.1.54"/>)"
    R"(<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5"/><templateId root="1.2.250.1.213.1.1.3.37"/>)";
constexpr std::string_view severity_head =
    R"(<entryRelationship typeCode="SUBJ" inversionInd="true"><observation classCode="OBS" moodCode="EVN">)"
    R"(<templateId root="2.16.840.1.113883.10.20.1.55"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.1"/>)"
    R"(<templateId root="1.2.250.1.213.1.1.3.29"/>)";
constexpr std::string_view relationship_tail = "</observation></entryRelationship>";

constexpr std::string_view act_code_system = "2.16.840.1.113883.5.4";
constexpr Concept medicine_kind{"DRUG", act_code_system, "Médicament"};
constexpr Concept instructions_kind{"PINSTRUCT", "1.3.6.1.4.1.19376.1.5.3.2", "Instructions au patient"};
constexpr Concept request_kind{"ORG-064", asip_system, "Demande d'examen ou de suivi"};
constexpr Concept severity_kind{"SEV", act_code_system, "Sévérité"};
// JDV_ProblemCodes.
constexpr Concept finding_kind{"404684003", snomed_system, "constatation clinique"};
// HL7 ActPriority: what the official sample says of a visit that has no date yet.
constexpr Concept to_be_arranged{"CS", "2.16.840.1.113883.5.7", "recontacter pour fixer RDV"};
// JDV_AbsentOrUnknownAllergy.
constexpr Concept no_known_allergies{"no-known-allergies", "2.16.840.1.113883.5.1150.1",
                                     "Pas d'allergie/hypersensibilité connue"};
constexpr Concept any_allergy{"420134006", snomed_system, "propension aux effets indésirables"};

// "2026-11-18" as "20261118".
std::string hl7_day(std::string_view date) {
  std::string day;
  for (const char c : date) {
    if (c != '-') day += c;
  }
  return day;
}

}  // namespace

LetterEntries::LetterEntries(XmlWriter& xml, const Uuid& event_id)
    : xml_(xml), next_id_(Uuid::from_hash(sha256_of_parts({event_id.text(), "entries"})).text()) {
  // Upper case: HL7 V3 data types 2.15.1.
  for (char& c : next_id_) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
}

void LetterEntries::id() {
  // One hash for a document, and the position in the last eight digits.
  static constexpr char digits[] = "0123456789ABCDEF";
  uint32_t position = ids_++;
  for (size_t i = 1; i <= 8; ++i, position >>= 4U) next_id_[next_id_.size() - i] = digits[position & 0xFU];
  xml_.raw("<id root=\"").raw(next_id_).raw("\"/>");
}

void LetterEntries::completion(const LetterObservation& observation, const Concept& status) {
  xml_.raw(observation_head).raw(status_parent_template);
  open_observation(observation);
  value("CD", status);
  close_observation();
}

void LetterEntries::coded(const LetterObservation& observation, const Concept& answer) {
  xml_.raw(observation_head);
  open_observation(observation);
  value("CE", answer);
  close_observation();
}

void LetterEntries::text(const LetterObservation& observation, std::string_view answer) {
  xml_.raw(observation_head);
  open_observation(observation);
  xml_.raw("<value xsi:type=\"ST\">").text(answer).raw("</value>");
  close_observation();
}

void LetterEntries::yes_no(const LetterObservation& observation, bool answer) {
  xml_.raw(observation_head);
  open_observation(observation);
  xml_.raw(answer ? R"(<value xsi:type="BL" value="true"/>)" : R"(<value xsi:type="BL" value="false"/>)");
  close_observation();
}

void LetterEntries::open_observation(const LetterObservation& observation) {
  xml_.raw("<templateId root=\"").raw(observation.template_root).raw("\"/>");
  id();
  code("code", {observation.code, asip_system, observation.label});
  reference("text", observation.anchor);
  xml_.raw(R"(<statusCode code="completed"/><effectiveTime )");
  if (observation.day.empty()) {
    xml_.raw(R"(nullFlavor="UNK"/>)");
  } else {
    xml_.raw("value=\"").raw(observation.day).raw("\"/>");
  }
}

void LetterEntries::close_observation() { xml_.raw("</observation></entry>"); }

void LetterEntries::code_attributes(std::string_view code, std::string_view system, std::string_view label) {
  xml_.attribute("code", code).attribute("displayName", label).attribute("codeSystem", system);
  if (const std::string_view name = system_name(system); !name.empty())
    xml_.attribute("codeSystemName", name);
}

void LetterEntries::code(std::string_view element, const Concept& value) {
  xml_.open(element);
  code_attributes(value.code, value.system, value.label);
  xml_.close();
}

void LetterEntries::value(std::string_view type, const Concept& value) {
  xml_.open("value").attribute("xsi:type", type);
  code_attributes(value.code, value.system, value.label);
  xml_.close();
}

// <text><reference value="#id"/></text>, or originalText.
void LetterEntries::reference(std::string_view element, std::string_view anchor) {
  xml_.open(element).raw("<reference value=\"#").raw(anchor).raw("\"/>").close();
}

void LetterEntries::day(std::string_view element, std::string_view date) {
  xml_.open(element);
  if (date.empty()) {
    xml_.attribute("nullFlavor", "UNK");
  } else {
    xml_.attribute("value", hl7_day(date));
  }
  xml_.close();
}

void LetterEntries::period(std::string_view start, std::string_view end) {
  xml_.raw(R"(<effectiveTime xsi:type="IVL_TS">)");
  day("low", start);
  day("high", end);
  xml_.raw("</effectiveTime>");
}

void LetterEntries::quantity(std::string_view element, const v1::Quantity& quantity) {
  std::string value = quantity.value();
  std::replace(value.begin(), value.end(), ',', '.');
  xml_.open(element).attribute("value", value);
  // "1" is the unit of the schema's default, and the official list of UCUM does not have it.
  if (quantity.unit() != "1") xml_.attribute("unit", quantity.unit());
  xml_.close();
}

void LetterEntries::coded_text(std::string_view element, const v1::CodedText& text, std::string_view anchor,
                               std::string_view only_system) {
  const auto label = [&](const v1::Coding& coding) {
    return coding.label().empty() ? std::string_view(text.text()) : std::string_view(coding.label());
  };
  const v1::Coding* main = nullptr;
  for (const v1::Coding& coding : text.codes()) {
    if (main == nullptr && (only_system.empty() || coding.system() == only_system)) main = &coding;
  }
  xml_.open(element);
  if (main != nullptr) {
    code_attributes(main->code(), main->system(), label(*main));
  } else {
    // The only nullFlavors that may hold a text are OTH, NA and UNC (dtr1-1-ANY); the last means "not
    // encoded".
    xml_.attribute("nullFlavor", "UNC");
  }
  reference("originalText", anchor);
  for (const v1::Coding& coding : text.codes()) {
    if (&coding == main) continue;
    xml_.open("translation");
    code_attributes(coding.code(), coding.system(), label(coding));
    xml_.close();
  }
  xml_.close();
}

void LetterEntries::treatment(const v1::Treatment& treatment, std::string_view prefix, size_t number) {
  const std::string anchor = row_anchor(prefix, number);
  xml_.raw(treatment_head);
  id();
  code("code", medicine_kind);
  reference("text", anchor);
  xml_.raw(R"(<statusCode code="completed"/>)");
  // A frequency needs a period before it, known or not (E_medications_int).
  if (!treatment.start_date().empty() || treatment.has_every()) {
    period(treatment.start_date(), treatment.end_date());
  }
  doses(treatment);
  product(treatment.medicine(), anchor + "-nom");
  // The prescriber's words, for software that shows an entry without the narrative.
  if (!treatment.dosage().empty()) {
    xml_.raw(instructions_head);
    id();
    code("code", instructions_kind);
    reference("text", anchor + "-poso");
    xml_.raw(R"(<statusCode code="completed"/></act></entryRelationship>)");
  }
  xml_.raw("</substanceAdministration></entry>");
}

void LetterEntries::doses(const v1::Treatment& treatment) {
  if (treatment.has_every()) {
    xml_.raw(R"(<effectiveTime xsi:type="PIVL_TS" operator="A">)");
    quantity("period", treatment.every());
    xml_.raw("</effectiveTime>");
  }
  if (!treatment.route_code().empty()) {
    const Concept* route = find_concept(ValueSet::route, treatment.route_code());
    if (route != nullptr) code("routeCode", *route);
  }
  if (treatment.has_dose()) {
    xml_.open("doseQuantity");
    quantity("low", treatment.dose());
    quantity("high", treatment.dose());
    xml_.close();
  }
  if (treatment.has_daily_maximum()) {
    xml_.open("maxDoseQuantity");
    quantity("numerator", treatment.daily_maximum());
    xml_.raw(R"(<denominator value="1" unit="d"/>)").close();
  }
}

void LetterEntries::product(const v1::CodedText& medicine, std::string_view anchor) {
  xml_.raw(product_head);
  coded_text("code", medicine, anchor, cis_system);
  xml_.element("name", medicine.text()).raw(product_tail);
}

void LetterEntries::no_treatment(const Concept& reason, std::string_view anchor) {
  xml_.raw(treatment_head);
  id();
  code("code", reason);
  reference("text", anchor);
  xml_.raw(R"(<statusCode code="completed"/>)").raw(product_head).raw(R"(<code nullFlavor="NA">)");
  reference("originalText", anchor);
  xml_.raw(R"(</code><name nullFlavor="NA"/>)").raw(product_tail);
  xml_.raw("</substanceAdministration></entry>");
}

void LetterEntries::planned_act(const v1::CarePlan::Act& act, std::string_view prefix, size_t number) {
  const std::string anchor = row_anchor(prefix, number);
  xml_.raw(act_head);
  id();
  coded_text("code", act.act(), anchor + "-nom");
  reference("text", anchor);
  xml_.raw(R"(<statusCode code="active"/>)");
  day("effectiveTime", act.date());
  if (const Concept& priority = priority_of(act.priority()).code; !priority.code.empty()) {
    code("priorityCode", priority);
  }
  xml_.raw("</procedure></entry>");
}

void LetterEntries::request(const v1::CarePlan::Request& request, std::string_view prefix, size_t number) {
  xml_.raw(request_head);
  id();
  code("code", request_kind);
  reference("text", row_anchor(prefix, number));
  xml_.raw(R"(<statusCode code="active"/>)");
  day("effectiveTime", request.date());
  xml_.raw("<value xsi:type=\"ST\">").text(request.text()).raw("</value></observation></entry>");
}

void LetterEntries::appointment(const v1::CarePlan::Appointment& appointment, std::string_view prefix,
                                size_t number) {
  using Appointment = v1::CarePlan::Appointment;
  xml_.raw(encounter_head);
  id();
  const std::string_view told = appointment.class_code();
  const std::string_view kind = told.empty() ? "AMB" : told;
  const Concept* known = find_concept(ValueSet::appointment_class, kind);
  code("code", known != nullptr ? *known : Concept{kind, act_code_system, kind});
  reference("text", row_anchor(prefix, number));
  if (!appointment.date().empty()) day("effectiveTime", appointment.date());
  // At most one, and one at least without a date (E_encounter_int).
  const Concept& priority = priority_of(appointment.priority()).code;
  const bool arranged = appointment.status() == Appointment::STATUS_BOOKED && !appointment.date().empty();
  if (!priority.code.empty()) {
    code("priorityCode", priority);
  } else if (!arranged) {
    code("priorityCode", to_be_arranged);
  }
  xml_.raw("</encounter></entry>");
}

void LetterEntries::device(const v1::Device& device, std::string_view prefix, size_t number) {
  const std::string anchor = row_anchor(prefix, number);
  xml_.raw(device_head);
  id();
  reference("text", anchor);
  xml_.raw(R"(<effectiveTime xsi:type="IVL_TS">)");
  day("low", device.start_date());
  if (!device.end_date().empty()) day("high", device.end_date());
  xml_.raw(R"(</effectiveTime><participant typeCode="DEV"><participantRole classCode="MANU">)");
  // The sender does not say which agency issued the UDI, so there is no root to give.
  if (!device.udi().empty()) xml_.element("id", {{"nullFlavor", "UNC"}, {"extension", device.udi()}});
  xml_.raw(R"(<playingDevice classCode="DEV" determinerCode="INSTANCE">)");
  coded_text("code", device.device(), anchor + "-nom");
  xml_.raw("</playingDevice></participantRole></participant></supply></entry>");
}

void LetterEntries::open_allergies(bool known) {
  xml_.raw(allergies_head);
  id();
  xml_.raw(
      known ? R"(<code nullFlavor="NA"/><statusCode code="active"/><effectiveTime><low nullFlavor="UNK"/>)"
            : R"(<code nullFlavor="NA"/><statusCode code="completed"/><effectiveTime><low nullFlavor="NA"/>)"
              R"(<high nullFlavor="NA"/>)");
  xml_.raw("</effectiveTime>");
}

void LetterEntries::open_allergy(const Concept& kind, std::string_view anchor, std::string_view since) {
  xml_.raw(allergy_head);
  id();
  code("code", kind);
  reference("text", anchor);
  xml_.raw(R"(<statusCode code="completed"/><effectiveTime xsi:type="IVL_TS">)");
  day("low", since);
  xml_.raw("</effectiveTime>");
}

void LetterEntries::allergies(const v1::Allergies& allergies, std::string_view prefix) {
  open_allergies(true);
  size_t number = 0;
  for (const v1::Allergy& each : allergies.allergies()) allergy(each, prefix, ++number);
  xml_.raw("</act></entry>");
}

void LetterEntries::allergy(const v1::Allergy& allergy, std::string_view prefix, size_t number) {
  const std::string anchor = row_anchor(prefix, number);
  open_allergy(allergy_kind_of(allergy.kind()).code, anchor, allergy.since());
  // Not coded: then no attribute but the type (E_allergiesAndIntolerances_int).
  xml_.raw(R"(<value xsi:type="CD">)");
  reference("originalText", anchor);
  xml_.raw(R"(</value><participant typeCode="CSM"><participantRole classCode="MANU">)");
  xml_.raw(R"(<playingEntity classCode="MMAT">)");
  coded_text("code", allergy.agent(), anchor + "-nom");
  xml_.element("name", allergy.agent().text()).raw("</playingEntity></participantRole></participant>");
  if (!allergy.reaction().empty()) reaction(anchor, allergy.since());
  if (const Concept& level = severity_of(allergy.severity()).code; !level.code.empty())
    severity(level, anchor);
  xml_.raw(relationship_tail);
}

void LetterEntries::reaction(std::string_view anchor, std::string_view since) {
  xml_.raw(reaction_head);
  id();
  code("code", finding_kind);
  reference("text", anchor);
  xml_.raw(R"(<statusCode code="completed"/><effectiveTime>)");
  day("low", since);
  xml_.raw(R"(</effectiveTime><value xsi:type="CD">)");
  reference("originalText", anchor);
  xml_.raw("</value>").raw(relationship_tail);
}

void LetterEntries::severity(const Concept& severity, std::string_view anchor) {
  xml_.raw(severity_head);
  code("code", severity_kind);
  reference("text", anchor);
  xml_.raw(R"(<statusCode code="completed"/>)");
  value("CD", severity);
  xml_.raw(relationship_tail);
}

void LetterEntries::no_allergy(std::string_view anchor) {
  open_allergies(false);
  open_allergy(any_allergy, anchor, {});
  xml_.open("value").attribute("xsi:type", "CD");
  code_attributes(no_known_allergies.code, no_known_allergies.system, no_known_allergies.label);
  reference("originalText", anchor);
  xml_.close().raw(relationship_tail).raw("</act></entry>");
}

}  // namespace psl
