// The door's certificate and key. gRPC would take whatever is in the operator's files, and with a key that
// does not fit it refuses every new client: so it reads a copy of ours, which only ever holds a pair that
// fits.
#pragma once

#include <string>

#include "gateway/base/env.h"
#include "gateway/base/result.h"

namespace psl {

// One thread at a time.
class ServedPair {
 public:
  ServedPair(std::string certificate_file, std::string key_file, Env& env);
  ~ServedPair();
  ServedPair(const ServedPair&) = delete;
  ServedPair& operator=(const ServedPair&) = delete;

  // The first look. `configuration` when the files cannot be used.
  Status load();

  // Where gRPC reads chain and key, in one PEM text that is replaced whole. It is memory: no disk holds a
  // second key.
  const std::string& path() const { return path_; }

  // Serves the files from now on when they have changed and fit. Else the old pair stays, and the log says so
  // when the next look finds the same: files that are just being replaced do not fit for a moment.
  void look();

 private:
  Result<std::string> read() const;
  Status serve(std::string text);

  const std::string certificate_file_;
  const std::string key_file_;
  Env& env_;
  const int served_;
  const std::string path_;
  std::string served_text_;
  int refusals_ = 0;
};

}  // namespace psl
