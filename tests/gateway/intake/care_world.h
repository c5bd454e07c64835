// What the tests of orientations, enrolments and circles share: partners that carry people or tools, a policy
// with several principals, and events of each kind to break.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/intake/case_book.h"
#include "gateway/intake/case_desk.h"
#include "gateway/intake/event_desk.h"
#include "gateway/intake/kinds.h"
#include "tests/gateway/intake/intake_world.h"

namespace psl {

// Carries people and structures with a mailbox (an `mss` partner), or tools (any other); writes what each is
// told.
class TellingAdapter final : public Adapter {
 public:
  explicit TellingAdapter(std::string name) {
    info_.name = std::move(name);
    info_.collects = info_.needs_document = info_.name == "mss";
  }
  // Addresses that it does not serve.
  std::set<std::string> unknown;
  // Of the dispatch wrapped last.
  mutable std::string circle_id;

  const AdapterInfo& info() const noexcept override { return info_; }
  bool carries(const v1::SubmitEventRequest& request, int index) const override {
    const v1::Recipient& recipient = request.event().recipients(index);
    if (!info_.collects) return recipient.has_tool() || recipient.has_fhir_server();
    const std::string mailbox = mailbox_of(recipient);
    return !mailbox.empty() && !unknown.contains(mailbox);
  }
  Result<std::string> address(const Dispatch& dispatch) const override {
    const v1::Recipient& recipient = dispatch.request.event().recipients(dispatch.recipient_index);
    return info_.collects ? mailbox_of(recipient) : recipient.tool().name();
  }
  Result<Payload> wrap(const Dispatch& dispatch) const override {
    const stored::Routed& routed = dispatch.care.routed(dispatch.recipient_index);
    circle_id = dispatch.care.circle_id();
    Payload payload;
    payload.body = make_bytes(stored::Telling_Name(routed.telling()) + " " + routed.answer_link() + " " +
                              routed.answer_code());
    return payload;
  }
  Result<std::vector<v1::Issue>> admit(const Dispatch&) const override { return std::vector<v1::Issue>{}; }
  Outcome deliver(const Payload&, Instant) override { return {}; }
  Outcome lookup(const Payload&, Instant) override { return {}; }
  Status probe(Instant) override { return {}; }

 private:
  AdapterInfo info_;
};

// Everybody may submit; who else may what is said by name.
class NamedPolicy final : public Policy {
 public:
  std::set<std::string> operators;
  std::map<std::string, std::string> answers_for;
  Status allows(const Principal& principal, Action action, std::string_view, std::string_view,
                std::string_view) const override {
    if (action != Action::operate || operators.contains(principal.name)) return {};
    return error_of(ErrorCode::not_allowed);
  }
  Status may_answer_for(const Principal& principal, std::string_view,
                        std::string_view candidate) const override {
    const auto found = answers_for.find(principal.name);
    if (found != answers_for.end() && found->second == candidate) return {};
    return error_of(ErrorCode::not_allowed);
  }
};

inline constexpr const char* anne = "anne.essai@medecin.demo.mssante.fr";
inline constexpr const char* bruno = "bruno.essai@medecin.demo.mssante.fr";
inline constexpr const char* claire = "claire.modele@medecin.demo.mssante.fr";

inline void fill_member(v1::CircleMember& member, const std::string& id, const char* mailbox) {
  member.set_member_id(id);
  member.mutable_person()->set_mailbox(mailbox);
  v1::Professional& professional = *member.mutable_person()->mutable_professional();
  fill_professional(professional);
  // Who has another mailbox here is another person.
  if (mailbox != std::string_view(anne)) professional.set_national_id("801234567806");
  member.set_role(v1::MEMBER_ROLE_NURSE);
  member.set_standing(v1::STANDING_HEALTH_PROFESSIONAL);
  member.set_basis(v1::MEMBER_BASIS_CARE_TEAM);
}

class CareWorld : public testing::Test {
 protected:
  CareWorld() {
    env.set_now(Instant{sample_now_s * 1000000});
    v1::Tenant tenant = sample_tenant();
    tenant.add_tools("outil");
    v1::Protocol& protocol = *tenant.add_protocols();
    protocol.set_id("ic");
    protocol.set_version("2");
    protocol.set_title("Insuffisance cardiaque");
    protocol.add_criteria()->set_code("C1");
    protocol.mutable_criteria(0)->set_label("Critère un");
    protocol.add_exit_rules()->set_code("SORTIE");
    protocol.mutable_exit_rules(0)->set_months_after_start(6);
    tenants["cpts-demo"] = TenantSetup{tenant, {&mail, &tool}};
  }

