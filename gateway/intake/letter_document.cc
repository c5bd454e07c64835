#include "gateway/intake/letter_document.h"

#include <utility>

#include "gateway/intake/restrictions.h"

namespace psl {
namespace {

// Of the content that Passerelle writes a document from.
void inherit_into_content(const Restrictions& replaced, v1::SubmitEventRequest& request,
                          std::vector<v1::Issue>& issues) {
  v1::DischargeLetter& letter = *request.mutable_event()->mutable_discharge_letter();
  if (letter.has_pdf())
    inherit_confidentiality(replaced, *letter.mutable_pdf()->mutable_metadata(),
                            "event.discharge_letter.pdf.metadata.confidentiality", issues);
  if (letter.has_structured())
    inherit_confidentiality(replaced, *letter.mutable_structured()->mutable_metadata(),
                            "event.discharge_letter.structured.metadata.confidentiality", issues);
}

// Nothing when the document is not in the ledger.
Result<std::optional<Restrictions>> restrictions_of_replaced(PreparedEvent& event, const IntakeSeams& seams,
                                                             const std::string& document_id) {
  if (document_id.empty() || !seams.remembers()) return std::optional<Restrictions>();
  auto replaced = restrictions_of(event.request.event().tenant(), document_id, *seams.ledger, *seams.sealer);
  if (replaced.ok()) event.replaced_unknown = !replaced->has_value();
  return replaced;
}

}  // namespace

Status prepare_letter(PreparedEvent& event, const IntakeSeams& seams) {
  const v1::DischargeLetter& letter = event.request.event().discharge_letter();
  const bool from_cda = letter.content_case() == v1::DischargeLetter::kSenderCda;
  auto replaced = Result<std::optional<Restrictions>>(std::nullopt);
  if (!from_cda) {
    // Before the document is written, for it says its confidentiality.
    replaced = restrictions_of_replaced(event, seams, letter.replaces());
    if (!replaced.ok()) return std::move(replaced).error();
    if (*replaced) inherit_into_content(**replaced, event.request, event.issues);
  }
  auto document =
      seams.office.prepare(event.request, {event.tenant->config, event.event_id, event.care}, event.header);
  if (!document.ok()) return std::move(document).error();
  event.document = std::move(*document);
  if (from_cda) {
    replaced = restrictions_of_replaced(event, seams, event.header.replaces());
    if (!replaced.ok()) return std::move(replaced).error();
    if (*replaced)
      tell_lower_confidentiality(**replaced, event.header.metadata().confidentiality(),
                                 "event.discharge_letter.sender_cda", event.issues);
  }
  if (*replaced) inherit_visibility(**replaced, *event.request.mutable_event(), event.issues);
  return {};
}

}  // namespace psl
