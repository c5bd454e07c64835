#include "adapters/formats/cda/letter_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "passerelle/v1/gateway.pb.h"
#include "tests/adapters/formats/letter_fixtures.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

using test::complete_letter;
using test::letter_of;
using test::minimal_letter;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string letter_path = "event.discharge_letter.structured";

struct Checked {
  std::vector<std::string> paths;
  std::vector<std::string> texts;
  std::vector<std::string> issues;  // "CODE path"
};

Checked checked(const v1::SubmitEventRequest& request) {
  FieldCheck check;
  check_letter(request.event(), check);
  Checked result;
  for (const v1::Issue& issue : check.take_issues())
    result.issues.push_back(issue.code() + " " + issue.path());
  const Status status = std::move(check).status();
  if (status.ok()) return result;
  EXPECT_EQ(status.error().code, ErrorCode::field_invalid);
  for (const FieldFault& fault : status.error().faults) {
    result.paths.push_back(fault.path);
    result.texts.push_back(fault.text);
  }
  return result;
}

TEST(LetterCheck, TakesWhatIsRightAndSaysNothing) {
  // The least and the most that a letter says.
  for (const v1::SubmitEventRequest& request : {minimal_letter(), complete_letter()}) {
    const Checked result = checked(request);
    EXPECT_THAT(result.paths, IsEmpty());
    EXPECT_THAT(result.issues, IsEmpty());
  }
}

// A change of a complete letter, and the one field where it is refused (below "structured.").
struct LetterFault {
  const char* path;
  void (*change)(v1::StructuredLetter& letter);
};

void expect_faults(const std::vector<LetterFault>& cases) {
  for (const LetterFault& each : cases) {
    v1::SubmitEventRequest request = complete_letter();
    each.change(letter_of(request));
    const std::string path = *each.path == 0 ? letter_path : letter_path + "." + each.path;
    EXPECT_THAT(checked(request).paths, ElementsAre(path));
  }
}

v1::Treatment& treatment(v1::StructuredLetter& letter) {
  return *letter.mutable_treatments_at_discharge()->mutable_treatments(0);
}

v1::Coding& medicine_code(v1::StructuredLetter& letter, int i) {
  return *treatment(letter).mutable_medicine()->mutable_codes(i);
}

TEST(LetterCheck, AsksForWhatAReaderCanUse) {
  // A section of one character is an empty one; stopped treatments do not say that there is no other; a visit
  // that is agreed has a day.
  expect_faults({
      {"reason", [](v1::StructuredLetter& letter) { letter.set_reason("."); }},
      {"exam_results.text",
       [](v1::StructuredLetter& letter) { letter.mutable_exam_results()->set_text("\u2026"); }},
      {"care_plan.text",
       [](v1::StructuredLetter& letter) { letter.mutable_care_plan()->set_text("\u00A0x"); }},
      {"treatments_at_discharge.treatments",
       [](v1::StructuredLetter& letter) {
         for (auto& each : *letter.mutable_treatments_at_discharge()->mutable_treatments())
           each.set_change(v1::Treatment::CHANGE_STOPPED);
       }},
      {"care_plan.appointments[0].date",
       [](v1::StructuredLetter& letter) {
         letter.mutable_care_plan()->mutable_appointments(0)->clear_date();
         letter.mutable_care_plan()->mutable_appointments(0)->set_status(
             v1::CarePlan::Appointment::STATUS_BOOKED);
       }},
  });
}

