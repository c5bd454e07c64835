// The words of orientations and care circles in mail: what a candidate is asked and how to answer, and the
// short notices that carry no document. All pure; no clinical text anywhere.
#pragma once

#include <string>

#include "adapters/formats/calendar.h"
#include "gateway/core/adapter.h"
#include "passerelle/internal/v1/stored.pb.h"

namespace psl {

// What the recipient is told: of an event from before there were tellings, the document.
stored::Telling telling_of(const Dispatch& dispatch);
// True when the mail is a notice and carries no document.
bool is_notice(stored::Telling telling);
// Whether a notice may say who the person is: to a professional of a category of R.1110-2, by whose rule the
// circle was routed; a candidate gets a reference instead, and whoever is not listed by law nothing.
bool notice_names_person(const Dispatch& dispatch);

// "5F0C-8A4E": how the gateway's mails name an orientation, from its event.
std::string request_reference(const Dispatch& dispatch);

// What is asked of a candidate, until when, and how to answer: paragraphs of the mail that carries the
// proposal. `reads_replies`: somebody looks at the mailbox to which an answer would go.
std::string proposal_text(const Dispatch& dispatch, const TimeZone& zone, bool reads_replies);

struct NoticeText {
  std::string subject;
  std::string body;
};
NoticeText notice_text(const Dispatch& dispatch, const TimeZone& zone);

}  // namespace psl
