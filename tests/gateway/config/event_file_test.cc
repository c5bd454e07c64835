#include "gateway/config/event_file.h"

#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "gateway/config/proto_reader.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

using passerelle::v1::SubmitEventRequest;

Result<SubmitEventRequest> event_from_yaml(const std::string& text) {
  return read_event(FileText{"f", text}, FileSyntax::yaml);
}

Result<SubmitEventRequest> event_from_json(const std::string& text) {
  return read_event(FileText{"f", text}, FileSyntax::json);
}

std::string event_faults(const Result<SubmitEventRequest>& result) {
  if (result) return "accepted";
  std::string out;
  for (const FieldFault& fault : result.error().faults) out += fault.path + " " + fault.text + "\n";
  return out;
}

std::string yaml_faults(const std::string& text) { return event_faults(event_from_yaml(text)); }
std::string json_faults(const std::string& text) { return event_faults(event_from_json(text)); }

TEST(EventFile, ReadsEveryKindOfFieldFromYaml) {
  // Claim: the field decides the type of an unquoted scalar; both forms of a name are taken; null means not
  // given.
  const auto event = event_from_yaml(R"(
idempotency_key: 12
event:
  tenant: yes
  legalBasis: LEGAL_BASIS_CONSENT
  consent_at: 2025-03-14T11:00:00+01:00
  lane: 3
  source: null
  recipients:
    - patient: {}
    - person: {mailbox: a@b.fr, professional: ~}
  visibility: {hidden_from_patient: true}
  subject: {birth_place_code: 01004, address: {lines: ["1 rue", 2]}}
  discharge_letter:
    pdf:
      pdf: |
        JVBE
        Ri0=
      metadata: {version: "2", created_at: '2025-01-01T00:00:00Z'}
    readable_copy: _-8
)");
  ASSERT_TRUE(event) << event_faults(event);
  EXPECT_EQ(event->idempotency_key(), "12");
  EXPECT_EQ(event->event().tenant(), "yes");
  EXPECT_EQ(event->event().legal_basis(), passerelle::v1::LEGAL_BASIS_CONSENT);
  EXPECT_EQ(event->event().consent_at().seconds(), 1741946400);
  EXPECT_EQ(event->event().lane(), passerelle::v1::LANE_LETTERS);
  EXPECT_FALSE(event->event().has_source());
  EXPECT_TRUE(event->event().recipients(0).has_patient());
  EXPECT_EQ(event->event().recipients(1).person().mailbox(), "a@b.fr");
  EXPECT_FALSE(event->event().recipients(1).person().has_professional());
  EXPECT_TRUE(event->event().visibility().hidden_from_patient());
  EXPECT_EQ(event->event().subject().birth_place_code(), "01004");
  EXPECT_EQ(event->event().subject().address().lines(1), "2");
  EXPECT_EQ(event->event().discharge_letter().pdf().pdf(), "%PDF-");
  EXPECT_EQ(event->event().discharge_letter().pdf().metadata().version(), 2);
  EXPECT_EQ(event->event().discharge_letter().readable_copy(), "\xFF\xEF");
}

TEST(EventFile, ReadsTheSameFromJson) {
  // Claim: the proto3 JSON mapping gives the same bytes as its YAML form.
  const auto json = event_from_json(R"({"idempotencyKey":"k","event":{"lane":"LANE_BULK","occurredAt":
    "2025-03-14T10:00:00Z","dischargeLetter":{"pdf":{"pdf":"JVBERi0=","metadata":
    {"version":2,"title":"\u00e9\ud83d\ude00"}}},
    "recipients":[{"structure":{"mailbox":"a@b.fr","organization":null}}]}})");
  const auto yaml = event_from_yaml(R"(
idempotency_key: k
event:
  lane: LANE_BULK
  occurred_at: "2025-03-14T11:00:00+01:00"
  recipients: [{structure: {mailbox: a@b.fr}}]
  discharge_letter: {pdf: {pdf: JVBERi0=, metadata: {version: 2, title: é😀}}}
)");
  ASSERT_TRUE(json) << event_faults(json);
  ASSERT_TRUE(yaml) << event_faults(yaml);
  EXPECT_EQ(json->SerializeAsString(), yaml->SerializeAsString());
}

