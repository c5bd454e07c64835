// Completion of the command line, made from the commands themselves: it knows what the program knows.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace psl {

// A script for bash 4 or later that completes the name `passerelle`: subcommands, options, the values of
// options that have a fixed choice, and files elsewhere. It needs no other package.
std::string bash_completion(const CLI::App& app);

}  // namespace psl
