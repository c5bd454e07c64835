// Answers of professionals who have a mailbox and nothing else: by the link of a proposal, or by a reply to
// it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "gateway/core/adapter.h"
#include "gateway/core/seams.h"
#include "gateway/core/store.h"
#include "gateway/intake/intake.h"
#include "passerelle/v1/orientation.pb.h"

namespace psl {

// What the page behind a link shows: no clinical text, no patient.
struct AnswerView {
  // `suspended`: the patient's consent, on which it rests, has ended. `patient_declined`: the patient chose
  // otherwise.
  enum class Standing { open, accepted, declined, taken, expired, withdrawn, suspended, patient_declined };
  Standing standing = Standing::open;
  // Its name in the configuration.
  std::string tenant;
  v1::Orientation::Kind kind = v1::Orientation::KIND_UNSPECIFIED;
  v1::Orientation::Urgency urgency = v1::Orientation::URGENCY_UNSPECIFIED;
  // The structure that asks, and its telephone (a URI of scheme tel, or empty).
  std::string requester;
  std::string requester_phone;
  // Whom the proposal was sent to: the name of the professional or of the structure; empty when only the
  // mailbox is known. Whoever holds the link answers in that name.
  std::string candidate;
  // 0 when not said.
  Instant wanted_from;
  Instant wanted_before;
  Instant expires_at;
};

struct AnswerSeams {
  const TenantTable& tenants;
  Env& env;
  Sealer& sealer;
  Ledger& ledger;
  CommandSink& sink;
  // Updates that an answer comes to go through it.
  const Intake& intake;
};

// Thread safe: it holds no state of its own.
class AnswerDesk {
 public:
  explicit AnswerDesk(AnswerSeams seams) : seams_(seams) {}

  // `token`: the last part of the link. link_invalid for one that is not ours or was altered, proposal_closed
  // for one whose time is over by itself.
  Result<AnswerView> look(std::string_view token) const;

  // `step`: ACCEPTED or DECLINED. The same answer again is no error. `done` is called once, with the view
  // afterwards; errors as care::apply, and link_invalid. Here or on the committer's thread.
  using Done = std::function<void(Result<AnswerView>)>;
  void answer(std::string_view token, v1::OrientationUpdate::Step step, v1::OrientationUpdate::Reason reason,
              Done done) const;

  // A reply. It counts only from the address to which the proposal went, and when it refers to its Message-ID
  // or quotes its code; a clear answer that does neither, from an address of which an answer is awaited, is
  // for a human. One from elsewhere, one that is not understood, and an automatic answer change nothing but
  // (the first two) the attention of a human. One that comes too late is told so by mail. `done` is called
  // once: ok when the reply needs no other look, whatever it came to.
  void take_reply(const Inbound& reply, std::function<void(Status)> done) const;

 private:
  AnswerSeams seams_;
};

}  // namespace psl