  // An event about the sample patient, told to Claire, without a kind.
  static v1::SubmitEventRequest blank(const std::string& key) {
    v1::SubmitEventRequest request = sample_request();
    request.set_idempotency_key(key);
    v1::CoordinationEvent& event = *request.mutable_event();
    event.clear_discharge_letter();
    event.clear_recipients();
    fill_professional(*event.mutable_source()->mutable_professional());
    event.add_recipients()->mutable_person()->set_mailbox(claire);
    return request;
  }
  // To Anne, then to Bruno.
  static v1::SubmitEventRequest orientation(const std::string& key = "orientation-1") {
    v1::SubmitEventRequest request = blank(key);
    v1::Orientation& asked = *request.mutable_event()->mutable_orientation();
    asked.set_kind(v1::Orientation::PRIMARY_CARE_PHYSICIAN);
    asked.set_reason("Patient sans médecin traitant.");
    asked.set_patient_informed(true);
    for (const char* mailbox : {anne, bruno}) {
      v1::Recipient::Person& person = *asked.add_candidates()->mutable_person();
      person.set_mailbox(mailbox);
      fill_professional(*person.mutable_professional());
    }
    asked.mutable_candidates(1)->mutable_person()->mutable_professional()->set_national_id("801234567806");
    return request;
  }
  static v1::SubmitEventRequest change(const std::string& key) {
    v1::SubmitEventRequest request = blank(key);
    request.mutable_event()->mutable_care_circle_change();
    return request;
  }
  static v1::SubmitEventRequest joining(const std::string& key, const std::string& member,
                                        const char* mailbox,
                                        v1::MemberBasis basis = v1::MEMBER_BASIS_CARE_TEAM) {
    v1::SubmitEventRequest request = change(key);
    v1::CircleMember& joins = *request.mutable_event()->mutable_care_circle_change()->add_joins();
    fill_member(joins, member, mailbox);
    joins.set_basis(basis);
    return request;
  }
  v1::SubmitEventRequest consent(const std::string& key, v1::Consent::Decision decision) {
    v1::SubmitEventRequest request = change(key);
    request.mutable_event()->clear_recipients();
    v1::Consent& consent = *request.mutable_event()->mutable_care_circle_change()->mutable_consent();
    consent.set_decision(decision);
    consent.mutable_decided_at()->set_seconds(env.now().us / 1000000 - 60);
    return request;
  }
  static v1::SubmitEventRequest enrolment(const std::string& key) {
    v1::SubmitEventRequest request = blank(key);
    v1::PathwayEnrolment& enrolled = *request.mutable_event()->mutable_pathway_enrolment();
    enrolled.set_enrolment_id("inclusion-1");
    enrolled.set_protocol_id("ic");
    enrolled.set_protocol_version("2");
    enrolled.set_status(v1::PathwayEnrolment::ACTIVE);
    enrolled.mutable_start()->set_seconds(sample_now_s - 7200);
    enrolled.mutable_condition()->set_text("Insuffisance cardiaque");
    return request;
  }
  static v1::SubmitEventRequest letter_for_me(const std::string& key) {
    v1::SubmitEventRequest request = sample_request();
    request.set_idempotency_key(key);
    request.mutable_event()->clear_recipients();
    request.mutable_event()->set_route_to_circle(true);
    return request;
  }

