// Following what becomes of events over any number of broken lines, without missing a change.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "gateway/app/client.h"

namespace psl {

struct WatchOptions {
  std::string tenant;
  // Changes after this one; nothing: only what happens from now on.
  std::optional<int64_t> after;
  // A line without even a heartbeat for so long is broken.
  Span silence = seconds(45);
  // Readable as soon as watching is to end; -1: never.
  int stop_fd = -1;
};

class WatchReader {
 public:
  virtual ~WatchReader() = default;
  // A change, in order; again after an abrupt end only, when it was not kept().
  virtual Status change(const v1::WatchEventsResponse& message) = 0;
  // All up to this sequence was given, and there is a moment: to make it durable.
  virtual Status keep(int64_t sequence) = 0;
  // The line broke and will be tried again, or is whole again (nothing). For a person.
  virtual void line(const std::optional<Error>& broken) = 0;
};

// Until `stop_fd` (OK), until the reader refuses (its error), or until the gateway says that there is no
// going on: `sequence_gone`, or the caller's own fault.
Status watch_events(GatewayClient& client, WatchOptions options, Env& env, WatchReader& reader);

// A sequence kept in a file: its decimal digits and a line end. Nothing when there is no such file;
// `configuration` when it holds anything else.
Result<std::optional<int64_t>> read_position(const std::string& file);
// Whole or not at all, also when the machine stops.
Status write_position(const std::string& file, int64_t sequence);

}  // namespace psl
