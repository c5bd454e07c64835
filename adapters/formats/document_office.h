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
}  // namespace passerelle::v1

namespace psl {

// sender_cda: read and checked, compared with what the envelope says, delivered byte for byte. pdf:
// completed, then written as a level 1 CDA. structured: not_supported. Thread safe.
class CdaDocumentOffice final : public DocumentOffice {
 public:
  // Loads the time zones of the tenants once. `configuration` when one does not exist.
  static Result<std::unique_ptr<CdaDocumentOffice>> create(const v1::Config& config);

  // `zones` by name; create() fills it.
  CdaDocumentOffice(Environment environment, std::map<std::string, TimeZone, std::less<>> zones)
      : environment_(environment), zones_(std::move(zones)) {}

  Result<PreparedDocument> prepare(v1::SubmitEventRequest& request, const v1::Tenant& tenant,
                                   const Uuid& event_id, stored::DocumentHeader& header) const override;

 private:
  Result<PreparedDocument> take_sender_cda(v1::CoordinationEvent& event, const TimeZone& zone,
                                           stored::DocumentHeader& header) const;
  Result<PreparedDocument> write_from_pdf(v1::CoordinationEvent& event, const TimeZone& zone,
                                          const Uuid& event_id, stored::DocumentHeader& header) const;

  Environment environment_;
  std::map<std::string, TimeZone, std::less<>> zones_;
};

// The tenant's time zone, or Europe/Paris when it names none.
std::string_view time_zone_of(const v1::Tenant& tenant);

}  // namespace psl
