#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "gateway/config/tree_builder.h"

namespace psl::config {
namespace {

// Why these: the recursive parser overflows the stack on nested brackets, encodings are not checked by
// default, and numbers would go through `double`.
constexpr unsigned json_flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                                rapidjson::kParseNumbersAsStringsFlag;

class JsonEvents : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, JsonEvents> {
 public:
  JsonEvents(std::string_view text, const rapidjson::MemoryStream& stream, TreeBuilder& builder)
      : text_(text), stream_(stream), builder_(builder) {}

  bool Null() { return builder_.scalar(FileNode::Kind::null, next(), {}); }
  bool Bool(bool value) { return builder_.scalar(FileNode::Kind::boolean, next(), value ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    return builder_.scalar(FileNode::Kind::number, next(), std::string(text, length));
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    return builder_.scalar(FileNode::Kind::text, next(), std::string(text, length));
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    return builder_.key(next(), std::string(text, length));
  }
  bool StartObject() { return start(FileNode::Kind::map); }
  bool EndObject(rapidjson::SizeType) { return builder_.close(); }
  bool StartArray() { return start(FileNode::Kind::list); }
  bool EndArray(rapidjson::SizeType) { return builder_.close(); }

 private:
  // Where the token that has just been read begins: RapidJSON only tells where it ends.
  size_t next() {
    const size_t at = text_.find_first_not_of(" \t\r\n,:]}", end_);
    end_ = stream_.Tell();
    return at == std::string_view::npos ? text_.size() : at;
  }
  // RapidJSON tells of a bracket before it takes it.
  bool start(FileNode::Kind kind) {
    const size_t at = next();
    end_ = at + 1;
    return builder_.open(kind, at);
  }

  std::string_view text_;
  const rapidjson::MemoryStream& stream_;
  TreeBuilder& builder_;
  size_t end_ = 0;
};

const char* json_problem(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorDocumentEmpty:
      return "the file is empty";
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return "something follows the end of the JSON value";
    case rapidjson::kParseErrorObjectMissName:
      return "a key in double quotes is expected";
    case rapidjson::kParseErrorObjectMissColon:
      return "a colon is missing after the key";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
      return "a comma or a } is missing";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
      return "a comma or a ] is missing";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
    case rapidjson::kParseErrorStringEscapeInvalid:
    case rapidjson::kParseErrorStringInvalidEncoding:
      return "an escape that is no character";
    case rapidjson::kParseErrorStringMissQuotationMark:
      return "a closing quote is missing";
    case rapidjson::kParseErrorNumberTooBig:
    case rapidjson::kParseErrorNumberMissFraction:
    case rapidjson::kParseErrorNumberMissExponent:
      return "this is not a JSON number";
    case rapidjson::kParseErrorNone:
    case rapidjson::kParseErrorValueInvalid:
    case rapidjson::kParseErrorTermination:
    case rapidjson::kParseErrorUnspecificSyntaxError:
      break;
  }
  return "this is not JSON";
}

}  // namespace

bool read_json(std::string_view text, TreeBuilder& builder) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  JsonEvents events(text, stream, builder);
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<json_flags>(stream, events);
  if (!result.IsError()) return true;
  if (result.Code() == rapidjson::kParseErrorTermination) return false;
  return builder.fail(result.Offset(), json_problem(result.Code()));
}

}  // namespace psl::config
