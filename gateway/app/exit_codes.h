// What the program's exit status says. docs/reference/cli.md lists the same.
#pragma once

namespace psl::exit_code {

inline constexpr int ok = 0;
// The event was refused, a recipient was not reached, or a verification failed: somebody must act.
inline constexpr int refused = 1;
// Wrong use of the command line.
inline constexpr int usage = 2;
// A file cannot be read or written, or a configuration is wrong.
inline constexpr int file = 3;
// The gateway cannot be reached, or does not answer in time: try again.
inline constexpr int unavailable = 4;

}  // namespace psl::exit_code