TEST(LetterCheck, AsksForWhatTheModelRequires) {
  // The sections and the six answers of the stay; silence is not an answer.
  using L = v1::StructuredLetter;
  expect_faults({
      {"reason", [](L& l) { l.clear_reason(); }},
      {"stay", [](L& l) { l.clear_stay(); }},
      {"stay.admission_mode", [](L& l) { l.mutable_stay()->clear_admission_mode(); }},
      {"stay.discharge_mode", [](L& l) { l.mutable_stay()->clear_discharge_mode(); }},
      {"stay.synthesis", [](L& l) { l.mutable_stay()->clear_synthesis(); }},
      {"stay.microorganisms_searched",
       [](L& l) {
         l.mutable_stay()->clear_microorganisms_searched();
         l.mutable_stay()->clear_microorganisms_found();
       }},
      {"stay.transfusion",
       [](L& l) {
         l.mutable_stay()->clear_transfusion();
         l.mutable_stay()->clear_transfusion_accidents();
       }},
      {"stay.blood_derivatives",
       [](L& l) {
         l.mutable_stay()->clear_blood_derivatives();
         l.mutable_stay()->clear_blood_derivatives_events();
       }},
      {"treatments_at_discharge", [](L& l) { l.clear_treatments_at_discharge(); }},
      {"treatments_at_discharge.treatments[0].medicine.text",
       [](L& l) { treatment(l).mutable_medicine()->clear_text(); }},
      {"treatments_at_discharge.treatments[0].medicine.text", [](L& l) { treatment(l).clear_medicine(); }},
      {"treatments_given[0].medicine.text", [](L& l) { l.mutable_treatments_given(0)->clear_medicine(); }},
      {"exam_results.results[0].label",
       [](L& l) { l.mutable_exam_results()->mutable_results(0)->clear_label(); }},
      {"care_plan.acts[0].act.text", [](L& l) { l.mutable_care_plan()->mutable_acts(0)->clear_act(); }},
      {"care_plan.requests[0].text", [](L& l) { l.mutable_care_plan()->mutable_requests(0)->clear_text(); }},
      {"care_plan.appointments[0].text",
       [](L& l) { l.mutable_care_plan()->mutable_appointments(0)->clear_text(); }},
      {"devices[0].device.text", [](L& l) { l.mutable_devices(0)->clear_device(); }},
      {"devices[0].start_date", [](L& l) { l.mutable_devices(0)->clear_start_date(); }},
      {"allergies.allergies[0].agent.text",
       [](L& l) { l.mutable_allergies()->mutable_allergies(0)->clear_agent(); }},
  });
}

TEST(LetterCheck, RefusesWhatContradictsItself) {
  // Exactly one of two, and details that go with a yes only.
  using L = v1::StructuredLetter;
  expect_faults({
      {"treatments_at_discharge",
       [](L& l) {
         l.mutable_treatments_at_discharge()->set_none(v1::DischargeTreatments::NONE_NO_TREATMENT);
       }},
      {"allergies", [](L& l) { l.mutable_allergies()->set_none_known(true); }},
      {"allergies", [](L& l) { l.mutable_allergies()->clear_allergies(); }},
      {"care_plan", [](L& l) { l.mutable_care_plan()->Clear(); }},
      {"stay.microorganisms_found",
       [](L& l) { l.mutable_stay()->set_microorganisms_searched(v1::YES_NO_NO); }},
      {"stay.transfusion_accidents", [](L& l) { l.mutable_stay()->set_transfusion(v1::YES_NO_NO); }},
      {"stay.blood_derivatives_events", [](L& l) { l.mutable_stay()->set_blood_derivatives(v1::YES_NO_NO); }},
  });
}

