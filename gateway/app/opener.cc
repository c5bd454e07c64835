#include "gateway/app/opener.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <vector>

namespace psl {
namespace {

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::vector<std::string> opener_command(const std::string& path) {
  std::string command = environment_variable("PASSERELLE_OPEN");
  if (command.empty()) {
    // Several browsers may be named, separated by colons: https://www.catb.org/~esr/BROWSER/
    command = environment_variable("BROWSER");
    command = command.substr(0, command.find(':'));
  }
  if (command.empty()) command = "xdg-open";
  std::vector<std::string> words;
  std::istringstream in(command);
  bool placed = false;
  for (std::string word; in >> word;) {
    placed |= word == "%s";
    words.push_back(word == "%s" ? path : std::move(word));
  }
  if (!placed) words.push_back(path);
  return words;
}

struct SpawnSettings {
  SpawnSettings() {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&files);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t files{};
};

}  // namespace

Status open_file(const std::string& path) {
  std::error_code problem;
  std::vector<std::string> words = opener_command(std::filesystem::absolute(path, problem).string());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  SpawnSettings settings;
  // Its own session: what ends this command does not end a browser.
  posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_addopen(&settings.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&settings.files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  if (::posix_spawnp(&child, arguments[0], &settings.files, &settings.attributes, arguments.data(),
                     environ) != 0)
    return error_of(ErrorCode::not_found, words[0] + " cannot be started");
  return {};
}

}  // namespace psl
