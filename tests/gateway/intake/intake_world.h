// What the tests of intake share: a policy, an office, an adapter that do as they are told.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "gateway/intake/intake.h"
#include "gateway/intake/receipt.h"
#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"
#include "tests/support/sample_event.h"

namespace psl {

// Allows one principal everything it is told to, and remembers what was asked.
class OnePolicy final : public Policy {
 public:
  bool open = true;
  Status may_answer_for(const Principal&, std::string_view, std::string_view) const override {
    return error_of(ErrorCode::not_allowed);
  }
  Status allows(const Principal& principal, Action, std::string_view tenant, std::string_view,
                std::string_view) const override {
    if (open && principal.name == "hospital" && tenant == "cpts-demo") return {};
    return error_of(ErrorCode::not_allowed);
  }
};

// A document that is the request's content with a frame, so that its bytes follow the content.
class FramedOffice final : public DocumentOffice {
 public:
  std::optional<Error> refuses;
  // What the header of a sender's own CDA says.
  stored::DocumentHeader told;
  bool pdf_is_inside = false;
  mutable int prepared = 0;
  Result<PreparedDocument> prepare(v1::SubmitEventRequest& request, const Subject& subject,
                                   stored::DocumentHeader& header) const override {
    ++prepared;
    if (refuses) return *refuses;
    if (!request.event().has_discharge_letter()) return of_another_kind(request, subject, header);
    v1::DischargeLetter& letter = *request.mutable_event()->mutable_discharge_letter();
    PreparedDocument document;
    if (letter.has_pdf()) {
      *header.mutable_metadata() = letter.pdf().metadata();
      document.document.cda = make_bytes(frame + letter.pdf().pdf() + "</cda>");
      document.document.pdf = make_bytes(std::move(*letter.mutable_pdf()->mutable_pdf()));
      letter.mutable_pdf()->clear_pdf();
    } else if (letter.has_structured()) {
      *header.mutable_metadata() = letter.structured().metadata();
      document.document.cda = make_bytes(letter.structured().SerializeAsString());
    } else {
      header = told;
      document.document.cda = make_bytes(letter.sender_cda());
      letter.set_sender_cda("");
    }
    if (header.replaces().empty()) header.set_replaces(letter.replaces());
    document.pdf_is_inside = pdf_is_inside;
    if (header.metadata().document_id().empty())
      header.mutable_metadata()->set_document_id(subject.event_id.oid());
    *header.mutable_patient() = request.event().subject();
    v1::Issue issue;
    issue.set_code("FRAMED");
    document.issues.push_back(issue);
    return document;
  }
  Result<Bytes> pdf_inside(std::string_view cda) const override {
    if (!cda.starts_with(frame) || !cda.ends_with("</cda>")) return error_of(ErrorCode::corrupt);
    cda.remove_prefix(frame.size());
    cda.remove_suffix(std::string_view("</cda>").size());
    return make_bytes(std::string(cda));
  }

 private:
  Result<PreparedDocument> of_another_kind(const v1::SubmitEventRequest& request, const Subject& subject,
                                           stored::DocumentHeader& header) const {
    *header.mutable_patient() = request.event().subject();
    PreparedDocument document;
    if (!subject.document_needed) return document;
    header.mutable_metadata()->set_document_id(subject.event_id.oid());
    document.document.cda = make_bytes(frame + subject.event_id.text() + "</cda>");
    document.pdf_is_inside = true;
    return document;
  }

  const std::string frame = "<cda>";
};

// Refuses recipient 1 when told.
class PickyAdapter final : public Adapter {
 public:
  explicit PickyAdapter(ScriptedAdapter& inner) : inner_(inner) {}
  bool refuses_second = false;
  bool carries_second = true;
  // Told by admit() and by wrap(), for each recipient.
  std::string admission_issue;
  const AdapterInfo& info() const noexcept override { return inner_.info(); }
  bool carries(const v1::SubmitEventRequest&, int index) const override {
    return index == 0 || carries_second;
  }
  Result<std::string> address(const Dispatch& dispatch) const override {
    return dispatch.request.event().recipients(dispatch.recipient_index).person().mailbox();
  }
  Result<Payload> wrap(const Dispatch& dispatch) const override {
    auto payload = inner_.wrap(dispatch);
    if (!payload.ok()) return payload;
    payload->files.push_back({"message.eml", "message/rfc822", payload->body});
    payload->issues = own_issues();
    return payload;
  }
  Result<std::vector<v1::Issue>> admit(const Dispatch& dispatch) const override {
    if (refuses_second && dispatch.recipient_index == 1)
      return field_error("event.recipients[1]", "too large for this mailbox");
    return own_issues();
  }
  Outcome deliver(const Payload& payload, Instant deadline) override {
    return inner_.deliver(payload, deadline);
  }
  Outcome lookup(const Payload&, Instant) override { return {}; }
  Status probe(Instant) override { return {}; }

 private:
  std::vector<v1::Issue> own_issues() const {
    std::vector<v1::Issue> issues(admission_issue.empty() ? 0 : 1);
    if (!issues.empty()) issues[0].set_code(admission_issue);
    return issues;
  }
  ScriptedAdapter& inner_;
};

class IntakeTest : public testing::Test {
 protected:
  IntakeTest() {
    env.set_now(Instant{sample_now_s * 1000000});
    tenants["cpts-demo"] = TenantSetup{sample_tenant(), {&adapter}};
  }
  Result<v1::SubmitEventResponse> submit(v1::SubmitEventRequest request,
                                         const std::string& principal = "hospital") {
    std::optional<Result<v1::SubmitEventResponse>> answer;
    int calls = 0;
    intake.submit(Principal{principal}, std::move(request), [&](Result<v1::SubmitEventResponse> result) {
      answer = std::move(result);
      ++calls;
    });
    EXPECT_EQ(calls, 1);
    return *answer;
  }
  stored::StoredEvent stored_content(const Uuid& event_id) {
    const auto row = store.event(event_id);
    EXPECT_TRUE(row.ok());
    stored::StoredEvent content;
    const auto plain = sealer.open(row->tenant, row->key, row->id, content_column, row->content);
    EXPECT_TRUE(plain.ok() && content.ParseFromString(*plain));
    return content;
  }

  FakeEnv env;
  MemoryStore store;
  PlainSealer sealer;
  ImmediateSink sink{store};
  OnePolicy policy;
  FramedOffice office;
  ScriptedAdapter scripted{"mss"};
  PickyAdapter adapter{scripted};
  TenantTable tenants;
  Intake intake{IntakeSeams{tenants, Environment::test, policy, office, env, &sealer, &sink, &store}};
};

}  // namespace psl
