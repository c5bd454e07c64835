// What may be sent to whom by MSSanté, and under which INS status.
#pragma once

#include <string>
#include <string_view>

#include "gateway/core/adapter.h"
#include "gateway/core/checked.h"

namespace passerelle::v1 {
class Patient;
}

namespace psl {

// True when the identity may be announced as qualified (X-MSS-INS: O): status, an INS with a right key under
// an OID of this environment, and the five traits. RNIV 1 EXI SI 08; MSSanté référentiel socle, ECO.2.4.2.
bool ins_is_qualified(const v1::Patient& patient, Environment environment);

// The domain of the patients' mailboxes in Mon espace santé.
inline constexpr std::string_view patient_domain = "patient.mssante.fr";

// "event.recipients[2]".
std::string recipient_path(int recipient_index);

// Whether this recipient may get this letter: a patient needs a qualified INS; nobody is sent what is hidden
// from him; with strict_flags, only the combinations of V2DOC regles-gestion-mssante pass. One fault per
// field.
Status check_recipient(const Dispatch& dispatch, Environment environment);

}  // namespace psl
