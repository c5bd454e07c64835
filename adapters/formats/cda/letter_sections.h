// The sections of a letter: narrative and entries together, so that they agree. Model LDL-SES 2022.01.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/formats/cda/letter_entries.h"
#include "adapters/formats/cda/letter_narrative.h"
#include "adapters/formats/cda/letter_writer.h"

namespace psl {

// What is constant at the head of a section.
struct LetterSectionHead;

class LetterSections {
 public:
  LetterSections(XmlWriter& xml, const LetterInput& input);

  // Those that have something to say, in the order of the model.
  void write();

 private:
  // In the tenant's zone; empty when not known.
  struct Day {
    std::string hl7;    // "20261118"
    std::string shown;  // "18/11/2026"
  };

  void write_status();
  void write_reason();
  void write_stay();
  void write_stay_narrative(const Day& start, const Day& end);
  void write_stay_entries(const Day& start, const Day& end);
  void write_treatments_given();
  void write_treatments_at_discharge();
  void write_stopped();
  void write_exam_results();
  void write_care_plan();
  void write_devices();
  void write_allergies();

  void open(const LetterSectionHead& head);
  void open_entries();
  void close();
  Day day_of(int64_t seconds) const;

  XmlWriter& xml_;
  const LetterInput& input_;
  const passerelle::v1::StructuredLetter& letter_;
  LetterNarrative narrative_;
  LetterEntries entries_;
  // A medicine that the patient must no longer take is told among those of the stay, so that no software
  // takes it for one of the discharge.
  std::vector<const passerelle::v1::Treatment*> given_;
  std::vector<const passerelle::v1::Treatment*> at_discharge_;
  std::vector<const passerelle::v1::Treatment*> stopped_;
};

}  // namespace psl
