#include "security/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/hash.h"
#include "passerelle/v1/config.pb.h"
#include "security/keys.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

const Uuid event_one = Uuid::from_hash(sha256("one"));
const Uuid event_two = Uuid::from_hash(sha256("two"));

class Seal : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(new_key_file(folder_.file(name)).ok());
  }
  // A configuration of one tenant: its keys' names, the current first.
  std::unique_ptr<TenantSealer> with_keys(const std::vector<std::string>& names) {
    v1::Config config;
    v1::Tenant& tenant = *config.add_tenants();
    tenant.set_name("cpts");
    for (const std::string& name : names) {
      v1::TenantKey& key =
          name == names.front() ? *tenant.mutable_key() : *tenant.mutable_key()->add_previous();
      key.set_id(name);
      key.set_file(folder_.file(name));
    }
    auto sealer = TenantSealer::load(config);
    EXPECT_TRUE(sealer.ok()) << sealer.error().describe();
    return *std::move(sealer);
  }
  TempFolder folder_;
};

TEST_F(Seal, OpensWhatItSealedInItsPlaceOnly) {
  // Claim: the column, the event and the data key are all bound to the bytes.
  const auto sealer = with_keys({"a"});
  const WrappedKey key = *sealer->new_key("cpts", event_one);
  EXPECT_EQ(key.key_id, "a");
  const std::string sealed = *sealer->seal("cpts", key, event_one, "event.content", "letter");
  EXPECT_EQ(*sealer->open("cpts", key, event_one, "event.content", sealed), "letter");
  EXPECT_EQ(sealer->open("cpts", key, event_one, "document.content.0", sealed).error().code,
            ErrorCode::corrupt);
  EXPECT_EQ(sealer->open("cpts", key, event_two, "event.content", sealed).error().code, ErrorCode::corrupt);
  const WrappedKey other = *sealer->new_key("cpts", event_one);
  EXPECT_EQ(sealer->open("cpts", other, event_one, "event.content", sealed).error().code, ErrorCode::corrupt);
  std::string changed = sealed;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  EXPECT_EQ(sealer->open("cpts", key, event_one, "event.content", changed).error().code, ErrorCode::corrupt);
  for (const std::string& wrong :
       {std::string(), std::string("\x02") + sealed.substr(1), sealed.substr(0, 20)}) {
    EXPECT_EQ(sealer->open("cpts", key, event_one, "event.content", wrong).error().code, ErrorCode::corrupt);
  }
}

TEST_F(Seal, AWrappedKeyBelongsToItsEventAndItsName) {
  // Claim: a data key moved to another event, or said to be under another key, does not open.
  const auto sealer = with_keys({"a", "b"});
  const WrappedKey key = *sealer->new_key("cpts", event_one);
  EXPECT_EQ(sealer->seal("cpts", key, event_two, "c", "x").error().code, ErrorCode::corrupt);
  EXPECT_EQ(sealer->seal("cpts", {"b", key.wrapped}, event_one, "c", "x").error().code, ErrorCode::corrupt);
  EXPECT_EQ(sealer->seal("cpts", {"a", ""}, event_one, "c", "x").error().code, ErrorCode::corrupt);
  EXPECT_EQ(sealer->seal("cpts", {"a", "\x02" + key.wrapped.substr(1)}, event_one, "c", "x").error().code,
            ErrorCode::corrupt);
}

TEST_F(Seal, CompressesAndTakesAnySizeUpToItsLimit) {
  // Claim: empty and large texts come back; a text that repeats itself takes little room; above 64 MiB is
  // refused.
  const auto sealer = with_keys({"a"});
  const WrappedKey key = *sealer->new_key("cpts", event_one);
  const std::string letter(1000000, 'x');
  const std::string sealed = *sealer->seal("cpts", key, event_one, "c", letter);
  EXPECT_LT(sealed.size(), 1000u);
  EXPECT_EQ(*sealer->open("cpts", key, event_one, "c", sealed), letter);
  EXPECT_EQ(*sealer->open("cpts", key, event_one, "c", *sealer->seal("cpts", key, event_one, "c", "")), "");
  const std::string too_big((size_t{64} << 20) + 1, 'x');
  EXPECT_EQ(sealer->seal("cpts", key, event_one, "c", too_big).error().code, ErrorCode::crypto);
}

