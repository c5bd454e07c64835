// The reply to a proposal, as it came by mail.
#pragma once

#include <string_view>

#include "gateway/core/adapter.h"

namespace psl {

// All of an Inbound but its handle, of any bytes: what is no mail is an unclear answer of nobody.
//  - sender: of From, when there is exactly one address in exactly one such header, and of the domain that
//  the
//    mail system put into Return-Path, when it did; else empty.
//  - delivery_id: the first Message-ID of ours (<delivery>.<generation>@own_domain) of References: the
//    proposal that began the conversation, also when a notice is answered; or else of In-Reply-To.
//  - answer_code: of the subject, or else of what the author wrote, or else of what is quoted; empty when
//    that place holds two different ones. Letters that are taken for digits are (Crockford); its dashes may
//    be spaces or missing.
//  - automatic: RFC 3834 (Auto-Submitted), what Exchange and others say instead, reports (RFC 6522), lists,
//    and the subjects of absence of the usual mail programs.
//  - identity: a hash of its own Message-ID and From; without a Message-ID, of all its bytes.
// Pure. Thread safe.
Inbound read_reply(std::string_view mail, std::string_view own_domain);

}  // namespace psl
