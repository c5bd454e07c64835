// Orientations, routing and what left under a consent, for a person to read.
#pragma once

#include <string>

#include "passerelle/v1/delivery.pb.h"

namespace psl {

// "accepted", "to rebook"; "?" for one that only a newer gateway knows.
std::string word_of(passerelle::v1::OrientationState state);
std::string word_of(passerelle::v1::ProposalState state);

// Lines below the recipients; empty for an event that has none of it.
std::string care_text(const passerelle::v1::EventStatus& status);

// "  circle member idel-1: full, TEAM_SHARES, recipient 3\n", and below it why, in French.
std::string routing_text(const passerelle::v1::RoutingDecision& decision);

}  // namespace psl