TEST_F(Seal, PreviousKeysStillOpenAndMacsStayTheSame) {
  // Claim: after one and two rotations old events open, new ones use the new key, and what was compared still
  // compares.
  const auto first = with_keys({"a"});
  const WrappedKey key = *first->new_key("cpts", event_one);
  const std::string sealed = *first->seal("cpts", key, event_one, "c", "letter");
  const std::string mac = *first->mac("cpts", "content", "letter");
  const auto second = with_keys({"b", "a"});
  const auto third = with_keys({"c", "b", "a"});
  for (const auto* sealer : {&second, &third}) {
    EXPECT_EQ(*(*sealer)->open("cpts", key, event_one, "c", sealed), "letter");
    EXPECT_EQ(*(*sealer)->mac("cpts", "content", "letter"), mac);
  }
  EXPECT_EQ(third->new_key("cpts", event_two)->key_id, "c");
  EXPECT_TRUE(third->has_key("cpts", "b"));
  EXPECT_FALSE(second->has_key("cpts", "c"));
  EXPECT_FALSE(second->has_key("other", "a"));
}

TEST_F(Seal, SaysWhichKeyIsMissing) {
  // Claim: an event under a key that the configuration lacks is a `crypto` error with the key's id.
  const auto old = with_keys({"a"});
  const WrappedKey key = *old->new_key("cpts", event_one);
  const auto now = with_keys({"b"});
  const auto opened = now->open("cpts", key, event_one, "c", "x");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::crypto);
  EXPECT_THAT(opened.error().text, testing::HasSubstr("\"a\""));
}

TEST_F(Seal, MacsDifferByPurposeTextAndTenantKey) {
  // Claim: 32 bytes that depend on the purpose, the text and the key.
  const auto sealer = with_keys({"a"});
  const std::string mac = *sealer->mac("cpts", "content", "letter");
  EXPECT_EQ(mac.size(), 32u);
  EXPECT_EQ(*sealer->mac("cpts", "content", "letter"), mac);
  EXPECT_NE(*sealer->mac("cpts", "patient", "letter"), mac);
  EXPECT_NE(*sealer->mac("cpts", "content", "letter2"), mac);
  EXPECT_NE(*with_keys({"b"})->mac("cpts", "content", "letter"), mac);
}

TEST_F(Seal, AnUnknownTenantHasNoKey) {
  // Claim: each operation for a tenant that is not configured is a `crypto` error.
  const auto sealer = with_keys({"a"});
  EXPECT_EQ(sealer->new_key("other", event_one).error().code, ErrorCode::crypto);
  EXPECT_EQ(sealer->seal("other", {"a", "x"}, event_one, "c", "x").error().code, ErrorCode::crypto);
  EXPECT_EQ(sealer->open("other", {"a", "x"}, event_one, "c", "x").error().code, ErrorCode::crypto);
  EXPECT_EQ(sealer->mac("other", "content", "x").error().code, ErrorCode::crypto);
}

TEST_F(Seal, RefusesAConfigurationOfKeysThatCannotBeMeant) {
  // Claim: two keys of one id, a key without id, a nested `previous`, two tenants of one name, an absent
  // file.
  const auto fault = [this](auto change) {
    v1::Config config;
    v1::Tenant& tenant = *config.add_tenants();
    tenant.set_name("cpts");
    tenant.mutable_key()->set_id("a");
    tenant.mutable_key()->set_file(folder_.file("a"));
    change(config);
    const auto sealer = TenantSealer::load(config);
    EXPECT_FALSE(sealer.ok());
    return sealer.ok() ? std::string() : sealer.error().describe();
  };
  const auto add_previous = [this](v1::Config& config, const std::string& id) {
    v1::TenantKey& key = *config.mutable_tenants(0)->mutable_key()->add_previous();
    key.set_id(id);
    key.set_file(folder_.file("b"));
    return &key;
  };
  EXPECT_THAT(fault([&](v1::Config& config) { add_previous(config, "a"); }),
              testing::HasSubstr("tenants[0].key.previous[0].id: is the id of another key"));
  EXPECT_THAT(fault([&](v1::Config& config) { add_previous(config, ""); }),
              testing::HasSubstr("tenants[0].key.previous[0].id: is required"));
  EXPECT_THAT(fault([&](v1::Config& config) { add_previous(config, "b")->add_previous(); }),
              testing::HasSubstr("tenants[0].key.previous[0].previous: must be empty"));
  EXPECT_THAT(fault([](v1::Config& config) { *config.add_tenants() = config.tenants(0); }),
              testing::HasSubstr("tenants[1].name: is the name of another tenant"));
  EXPECT_THAT(
      fault([](v1::Config& config) { config.mutable_tenants(0)->mutable_key()->set_file("/absent"); }),
      testing::HasSubstr("/absent"));
}

}  // namespace
}  // namespace psl