TEST(EventFile, RefusesUnknownKeysAndSaysWhichAreKnown) {
  // Claim: an unknown key is never ignored and never repeated; the nearest name is proposed.
  EXPECT_EQ(yaml_faults("idempotency_key: k\nevent:\n  tenent: x\n"),
            "f:3:3: event unknown key: is it `tenant`?\n");
  EXPECT_EQ(yaml_faults("Mme Dupont: x\n"), "f:1:1 unknown key; known here: idempotency_key, event\n");
  EXPECT_EQ(
      json_faults(R"({"event":{"visibility":{"secret":true}}})"),
      "f:1:25: event.visibility unknown key; known here: hidden_from_professionals, hidden_from_patient, "
      "hidden_from_legal_representatives\n");
  EXPECT_EQ(yaml_faults("event: {discharge_letter: {structured: {text: x}}}\n"),
            "f:1:41: event.discharge_letter.structured unknown key; known here: metadata, status, reason, stay, "
            "treatments_given, treatments_at_discharge, exam_results, care_plan, devices, allergies\n");
}

TEST(EventFile, RefusesAFieldGivenTwice) {
  // Claim: both forms of one name, and `x` beside `x_file`, are refused, whichever comes first.
  EXPECT_EQ(yaml_faults("idempotency_key: a\nidempotencyKey: a\n"),
            "f:2:1: idempotency_key given twice, under both forms of its name\n");
  EXPECT_EQ(yaml_faults("event: {discharge_letter: {readable_copy: aGk=, readable_copy_file: /dev/null}}\n"),
            "f:1:49: event.discharge_letter.readable_copy given twice: `readable_copy` or "
            "`readable_copy_file`, once\n");
}

TEST(EventFile, RefusesTwoMembersOfAOneof) {
  // Claim: the second member is named, with the choice it belongs to.
  EXPECT_EQ(yaml_faults("event:\n  recipients:\n    - patient: {}\n      person: {mailbox: a@b.fr}\n"),
            "f:4:7: event.recipients[0].person only one of the fields of `target` may be given\n");
  EXPECT_EQ(yaml_faults("event: {discharge_letter: {sender_cda: aGk=, pdf: null}}\n"), "accepted");
}

TEST(EventFile, SaysWhatEachTypeExpects) {
  // Claim: a wrong value is told by place, path and expectation, never repeated.
  EXPECT_EQ(yaml_faults("event: 12\n"), "f:1:8: event expected keys and values\n");
  EXPECT_EQ(yaml_faults("event:\n  recipients: x\n"), "f:2:15: event.recipients expected a list\n");
  EXPECT_EQ(yaml_faults("event:\n  recipients: [null]\n"),
            "f:2:16: event.recipients[0] an item of a list may not be null\n");
  EXPECT_EQ(yaml_faults("idempotency_key: [k]\n"), "f:1:18: idempotency_key expected a text\n");
  EXPECT_EQ(json_faults(R"({"idempotency_key":12})"), "f:1:20: idempotency_key expected a text\n");
  EXPECT_EQ(json_faults(R"({"idempotency_key":true})"), "f:1:20: idempotency_key expected a text\n");
  EXPECT_EQ(yaml_faults("event: {visibility: {hidden_from_patient: yes}}\n"),
            "f:1:43: event.visibility.hidden_from_patient expected true or false\n");
  EXPECT_EQ(yaml_faults("event: {visibility: {hidden_from_patient: \"true\"}}\n"),
            "f:1:43: event.visibility.hidden_from_patient expected true or false\n");
  EXPECT_EQ(
      yaml_faults("event: {lane: LANE_FAST}\n"),
      "f:1:15: event.lane expected one of LANE_CRISIS, LANE_UNSCHEDULED_CARE, LANE_LETTERS, LANE_BULK\n");
  EXPECT_EQ(
      json_faults(R"({"event":{"lane":77}})"),
      "f:1:18: event.lane expected one of LANE_CRISIS, LANE_UNSCHEDULED_CARE, LANE_LETTERS, LANE_BULK\n");
  EXPECT_EQ(yaml_faults("event: {occurred_at: 14/03/2025}\n"),
            "f:1:22: event.occurred_at expected an instant as 2026-03-12T10:30:00+01:00 (RFC 3339, with its "
            "offset)\n");
  EXPECT_EQ(yaml_faults("event: {discharge_letter: {pdf: {metadata: {version: 2147483648}}}}\n"),
            "f:1:54: event.discharge_letter.pdf.metadata.version expected a whole number of -2147483648 to "
            "2147483647\n");
  EXPECT_EQ(yaml_faults("event: {discharge_letter: {sender_cda: '*'}}\n"),
            "f:1:40: event.discharge_letter.sender_cda expected base64\n");
  EXPECT_EQ(yaml_faults(""), "f:1:1 expected keys and values\n");
  EXPECT_EQ(json_faults("[]"), "f:1:1 expected keys and values\n");
}

