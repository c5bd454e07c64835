#include <gtest/gtest.h>

#include "gateway/sandbox/fault.h"
#include "gateway/sandbox/json_edit.h"
#include "gateway/sandbox/query.h"

namespace psl {
namespace {

TEST(Query, DecodesWhatBrowsersAndClientsSend) {
  // Percent-encoding, + for a space, parameters without a value.
  const auto parsed =
      parse_query("identifier=urn%3Aietf%3Arfc%3A3986%7Curn:oid:1.2&_summary=true&a=b+c&d&&e=");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parameter(*parsed, "identifier"), "urn:ietf:rfc:3986|urn:oid:1.2");
  EXPECT_EQ(parameter(*parsed, "_summary"), "true");
  EXPECT_EQ(parameter(*parsed, "a"), "b c");
  EXPECT_EQ(parameter(*parsed, "d"), "");
  EXPECT_EQ(parameter(*parsed, "absent"), "");
  EXPECT_EQ(parsed->size(), 5U);
}

TEST(Query, RefusesWhatCannotBeDecoded) {
  // A % without its digits, a NUL, bytes that are not UTF-8, too many parameters.
  for (const char* text : {"%", "%4", "%g0", "a=%00", "a=%ff"}) EXPECT_FALSE(parse_query(text)) << text;
  std::string many;
  for (int i = 0; i < 51; ++i) many += "a&";
  EXPECT_FALSE(parse_query(many));
}

TEST(Fault, IsReadFromItsText) {
  // Kind, value and count, and back.
  for (const char* text : {"refuse=503", "refuse=422@3", "delay=100", "drop-before", "drop-after-store@1",
                           "truncate", "outcome200", "html@1000000", "redirect", "lose@1"}) {
    const auto fault = parse_fault(text);
    ASSERT_TRUE(fault.ok()) << text;
    EXPECT_EQ(text_of(*fault), text);
  }
  EXPECT_EQ(text_of(*parse_fault("refuse@2")), "refuse=503@2");
}

TEST(Fault, RefusesOtherTexts) {
  // With what is expected.
  for (const char* text : {"", "explode", "refuse=200", "refuse=", "delay=0", "html=3", "truncate@0",
                           "truncate@", "truncate@1x", "delay=600001"}) {
    const auto fault = parse_fault(text);
    ASSERT_FALSE(fault.ok()) << text;
    EXPECT_NE(fault.error().faults.at(0).text.find("drop-after-store"), std::string::npos);
  }
}

TEST(Fault, IsInForceForItsCountOfPosts) {
  // Then posts are handled as usual; clear() ends all at once.
  Faults faults;
  faults.set(*parse_fault("refuse=429@2"));
  EXPECT_FALSE(faults.next().stores);
  EXPECT_EQ(faults.next().instead.value, 429);
  EXPECT_TRUE(faults.next().stores);
  EXPECT_TRUE(faults.list().empty());
  faults.set(*parse_fault("html"));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(faults.next().stores);
  faults.clear();
  EXPECT_TRUE(faults.next().stores);
}

TEST(Fault, OfOneKindReplacesTheFormer) {
  // Two kinds add up: late, and cut off.
  Faults faults;
  faults.set(*parse_fault("delay=100"));
  faults.set(*parse_fault("delay=200"));
  faults.set(*parse_fault("drop-after-store"));
  EXPECT_EQ(faults.list().size(), 2U);
  const FaultPlan plan = faults.next();
  EXPECT_TRUE(plan.stores);
  EXPECT_EQ(plan.delay, milliseconds(200));
  EXPECT_EQ(plan.ending, HttpResponse::Ending::dropped);
}

TEST(JsonEdit, KeepsWhatItDoesNotChange) {
  // Numbers as they are written, escapes, order, empty containers.
  const std::string json = R"({"a":1.10,"b":[true,null,{"c":"x\"\\\n\u0001é"}],"d":{},"e":[]})";
  const auto tree = fhir::Tree::read(json);
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(write_json(tree->root(), {}, JsonLayout::compact), json);
}

TEST(JsonEdit, ReplacesAddsAndLeavesOut) {
  // At any depth, also inside arrays; what has no place is not added.
  const auto tree = fhir::Tree::read(R"({"id":"1","list":[{"url":"a","data":"b"}],"meta":{}})");
  ASSERT_TRUE(tree.ok());
  const std::vector<JsonEdit> edits = {
      {"id", "2"},           {"list.0.url", "c"},       {"list.0.data", std::nullopt},
      {"meta.version", "3"}, {"absent.member", "none"}, {"last", "4"}};
  EXPECT_EQ(write_json(tree->root(), edits, JsonLayout::compact),
            R"({"id":"2","list":[{"url":"c"}],"meta":{"version":"3"},"last":"4"})");
}

TEST(JsonEdit, IndentsForPeople) {
  // Two spaces a level.
  const auto tree = fhir::Tree::read(R"({"a":[1,{"b":"c"}],"d":{}})");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(write_json(tree->root(), {}, JsonLayout::indented),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"c\"\n    }\n  ],\n  \"d\": {}\n}");
}

}  // namespace
}  // namespace psl