TEST(LetterCheck, KnowsDaysAndTheirOrder) {
  // Whole dates, months and years; an end is compared as far as both are precise.
  using L = v1::StructuredLetter;
  const std::string first = "treatments_at_discharge.treatments[0].";
  expect_faults({
      {"treatments_at_discharge.treatments[0].start_date",
       [](L& l) {
         treatment(l).set_start_date("2026-02-30");
         treatment(l).clear_end_date();
       }},
      {"treatments_at_discharge.treatments[0].end_date",
       [](L& l) {
         treatment(l).set_start_date("2026-11-12");
         treatment(l).set_end_date("2026-11-11");
       }},
      {"treatments_at_discharge.treatments[0].end_date",
       [](L& l) {
         treatment(l).set_start_date("2026-11-12");
         treatment(l).set_end_date("2026-10");
       }},
      {"treatments_at_discharge.treatments[0].end_date",
       [](L& l) {
         treatment(l).clear_start_date();
         treatment(l).set_end_date("2027");
       }},
      {"treatments_at_discharge.treatments[0].end_date",
       [](L& l) { treatment(l).set_end_date("12/02/2027"); }},
      {"exam_results.results[0].date",
       [](L& l) { l.mutable_exam_results()->mutable_results(0)->set_date("2026-13"); }},
      {"care_plan.acts[0].date", [](L& l) { l.mutable_care_plan()->mutable_acts(0)->set_date("1799"); }},
      {"care_plan.requests[0].date",
       [](L& l) { l.mutable_care_plan()->mutable_requests(0)->set_date("2201"); }},
      {"care_plan.appointments[0].date",
       [](L& l) { l.mutable_care_plan()->mutable_appointments(0)->set_date("2026-11-2"); }},
      {"devices[0].start_date", [](L& l) { l.mutable_devices(0)->set_start_date("demain"); }},
      {"devices[0].end_date", [](L& l) { l.mutable_devices(0)->set_end_date("2018"); }},
      {"allergies.allergies[0].since",
       [](L& l) { l.mutable_allergies()->mutable_allergies(0)->set_since("2026-00"); }},
  });
  v1::SubmitEventRequest request = complete_letter();
  treatment(letter_of(request)).set_start_date("2026-11-12");
  for (const char* end : {"2026", "2026-11", "2026-11-12", "2027"}) {
    treatment(letter_of(request)).set_end_date(end);
    EXPECT_THAT(checked(request).paths, IsEmpty()) << end;
  }
}

TEST(LetterCheck, ReadsQuantities) {
  // A decimal with its unit; an interval in units of time, and more than nothing.
  using L = v1::StructuredLetter;
  expect_faults({
      {"treatments_at_discharge.treatments[0].dose.value",
       [](L& l) { treatment(l).mutable_dose()->set_value(""); }},
      {"treatments_at_discharge.treatments[0].dose.value",
       [](L& l) { treatment(l).mutable_dose()->set_value("1-2"); }},
      {"treatments_at_discharge.treatments[0].dose.value",
       [](L& l) { treatment(l).mutable_dose()->set_value("1,000,000"); }},
      {"treatments_at_discharge.treatments[0].dose.value",
       [](L& l) { treatment(l).mutable_dose()->set_value(",5"); }},
      {"treatments_at_discharge.treatments[0].dose.value",
       [](L& l) { treatment(l).mutable_dose()->set_value("12345678901"); }},
      {"treatments_at_discharge.treatments[0].dose.unit",
       [](L& l) { treatment(l).mutable_dose()->clear_unit(); }},
      {"treatments_at_discharge.treatments[0].dose.unit",
       [](L& l) { treatment(l).mutable_dose()->set_unit("m g"); }},
      {"treatments_at_discharge.treatments[0].dose.unit",
       [](L& l) { treatment(l).mutable_dose()->set_unit("{123456789012345678901}"); }},
      {"treatments_at_discharge.treatments[0].every.unit",
       [](L& l) { treatment(l).mutable_every()->set_unit("min"); }},
      {"treatments_at_discharge.treatments[0].every.value",
       [](L& l) { treatment(l).mutable_every()->set_value("0,0"); }},
      {"treatments_at_discharge.treatments[0].daily_maximum.value",
       [](L& l) { treatment(l).mutable_daily_maximum()->set_value("10 mg"); }},
  });
  v1::SubmitEventRequest request = complete_letter();
  for (const char* value : {"1", "0,5", "0.25", "1234567890", "12345,67890"}) {
    treatment(letter_of(request)).mutable_dose()->set_value(value);
    EXPECT_THAT(checked(request).paths, IsEmpty()) << value;
  }
}

