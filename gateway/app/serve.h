// The running gateway: every part made, connected, started and stopped in the right order.
#pragma once

#include <memory>
#include <string>

#include "gateway/base/result.h"

namespace psl {

class LoadedConfig;

// start(), run() and the destructor on one thread, with SIGINT and SIGTERM blocked in the whole process.
class Gateway {
 public:
  virtual ~Gateway() = default;
  // Opens the doors. Errors are the operator's: configuration, input_output.
  static Result<std::unique_ptr<Gateway>> start(const LoadedConfig& config);
  virtual int grpc_port() const = 0;
  // Serves until SIGINT or SIGTERM, or until the ledger fails; then lets what is under way end. The exit
  // status.
  virtual int run() = 0;
};

}  // namespace psl
