// Waiting for the committer, for those whose next act depends on its answer.
#pragma once

#include <vector>

#include "gateway/core/store.h"

namespace psl {

// Submits all, then waits until each is answered (durable, or refused). Never on the committer's own thread.
std::vector<Result<Effect>> commit_all(CommandSink& sink, std::vector<Command> commands);
Result<Effect> commit_one(CommandSink& sink, Command command);

}  // namespace psl