TEST(LetterCheck, KnowsTheSystemsOfEachFieldAndTheShapesOfTheirCodes) {
  // A system that the field does not name, none, the same twice, too many; a code of another shape.
  using L = v1::StructuredLetter;
  expect_faults({
      {"treatments_at_discharge.treatments[0].medicine.codes[0].system",
       [](L& l) { medicine_code(l, 0).set_system("2.16.840.1.113883.6.1"); }},
      {"treatments_at_discharge.treatments[0].medicine.codes[0].system",
       [](L& l) { medicine_code(l, 0).clear_system(); }},
      {"treatments_at_discharge.treatments[0].medicine.codes[1].system",
       [](L& l) { medicine_code(l, 1) = medicine_code(l, 0); }},
      {"treatments_at_discharge.treatments[0].medicine.codes",
       [](L& l) {
         for (int i = 0; i < 10000; ++i) treatment(l).mutable_medicine()->add_codes();
       }},
      {"treatments_at_discharge.treatments[0].medicine.codes[0].code",
       [](L& l) { medicine_code(l, 0).set_code("652224120"); }},
      {"treatments_at_discharge.treatments[0].medicine.codes[1].code",
       [](L& l) { medicine_code(l, 1).set_code("34009499"); }},
      {"treatments_at_discharge.treatments[0].medicine.codes[2].code",
       [](L& l) { medicine_code(l, 2).set_code("B01AF2"); }},
      {"treatments_at_discharge.treatments[0].medicine.codes[2].label",
       [](L& l) { medicine_code(l, 2).set_label(std::string(201, 'a')); }},
      {"care_plan.acts[0].act.codes[0].code",
       [](L& l) {
         l.mutable_care_plan()->mutable_acts(0)->mutable_act()->mutable_codes(0)->set_code("DZQM06");
       }},
      {"devices[0].device.codes[0].code",
       [](L& l) { l.mutable_devices(0)->mutable_device()->mutable_codes(0)->set_code("10101"); }},
      {"devices[0].device.codes[1].code",
       [](L& l) { l.mutable_devices(0)->mutable_device()->mutable_codes(1)->set_code("c50"); }},
      {"allergies.allergies[0].agent.codes[0].system",
       [](L& l) {
         v1::Coding& code = *l.mutable_allergies()->mutable_allergies(0)->mutable_agent()->mutable_codes(0);
         code.set_system("1.2.250.1.213.2.3.2");
         code.set_code("3400912345678");
       }},
      {"treatments_at_discharge.treatments[0].route_code", [](L& l) { treatment(l).set_route_code("PO"); }},
      {"care_plan.appointments[0].class_code",
       [](L& l) { l.mutable_care_plan()->mutable_appointments(0)->set_class_code("CONSULT"); }},
      {"devices[0].udi", [](L& l) { l.mutable_devices(0)->set_udi("(01)é"); }},
      {"devices[0].udi", [](L& l) { l.mutable_devices(0)->set_udi(std::string(201, '1')); }},
  });
}

// A code in a field of its kind, and whether its shape is right.
struct CodeCase {
  const char* system;
  const char* code;
  bool ok;
};

TEST(LetterCheck, TellsACodeFromATypingError) {
  // The shapes of the systems of acts and devices.
  const CodeCase acts[] = {
      {"2.16.840.1.113883.6.96", "386053000", true},   {"2.16.840.1.113883.6.96", "12345", false},
      {"2.16.840.1.113883.6.96", "0386053000", false}, {"2.16.840.1.113883.6.1", "11490-0", true},
      {"2.16.840.1.113883.6.1", "114900", false},      {"2.16.840.1.113883.6.1", "-0", false},
      {"1.2.250.1.215.300.1", "dzqm006", false},       {"1.2.250.1.215.300.1", "DZQM006", true},
  };
  for (const CodeCase& each : acts) {
    v1::SubmitEventRequest request = complete_letter();
    v1::Coding& code =
        *letter_of(request).mutable_care_plan()->mutable_acts(0)->mutable_act()->mutable_codes(0);
    code.set_system(each.system);
    code.set_code(each.code);
    EXPECT_EQ(checked(request).paths.empty(), each.ok) << each.code;
  }
  const CodeCase devices[] = {
      {"1.2.250.1.215.200.2.1", "1234567", true}, {"1.2.250.1.215.200.2.1", "123456", false},
      {"1.2.250.1.213.2.68", "A", true},          {"1.2.250.1.213.2.68", "A0101010101010", false},
      {"1.2.250.1.213.2.65", "", false},
  };
  for (const CodeCase& each : devices) {
    v1::SubmitEventRequest request = complete_letter();
    v1::Coding& code = *letter_of(request).mutable_devices(1)->mutable_device()->add_codes();
    code.set_system(each.system);
    code.set_code(each.code);
    EXPECT_EQ(checked(request).paths.empty(), each.ok) << each.code;
  }
}

