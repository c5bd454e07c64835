#include "adapters/formats/cda/letter_check.h"

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>

#include "adapters/formats/text.h"
#include "adapters/formats/value_sets.h"
#include "passerelle/v1/event.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

// The bounds of letter.proto, in characters and in elements.
constexpr size_t synthesis_characters = 100000;
constexpr size_t section_characters = 10000;
constexpr size_t answer_characters = 2000;
constexpr size_t line_characters = 500;
constexpr int treatments_most = 200;

// True when every character is what the pattern says: 'A' a capital letter, '9' a digit, another one itself.
bool follows(std::string_view code, std::string_view pattern) {
  return std::equal(code.begin(), code.end(), pattern.begin(), pattern.end(), [](char c, char expected) {
    if (expected == 'A') return c >= 'A' && c <= 'Z';
    if (expected == '9') return c >= '0' && c <= '9';
    return c == expected;
  });
}

bool follows_one(std::string_view code, std::initializer_list<std::string_view> patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](std::string_view pattern) { return follows(code, pattern); });
}

bool only_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A code system that a field may use: domain/french-documents.md names none that is not here. Terminologies
// are not shipped: the shape is what can be checked.
struct CodeShape {
  std::string_view oid;
  std::string_view shape;  // as a fault says it
  bool (*ok)(std::string_view code);
};

constexpr CodeShape cis = {"1.2.250.1.213.2.3.1", "a CIS code expected: 8 digits",
                           [](std::string_view code) { return follows(code, "99999999"); }};
constexpr CodeShape cip = {"1.2.250.1.213.2.3.2", "a CIP code expected: 7 or 13 digits",
                           [](std::string_view code) {
                             return follows_one(code, {"9999999", "9999999999999"});
                           }};
constexpr CodeShape atc = {"2.16.840.1.113883.6.73", "an ATC code expected, as A10BA02",
                           [](std::string_view code) {
                             return follows_one(code, {"A", "A99", "A99A", "A99AA", "A99AA99"});
                           }};
constexpr CodeShape ccam = {"1.2.250.1.215.300.1", "a CCAM code expected: 4 letters and 3 digits",
                            [](std::string_view code) { return follows(code, "AAAA999"); }};
constexpr CodeShape snomed_ct = {
    "2.16.840.1.113883.6.96", "a SNOMED CT code expected: 6 to 18 digits", [](std::string_view code) {
      return only_digits(code) && code.size() >= 6 && code.size() <= 18 && code.front() != '0';
    }};
constexpr CodeShape loinc_codes = {
    "2.16.840.1.113883.6.1", "a LOINC code expected, as 11490-0", [](std::string_view code) {
      const size_t dash = code.find('-');
      return dash != std::string_view::npos && dash <= 7 && only_digits(code.substr(0, dash)) &&
             follows(code.substr(dash + 1), "9");
    }};
constexpr CodeShape emdn = {"1.2.250.1.213.2.68", "an EMDN code expected: a letter and at most 12 digits",
                            [](std::string_view code) {
                              return !code.empty() && code.size() <= 13 && follows(code.substr(0, 1), "A") &&
                                     (code.size() == 1 || only_digits(code.substr(1)));
                            }};
