#include "gateway/app/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <fstream>

#include "gateway/app/commands.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Completion : public testing::Test {
 protected:
  Completion() {
    add_submit(app, status);
    add_show(app, status);
    add_list(app, status);
    add_watch(app, status);
    add_retry(app, status);
    add_cancel(app, status);
    add_check(app, status);
    add_pki(app, status);
    add_audit(app, status);
    add_completion(app, status);
    std::ofstream(folder.file("script")) << bash_completion(app);
  }
  // What bash offers for the last of these words, separated by spaces; "FILES" when that is left to bash
  // itself.
  std::string offered(const std::string& words) {
    const std::string command = "bash --norc -c 'source " + folder.file("script") + "; COMP_WORDS=(" + words +
                                "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _passerelle; "
                                "echo \"${COMPREPLY[*]:-FILES}\"' 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::array<char, 4096> buffer{};
    const size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe.get());
    std::string out(buffer.data(), count);
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
  }

  int status = 0;
  CLI::App app;
  TempFolder folder;
};

TEST_F(Completion, CompletesCommands) {
  // Claim: commands, and the commands inside a command.
  EXPECT_EQ(offered("passerelle su"), "submit");
  EXPECT_EQ(offered("passerelle ca"), "cancel");
  EXPECT_EQ(offered("passerelle pki d"), "dev");
  EXPECT_EQ(offered("passerelle audit \"\""), "verify");
  EXPECT_EQ(offered("passerelle completion \"\""), "bash");
}

TEST_F(Completion, CompletesOptions) {
  // Claim: the options of the command, wherever they stand, and nobody else's.
  EXPECT_EQ(offered("passerelle submit --pa"), "--patience");
  EXPECT_EQ(offered("passerelle submit a.yaml --wait --pk"), "--pki");
  EXPECT_THAT(offered("passerelle submit --"), HasSubstr("--from-list"));
  EXPECT_THAT(offered("passerelle submit --"), Not(HasSubstr("--state-file")));
  EXPECT_EQ(offered("passerelle pki dev --cl"), "--client");
  // An argument that is called as a command is none.
  EXPECT_EQ(offered("passerelle submit list --fr"), "--from-list");
}

TEST_F(Completion, CompletesValues) {
  // Claim: states by name, files where a file may stand.
  EXPECT_EQ(offered("passerelle list --state h"), "handed_over");
  EXPECT_EQ(offered("passerelle list --state rejected --state se"), "sending");
  EXPECT_EQ(offered("passerelle submit --pki b"), "FILES");
  EXPECT_EQ(offered("passerelle submit l"), "FILES");
  EXPECT_EQ(offered("passerelle check --environment p"), "production");
  EXPECT_EQ(offered("passerelle check l"), "FILES");
}

TEST_F(Completion, KnowsEveryOption) {
  // Claim: it is made from the commands: nothing of theirs is missing.
  const std::string script = bash_completion(app);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    EXPECT_THAT(script, HasSubstr("/" + command->get_name()));
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) EXPECT_THAT(script, HasSubstr("--" + name));
    }
  }
}

}  // namespace
}  // namespace psl