TEST(LetterCheck, RefusesTextsThatNobodyWrote) {
  // Control characters, line ends where there are none, what hides or turns a text round, nothing but spaces.
  const char* const hostile[] = {
      "a\x01z",
      "a\tz",
      "\x7F",
      "a\xC2\x85z",
      "a\xE2\x80\xA8z",
      "a\rz",
      "a\r\nz",  // controls
      "a\xE2\x80\xAEz",
      "a\xE2\x81\xA6z",
      "a\xE2\x80\x8Fz",
      "a\xD8\x9Cz",  // bidirectional
      "  ",
      "\xC2\xA0",
      "\xE2\x80\x8B",  // blank
      "a\xFFz",
      "\xED\xA0\x80",
      "a\xEF\xBF\xBEz",  // not UTF-8, not XML
  };
  for (const char* text : hostile) {
    v1::SubmitEventRequest request = complete_letter();
    letter_of(request).mutable_stay()->set_synthesis(text);
    EXPECT_THAT(checked(request).paths, ElementsAre(letter_path + ".stay.synthesis")) << text;
    request = complete_letter();
    treatment(letter_of(request)).set_dosage(text);
    EXPECT_THAT(checked(request).paths,
                ElementsAre(letter_path + ".treatments_at_discharge.treatments[0].dosage"))
        << text;
  }
  v1::SubmitEventRequest request = complete_letter();
  treatment(letter_of(request)).set_dosage("matin\nsoir");
  EXPECT_THAT(checked(request).paths,
              ElementsAre(letter_path + ".treatments_at_discharge.treatments[0].dosage"));
  letter_of(request).mutable_stay()->set_synthesis("Un\n\nDeux\n");
  treatment(letter_of(request)).clear_dosage();
  EXPECT_THAT(checked(request).paths, IsEmpty());
}

TEST(LetterCheck, CountsCharactersAndNotBytes) {
  // 500 accented letters are a line; one more is not.
  v1::SubmitEventRequest request = complete_letter();
  std::string text;
  for (int i = 0; i < 500; ++i) text += "é";
  treatment(letter_of(request)).set_dosage(text);
  EXPECT_THAT(checked(request).paths, IsEmpty());
  treatment(letter_of(request)).set_dosage(text + "é");
  EXPECT_THAT(checked(request).texts, ElementsAre("0 to 500 characters expected"));
}

// A text of one more character than its field takes.
struct LengthCase {
  const char* path;
  size_t most;
  void (*set)(v1::StructuredLetter& letter, std::string text);
};