constexpr CodeShape cladimed = {
    "1.2.250.1.213.2.65", "a CLADIMED code expected: a letter, then letters and digits",
    [](std::string_view code) {
      return code.size() >= 2 && code.size() <= 10 && follows(code.substr(0, 1), "A") &&
             std::all_of(code.begin(), code.end(),
                         [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
    }};
constexpr CodeShape lpp = {"1.2.250.1.215.200.2.1", "an LPP code expected: 7 digits",
                           [](std::string_view code) { return follows(code, "9999999"); }};

// What one field may be coded with, and how a fault names it.
struct CodesOfField {
  std::span<const CodeShape> systems;
  std::string_view expected;
};

constexpr CodeShape medicine_systems[] = {cis, cip, atc};
constexpr CodesOfField medicine_codes = {
    medicine_systems,
    "CIS 1.2.250.1.213.2.3.1, CIP 1.2.250.1.213.2.3.2 or ATC 2.16.840.1.113883.6.73 expected"};
constexpr CodeShape act_systems[] = {ccam, snomed_ct, loinc_codes};
constexpr CodesOfField act_codes = {
    act_systems,
    "CCAM 1.2.250.1.215.300.1, SNOMED CT 2.16.840.1.113883.6.96 or LOINC 2.16.840.1.113883.6.1 expected"};
constexpr CodeShape device_systems[] = {emdn, cladimed, lpp};
constexpr CodesOfField device_codes = {
    device_systems,
    "EMDN 1.2.250.1.213.2.68, CLADIMED 1.2.250.1.213.2.65 or LPP 1.2.250.1.215.200.2.1 expected"};
constexpr CodeShape agent_systems[] = {cis, atc, snomed_ct};
constexpr CodesOfField agent_codes = {
    agent_systems,
    "CIS 1.2.250.1.213.2.3.1, ATC 2.16.840.1.113883.6.73 or SNOMED CT 2.16.840.1.113883.6.96 expected"};

// At most 10 digits and one point or comma between two of them.
bool decimal_ok(std::string_view text) {
  const size_t point = text.find_first_of(".,");
  const std::string_view whole = text.substr(0, point);
  if (point == std::string_view::npos) return text.size() <= 10 && only_digits(text);
  return text.size() <= 11 && only_digits(whole) && only_digits(text.substr(point + 1));
}

bool is_zero(std::string_view decimal) {
  return decimal.find_first_of("123456789") == std::string_view::npos;
}

class LetterCheck {
 public:
  explicit LetterCheck(FieldCheck& check) : check_(check) {}

  void run(const v1::StructuredLetter& letter) {
    const FieldPath path("event.discharge_letter.structured");
    check_.choice(path / "status", v1::CompletionStatus_IsValid(letter.status()), true, false);
    section(path / "reason", letter.reason(), 1);
    if (letter.has_stay()) {
      stay(path / "stay", letter.stay());
    } else {
      check_.fault(path / "stay", "required");
    }
    treatments(path, "treatments_given", letter.treatments_given(), 0);
    discharge(path / "treatments_at_discharge", letter);
    results(path / "exam_results", letter.exam_results());
    if (letter.has_care_plan()) care_plan(path / "care_plan", letter.care_plan());
    if (check_.count(path / "devices", letter.devices_size(), 0, 100)) {
      for (int i = 0; i < letter.devices_size(); ++i) device(path.at("devices", i), letter.devices(i));
    }
    if (letter.has_allergies()) allergies(path / "allergies", letter.allergies());
  }

 private:
  // A text that can stand alone in its section.
  void section(const FieldPath& path, std::string_view text, size_t least) {
    check_.paragraphs(path, text, least, section_characters);
    if (!text.empty() && visible_characters(text) < section_visible_least)
      check_.fault(path, "at least 2 characters that can be seen expected");
  }

  void coded(const FieldPath& path, const v1::CodedText& coded, const CodesOfField& allowed) {
    check_.line(path / "text", coded.text(), 1, line_characters);
    if (!check_.count(path / "codes", coded.codes_size(), 0, 5)) return;
    for (int i = 0; i < coded.codes_size(); ++i) {
      const FieldPath here = path.at("codes", i);
      coding(here, coded.codes(i), allowed);
      for (int before = 0; before < i; ++before) {
        if (coded.codes(before).system() != coded.codes(i).system()) continue;
        check_.fault(here / "system", "another system than that of an earlier code expected");
        break;
      }
    }
  }

  void coding(const FieldPath& path, const v1::Coding& coding, const CodesOfField& allowed) {
    check_.line(path / "label", coding.label(), 0, 200);
    const auto system = std::find_if(allowed.systems.begin(), allowed.systems.end(),
                                     [&](const CodeShape& each) { return each.oid == coding.system(); });
    if (system == allowed.systems.end()) {
      check_.fault(path / "system", allowed.expected);
    } else if (!system->ok(coding.code())) {
      check_.fault(path / "code", system->shape);
    }
  }

  void decimal(const FieldPath& path, const std::string& value) {
    if (!decimal_ok(value)) check_.fault(path, "a decimal of at most 10 digits expected, as 0.5");
  }

  void quantity(const FieldPath& path, const v1::Quantity& quantity) {
    decimal(path / "value", quantity.value());
    const FieldPath unit = path / "unit";
    if (quantity.unit().find(' ') != std::string::npos) {
      check_.fault(unit, "a UCUM unit without space expected, as mg");
    } else {
      check_.line(unit, quantity.unit(), 1, 20);
    }
  }

  // The period of a PIVL_TS: in units of time, and more than nothing.
  void interval(const FieldPath& path, const v1::Quantity& every) {
    constexpr std::string_view units[] = {"h", "d", "wk", "mo"};
    if (std::find(std::begin(units), std::end(units), every.unit()) == std::end(units)) {
      check_.fault(path / "unit", "h, d, wk or mo expected");
    }
    if (decimal_ok(every.value()) && is_zero(every.value())) {
      check_.fault(path / "value", "more than 0 expected");
    } else {
      decimal(path / "value", every.value());
    }
  }

  void stay(const FieldPath& path, const v1::Stay& stay) {
    check_.choice(path / "admission_mode", v1::AdmissionMode_IsValid(stay.admission_mode()),
                  stay.admission_mode() != v1::ADMISSION_MODE_UNSPECIFIED, true);
    check_.choice(path / "discharge_mode", v1::DischargeMode_IsValid(stay.discharge_mode()),
                  stay.discharge_mode() != v1::DISCHARGE_MODE_UNSPECIFIED, true);
    check_.paragraphs(path / "synthesis", stay.synthesis(), 1, synthesis_characters);
    check_.paragraphs(path / "adverse_events", stay.adverse_events(), 0, section_characters);
    answer(path / "microorganisms_searched", stay.microorganisms_searched());
    only_with_yes(path / "microorganisms_found", stay.microorganisms_found(), stay.microorganisms_searched(),
                  "allowed with microorganisms_searched YES_NO_YES only");
    answer(path / "transfusion", stay.transfusion());
    only_with_yes(path / "transfusion_accidents", stay.transfusion_accidents(), stay.transfusion(),
                  "allowed with transfusion YES_NO_YES only");
    answer(path / "blood_derivatives", stay.blood_derivatives());
    only_with_yes(path / "blood_derivatives_events", stay.blood_derivatives_events(),
                  stay.blood_derivatives(), "allowed with blood_derivatives YES_NO_YES only");
  }

  void answer(const FieldPath& path, v1::YesNo answer) {
    check_.choice(path, v1::YesNo_IsValid(answer), answer != v1::YES_NO_UNSPECIFIED, true);
  }

  void only_with_yes(const FieldPath& path, const std::string& text, v1::YesNo answer,
                     std::string_view rule) {
    check_.paragraphs(path, text, 0, answer_characters);
    if (!text.empty() && answer != v1::YES_NO_YES) check_.fault(path, rule);
  }

  void treatments(const FieldPath& path, std::string_view name,
                  const google::protobuf::RepeatedPtrField<v1::Treatment>& list, int least) {
    if (!check_.count(path / name, list.size(), least, treatments_most)) return;
    for (int i = 0; i < list.size(); ++i) treatment(path.at(name, i), list[i]);
  }

  void treatment(const FieldPath& path, const v1::Treatment& treatment) {
    coded(path / "medicine", treatment.medicine(), medicine_codes);
    check_.date(path / "start_date", treatment.start_date());
    if (!treatment.end_date().empty() && treatment.start_date().empty()) {
      check_.fault(path / "end_date", "allowed with start_date only");
    } else {
      check_.end_date(path / "end_date", treatment.end_date(), treatment.start_date());
    }
    check_.line(path / "dosage", treatment.dosage(), 0, line_characters);
    if (treatment.has_dose()) quantity(path / "dose", treatment.dose());
    if (treatment.has_every()) interval(path / "every", treatment.every());
    if (treatment.has_daily_maximum()) quantity(path / "daily_maximum", treatment.daily_maximum());
    if (!treatment.route_code().empty() && find_concept(ValueSet::route, treatment.route_code()) == nullptr) {
      check_.fault(path / "route_code", "a code of JDV_RouteofAdministration expected, as 20053000");
    }
    check_.choice(path / "change", v1::Treatment::Change_IsValid(treatment.change()), true, false);
    check_.line(path / "comment", treatment.comment(), 0, 1000);
    const bool dosed = !treatment.dosage().empty() || treatment.has_dose() || treatment.has_every();
    if (!dosed && treatment.change() != v1::Treatment::CHANGE_STOPPED) {
      check_.issue(Rule::dosage_missing, path);
    }
  }

  void discharge(const FieldPath& path, const v1::StructuredLetter& letter) {
    const v1::DischargeTreatments& discharge = letter.treatments_at_discharge();
    check_.choice(path / "none", v1::DischargeTreatments::None_IsValid(discharge.none()), true, false);
    const bool none = discharge.none() != v1::DischargeTreatments::NONE_UNSPECIFIED;
    if (none == (discharge.treatments_size() > 0)) {
      return check_.fault(path, "exactly one of treatments and none expected");
    }
    if (none) return;
    treatments(path, "treatments", discharge.treatments(), 1);
    // That nothing else is taken is not ours to conclude from what was stopped.
    const auto& all = discharge.treatments();
    if (std::all_of(all.begin(), all.end(), [](const v1::Treatment& treatment) {
          return treatment.change() == v1::Treatment::CHANGE_STOPPED;
        })) {
      check_.fault(path / "treatments", "all are stopped: say them in treatments_given, and none here");
    }
  }

  void results(const FieldPath& path, const v1::ExamResults& results) {
    section(path / "text", results.text(), 0);
    if (!check_.count(path / "results", results.results_size(), 0, 200)) return;
    for (int i = 0; i < results.results_size(); ++i) {
      const FieldPath here = path.at("results", i);
      const v1::ExamResult& result = results.results(i);
      check_.line(here / "label", result.label(), 1, 200);
      check_.line(here / "value", result.value(), 0, line_characters);
      check_.line(here / "reference_range", result.reference_range(), 0, 100);
      check_.date(here / "date", result.date());
    }
  }

  void care_plan(const FieldPath& path, const v1::CarePlan& plan) {
    if (plan.text().empty() && plan.acts().empty() && plan.requests().empty() &&
        plan.appointments().empty()) {
      return check_.fault(path, "at least one of its fields expected");
    }
    section(path / "text", plan.text(), 0);
    if (check_.count(path / "acts", plan.acts_size(), 0, 100)) {
      for (int i = 0; i < plan.acts_size(); ++i) act(path.at("acts", i), plan.acts(i));
    }
    if (check_.count(path / "requests", plan.requests_size(), 0, 100)) {
      for (int i = 0; i < plan.requests_size(); ++i) {
        const FieldPath here = path.at("requests", i);
        check_.line(here / "text", plan.requests(i).text(), 1, line_characters);
        check_.date(here / "date", plan.requests(i).date());
      }
    }
    if (!check_.count(path / "appointments", plan.appointments_size(), 0, 100)) return;
    for (int i = 0; i < plan.appointments_size(); ++i) {
      appointment(path.at("appointments", i), plan.appointments(i));
    }
  }

  void priority(const FieldPath& path, v1::CarePlan::Priority priority) {
    check_.choice(path, v1::CarePlan::Priority_IsValid(priority), true, false);
  }

  void act(const FieldPath& path, const v1::CarePlan::Act& act) {
    coded(path / "act", act.act(), act_codes);
    check_.date(path / "date", act.date());
    priority(path / "priority", act.priority());
  }

  void appointment(const FieldPath& path, const v1::CarePlan::Appointment& appointment) {
    check_.line(path / "text", appointment.text(), 1, line_characters);
    if (!appointment.class_code().empty() &&
        find_concept(ValueSet::appointment_class, appointment.class_code()) == nullptr) {
      check_.fault(path / "class_code", "a code of JDV_HL7_ActEncounterCode expected, as AMB");
    }
    check_.date(path / "date", appointment.date());
    if (appointment.status() == v1::CarePlan::Appointment::STATUS_BOOKED && appointment.date().empty())
      check_.fault(path / "date", "required with STATUS_BOOKED");
    check_.choice(path / "status", v1::CarePlan::Appointment::Status_IsValid(appointment.status()), true,
                  false);
    priority(path / "priority", appointment.priority());
  }

  void device(const FieldPath& path, const v1::Device& device) {
    coded(path / "device", device.device(), device_codes);
    const std::string& udi = device.udi();
    const bool printable = std::all_of(udi.begin(), udi.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (udi.size() > 200 || !printable || (!udi.empty() && udi.find_first_not_of(' ') == std::string::npos)) {
      check_.fault(path / "udi", "at most 200 printable ASCII characters expected");
    }
    if (device.start_date().empty()) check_.fault(path / "start_date", "required");
    check_.date(path / "start_date", device.start_date());
    check_.end_date(path / "end_date", device.end_date(), device.start_date());
    check_.line(path / "comment", device.comment(), 0, line_characters);
  }

  void allergies(const FieldPath& path, const v1::Allergies& allergies) {
    if (allergies.none_known() == (allergies.allergies_size() > 0)) {
      return check_.fault(path, "exactly one of allergies and none_known expected");
    }
    if (!check_.count(path / "allergies", allergies.allergies_size(), 0, 50)) return;
    for (int i = 0; i < allergies.allergies_size(); ++i) {
      const FieldPath here = path.at("allergies", i);
      const v1::Allergy& allergy = allergies.allergies(i);
      check_.choice(here / "kind", v1::Allergy::Kind_IsValid(allergy.kind()), true, false);
      coded(here / "agent", allergy.agent(), agent_codes);
      check_.line(here / "reaction", allergy.reaction(), 0, line_characters);
      check_.choice(here / "severity", v1::Allergy::Severity_IsValid(allergy.severity()), true, false);
      check_.date(here / "since", allergy.since());
    }
  }

  FieldCheck& check_;
};

}  // namespace

void check_letter(const v1::CoordinationEvent& event, FieldCheck& check) {
  LetterCheck(check).run(event.discharge_letter().structured());
}

}  // namespace psl
