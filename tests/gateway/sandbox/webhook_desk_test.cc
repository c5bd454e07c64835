#include "gateway/sandbox/webhook_desk.h"

#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "tests/support/fake_env.h"

namespace psl {
namespace {

const std::string key_bytes(32, 'k');

class WebhookDeskTest : public testing::Test {
 protected:
  HttpRequest call(std::string id, std::string body) const {
    const std::string timestamp = std::to_string(sent_at_s_);
    const auto mac = hmac_sha256(SecretKey(key_bytes), id + "." + timestamp + "." + body);
    return {"POST",
            "/webhook/outil",
            {{"webhook-id", id},
             {"webhook-timestamp", timestamp},
             {"webhook-signature", "v1," + base64_encode(*mac)}},
            std::move(body)};
  }
  static std::string body(std::string_view title = "Lettre") {
    return "{\"document\":{\"title\":\"" + std::string(title) +
           "\",\"type_code\":\"11490-0\",\"content\":\"" + base64_encode("<ClinicalDocument/>") + "\"}}";
  }

  FakeEnv env_;
  int64_t sent_at_s_ = env_.now().us / 1'000'000;
  Arrivals arrivals_;
  WebhookDesk desk_{SecretKey(key_bytes), arrivals_, env_};
};

TEST_F(WebhookDeskTest, KeepsASignedCall) {
  // Its title, type and document are there to be shown.
  EXPECT_EQ(desk_.answer(call("id-1", body()), "outil").status, 200);
  const Arrival kept = arrivals_.list().at(0);
  EXPECT_EQ(kept.status, "signed");
  EXPECT_EQ(kept.document_id, "id-1");
  EXPECT_EQ(kept.title, "Lettre");
  EXPECT_EQ(view(kept.content), "<ClinicalDocument/>");
}

TEST_F(WebhookDeskTest, KeepsOneOfRepeatedCalls) {
  // The same webhook-id again is answered 200 and changes nothing.
  desk_.answer(call("id-1", body()), "outil");
  EXPECT_EQ(desk_.answer(call("id-1", body()), "outil").status, 200);
  EXPECT_EQ(arrivals_.list().size(), 1U);
}

TEST_F(WebhookDeskTest, TakesOneOfSeveralSignatures) {
  // While a key is changed a sender signs with both.
  HttpRequest request = call("id-1", body());
  request.headers.at(2).second = "v1,AAAA v2,other " + request.headers.at(2).second;
  EXPECT_EQ(desk_.answer(request, "outil").status, 200);
}

TEST_F(WebhookDeskTest, RefusesAWrongSignature) {
  // Another body, another id, another key, none at all, another time: 401, and nothing is kept.
  HttpRequest other_body = call("id-1", body());
  other_body.body = body("Autre");
  HttpRequest other_id = call("id-1", body());
  other_id.headers.at(0).second = "id-2";
  HttpRequest unsigned_call = call("id-1", body());
  unsigned_call.headers.pop_back();
  HttpRequest garbled = call("id-1", body());
  garbled.headers.at(1).second = "yesterday";
  for (const HttpRequest& request : {other_body, other_id, unsigned_call, garbled})
    EXPECT_EQ(desk_.answer(request, "outil").status, 401);
  sent_at_s_ -= 301;
  EXPECT_EQ(desk_.answer(call("id-1", body()), "outil").status, 401);
  sent_at_s_ += 602;
  EXPECT_EQ(desk_.answer(call("id-1", body()), "outil").status, 401);
  EXPECT_TRUE(arrivals_.list().empty());
}

TEST_F(WebhookDeskTest, SaysThatItDidNotCheckWithoutAKey) {
  // What arrives is kept, and marked.
  WebhookDesk open(std::nullopt, arrivals_, env_);
  HttpRequest request = call("id-1", body());
  request.headers.pop_back();
  EXPECT_EQ(open.answer(request, "outil").status, 200);
  EXPECT_EQ(arrivals_.list().at(0).status, "unchecked");
}

TEST_F(WebhookDeskTest, RefusesWhatIsNoCall) {
  // Another method, no name, no id, no JSON.
  HttpRequest get = call("id-1", body());
  get.method = "GET";
  EXPECT_EQ(desk_.answer(get, "outil").status, 405);
  EXPECT_EQ(desk_.answer(call("id-1", body()), "").status, 404);
  EXPECT_EQ(desk_.answer(call("id-1", body()), "a/b").status, 404);
  EXPECT_EQ(desk_.answer(call("", body()), "outil").status, 400);
  EXPECT_EQ(desk_.answer(call("id-1", "not json"), "outil").status, 400);
  EXPECT_EQ(desk_.answer(call("id-1", "[]"), "outil").status, 400);
}

}  // namespace
}  // namespace psl
