#include "gateway/outbox/answers.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace psl {

std::vector<Result<Effect>> commit_all(CommandSink& sink, std::vector<Command> commands) {
  std::mutex mutex;
  std::condition_variable all_answered;
  size_t missing = commands.size();
  std::vector<Result<Effect>> answers(commands.size(), error_of(ErrorCode::internal));
  for (size_t i = 0; i < commands.size(); ++i) {
    sink.submit(std::move(commands[i]), [&, i](Result<Effect> answer) {
      const std::lock_guard lock(mutex);
      answers[i] = std::move(answer);
      // Told under the lock: whoever waits may leave, and end the condition, as soon as it is released.
      if (--missing == 0) all_answered.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  all_answered.wait(lock, [&] { return missing == 0; });
  return answers;
}

Result<Effect> commit_one(CommandSink& sink, Command command) {
  std::vector<Command> one;
  one.push_back(std::move(command));
  return commit_all(sink, std::move(one)).front();
}

}  // namespace psl
