// What a reader must see of an orientation, of what became of it, of an enrolment and of a change of a care
// circle.
#pragma once

#include <string>
#include <vector>

#include "adapters/formats/calendar.h"
#include "adapters/formats/cda/event_page.h"

namespace passerelle::v1 {
class CoordinationEvent;
}
namespace passerelle::internal::v1 {
class Care;
}

namespace psl {

// Of any kind but a letter; everything outlives the call.
struct EventPageInput {
  const passerelle::v1::CoordinationEvent& event;
  const passerelle::internal::v1::Care& care;
  // In which dates are shown.
  const TimeZone& zone;
};

// In French, says what is asked or what happened, at most 128 characters: "Demande d'avis spécialisé :
// Cardiologie".
std::string event_title(const EventPageInput& input);

// How a candidate answers is not there: it differs from one to the next, and stands in the mail. Neither are
// who else is asked, and what only counts for the tenant's priority rules. Pure.
std::vector<PageSection> event_sections(const EventPageInput& input);

}  // namespace psl
