// Checks a mail that carries documents against those documents: mail_rules.def is what it is held to. The
// mail of ours is the reference (adapters/mssante); the sources are MSSanté référentiel socle ECO.2.* and RFC
// 5322.
#pragma once

#include <string_view>
#include <vector>

#include "adapters/formats/check/xdm_check.h"
#include "adapters/formats/mail_reader.h"

namespace psl {

// The domain of the patients' mailboxes in Mon espace santé.
inline constexpr std::string_view patient_domain = "patient.mssante.fr";

// What the mail's documents say; the headers outlive it.
struct MailDocuments {
  std::vector<const passerelle::internal::v1::DocumentHeader*> headers;
  XdmMasks masks;
};

// The headers and the text of a mail (UTF-8) against its documents: what costs little, and is also done to
// each mail that we write. Without documents, the form alone. Thread safe.
void check_mail_head(const MailHead& head, std::string_view text, const MailDocuments& documents,
                     Environment environment, std::vector<passerelle::v1::Issue>& issues);

// The headers and the text of a mail that carries no document, and is about this patient. `may_name_patient`:
// its reader may know who it is (CSP art. R.1110-2); the INS stays out whatever happens. Thread safe.
void check_notice_head(const MailHead& head, std::string_view text,
                       const passerelle::internal::v1::DocumentHeader& about, bool may_name_patient,
                       std::vector<passerelle::v1::Issue>& issues);

// The whole mail: its parts, its archive (check_xdm), then check_mail_head. Issues name parts by position:
// "part[3]", and what is in the archive as check_xdm does. A mail that neither has nor announces a document
// is held to the rules of a notice. Thread safe.
void check_mail(std::string_view message, const CdaReadOptions& options,
                std::vector<passerelle::v1::Issue>& issues);

}  // namespace psl