  Result<v1::SubmitEventResponse> submit(v1::SubmitEventRequest request,
                                         const std::string& principal = "hospital") {
    std::optional<Result<v1::SubmitEventResponse>> answer;
    intake.submit(Principal{principal}, std::move(request), [&](auto result) { answer = std::move(result); });
    return *answer;
  }
  v1::EventStatus must(Result<v1::SubmitEventResponse> response) {
    EXPECT_TRUE(response.ok()) << response.error().describe();
    return response.ok() ? response->status() : v1::EventStatus();
  }
  // How an orientation stands now.
  v1::EventStatus status_of(const std::string& key) {
    v1::GetEventRequest request;
    request.set_idempotency_key(key);
    request.set_tenant("cpts-demo");
    const auto status = desk.get(Principal{"hospital"}, request);
    EXPECT_TRUE(status.ok()) << status.error().describe();
    return status.ok() ? *status : v1::EventStatus();
  }
  v1::SubmitEventRequest update(const std::string& key, v1::OrientationUpdate::Step step, int proposal = -1,
                                const std::string& of = "orientation-1") {
    v1::SubmitEventRequest request = blank(key);
    request.mutable_event()->clear_recipients();
    request.mutable_event()->clear_subject();
    v1::OrientationUpdate& update = *request.mutable_event()->mutable_orientation_update();
    update.set_orientation_event_id(event_id_of("cpts-demo", "hospital", of).text());
    update.set_step(step);
    if (proposal >= 0) update.set_proposal_id(status_of(of).orientation().proposals(proposal).proposal_id());
    if (step == v1::OrientationUpdate::DECLINED || step == v1::OrientationUpdate::CANCELLED)
      update.set_reason(v1::OrientationUpdate::OTHER);
    return request;
  }
  stored::StoredEvent content_of(const Uuid& event_id) {
    stored::StoredEvent content;
    const auto row = store.event(event_id);
    EXPECT_TRUE(row.ok());
    if (!row.ok()) return content;
    const auto plain = sealer.open(row->tenant, row->key, row->id, content_column, row->content);
    EXPECT_TRUE(plain.ok() && content.ParseFromString(*plain));
    return content;
  }
  // "person's mailbox: what it is told", in order.
  std::vector<std::string> told_in(const Uuid& event_id) {
    const stored::StoredEvent content = content_of(event_id);
    std::vector<std::string> told;
    for (int i = 0; i < content.request().event().recipients_size(); ++i) {
      const std::string mailbox = mailbox_of(content.request().event().recipients(i));
      told.push_back(mailbox.substr(0, mailbox.find('.')) + ": " +
                     stored::Telling_Name(content.care().routed(i).telling()).substr(8));
    }
    return told;
  }
  std::vector<std::string> told_by(const std::string& key, const std::string& principal = "hospital") {
    return told_in(event_id_of("cpts-demo", principal, key));
  }
  // Wakes what is due; how many.
  size_t wake() {
    const auto due = store.cases_to_wake(env.now(), 100);
    EXPECT_TRUE(due.ok());
    for (const CaseRow& row : *due)
      cases.wake(row, env.now(), [](const Status& status) { EXPECT_TRUE(status.ok()); });
    return due->size();
  }

  FakeEnv env;
  MemoryStore store;
  PlainSealer sealer;
  ImmediateSink sink{store};
  NamedPolicy policy;
  FramedOffice office;
  TellingAdapter mail{"mss"};
  TellingAdapter tool{"outil"};
  TenantTable tenants;
  Intake intake{IntakeSeams{tenants, Environment::test, policy, office, env, &sealer, &sink, &store,
                            "https://reponses.example/r/"}};
  EventDesk desk{DeskSeams{tenants, policy, env, sealer, sink, store}};
  CaseDesk cases{CaseSeams{tenants, env, sealer, store, sink, intake}};
};

}  // namespace psl
