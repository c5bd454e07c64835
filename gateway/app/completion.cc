// passerelle completion: a script that completes this program's command line.
#include "gateway/app/completion.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <vector>

#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"

namespace psl {
namespace {

// Which values an option or an argument takes.
enum class ValueKind { none, file, choice, other };

struct Value {
  ValueKind kind = ValueKind::none;
  // Of a choice, separated by spaces.
  std::string choices;
};

Value value_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return {};
  const std::string type = option.get_type_name();
  // CLI11 writes the members of a fixed choice so: "TEXT:{pending,sending}".
  const size_t open = type.find('{');
  const size_t close = type.find('}');
  if (open != std::string::npos && close != std::string::npos) {
    std::string choices = type.substr(open + 1, close - open - 1);
    for (char& c : choices) c = c == ',' ? ' ' : c;
    return {ValueKind::choice, std::move(choices)};
  }
  return {type.rfind("TEXT", 0) == 0 ? ValueKind::file : ValueKind::other, {}};
}

// The branches of the script's three questions, filled by a walk over all commands.
struct Branches {
  // Paths of commands: "/pki/dev".
  std::string commands;
  // What follows an option.
  std::string values;
  // Words of each command.
  std::string words;
};

void add(std::string& to, const std::string& word) { to += (to.empty() ? "" : " ") + word; }

void walk(const CLI::App& app, const std::string& path, Branches& out) {
  std::string options;
  std::string names;
  bool files = false;
  for (const CLI::Option* option : app.get_options()) {
    const Value value = value_of(*option);
    for (const std::string& name : option->get_lnames()) {
      add(options, "--" + name);
      const std::string place = "    '" + path + " --" + name + "') ";
      if (value.kind == ValueKind::choice)
        out.values += place + "_passerelle_offer '" + value.choices + "'; return ;;\n";
      if (value.kind == ValueKind::file) out.values += place + "return ;;\n";
      if (value.kind == ValueKind::other) out.values += place + "compopt +o default 2>/dev/null; return ;;\n";
    }
    if (option->nonpositional()) continue;
    if (value.kind == ValueKind::choice) add(names, value.choices);
    if (value.kind == ValueKind::file) files = true;
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    add(names, command->get_name());
    out.commands += (out.commands.empty() ? "" : "|") + path + "/" + command->get_name();
    walk(*command, path + "/" + command->get_name(), out);
  }
  out.words += "    '" + path + "') options='" + options + "' names='" + names +
               "' files=" + (files ? "1" : "") + " ;;\n";
}

int run_completion(const CLI::App& app) {
  std::fputs(bash_completion(app).c_str(), stdout);
  return exit_code::ok;
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  Branches branches;
  walk(app, "", branches);
  return R"(# Completion of passerelle for bash, made by `passerelle completion bash`.
_passerelle_offer() {
  COMPREPLY=($(compgen -W "$1" -- "$current"))
  [[ ${#COMPREPLY[@]} -gt 0 ]] || compopt +o default 2>/dev/null
}
_passerelle() {
  local current=${COMP_WORDS[COMP_CWORD]} path='' options='' names='' files='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$path/${COMP_WORDS[i]}" in
      )" +
         branches.commands + R"() path+="/${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path ${COMP_WORDS[COMP_CWORD - 1]}" in
)" + branches.values +
         R"(  esac
  case "$path" in
)" + branches.words +
         R"(  esac
  # With nothing to offer, the shell completes files.
  if [[ $current == -* ]]; then
    _passerelle_offer "$options"
  elif [[ -n $names ]]; then
    _passerelle_offer "$names"
  elif [[ -z $files ]]; then
    _passerelle_offer "$options"
  fi
}
complete -o default -F _passerelle passerelle
)";
}

void add_completion(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("completion", "Print a script that completes this command line.");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "for which shell")->required()->check(CLI::IsMember({"bash"}));
  command->footer("Example, in ~/.bashrc:\n  source <(passerelle completion bash)");
  command->callback([&app, shell, &status] { status = run_completion(app); });
}

}  // namespace psl
