#include "gateway/intake/circle_plan.h"

#include <gmock/gmock.h>

#include "tests/gateway/intake/care_world.h"

namespace psl {
namespace {

using testing::ElementsAre;

class CircleTest : public CareWorld {
 protected:
  static v1::SubmitEventRequest objecting(const std::string& key, const std::string& member) {
    v1::SubmitEventRequest request = change(key);
    request.mutable_event()->mutable_care_circle_change()->mutable_objection()->add_member_ids(member);
    return request;
  }
};

TEST_F(CircleTest, GetsALetterThatIsRoutedToIt) {
  // Claim: a letter without recipients goes to the members of the circle; each decision is in the receipt and
  // in the preview, with the recipient that it made.
  must(submit(joining("join-1", "m1", anne)));
  const v1::EventStatus status = must(submit(letter_for_me("letter-1")));
  ASSERT_EQ(status.routing_size(), 1);
  EXPECT_EQ(status.routing(0).member_id(), "m1");
  EXPECT_EQ(status.routing(0).outcome(), v1::RoutingDecision::FULL);
  EXPECT_EQ(status.routing(0).recipient_index(), 0);
  EXPECT_EQ(status.recipients(0).origin(), v1::RECIPIENT_ORIGIN_CIRCLE);
  const auto preview = intake.preview(Principal{"hospital"}, letter_for_me("letter-2"));
  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview->routing.size(), 1U);
}

TEST_F(CircleTest, WithoutAnybodyIsNoWayForALetter) {
  // Claim: nobody to route to and no recipient is an error; a change of the circle is kept though nobody is
  // told.
  EXPECT_EQ(submit(letter_for_me("letter-1")).error().code, ErrorCode::nobody_to_route_to);
  EXPECT_EQ(must(submit(consent("consent", v1::Consent::GIVEN))).recipients_size(), 0);
}

TEST_F(CircleTest, StopsWhatNeedsConsentWhenItIsWithdrawn) {
  // Claim: what has not left is cancelled with the withdrawal, and what was sent is in its receipt;
  // afterwards the member outside the team gets nothing, and an event that rests on consent is refused.
  must(submit(consent("given", v1::Consent::GIVEN)));
  must(submit(joining("join-1", "m1", anne, v1::MEMBER_BASIS_CONSENT)));
  const v1::EventStatus sent = must(submit(letter_for_me("letter-1")));
  const Uuid gone = *Uuid::parse(sent.recipients(0).deliveries(0).id());
  const Command left[] = {StartAttempt{gone, env.now(), "", "ref"},
                          RecordOutcome{gone, env.now(), accepted(), {}}};
  ASSERT_TRUE(store.commit(left).ok());
  const v1::EventStatus pending = must(submit(letter_for_me("letter-2")));
  env.advance(seconds(3600));
  const v1::EventStatus withdrawn = must(submit(consent("withdrawn", v1::Consent::WITHDRAWN)));
  ASSERT_EQ(withdrawn.past_sends_size(), 1);
  EXPECT_EQ(withdrawn.past_sends(0).event_id(), sent.event_id());
  EXPECT_EQ(status_of("letter-2").recipients(0).deliveries(0).reason(), "CONSENT_WITHDRAWN");
  EXPECT_EQ(submit(letter_for_me("letter-3")).error().code, ErrorCode::nobody_to_route_to);
  v1::SubmitEventRequest resting = sample_request();
  resting.set_idempotency_key("letter-4");
  resting.mutable_event()->set_legal_basis(v1::LEGAL_BASIS_CONSENT);
  resting.mutable_event()->mutable_consent_at()->set_seconds(sample_now_s - 7200);
  EXPECT_EQ(submit(resting).error().code, ErrorCode::consent_missing);
}

TEST_F(CircleTest, StopsWhatNeedsConsentWhenItEnds) {
  // Claim: what has not left when the consent expires is cancelled as by a withdrawal, once; a change of the
  // circle meanwhile does not put its end off.
  v1::SubmitEventRequest given = consent("given", v1::Consent::GIVEN);
  const Instant end = env.now() + seconds(86400);
  given.mutable_event()->mutable_care_circle_change()->mutable_consent()->mutable_expires_at()->set_seconds(
      end.us / 1000000);
  must(submit(given));
  must(submit(joining("join-1", "m1", anne, v1::MEMBER_BASIS_CONSENT)));
  must(submit(letter_for_me("letter-1")));
  EXPECT_EQ(**store.next_wake(), end);
  EXPECT_EQ(wake(), 0U);
  env.set_now(end);
  // Before the clock has looked.
  must(submit(joining("join-2", "m2", bruno)));
  EXPECT_EQ(wake(), 1U);
  const v1::EventStatus status = status_of("letter-1");
  EXPECT_EQ(status.recipients(0).deliveries(0).state(), v1::DELIVERY_STATE_CANCELLED);
  EXPECT_EQ(status.recipients(0).deliveries(0).reason(), "CONSENT_WITHDRAWN");
  EXPECT_EQ(wake(), 0U);
  EXPECT_FALSE(store.next_wake()->has_value());
}

TEST_F(CircleTest, StopsWhatWaitsForAMemberToWhomThePatientObjects) {
  // Claim: in the same transaction, with its reason; another member's goes on, and so does what left.
  must(submit(joining("join-1", "m1", anne)));
  must(submit(joining("join-2", "m2", bruno)));
  const v1::EventStatus sent = must(submit(letter_for_me("letter-1")));
  const Uuid gone = *Uuid::parse(sent.recipients(0).deliveries(0).id());
  const Command left[] = {StartAttempt{gone, env.now(), "", "ref"},
                          RecordOutcome{gone, env.now(), accepted(), {}}};
  ASSERT_TRUE(store.commit(left).ok());
  must(submit(letter_for_me("letter-2")));
  must(submit(objecting("objection", "m1")));
  EXPECT_EQ(status_of("letter-1").recipients(0).deliveries(0).state(), v1::DELIVERY_STATE_DELIVERED);
  EXPECT_EQ(status_of("letter-2").recipients(0).deliveries(0).reason(), "PATIENT_OBJECTED");
  EXPECT_EQ(status_of("letter-2").recipients(1).deliveries(0).state(), v1::DELIVERY_STATE_PENDING);
}

TEST_F(CircleTest, SendsNothingToWhomThePatientObjectsWhoeverNamesThem) {
  // Claim: a letter to a member whom the sender names stops before it leaves; when the objection is lifted,
  // the next one leaves.
  must(submit(joining("join-1", "m1", anne)));
  must(submit(objecting("objection", "m1")));
  const auto attempt = [this](const std::string& key) {
    v1::SubmitEventRequest request = sample_request();
    request.set_idempotency_key(key);
    request.mutable_event()->clear_recipients();
    request.mutable_event()->add_recipients()->mutable_person()->set_mailbox(anne);
    must(submit(request));
    const Command begun =
        StartAttempt{*Uuid::parse(status_of(key).recipients(0).deliveries(0).id()), env.now(), "", "ref"};
    return store.commit(std::span(&begun, 1))->front();
  };
  EXPECT_EQ(attempt("letter-1"), Effect::stale);
  EXPECT_EQ(status_of("letter-1").recipients(0).deliveries(0).reason(), "PATIENT_OBJECTED");
  v1::SubmitEventRequest lifting = objecting("lifting", "m1");
  lifting.mutable_event()->mutable_care_circle_change()->mutable_objection()->set_lifted(true);
  must(submit(lifting));
  EXPECT_EQ(attempt("letter-2"), Effect::done);
}

TEST_F(CircleTest, StopsWhatWaitsForAMemberWhoLeaves) {
  // Claim: by a leave at once, by the end of a period when it comes, also when the clock has not looked yet.
  must(submit(joining("join-1", "m1", anne)));
  v1::SubmitEventRequest until = joining("join-2", "m2", bruno);
  const Instant end = env.now() + seconds(86400);
  until.mutable_event()->mutable_care_circle_change()->mutable_joins(0)->mutable_end()->set_seconds(end.us /
                                                                                                    1000000);
  must(submit(until));
  must(submit(letter_for_me("letter-1")));
  v1::SubmitEventRequest leaving = change("leave");
  leaving.mutable_event()->mutable_care_circle_change()->add_leaves()->set_member_id("m1");
  must(submit(leaving));
  EXPECT_EQ(status_of("letter-1").recipients(0).deliveries(0).reason(), "MEMBERSHIP_ENDED");
  EXPECT_EQ(status_of("letter-1").recipients(1).deliveries(0).state(), v1::DELIVERY_STATE_PENDING);
  EXPECT_EQ(**store.next_wake(), end);
  env.set_now(end);
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(status_of("letter-1").recipients(1).deliveries(0).reason(), "MEMBERSHIP_ENDED");
  EXPECT_EQ(wake(), 0U);
  EXPECT_FALSE(store.next_wake()->has_value());
}

TEST_F(CircleTest, DoesNotMissAnObjectionBetweenTheLookAndTheCommit) {
  // Claim: a letter that was routed to a member is judged anew when the patient objects before it is durable.
  must(submit(joining("join-1", "m1", anne)));
  const v1::SubmitEventRequest objection = objecting("objection", "m1");
  bool raced = false;
  sink.before = [&](const Command&) {
    if (!std::exchange(raced, true)) must(submit(objection));
  };
  EXPECT_EQ(submit(letter_for_me("letter-1")).error().code, ErrorCode::nobody_to_route_to);
}

TEST_F(CircleTest, SaysWhatItKnewAlready) {
  // Claim: the same objection under another key leaves the history as it is, and its receipt says so.
  must(submit(joining("join-1", "m1", anne)));
  must(submit(objecting("objection", "m1")));
  const auto issues = must(submit(objecting("again", "m1"))).issues();
  EXPECT_TRUE(std::ranges::any_of(issues, [](const v1::Issue& issue) {
    return issue.code() == "ALREADY_RECORDED" && issue.path() == "event.care_circle_change.objection";
  }));
}

TEST_F(CircleTest, StopsWhatRestsOnAConsentThatItWasNeverToldOf) {
  // Claim: an event that says itself that it rests on consent is stopped by a withdrawal though no circle
  // knew of that consent; one that is judged while the withdrawal comes is refused.
  v1::SubmitEventRequest resting = sample_request();
  resting.mutable_event()->set_legal_basis(v1::LEGAL_BASIS_CONSENT);
  resting.mutable_event()->mutable_consent_at()->set_seconds(sample_now_s - 7200);
  resting.set_idempotency_key("letter-1");
  must(submit(resting));
  const v1::SubmitEventRequest withdrawal = consent("withdrawn", v1::Consent::WITHDRAWN);
  bool raced = false;
  sink.before = [&](const Command&) {
    if (!std::exchange(raced, true)) must(submit(withdrawal));
  };
  resting.set_idempotency_key("letter-2");
  EXPECT_EQ(submit(resting).error().code, ErrorCode::consent_missing);
  EXPECT_EQ(status_of("letter-1").recipients(0).deliveries(0).reason(), "CONSENT_WITHDRAWN");
}

// "code", of each issue.
std::vector<std::string> codes_of(const v1::EventStatus& status) {
  std::vector<std::string> codes;
  for (const v1::Issue& issue : status.issues()) codes.push_back(issue.code());
  return codes;
}

// The same person, as a tool knows it that has no INS.
v1::SubmitEventRequest by_traits(v1::SubmitEventRequest request) {
  v1::Patient& patient = *request.mutable_event()->mutable_subject();
  patient.set_status(v1::IDENTITY_STATUS_VALIDATED);
  patient.clear_ins();
  return request;
}

TEST_F(CircleTest, LosesAConsentThatIsWithdrawnUnderAnotherIdentity) {
  // Claim: a withdrawal by a tool that has no INS ends the consent in the circle of the INS, stops what
  // waits, lists what left, and says so; the clock of that circle does not make it forget the person. A new
  // consent counts only under its own identity.
  const v1::EventStatus joined = must(submit(joining("join-1", "m1", anne, v1::MEMBER_BASIS_CONSENT)));
  must(submit(consent("given", v1::Consent::GIVEN)));
  const v1::EventStatus sent = must(submit(letter_for_me("letter-1")));
  const Uuid gone = *Uuid::parse(sent.recipients(0).deliveries(0).id());
  const Command left[] = {StartAttempt{gone, env.now(), "", "ref"},
                          RecordOutcome{gone, env.now(), accepted(), {}}};
  ASSERT_TRUE(store.commit(left).ok());
  const Command given_up = MoveDelivery{
      *Uuid::parse(joined.recipients(0).deliveries(0).id()), env.now(), Happening::given_up, "GIVEN_UP", {}};
  ASSERT_TRUE(store.commit(std::span(&given_up, 1)).ok());
  EXPECT_EQ(wake(), 1U);
  must(submit(letter_for_me("letter-2")));
  env.advance(seconds(3600));
  const v1::EventStatus withdrawn =
      must(submit(by_traits(consent("withdrawn", v1::Consent::WITHDRAWN)), "practice"));
  EXPECT_THAT(codes_of(withdrawn), testing::Contains("OTHER_CIRCLE_TOO"));
  ASSERT_EQ(withdrawn.past_sends_size(), 1);
  EXPECT_EQ(withdrawn.past_sends(0).event_id(), sent.event_id());
  EXPECT_EQ(status_of("letter-2").recipients(0).deliveries(0).reason(), "CONSENT_WITHDRAWN");
  EXPECT_EQ(submit(letter_for_me("letter-3")).error().code, ErrorCode::nobody_to_route_to);
  env.advance(seconds(3600));
  must(submit(by_traits(consent("given-again", v1::Consent::GIVEN))));
  EXPECT_EQ(submit(letter_for_me("letter-4")).error().code, ErrorCode::nobody_to_route_to);
  must(submit(consent("given-at-last", v1::Consent::GIVEN)));
  EXPECT_EQ(must(submit(letter_for_me("letter-5"))).routing(0).rule(), "CONSENT_HOLDS");
}

TEST_F(CircleTest, LosesAConsentThatIsWithdrawnUnderTheInsToo) {
  // Claim: the other way round, by an enrolment: the circle of the traits loses it with the one of the INS.
  must(submit(by_traits(joining("join-1", "m1", anne, v1::MEMBER_BASIS_CONSENT))));
  must(submit(by_traits(consent("given", v1::Consent::GIVEN))));
  v1::SubmitEventRequest letter = by_traits(letter_for_me("letter-1"));
  must(submit(letter));
  env.advance(seconds(3600));
  v1::SubmitEventRequest refused = enrolment("enrol-1");
  *refused.mutable_event()->mutable_pathway_enrolment()->mutable_consent() =
      consent("refused", v1::Consent::REFUSED).event().care_circle_change().consent();
  EXPECT_THAT(codes_of(must(submit(refused))), testing::Contains("OTHER_CIRCLE_TOO"));
  EXPECT_EQ(status_of("letter-1").recipients(0).deliveries(0).reason(), "CONSENT_WITHDRAWN");
  letter.set_idempotency_key("letter-2");
  EXPECT_EQ(submit(letter).error().code, ErrorCode::nobody_to_route_to);
}

TEST_F(CircleTest, HearsAnObjectionUnderAnotherIdentity) {
  // Claim: an objection by the traits stops what waits for the member of the INS's circle, and whoever names
  // that member; it is not said that it names nobody.
  must(submit(joining("join-1", "m1", anne)));
  must(submit(letter_for_me("letter-1")));
  const v1::EventStatus objected = must(submit(by_traits(objecting("objection", "m1"))));
  EXPECT_THAT(codes_of(objected), testing::Contains("OTHER_CIRCLE_TOO"));
  EXPECT_THAT(codes_of(objected), testing::Not(testing::Contains("OBJECTION_WITHOUT_MEMBER")));
  EXPECT_EQ(status_of("letter-1").recipients(0).deliveries(0).reason(), "PATIENT_OBJECTED");
  EXPECT_EQ(submit(letter_for_me("letter-2")).error().code, ErrorCode::nobody_to_route_to);
  EXPECT_THAT(codes_of(must(submit(by_traits(objecting("nobody", "m9"))))),
              testing::Contains("OBJECTION_WITHOUT_MEMBER"));
}

TEST_F(CircleTest, SaysThatAnEndOfConsentFoundNothing) {
  // Claim: a withdrawal or an objection about somebody who has no circle under any identity is kept and says
  // so; an older one than the consent of the other circle says that, too; one beside which members join is
  // at home.
  EXPECT_THAT(codes_of(must(submit(consent("withdrawn", v1::Consent::WITHDRAWN)))),
              testing::Contains("CIRCLE_NOT_KNOWN"));
  v1::SubmitEventRequest other = joining("join-1", "m1", anne, v1::MEMBER_BASIS_CONSENT);
  const v1::SubmitEventRequest refusal = consent("refused", v1::Consent::REFUSED);
  *other.mutable_event()->mutable_care_circle_change()->mutable_consent() =
      refusal.event().care_circle_change().consent();
  EXPECT_THAT(codes_of(must(submit(other))), testing::Not(testing::Contains("CIRCLE_NOT_KNOWN")));
  const v1::SubmitEventRequest old = by_traits(consent("old", v1::Consent::WITHDRAWN));
  env.advance(seconds(3600));
  must(submit(consent("given", v1::Consent::GIVEN)));
  EXPECT_THAT(codes_of(must(submit(old))), testing::Contains("CONSENT_NOT_IN_FORCE"));
}

TEST_F(CircleTest, SaysInAPreviewWhatKeepsALetterFromEachMember) {
  // Claim: when nobody may receive it, a preview gives each decision and no file; without a ledger it says
  // that only the gateway knows the circle. A circle without members stays an error.
  EXPECT_EQ(intake.preview(Principal{"hospital"}, letter_for_me("letter-1")).error().code,
            ErrorCode::nobody_to_route_to);
  must(submit(joining("join-1", "m1", anne, v1::MEMBER_BASIS_CONSENT)));
  const auto preview = intake.preview(Principal{"hospital"}, letter_for_me("letter-1"));
  ASSERT_TRUE(preview.ok()) << preview.error().describe();
  EXPECT_TRUE(preview->recipients.empty());
  ASSERT_EQ(preview->routing.size(), 1U);
  EXPECT_EQ(preview->routing[0].rule(), "CONSENT_MISSING");
  const Intake alone{IntakeSeams{tenants, Environment::test, policy, office, env}};
  const Error error = alone.preview(Principal{"hospital"}, letter_for_me("letter-1")).error();
  EXPECT_EQ(error.code, ErrorCode::not_supported);
  EXPECT_NE(error.text.find("preview it at the gateway"), std::string::npos);
}

TEST_F(CircleTest, LetsAnEnrolmentEndWithoutItsProtocol) {
  // Claim: when the protocol has left the configuration, what is known under it may end, and its members
  // leave; nothing else of it is taken, nor the end of one that nobody knows.
  v1::SubmitEventRequest request = enrolment("enrol-1");
  fill_member(*request.mutable_event()->mutable_pathway_enrolment()->add_members(), "m1", anne);
  must(submit(request));
  tenants.at("cpts-demo").config.clear_protocols();
  const std::string version = "event.pathway_enrolment.protocol_id";
  request.set_idempotency_key("enrol-2");
  EXPECT_EQ(submit(request).error().faults.at(0).path, version);
  v1::PathwayEnrolment& ended = *request.mutable_event()->mutable_pathway_enrolment();
  ended.set_status(v1::PathwayEnrolment::FINISHED);
  ended.mutable_end()->set_seconds(sample_now_s - 3600);
  ended.set_end_reason(v1::PathwayEnrolment::MOVED);
  ended.set_protocol_version("3");
  EXPECT_EQ(submit(request).error().faults.at(0).path, "event.pathway_enrolment.protocol_version");
  ended.set_protocol_version("2");
  ended.set_enrolment_id("inconnue");
  EXPECT_EQ(submit(request).error().faults.at(0).path, "event.pathway_enrolment.protocol_version");
  ended.set_enrolment_id("inclusion-1");
  EXPECT_THAT(codes_of(must(submit(request))), testing::Contains("PROTOCOL_NOT_CONFIGURED"));
  EXPECT_EQ(submit(letter_for_me("letter-1")).error().code, ErrorCode::nobody_to_route_to);
}

TEST_F(CircleTest, IsNamedInWhateverIsAboutThePerson) {
  // Claim: an orientation, its updates, an enrolment and changes of circle of one person, however spelled,
  // name one circle, also where there is none yet; another person's is another one. Each says whether it was
  // there.
  const auto spelled = [](v1::SubmitEventRequest request, const char* name) {
    v1::Patient& patient = *request.mutable_event()->mutable_subject();
    patient.set_status(v1::IDENTITY_STATUS_PROVISIONAL);
    patient.clear_ins();
    patient.set_birth_family_name(name);
    return request;
  };
  const auto care_of = [this](const std::string& key) {
    return content_of(event_id_of("cpts-demo", "hospital", key)).care();
  };
  must(submit(spelled(orientation(), "LE GOFF")));
  must(submit(update("update-1", v1::OrientationUpdate::ACCEPTED, 0)));
  must(submit(spelled(joining("join-1", "m1", anne), "Le-Goff")));
  must(submit(spelled(enrolment("enrol-1"), "le goff")));
  must(submit(spelled(consent("other", v1::Consent::GIVEN), "LEGOFFE")));
  const std::string id = care_of("orientation-1").circle_id();
  EXPECT_TRUE(Uuid::from_raw(id).has_value());
  for (const char* key : {"update-1", "join-1", "enrol-1"}) EXPECT_EQ(care_of(key).circle_id(), id) << key;
  EXPECT_NE(care_of("other").circle_id(), id);
  EXPECT_FALSE(care_of("join-1").circle_known());
  EXPECT_TRUE(care_of("enrol-1").circle_known());
}

TEST_F(CircleTest, OfAPreviewWithoutALedgerTellsNothingOfThePerson) {
  // Claim: without keys nothing keyed can be told, so what stands there is of the event alone, not of who it
  // is about.
  const Intake alone{IntakeSeams{tenants, Environment::test, policy, office, env}};
  const auto previewed = [&](v1::SubmitEventRequest request) {
    const auto preview = alone.preview(Principal{"hospital"}, request);
    EXPECT_TRUE(preview.ok()) << preview.error().describe();
    return mail.circle_id;
  };
  const std::string mine = previewed(joining("join-1", "m1", anne));
  v1::SubmitEventRequest other = joining("join-1", "m1", anne);
  other.mutable_event()->mutable_subject()->mutable_ins()->set_matricule("265033947811573");
  other.mutable_event()->mutable_subject()->set_birth_date("1965-03-09");
  EXPECT_TRUE(Uuid::from_raw(mine).has_value());
  EXPECT_EQ(previewed(other), mine);
  EXPECT_NE(previewed(joining("join-2", "m1", anne)), mine);
}

TEST_F(CircleTest, KnowsAnEnrolmentByWhoSendsItNotByTheStructure) {
  // Claim: one enrolment_id of two principals is two enrolments, of one principal for two structures one.
  const auto care_of = [this](const std::string& key, const std::string& principal) {
    return content_of(event_id_of("cpts-demo", principal, key)).care().enrolment_id();
  };
  must(submit(enrolment("enrol-1")));
  must(submit(enrolment("enrol-1"), "practice"));
  v1::SubmitEventRequest elsewhere = enrolment("enrol-2");
  elsewhere.mutable_event()->mutable_source()->mutable_organization()->set_national_id("1710780289");
  must(submit(elsewhere));
  EXPECT_NE(care_of("enrol-1", "hospital"), care_of("enrol-1", "practice"));
  EXPECT_EQ(care_of("enrol-2", "hospital"), care_of("enrol-1", "hospital"));
}

TEST_F(CircleTest, IsLookedAtOnceWhenADeliveryOfItsFirstEventFails) {
  // Claim: a circle has no clock: what woke it does not keep it awake.
  const v1::EventStatus status = must(submit(joining("join-1", "m1", anne)));
  const Uuid sent = *Uuid::parse(status.recipients(0).deliveries(0).id());
  Outcome refusal = accepted();
  refusal.verdict = Verdict::rejected;
  const Command refused[] = {StartAttempt{sent, env.now(), "", "ref"},
                             RecordOutcome{sent, env.now(), refusal, {}}};
  ASSERT_TRUE(store.commit(refused).ok());
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(wake(), 0U);
  EXPECT_EQ(must(submit(letter_for_me("letter-1"))).routing_size(), 1);
}

TEST_F(CircleTest, DoesNotMissAWithdrawalBetweenTheLookAndTheCommit) {
  // Claim: a letter that was routed under a consent that is withdrawn before it is durable is judged anew.
  must(submit(consent("given", v1::Consent::GIVEN)));
  must(submit(joining("join-1", "m1", anne, v1::MEMBER_BASIS_CONSENT)));
  env.advance(seconds(3600));
  const v1::SubmitEventRequest withdrawal = consent("withdrawn", v1::Consent::WITHDRAWN);
  bool raced = false;
  sink.before = [&](const Command&) {
    if (!std::exchange(raced, true)) must(submit(withdrawal));
  };
  EXPECT_EQ(submit(letter_for_me("letter-1")).error().code, ErrorCode::nobody_to_route_to);
}

TEST_F(CircleTest, TellsItsChangesInTheirOrder) {
  // Claim: each change goes on from the circle's first event, so that no server gets an older state after a
  // newer one.
  std::vector<std::optional<Uuid>> follows;
  sink.before = [&follows](const Command& command) {
    if (const auto* accepted = std::get_if<AcceptEvent>(&command)) follows.push_back(accepted->follows);
  };
  const v1::EventStatus first = must(submit(joining("join-1", "m1", anne)));
  must(submit(consent("given", v1::Consent::GIVEN)));
  EXPECT_THAT(follows, ElementsAre(std::nullopt, Uuid::parse(first.event_id())));
}

TEST_F(CircleTest, NumbersItsStatesInTheirOrder) {
  // Claim: of two events about one circle the later has the greater number, though the clock was put back
  // between them; an enrolment tells the states that it has been in.
  const auto care_of = [&](const char* key) {
    return content_of(event_id_of("cpts-demo", "hospital", key)).care();
  };
  v1::SubmitEventRequest planned = enrolment("enrol-1");
  planned.mutable_event()->mutable_pathway_enrolment()->set_status(v1::PathwayEnrolment::PLANNED);
  must(submit(planned));
  const int64_t first = care_of("enrol-1").circle().order();
  EXPECT_EQ(first, env.now().us);
  env.set_now(env.now() - seconds(3600));
  must(submit(joining("join-1", "m1", anne)));
  EXPECT_EQ(care_of("join-1").circle().order(), first + 1);
  must(submit(enrolment("enrol-2")));
  EXPECT_EQ(care_of("enrol-2").circle().order(), first + 2);
  const stored::Care care = care_of("enrol-2");
  ASSERT_EQ(care.enrolment_history_size(), 2);
  EXPECT_EQ(care.enrolment_history(0).status(), v1::PathwayEnrolment::PLANNED);
  EXPECT_EQ(care.enrolment_history(1).status(), v1::PathwayEnrolment::ACTIVE);
}

TEST_F(CircleTest, IsBuiltByEnrolments) {
  // Claim: an enrolment opens its case and brings its members in; an unknown version is a field fault; an
  // identifier of another patient is one too.
  v1::SubmitEventRequest request = enrolment("enrol-1");
  fill_member(*request.mutable_event()->mutable_pathway_enrolment()->add_members(), "m1", anne);
  must(submit(request));
  EXPECT_EQ(must(submit(letter_for_me("letter-1"))).routing_size(), 1);
  v1::SubmitEventRequest unknown = enrolment("enrol-2");
  unknown.mutable_event()->mutable_pathway_enrolment()->set_protocol_version("3");
  EXPECT_EQ(submit(unknown).error().faults.at(0).path, "event.pathway_enrolment.protocol_version");
  v1::SubmitEventRequest other = enrolment("enrol-3");
  other.mutable_event()->mutable_subject()->clear_ins();
  other.mutable_event()->mutable_subject()->set_status(v1::IDENTITY_STATUS_PROVISIONAL);
  other.mutable_event()->mutable_subject()->set_birth_family_name("AUTRE");
  EXPECT_EQ(submit(other).error().faults.at(0).path, "event.pathway_enrolment.enrolment_id");
}

TEST_F(CircleTest, AsksAHumanWhenAnExitRuleHolds) {
  // Claim: months after the start the enrolment shows EXIT_PROPOSED, once, and goes on.
  must(submit(enrolment("enrol-1")));
  env.advance(seconds(200LL * 86400));
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(status_of("enrol-1").attention(), "EXIT_PROPOSED");
  EXPECT_EQ(wake(), 0U);
}

TEST_F(CircleTest, KeepsTheTimeOfAnExitRuleWhenADeliveryFails) {
  // Claim: an enrolment that a failed delivery of its event has woken sleeps until its own time again.
  const v1::EventStatus status = must(submit(enrolment("enrol-1")));
  const Instant exit = **store.next_wake();
  const Uuid sent = *Uuid::parse(status.recipients(0).deliveries(0).id());
  Outcome refusal = accepted();
  refusal.verdict = Verdict::rejected;
  const Command refused[] = {StartAttempt{sent, env.now(), "", "ref"},
                             RecordOutcome{sent, env.now(), refusal, {}}};
  ASSERT_TRUE(store.commit(refused).ok());
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(wake(), 0U);
  EXPECT_EQ(**store.next_wake(), exit);
}

TEST_F(CircleTest, MakesNoDocumentThatNobodyReads) {
  // Claim: an event whose recipients are tools alone has neither document nor its identifier.
  v1::SubmitEventRequest request = change("join-1");
  fill_member(*request.mutable_event()->mutable_care_circle_change()->add_joins(), "m1", anne);
  request.mutable_event()->clear_recipients();
  request.mutable_event()->add_recipients()->mutable_tool()->set_name("outil");
  const v1::EventStatus status = must(submit(request));
  EXPECT_EQ(status.document_id() + status.document_sha256(), "");
  EXPECT_TRUE(store.documents(*Uuid::parse(status.event_id()))->empty());
}

}  // namespace
}  // namespace psl
