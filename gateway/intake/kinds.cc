#include "gateway/intake/kinds.h"

#include <google/protobuf/descriptor.h>

#include "gateway/core/checked.h"

namespace psl {

std::string_view kind_of(const v1::CoordinationEvent& event) {
  const auto* field = v1::CoordinationEvent::descriptor()->FindFieldByNumber(event.kind_case());
  return field == nullptr ? std::string_view() : std::string_view(field->name());
}

bool is_letter(const v1::CoordinationEvent& event) {
  return event.kind_case() == v1::CoordinationEvent::kDischargeLetter;
}

Lane lane_of(const v1::CoordinationEvent& event, const v1::Orientation& orientation) {
  if (event.lane() != v1::LANE_UNSPECIFIED) return static_cast<Lane>(event.lane());
  const bool unscheduled = orientation.kind() == v1::Orientation::UNSCHEDULED_CARE ||
                           orientation.kind() == v1::Orientation::DIRECT_ADMISSION;
  return unscheduled ? Lane::unscheduled_care : Lane::letters;
}

v1::Confidentiality confidentiality_of(const v1::CoordinationEvent& event) {
  switch (event.kind_case()) {
    case v1::CoordinationEvent::kOrientation:
      return event.orientation().metadata().confidentiality();
    case v1::CoordinationEvent::kPathwayEnrolment:
      return event.pathway_enrolment().metadata().confidentiality();
    case v1::CoordinationEvent::kCareCircleChange:
      return event.care_circle_change().metadata().confidentiality();
    default:
      return v1::CONFIDENTIALITY_UNSPECIFIED;
  }
}

std::string mailbox_of(const v1::Recipient& recipient) {
  const auto mailbox =
      Mailbox::parse(recipient.has_person() ? recipient.person().mailbox() : recipient.structure().mailbox());
  return mailbox.ok() ? mailbox->reveal() : std::string();
}

}  // namespace psl