TEST(LetterCheck, BoundsEveryText) {
  // At its bound it is taken; one character more is refused there.
  using L = v1::StructuredLetter;
  using S = std::string;
  const LengthCase cases[] = {
      {"reason", 10000, [](L& l, S t) { l.set_reason(t); }},
      {"stay.synthesis", 100000, [](L& l, S t) { l.mutable_stay()->set_synthesis(t); }},
      {"stay.adverse_events", 10000, [](L& l, S t) { l.mutable_stay()->set_adverse_events(t); }},
      {"stay.microorganisms_found", 2000, [](L& l, S t) { l.mutable_stay()->set_microorganisms_found(t); }},
      {"stay.transfusion_accidents", 2000, [](L& l, S t) { l.mutable_stay()->set_transfusion_accidents(t); }},
      {"stay.blood_derivatives_events", 2000,
       [](L& l, S t) { l.mutable_stay()->set_blood_derivatives_events(t); }},
      {"treatments_at_discharge.treatments[0].medicine.text", 500,
       [](L& l, S t) { treatment(l).mutable_medicine()->set_text(t); }},
      {"treatments_at_discharge.treatments[0].comment", 1000, [](L& l, S t) { treatment(l).set_comment(t); }},
      {"exam_results.text", 10000, [](L& l, S t) { l.mutable_exam_results()->set_text(t); }},
      {"exam_results.results[0].label", 200,
       [](L& l, S t) { l.mutable_exam_results()->mutable_results(0)->set_label(t); }},
      {"exam_results.results[0].value", 500,
       [](L& l, S t) { l.mutable_exam_results()->mutable_results(0)->set_value(t); }},
      {"exam_results.results[0].reference_range", 100,
       [](L& l, S t) { l.mutable_exam_results()->mutable_results(0)->set_reference_range(t); }},
      {"care_plan.text", 10000, [](L& l, S t) { l.mutable_care_plan()->set_text(t); }},
      {"care_plan.requests[0].text", 500,
       [](L& l, S t) { l.mutable_care_plan()->mutable_requests(0)->set_text(t); }},
      {"care_plan.appointments[0].text", 500,
       [](L& l, S t) { l.mutable_care_plan()->mutable_appointments(0)->set_text(t); }},
      {"devices[0].comment", 500, [](L& l, S t) { l.mutable_devices(0)->set_comment(t); }},
      {"allergies.allergies[0].reaction", 500,
       [](L& l, S t) { l.mutable_allergies()->mutable_allergies(0)->set_reaction(t); }},
  };
  for (const LengthCase& each : cases) {
    v1::SubmitEventRequest request = complete_letter();
    each.set(letter_of(request), std::string(each.most, 'a'));
    EXPECT_THAT(checked(request).paths, IsEmpty()) << each.path;
    each.set(letter_of(request), std::string(each.most + 1, 'a'));
    EXPECT_THAT(checked(request).paths, ElementsAre(letter_path + "." + each.path));
  }
}

TEST(LetterCheck, AnswersWhatIsFarTooMuchWithOneFault) {
  // 10,000 treatments and a synthesis of 1 MiB: the list and the field are named, with their limit.
  v1::SubmitEventRequest request = complete_letter();
  for (int i = 0; i < 10000; ++i) letter_of(request).mutable_treatments_at_discharge()->add_treatments();
  EXPECT_THAT(checked(request).paths, ElementsAre(letter_path + ".treatments_at_discharge.treatments"));
  EXPECT_THAT(checked(request).texts, ElementsAre("1 to 200 expected"));
  request = complete_letter();
  letter_of(request).mutable_stay()->set_synthesis(std::string(1U << 20U, 'a'));
  EXPECT_THAT(checked(request).paths, ElementsAre(letter_path + ".stay.synthesis"));
  EXPECT_THAT(checked(request).texts, ElementsAre("1 to 100000 characters expected"));
}

TEST(LetterCheck, BoundsEveryList) {
  // One element more than the model of this letter takes; none of them is looked at.
  using L = v1::StructuredLetter;
  const auto more = [](auto& list) {
    while (list.size() < 201) list.Add();
  };
  struct ListCase {
    const char* path;
    void (*fill)(L& letter, decltype(more) add);
  };
  const ListCase cases[] = {
      {"treatments_given", [](L& l, auto add) { add(*l.mutable_treatments_given()); }},
      {"exam_results.results", [](L& l, auto add) { add(*l.mutable_exam_results()->mutable_results()); }},
      {"care_plan.acts", [](L& l, auto add) { add(*l.mutable_care_plan()->mutable_acts()); }},
      {"care_plan.requests", [](L& l, auto add) { add(*l.mutable_care_plan()->mutable_requests()); }},
      {"care_plan.appointments", [](L& l, auto add) { add(*l.mutable_care_plan()->mutable_appointments()); }},
      {"devices", [](L& l, auto add) { add(*l.mutable_devices()); }},
      {"allergies.allergies", [](L& l, auto add) { add(*l.mutable_allergies()->mutable_allergies()); }},
  };
  for (const ListCase& each : cases) {
    v1::SubmitEventRequest request = complete_letter();
    each.fill(letter_of(request), more);
    EXPECT_THAT(checked(request).paths, ElementsAre(letter_path + "." + each.path));
  }
}

