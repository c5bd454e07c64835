// Makes or checks the document of an event: the DocumentOffice of the product.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/formats/calendar.h"
#include "gateway/core/checked.h"
#include "gateway/core/seams.h"

namespace passerelle::v1 {
class Config;
class CoordinationEvent;
class DischargeLetter;
}  // namespace passerelle::v1

namespace psl {

// sender_cda: read and checked, compared with what the envelope says, delivered byte for byte; a level 3
// without a copy gets a readable PDF. pdf: completed, then written as a level 1 CDA. structured: checked,
// completed, written as a level 3 CDA, with a readable PDF. What we write is checked as what we receive is:
// an error there is `internal`. Any other kind: a level 1 CDA around the page that is laid out of it. Thread
// safe.
class CdaDocumentOffice final : public DocumentOffice {
 public:
  // Loads the time zones of the tenants once. `configuration` when one does not exist.
  // `readable` outlives it.
  static Result<std::unique_ptr<CdaDocumentOffice>> create(const v1::Config& config,
                                                           const ReadableCopy& readable);

  // `zones` by name; create() fills it.
  CdaDocumentOffice(Environment environment, std::map<std::string, TimeZone, std::less<>> zones,
                    const ReadableCopy& readable)
      : environment_(environment), zones_(std::move(zones)), readable_(readable) {}

  Result<PreparedDocument> prepare(v1::SubmitEventRequest& request, const Subject& subject,
                                   stored::DocumentHeader& header) const override;
  Result<Bytes> pdf_inside(std::string_view cda) const override;

 private:
  Result<PreparedDocument> take_sender_cda(v1::CoordinationEvent& event, const TimeZone& zone,
                                           stored::DocumentHeader& header) const;
  // From a PDF or from fields.
  Result<PreparedDocument> write_document(v1::CoordinationEvent& event, const TimeZone& zone,
                                          const Uuid& event_id, stored::DocumentHeader& header) const;
  Status write_structured(v1::DischargeLetter& letter, const TimeZone& zone, const Uuid& event_id,
                          const stored::DocumentHeader& header, FrozenDocument& document) const;
  // Around document.pdf.
  Status write_around_pdf(const TimeZone& zone, const stored::DocumentHeader& header,
                          FrozenDocument& document) const;
  // An orientation, an update, an enrolment, a change of a circle.
  Result<PreparedDocument> write_event(v1::CoordinationEvent& event, const TimeZone& zone,
                                       const Subject& subject, stored::DocumentHeader& header) const;
  // Holds what we write to the rules of what we receive: `internal`, with the codes, when an error is there.
  Status read_back(std::string_view cda, const TimeZone& zone) const;

  Environment environment_;
  std::map<std::string, TimeZone, std::less<>> zones_;
  const ReadableCopy& readable_;
};

// The tenant's time zone, or Europe/Paris when it names none.
std::string_view time_zone_of(const v1::Tenant& tenant);

}  // namespace psl
