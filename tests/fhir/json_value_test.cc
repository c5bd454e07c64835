#include "fhir/json_value.h"

#include <gtest/gtest.h>

#include <vector>

namespace psl::fhir {
namespace {

std::string error_of_reading(std::string json, const ReadLimits& limits = {}) {
  const auto tree = Tree::read(std::move(json), limits);
  return tree.ok() ? "read" : tree.error().text;
}

TEST(JsonValue, FollowsPathsThroughObjectsAndArrays) {
  // A path of names and places gives the value there; names with other types beside them do not disturb.
  const auto tree =
      Tree::read(R"({"a":null,"entry":[{},{"response":{"status":"201 Created","n":1.10,"on":true}}]})");
  ASSERT_TRUE(tree.ok());
  const Value root = tree->root();
  EXPECT_EQ(root.text("entry.1.response.status"), "201 Created");
  EXPECT_EQ(root.text("entry.1.response.n"), "1.10");
  EXPECT_EQ(root.text("entry.1.response.on"), "true");
  EXPECT_EQ(root["entry"].size(), 2U);
  EXPECT_EQ(root["entry"][1]["response"].size(), 3U);
  EXPECT_EQ(root["a"].kind(), Value::Kind::null);
}

TEST(JsonValue, WhatIsNotThereIsAbsentAndSoAreItsParts) {
  // No question about a tree can go wrong: each answer is empty.
  const auto tree = Tree::read(R"({"entry":[1],"text":"x"})");
  ASSERT_TRUE(tree.ok());
  const Value root = tree->root();
  for (const char* path : {"none", "none.0.more", "entry.1", "entry.x", "entry.-1", "entry.0.a", "text.0",
                           "entry.00x", "entry..", ".", "entry.99999999999999999999"}) {
    EXPECT_FALSE(root.at(path).exists()) << path;
    EXPECT_EQ(root.text(path), "") << path;
  }
  EXPECT_EQ(Value().size(), 0U);
  EXPECT_EQ(Value().begin(), Value().end());
  EXPECT_FALSE(Value()["a"][0].at("b.c").exists());
}

TEST(JsonValue, VisitsChildrenInOrder) {
  // Iteration meets the direct children only, however deep they are, with their names.
  const auto tree = Tree::read(R"({"a":{"x":[1,[2]]},"b":[],"c":{},"d":"e"})");
  ASSERT_TRUE(tree.ok());
  std::string names;
  for (const Value each : tree->root()) names += each.name();
  EXPECT_EQ(names, "abcd");
  std::vector<size_t> sizes;
  for (const Value each : tree->root()["a"]["x"]) sizes.push_back(each.size());
  EXPECT_EQ(sizes, (std::vector<size_t>{0, 1}));
  EXPECT_EQ(tree->root()["b"].begin(), tree->root()["b"].end());
}

TEST(JsonValue, UnescapesTextsAndNamesAndKeepsNumbersAsWritten) {
  // Escapes become characters, in names too; a decimal keeps its precision (R4, datatypes.html#decimal).
  const auto tree =
      Tree::read(R"({"\u00e9\n":"\ud83d\ude00\"\\\/","n":[-0.10,1e5,123456789012345678901234567890]})");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->root()["é\n"].text(), "😀\"\\/");
  EXPECT_EQ(tree->root().text("n.0"), "-0.10");
  EXPECT_EQ(tree->root().text("n.1"), "1e5");
  EXPECT_EQ(tree->root().text("n.2"), "123456789012345678901234567890");
}

TEST(JsonValue, OutlivesTheMoveOfItsTree) {
  // Values stay good when the tree that holds their texts is moved, however short the text.
  auto made = Tree::read(R"(["a"])");
  ASSERT_TRUE(made.ok());
  const Value value = made->root()[0];
  const Tree moved = std::move(*made);
  EXPECT_EQ(value.text(), "a");
  EXPECT_EQ(moved.root()[0].text(), "a");
}

TEST(JsonValue, RefusesWhatIsNoJson) {
  // Broken syntax, bytes that are not UTF-8, a NUL anywhere, something after the end: refused, and the text
  // never quoted.
  for (const std::string& bad :
       {std::string(), std::string("<html>secret</html>"), std::string(R"({"a":1)"),
        std::string(R"({"a":01})"), std::string(R"({a:1})"), std::string(R"([1,])"),
        std::string(R"({"a":"secret)"), std::string("[\"\xff\"]"), std::string(R"(["\ud800"])"),
        std::string(R"(["\udc00"])"), std::string("\"\xE2\x82"), std::string("\"\xF0"),
        std::string(R"([1] [2])"), std::string("[1]\0[2]", 7), std::string("\0", 1),
        std::string(R"(["a\u0000b"])"), std::string(R"({"a\u0000":1})"), std::string("[1e99999]")}) {
    const std::string error = error_of_reading(bad);
    EXPECT_NE(error, "read") << bad;
    EXPECT_EQ(error.find("secret"), std::string::npos);
  }
}

TEST(JsonValue, RefusesANameTwiceInOneObject) {
  // Two readers could take two values: neither is taken. In two objects the same name is two names.
  EXPECT_NE(error_of_reading(R"({"a":{"b":1,"c":[1,{"d":2}],"b":2}})").find("twice"), std::string::npos);
  EXPECT_NE(error_of_reading(R"({"a":1,"\u0061":2})").find("twice"), std::string::npos);
  EXPECT_EQ(error_of_reading(R"([{"a":1},{"a":{"a":1}}])"), "read");
}

TEST(JsonValue, KeepsItsLimits) {
  // One more byte, level, member or value than allowed is refused; as many as allowed are read.
  EXPECT_EQ(error_of_reading("[1]", {.bytes = 3}), "read");
  EXPECT_NE(error_of_reading("[12]", {.bytes = 3}), "read");
  EXPECT_EQ(error_of_reading("[[[]]]", {.depth = 3}), "read");
  EXPECT_NE(error_of_reading("[[{}]]", {.depth = 2}), "read");
  EXPECT_EQ(error_of_reading(R"({"a":1,"b":2})", {.members = 2}), "read");
  EXPECT_NE(error_of_reading(R"({"a":1,"b":2,"c":3})", {.members = 2}), "read");
  EXPECT_EQ(error_of_reading("[1,2]", {.values = 3}), "read");
  EXPECT_NE(error_of_reading("[1,2,3]", {.values = 3}), "read");
}

TEST(JsonValue, SurvivesBracketsWithoutEnd) {
  // Half a megabyte of brackets overflows the stack of a recursive parser: here the depth limit ends it.
  EXPECT_NE(error_of_reading(std::string(500'000, '[')).find("too deep"), std::string::npos);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_NE(error_of_reading(objects).find("too deep"), std::string::npos);
}

TEST(JsonValue, ReadsALargeTextWhole) {
  // A document in base64 is one text among others.
  const std::string data(5'000'000, 'A');
  const auto tree = Tree::read("{\"resourceType\":\"Binary\",\"data\":\"" + data + "\"}");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->root().text("data"), data);
}

}  // namespace
}  // namespace psl::fhir