TEST(LetterCheck, RefusesEnumeratorsThatItDoesNotKnow) {
  // Of a newer client: silence about them would be a loss.
  using L = v1::StructuredLetter;
  expect_faults({
      {"status", [](L& l) { l.set_status(static_cast<v1::CompletionStatus>(99)); }},
      {"stay.admission_mode",
       [](L& l) { l.mutable_stay()->set_admission_mode(static_cast<v1::AdmissionMode>(99)); }},
      {"stay.discharge_mode",
       [](L& l) { l.mutable_stay()->set_discharge_mode(static_cast<v1::DischargeMode>(99)); }},
      {"treatments_at_discharge.treatments[0].change",
       [](L& l) { treatment(l).set_change(static_cast<v1::Treatment::Change>(99)); }},
      {"care_plan.acts[0].priority",
       [](L& l) {
         l.mutable_care_plan()->mutable_acts(0)->set_priority(static_cast<v1::CarePlan::Priority>(99));
       }},
      {"care_plan.appointments[0].status",
       [](L& l) {
         l.mutable_care_plan()->mutable_appointments(0)->set_status(
             static_cast<v1::CarePlan::Appointment::Status>(99));
       }},
      {"allergies.allergies[0].kind",
       [](L& l) {
         l.mutable_allergies()->mutable_allergies(0)->set_kind(static_cast<v1::Allergy::Kind>(99));
       }},
      {"allergies.allergies[0].severity",
       [](L& l) {
         l.mutable_allergies()->mutable_allergies(0)->set_severity(static_cast<v1::Allergy::Severity>(99));
       }},
  });
}

TEST(LetterCheck, ListsAtMostTwentyFaults) {
  // And never a value.
  v1::SubmitEventRequest request = complete_letter();
  for (int i = 0; i < 100; ++i) {
    v1::Treatment& added = *letter_of(request).mutable_treatments_at_discharge()->add_treatments();
    added.mutable_medicine()->set_text("X");
    added.set_route_code("SECRET");
  }
  const Checked result = checked(request);
  EXPECT_EQ(result.paths.size(), 20u);
  for (const std::string& text : result.texts) EXPECT_EQ(text.find("SECRET"), std::string::npos);
}

TEST(LetterCheck, TellsWhatLooksLikeMarkupAndTakesIt) {
  // HTML stays text; a doctor's "<" is none.
  for (const char* text : {"<b>gras</b>", "<script>alert(1)</script>", "a&nbsp;b", "l&#39;eau", "</p>"}) {
    v1::SubmitEventRequest request = complete_letter();
    letter_of(request).mutable_stay()->set_synthesis(text);
    const Checked result = checked(request);
    EXPECT_THAT(result.paths, IsEmpty()) << text;
    EXPECT_THAT(result.issues, ElementsAre("TEXT_LOOKS_LIKE_MARKUP " + letter_path + ".stay.synthesis"))
        << text;
  }
  for (const char* text : {"CRP < 5 mg/L", "PA <140 et >90", "K+ <4", "A & B;", "R&D; suite", "x<y"}) {
    v1::SubmitEventRequest request = complete_letter();
    letter_of(request).mutable_stay()->set_synthesis(text);
    EXPECT_THAT(checked(request).issues, IsEmpty()) << text;
  }
}

TEST(LetterCheck, TellsATreatmentThatGoesOnWithoutDosage) {
  // A dose, a frequency or a sentence is enough; one that was stopped needs none.
  v1::SubmitEventRequest request = complete_letter();
  v1::Treatment& first = treatment(letter_of(request));
  first.clear_dosage();
  first.clear_dose();
  EXPECT_THAT(checked(request).issues, IsEmpty());
  first.clear_every();
  EXPECT_THAT(checked(request).issues,
              ElementsAre("DOSAGE_MISSING " + letter_path + ".treatments_at_discharge.treatments[0]"));
  first.set_change(v1::Treatment::CHANGE_STOPPED);
  EXPECT_THAT(checked(request).issues, IsEmpty());
}

}  // namespace
}  // namespace psl
