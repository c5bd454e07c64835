#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "gateway/config/event_file.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

std::string reference_page(const std::string& name) {
  std::ifstream file(PSL_SOURCE_DIR "/docs/reference/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The names of the message's fields, and of those of its parts, that `page` does not have between backquotes.
std::string missing_names(const Descriptor& message, const std::string& page) {
  std::string missing;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const std::string& name = field.name();
    const bool found = page.find("`" + name + "`") != std::string::npos ||
                       page.find("`" + name + ".") != std::string::npos ||
                       page.find("." + name + "`") != std::string::npos;
    const Descriptor* part = field.message_type();
    const bool ours =
        part != nullptr && part->file()->name() == "passerelle/v1/config.proto" && part != &message;
    if (ours) missing += missing_names(*part, page);
    if (!ours && !found) missing += message.name() + "." + name + " ";
  }
  return missing;
}

TEST(ConfigurationReference, NamesEveryKey) {
  // Claim: docs/reference/configuration.md has each key of the configuration and of the policy.
  const std::string page = reference_page("configuration.md");
  EXPECT_EQ(missing_names(*passerelle::v1::Config::descriptor(), page), "");
  EXPECT_EQ(missing_names(*passerelle::v1::Policy::descriptor(), page), "");
}

TEST(EventFileReference, ShowsAnEventThatReads) {
  // Claim: the first example of docs/reference/event-file.md is an event file.
  const std::string page = reference_page("event-file.md");
  const size_t begin = page.find("```yaml\n") + 8;
  std::string example = page.substr(begin, page.find("```", begin) - begin);
  const size_t file = example.find("pdf_file: letter.pdf");
  ASSERT_NE(file, std::string::npos);
  example.replace(file, 20, "pdf: JVBERi0=");
  const auto event = read_event(FileText{"event-file.md", example}, FileSyntax::yaml);
  ASSERT_TRUE(event) << event.error().describe();
  EXPECT_EQ(event->event().discharge_letter().pdf().metadata().authors_size(), 1);
}

}  // namespace
}  // namespace psl
