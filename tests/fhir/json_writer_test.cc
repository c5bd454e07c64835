#include "fhir/json_writer.h"

#include <gtest/gtest.h>

#include <random>

#include "fhir/json_value.h"
#include "gateway/base/bytes.h"

namespace psl::fhir {
namespace {

TEST(JsonWriter, WritesObjectsArraysTextsAndNumbers) {
  // What is put in stands there, in this order, with one comma between.
  JsonWriter json;
  json.text("resourceType", "List").array("entry");
  json.object().text("a", "1").number("n", 42).end().object().text("b", "2").end().end();
  json.array("names").element("x").element("y").end().text("last", "z");
  EXPECT_EQ(json.finish(),
            "{\"resourceType\":\"List\",\"entry\":[{\"a\":\"1\",\"n\":42},{\"b\":\"2\"}],"
            "\"names\":[\"x\",\"y\"],\"last\":\"z\"}\n");
}

TEST(JsonWriter, LeavesOutWhatIsEmpty) {
  // No empty text, object or array is ever written, however deep it stands, nor the names of such.
  JsonWriter json;
  json.text("none", "").text("blank", " \t\n").base64("data", "");
  json.object("a").array("b").object().text("c", "").end().element(" ").end().object("d").end().end();
  json.array("kept").object().end().object().text("x", "1").end().array().end().end();
  EXPECT_EQ(json.finish(), "{\"kept\":[{\"x\":\"1\"}]}\n");
}

TEST(JsonWriter, ClosesWhatIsOpen) {
  // finish() is enough.
  JsonWriter json;
  json.object("a").array("b").object().text("c", "d");
  EXPECT_EQ(json.finish(), "{\"a\":{\"b\":[{\"c\":\"d\"}]}}\n");
}

TEST(JsonWriter, EscapesWhatJsonAsksFor) {
  // Quotes, backslashes and line ends are escaped; other characters stand as they are.
  JsonWriter json;
  json.text("t", "\"a\\b/\n\r\té😀");
  EXPECT_EQ(json.finish(), "{\"t\":\"\\\"a\\\\b/\\n\\r\\té😀\"}\n");
}

TEST(JsonWriter, ReplacesWhatFhirForbids) {
  // Control characters and broken UTF-8 become U+FFFD, one for one byte, and never break the resource.
  JsonWriter json;
  json.text("t", std::string("a\0b\x01\x7F\xFF\xC3(\xE2\x82", 10));
  EXPECT_EQ(json.finish(), "{\"t\":\"a�b����(��\"}\n");
}

TEST(JsonWriter, WritesBase64AtItsPlace) {
  // Each remainder of three, and what follows it.
  for (const auto& [bytes, text] :
       {std::pair{"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}}) {
    JsonWriter json;
    json.base64("data", bytes).number("size", 1);
    EXPECT_EQ(json.finish(), std::string("{\"data\":\"") + text + "\",\"size\":1}\n");
  }
}

TEST(JsonWriter, WhatItWritesIsReadBackTheSame) {
  // Any bytes as a text come out as JSON; texts that FHIR allows come back unchanged.
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::string value = "x";
    for (int i = 0; i < 30; ++i) value += static_cast<char>(random() % 256);
    JsonWriter json;
    json.text("t", value).text("plain", "Ève \"B\" \\");
    const auto tree = Tree::read(json.finish());
    ASSERT_TRUE(tree.ok());
    EXPECT_EQ(tree->root().text("plain"), "Ève \"B\" \\");
    EXPECT_TRUE(is_utf8(tree->root().text("t")));
    EXPECT_FALSE(tree->root().text("t").empty());
  }
}

TEST(JsonWriter, TrimsTextsWhenItIsToldTo) {
  // What is around a text goes, what is within stays; a text of another than FHIR is written as it is.
  JsonWriter fhir;
  fhir.trim_texts();
  fhir.text("t", " \tMotif.\n Suite.\r\n").text("blank", " \n");
  EXPECT_EQ(fhir.finish(), "{\"t\":\"Motif.\\n Suite.\"}\n");
  JsonWriter other;
  other.text("t", " a\n");
  EXPECT_EQ(other.finish(), "{\"t\":\" a\\n\"}\n");
}

using JsonWriterDeathTest = testing::Test;

TEST_F(JsonWriterDeathTest, TrapsMisuse) {
  // A mistake of the program does not become a wrong resource.
  EXPECT_DEATH(JsonWriter().element("x"), "");
  EXPECT_DEATH(JsonWriter().array("a").text("b", "c"), "");
  EXPECT_DEATH(JsonWriter().object(), "");
  EXPECT_DEATH(JsonWriter().end(), "");
  EXPECT_DEATH(JsonWriter().object("a").end().end(), "");
  EXPECT_DEATH((void)JsonWriter().finish(), "");
}

}  // namespace
}  // namespace psl::fhir