TEST(EventFile, CollectsTwentyFaults) {
  // Claim: many faults are reported at once, up to 20, and the error says that there are more.
  std::string text = "event:\n  recipients:\n";
  for (int i = 0; i < 25; ++i) text += "    - x\n";
  const auto event = event_from_yaml(text);
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().code, ErrorCode::field_invalid);
  EXPECT_EQ(event.error().faults.size(), 20U);
  EXPECT_EQ(event.error().faults[19].path, "f:22:7: event.recipients[19]");
  EXPECT_EQ(event.error().text, "the file has wrong or missing fields; here are the first 20");
}

// A folder that is removed with its content.
class EventFolder {
 public:
  EventFolder() : path_(testing::TempDir() + "passerelle-event-XXXXXX") {
    PSL_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~EventFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << content;
    return path_ + "/" + name;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(EventFile, ReadsContentsFromFilesBesideIt) {
  // Claim: `x_file` and `xFile` give the bytes of a file, whose path starts at the folder of the event.
  const EventFolder folder;
  folder.write("letter.bin", std::string("\0\xFF binary", 9));
  for (const char* key : {"sender_cda_file", "senderCdaFile"}) {
    const auto event = read_event_file(
        folder.write("event.yaml", "event:\n  discharge_letter: {" + std::string(key) + ": ./letter.bin}\n"));
    ASSERT_TRUE(event) << event_faults(event);
    EXPECT_EQ(event->event().discharge_letter().sender_cda(), std::string("\0\xFF binary", 9));
  }
  const auto absolute =
      read_event_file(folder.write("event.json", R"({"event":{"dischargeLetter":{"pdf":{"pdfFile":")" +
                                                     folder.path() + R"(/letter.bin"}}}})"));
  ASSERT_TRUE(absolute) << event_faults(absolute);
  EXPECT_EQ(absolute->event().discharge_letter().pdf().pdf().size(), 9U);
}

TEST(EventFile, SaysWhyAContentFileCannotBeRead) {
  // Claim: a missing, an empty, a too big and a special file are told apart; the path is not repeated.
  const EventFolder folder;
  folder.write("empty", "");
  folder.write("big", "");
  std::filesystem::resize_file(folder.path() + "/big", config::content_bytes_max + 1);
  ASSERT_EQ(::mkfifo((folder.path() + "/pipe").c_str(), 0600), 0);
  const auto reason = [&folder](const std::string& name) {
    const auto event = read_event_file(
        folder.write("e.yaml", "event: {discharge_letter: {readable_copy_file: " + name + "}}"));
    return event ? "accepted"
                 : event.error().faults.at(0).path.substr(folder.path().size()) + " " +
                       event.error().faults[0].text;
  };
  const std::string where = "/e.yaml:1:48: event.discharge_letter.readable_copy_file ";
  EXPECT_EQ(reason("nothing"), where + "the file cannot be read: No such file or directory");
  EXPECT_EQ(reason("empty"), where + "the file is empty");
  EXPECT_EQ(reason("big"), where + "the file is above the limit of 31457280 bytes");
  EXPECT_EQ(reason("pipe"), where + "the file cannot be read: it is not a regular file");
  EXPECT_EQ(reason("''"), where + "expected the path of a file");
  EXPECT_EQ(reason("[a]"), where + "expected the path of a file");
}

TEST(EventFile, SaysThatTheEventFileItselfCannotBeRead) {
  // Claim: a wrong path and a syntax fault are errors of their own codes.
  EXPECT_EQ(read_event_file("/no/event.yaml").error().code, ErrorCode::input_output);
  EXPECT_EQ(event_from_yaml("a: [").error().code, ErrorCode::field_invalid);
  EXPECT_EQ(event_from_yaml("a: \xFF").error().code, ErrorCode::text_not_utf8);
}

TEST(ProtoReader, ReadsTypesThatOurMessagesDoNotHave) {
  // Claim: any message is read by reflection: doubles, 64-bit numbers, repeated enums and scalars.
  using google::protobuf::UninterpretedOption;
  const auto tree = parse_tree(FileText{"f",
                                        "{doubleValue: 1.5, positive_int_value: 18446744073709551615, "
                                        "negative_int_value: '-3', string_value: aGk=}"},
                               FileSyntax::yaml, ErrorCode::field_invalid);
  ASSERT_TRUE(tree);
  UninterpretedOption option;
  config::Places places;
  config::Faults faults(tree->source);
  config::read_message(*tree, {}, option, places, faults);
  ASSERT_TRUE(faults.empty());
  EXPECT_EQ(option.double_value(), 1.5);
  EXPECT_EQ(option.positive_int_value(), 18446744073709551615U);
  EXPECT_EQ(option.negative_int_value(), -3);
  EXPECT_EQ(option.string_value(), "hi");
  EXPECT_EQ(tree->source.place(config::place_of(places, "positive_int_value")), "f:1:40");
}

}  // namespace
}  // namespace psl
