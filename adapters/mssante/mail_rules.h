// What may be sent to whom by MSSanté, and under which INS status.
#pragma once

#include <string>
#include <string_view>

#include "gateway/core/adapter.h"
#include "gateway/core/document_facts.h"

namespace psl {

// "event.recipients[2]".
std::string recipient_path(int recipient_index);

// Whether this recipient may get this letter: a patient needs a qualified INS, and only a patient has a
// patient's mailbox; nobody is sent what is hidden from him; with strict_flags, only the combinations of
// V2DOC regles-gestion-mssante pass. One fault per field.
Status check_recipient(const Dispatch& dispatch, Environment environment);

}  // namespace psl
