// The coded entries of a letter. Model LDL-SES 2022.01 and the templates that it names; each refers to the
// narrative by the ID that its user gives. Nothing here is default: the letter is checked (letter_check.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/formats/value_sets.h"
#include "gateway/base/uuid.h"
#include "passerelle/v1/letter.pb.h"

namespace psl {

class XmlWriter;

// A simple observation (1.2.250.1.213.1.1.3.48) of the national table TA_ASIP.
struct LetterObservation {
  // Root of the last templateId, below the common ones.
  std::string_view template_root;
  std::string_view code;
  std::string_view label;
  // ID in the narrative.
  std::string_view anchor;
  // YYYYMMDD; empty: not known.
  std::string_view day;
};

class LetterEntries {
 public:
  LetterEntries(XmlWriter& xml, const Uuid& event_id);

  // The next identifier of a section or an entry: the same at every writing, no two alike in a document.
  void id();

  void completion(const LetterObservation& observation, const Concept& value);
  void coded(const LetterObservation& observation, const Concept& value);
  void text(const LetterObservation& observation, std::string_view value);
  void yes_no(const LetterObservation& observation, bool value);

  // Those of a table's line take its prefix and number (letter_narrative.h).
  void treatment(const passerelle::v1::Treatment& treatment, std::string_view prefix, size_t number);
  void no_treatment(const Concept& reason, std::string_view anchor);
  void planned_act(const passerelle::v1::CarePlan::Act& act, std::string_view prefix, size_t number);
  void request(const passerelle::v1::CarePlan::Request& request, std::string_view prefix, size_t number);
  void appointment(const passerelle::v1::CarePlan::Appointment& appointment, std::string_view prefix,
                   size_t number);
  void device(const passerelle::v1::Device& device, std::string_view prefix, size_t number);
  // One entry holds the whole list.
  void allergies(const passerelle::v1::Allergies& allergies, std::string_view prefix);
  void no_allergy(std::string_view anchor);

 private:
  void open_observation(const LetterObservation& observation);
  void close_observation();
  void code(std::string_view element, const Concept& value);
  void code_attributes(std::string_view value, std::string_view system, std::string_view label);
  void value(std::string_view type, const Concept& value);
  void reference(std::string_view element, std::string_view anchor);
  void day(std::string_view element, std::string_view date);
  void period(std::string_view start, std::string_view end);
  void quantity(std::string_view element, const passerelle::v1::Quantity& quantity);
  void doses(const passerelle::v1::Treatment& treatment);
  void product(const passerelle::v1::CodedText& medicine, std::string_view anchor);
  // `only_system`: the one that the code itself may have; the others become translations.
  void coded_text(std::string_view element, const passerelle::v1::CodedText& text, std::string_view anchor,
                  std::string_view only_system = {});
  void open_allergies(bool known);
  void open_allergy(const Concept& kind, std::string_view anchor, std::string_view since);
  void allergy(const passerelle::v1::Allergy& allergy, std::string_view prefix, size_t number);
  void reaction(std::string_view anchor, std::string_view since);
  void severity(const Concept& severity, std::string_view anchor);

  XmlWriter& xml_;
  std::string next_id_;
  uint32_t ids_ = 0;
};

}  // namespace psl
