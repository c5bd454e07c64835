// Reads a CDA R2 document that came from outside: what the gateway must know to announce and deliver it, and
// what is wrong with it, header and body. The document itself is never changed, and nothing in it is executed
// or fetched. Sources: CI-SIS, volet Structuration minimale v1.16 (header); RNIV 1 (identity); HL7 CDA R2.
#pragma once

#include <string_view>
#include <vector>

#include "adapters/formats/calendar.h"
#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "gateway/core/checked.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {

struct CdaDocument {
  // What the document does not say stays empty (created_at, custodian, legal_authenticator, encounter fields,
  // format code), and an issue tells it. Of the fields:
  // - patient.status is QUALIFIED with an INS and PROVISIONAL without (RNIV 1, EXI SI 34);
  // - metadata.document_id and set_id, and replaces, are `root`, or `root^extension` when there is an
  // extension, the
  //   form of an XDS uniqueId (ITI TF-3, 4.2.3.2.26);
  // - metadata.encounter.start and end are the dates of the main act (documentationOf), which XDS wants as
  // service
  //   times; those of the stay (componentOf) when it has none;
  // - labels are never empty: the official one, else the document's, else the code.
  passerelle::internal::v1::DocumentHeader header;
  // Every rule of check/cda_rules.def that the document breaks.
  std::vector<passerelle::v1::Issue> issues;
  // The PDF of a level 1 body; null when there is none, or none that check_pdf takes.
  Bytes pdf;
};

struct CdaReadOptions {
  Environment environment = Environment::test;
  // In which a time without offset is read.
  TimeZone zone = TimeZone::utc();
  // Of the document in the request: where faults are reported.
  std::string_view field = "event.discharge_letter.sender_cda";
};

// At most 30 MiB, depth 64, UTF-8, no DOCTYPE. Fails with document_invalid and one fault per reason, at
// `field`, with the XPath in the text and never a value: not well-formed, beyond a bound, another root, no
// document id, no patient, an INS without its five traits, with a wrong shape, or a wrong key under a
// production OID, or of an OID that this environment does not take. Everything else that is wrong is an
// issue. Pure; thread safe.
Result<CdaDocument> read_cda(std::string_view bytes, const CdaReadOptions& options);

}  // namespace psl
