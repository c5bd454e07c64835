// Where the mutations of stored events begin.
#pragma once

#include <array>

#include "tests/support/stored_care.h"

namespace psl::test {

// One of each kind and of each step that has a document, as it is stored.
inline stored::StoredEvent right_care(unsigned which) {
  using Step = v1::OrientationUpdate;
  static const std::array<SampleCare, 7> samples = {
      stored_orientation(),          stored_enrolment(),          stored_circle_change(),
      stored_update(Step::ACCEPTED), stored_update(Step::BOOKED), stored_update(Step::RESCHEDULED),
      stored_update(Step::CANCELLED)};
  const SampleCare& sample = samples[which % samples.size()];
  stored::StoredEvent event;
  *event.mutable_request() = sample.request;
  *event.mutable_header() = sample.header;
  *event.mutable_care() = sample.care;
  return event;
}

}  // namespace psl::test
