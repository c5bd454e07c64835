#include "gateway/config/file_tree.h"

#include <gtest/gtest.h>

namespace psl {
namespace {

Result<FileTree> tree_from(std::string text, FileSyntax syntax) {
  return parse_tree(FileText{"f", std::move(text)}, syntax, ErrorCode::field_invalid);
}

// "place: text" of the only fault, or the text of an error without one.
std::string tree_fault(const std::string& text, FileSyntax syntax) {
  const Result<FileTree> tree = tree_from(text, syntax);
  if (tree) return "accepted";
  if (tree.error().faults.size() != 1) return tree.error().text;
  return tree.error().faults[0].path + " " + tree.error().faults[0].text;
}

std::string yaml_fault(const std::string& text) { return tree_fault(text, FileSyntax::yaml); }
std::string json_fault(const std::string& text) { return tree_fault(text, FileSyntax::json); }

TEST(FileTree, KnowsWhereEachYamlValueStands) {
  // Claim: offsets are those of the first byte of a key and of its value, after accents and a byte order mark
  // too.
  const auto tree = tree_from("\xEF\xBB\xBF# é\nnom: Æ\nlist:\n  - \"été\"\n  - {a: 12}\n", FileSyntax::yaml);
  ASSERT_TRUE(tree);
  const FileNode& root = tree->root;
  ASSERT_EQ(root.children.size(), 2U);
  EXPECT_EQ(tree->source.place(root.children[0].key_at), "f:2:1");
  EXPECT_EQ(tree->source.place(root.children[0].at), "f:2:6");
  EXPECT_EQ(root.children[0].kind, FileNode::Kind::plain);
  const FileNode& list = root.children[1];
  EXPECT_EQ(tree->source.place(list.children[0].at), "f:4:5");
  EXPECT_EQ(list.children[0].kind, FileNode::Kind::text);
  EXPECT_EQ(list.children[0].text, "été");
  EXPECT_EQ(tree->source.place(list.children[1].children[0].at), "f:5:9");
  EXPECT_EQ(list.children[1].children[0].text, "12");
}

TEST(FileTree, KnowsWhereEachJsonValueStands) {
  // Claim: offsets are those of the first byte of a key and of its value; numbers stay as written.
  const auto tree =
      tree_from("{\n \"é\\n\" : \"x\", \"n\":[1.10,\n  true,null,{\"k\":-0.5e3}]}", FileSyntax::json);
  ASSERT_TRUE(tree);
  const FileNode& root = tree->root;
  EXPECT_EQ(tree->source.place(root.children[0].key_at), "f:2:2");
  EXPECT_EQ(tree->source.place(root.children[0].at), "f:2:10");
  const FileNode& list = root.children[1];
  EXPECT_EQ(tree->source.place(list.key_at), "f:2:15");
  EXPECT_EQ(list.children[0].text, "1.10");
  EXPECT_EQ(tree->source.place(list.children[0].at), "f:2:20");
  EXPECT_EQ(list.children[1].kind, FileNode::Kind::boolean);
  EXPECT_EQ(tree->source.place(list.children[1].at), "f:3:3");
  EXPECT_EQ(list.children[2].kind, FileNode::Kind::null);
  EXPECT_EQ(list.children[3].children[0].text, "-0.5e3");
  EXPECT_EQ(tree->source.place(list.children[3].children[0].at), "f:3:18");
}

TEST(FileTree, SaysWhatIsWrongInYaml) {
  // Claim: each fault of a YAML file has its line, its column and a text that helps.
  EXPECT_EQ(yaml_fault("a: 1\na: 2\n"), "f:2:1 this key is given twice");
  EXPECT_EQ(yaml_fault("a:\n  b: 1\n  c: 2\n  b: 3\n"), "f:4:3 this key is given twice");
  EXPECT_EQ(yaml_fault("a: 1\n---\nb: 2\n"), "f:2:1 a second document: one file holds one");
  EXPECT_EQ(yaml_fault("a: &x 1\n"), "f:1:4 an anchor (&) is not taken: write the value again");
  EXPECT_EQ(yaml_fault("a: *x\n"), "f:1:4 an alias (*) is not taken: write the value again");
  EXPECT_EQ(yaml_fault("a: &x [1]\nb: *x\n"), "f:1:4 an anchor (&) is not taken: write the value again");
  EXPECT_EQ(yaml_fault("a: !!binary aGk=\n"), "f:1:4 a tag (!) is not taken: the field decides its type");
  EXPECT_EQ(yaml_fault("a: !x {b: 1}\n"), "f:1:4 a tag (!) is not taken: the field decides its type");
  EXPECT_EQ(yaml_fault("a: ! x\n"), "f:1:4 a tag (!) is not taken: the field decides its type");
  EXPECT_EQ(yaml_fault("a: \"x\" y\n"),
            "f:1:8 this does not fit the map above: check indentation and quotes");
  EXPECT_EQ(yaml_fault("[a]: 1\n"), "f:1:1 a key must be a text");
  EXPECT_EQ(yaml_fault("~: 1\n"), "f:1:1 a key must be a text");
  EXPECT_EQ(yaml_fault("a:\n\tb: 1\n"), "f:2:1 a tab in the indentation: YAML takes only spaces there");
  EXPECT_EQ(yaml_fault("a: [1, 2\nb: 1\n"), "f:2:2 a ] is missing");
  EXPECT_EQ(yaml_fault("a: {b: 1\n"), "f:2:1 a } is missing");
  EXPECT_EQ(yaml_fault("a: 'it''s\n"), "f:1:4 a closing quote is missing");
  EXPECT_EQ(yaml_fault("a: \"x\\\"\n"), "f:1:4 a closing quote is missing");
  EXPECT_EQ(yaml_fault("a: \"x\n"), "f:1:4 a closing quote is missing");
  EXPECT_EQ(yaml_fault("a: b: c\n"),
            "f:1:5 a key and its colon have no place here: quote a text that holds a colon");
  EXPECT_EQ(yaml_fault("a: \"\\q\"\n"), "f:1:7 an escape that YAML does not know");
  EXPECT_EQ(yaml_fault("a: \"\\ud83d\\ude00\"\n"),
            "f:1:11 an escape that is no character (YAML writes characters above U+FFFF as they are)");
  EXPECT_EQ(yaml_fault("a: \"x\\0y\"\n"), "f:1:4 a NUL character is not taken");
  EXPECT_EQ(yaml_fault("a: 1\n  b: 2\n"),
            "f:2:4 a key and its colon have no place here: quote a text that holds a colon");
}

TEST(FileTree, SaysWhatIsWrongInJson) {
  // Claim: each fault of a JSON file has its line, its column and a text that helps.
  EXPECT_EQ(json_fault(R"({"a":1,"a":2})"), "f:1:8 this key is given twice");
  EXPECT_EQ(json_fault("{\"a\":1}\n{}"), "f:2:1 something follows the end of the JSON value");
  EXPECT_EQ(json_fault("{\"a\":1,\n}"), "f:2:1 a key in double quotes is expected");
  EXPECT_EQ(json_fault("{\"a\" 1}"), "f:1:6 a colon is missing after the key");
  EXPECT_EQ(json_fault("{\"a\":1 \"b\":2}"), "f:1:8 a comma or a } is missing");
  EXPECT_EQ(json_fault("[1 2]"), "f:1:4 a comma or a ] is missing");
  EXPECT_EQ(json_fault("{\"a\":tru}"), "f:1:9 this is not JSON");
  EXPECT_EQ(json_fault("{\"a\":\"\\ud83d\"}"), "f:1:7 an escape that is no character");
  EXPECT_EQ(json_fault("{\"a\":\"\\u0000\"}"), "f:1:6 a NUL character is not taken");
  EXPECT_EQ(json_fault("{\"a\\u0000\":1}"), "f:1:2 a NUL character is not taken");
  EXPECT_EQ(json_fault("{\"a\":\"x"), "f:1:8 a closing quote is missing");
  EXPECT_EQ(json_fault("{\"a\":01}"), "f:1:7 a comma or a } is missing");
  EXPECT_EQ(json_fault("{\"a\":1.}"), "f:1:8 this is not a JSON number");
  EXPECT_EQ(json_fault("{\"a\":NaN}"), "f:1:6 this is not JSON");
  EXPECT_EQ(json_fault("// no\n{}"), "f:1:1 this is not JSON");
  EXPECT_EQ(json_fault("  \n"), "f:2:1 the file is empty");
}

TEST(FileTree, RefusesBytesThatAreNoText) {
  // Claim: what is not UTF-8, NUL bytes and control characters are refused with their line, in both formats.
  for (const FileSyntax syntax : {FileSyntax::yaml, FileSyntax::json}) {
    EXPECT_EQ(tree_fault("\n\"caf\xE9\"\n", syntax), "f:2:1 this line is not UTF-8: convert the file before");
    EXPECT_EQ(tree_from("\n\"caf\xE9\"\n", syntax).error().code, ErrorCode::text_not_utf8);
    EXPECT_EQ(tree_fault(std::string("\"a\0b\"", 5), syntax), "f:1:3 a control character is not taken");
    EXPECT_EQ(tree_fault("\"é\x04\"", syntax), "f:1:3 a control character is not taken");
  }
}

TEST(FileTree, KeepsItsBounds) {
  // Claim: depth 64 passes and 65 does not; values, and the size of each format, are bounded too.
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  for (const FileSyntax syntax : {FileSyntax::yaml, FileSyntax::json}) {
    EXPECT_TRUE(tree_from(nested(64), syntax));
    EXPECT_EQ(tree_fault(nested(65), syntax), "f:1:65 nested deeper than the limit of 64");
    EXPECT_FALSE(tree_from(std::string(100'000, '['), syntax));
  }
  std::string many = "[0";
  for (size_t i = 0; i < tree_nodes_max; ++i) many += ",0";
  EXPECT_EQ(json_fault(many + "]"), "f:1:2000000 more values than the limit of 1,000,000");
  EXPECT_EQ(yaml_fault("a: " + std::string(yaml_bytes_max, 'x')),
            "f: above the limit of 4 MiB for a YAML file: name big contents with `..._file`");
  EXPECT_EQ(json_fault("\"" + std::string(json_bytes_max, 'x') + "\""),
            "f: above the limit of 64 MiB for a JSON file");
}

TEST(FileTree, TakesTheSyntaxFromTheNameThenFromTheContent) {
  // Claim: the three endings decide, case aside; any other name leaves it to the first character.
  EXPECT_EQ(syntax_of("a.JSON", "a: 1"), FileSyntax::json);
  EXPECT_EQ(syntax_of("a.yaml", "{}"), FileSyntax::yaml);
  EXPECT_EQ(syntax_of("a.Yml", "{}"), FileSyntax::yaml);
  EXPECT_EQ(syntax_of("event", " \n{}"), FileSyntax::json);
  EXPECT_EQ(syntax_of("event", "a: 1"), FileSyntax::yaml);
  EXPECT_EQ(syntax_of("event", ""), FileSyntax::yaml);
}

TEST(FileTree, ReadsOnlyRegularFiles) {
  // Claim: a missing file, a folder and a device are refused with the system's reason.
  EXPECT_EQ(load_tree("/no/such/file.yaml", ErrorCode::configuration).error().text,
            "/no/such/file.yaml: cannot be read: No such file or directory");
  EXPECT_EQ(load_tree("/tmp", ErrorCode::configuration).error().code, ErrorCode::input_output);
  EXPECT_EQ(read_regular_file("/dev/zero", 10).error().text, "cannot be read: it is not a regular file");
  EXPECT_EQ(read_regular_file(std::string("a\0b", 3), 10).error().code, ErrorCode::input_output);
}

}  // namespace
}  // namespace psl
