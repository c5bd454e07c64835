// One exchange as libcurl's callbacks saw it, and what it came to. Used by smtp.cc only.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/core/outcome.h"
#include "gateway/net/smtp_reply.h"

namespace psl {

// The sockets of a handle, to cut them: libcurl's QUIT waits long for a partner that is silent.
class OpenSockets {
 public:
  void add(int socket) { sockets_.push_back(socket); }
  void remove(int socket) { std::erase(sockets_, socket); }
  // What still arrives is not read; what is sent leaves.
  void stop_reading();
  void cut();

 private:
  std::vector<int> sockets_;
};

// One thread.
struct SmtpExchange {
  std::string_view message = {};
  size_t taken = 0;
  SmtpStage stage = SmtpStage::connect;
  // The last line that answered what was sent last.
  std::optional<SmtpReply> reply = {};
  bool parting = false;
  // libcurl gave a connection that had been used before.
  bool reused = false;
  const std::atomic<bool>* stopping = nullptr;
  Env* env = nullptr;
  Instant limit = {};
  OpenSockets* sockets = nullptr;

  // A command leaves: only its verb is looked at.
  void on_command(std::string_view line);
  void on_answer(std::string_view line);
  // Copies the next bytes of the letter. Once libcurl has the last of them, the partner may have them all.
  size_t on_read(char* buffer, size_t room);
  // Past the limit, or told to stop: then the sockets are cut too.
  bool must_stop();

  // Nothing of the letter left and the partner said nothing about it.
  bool untouched() const { return stage < SmtpStage::content && !reply; }
};

// How libcurl ended: its code, and its text (TLS alerts are told there only), which may quote the partner:
// never kept.
struct SmtpEnding {
  int curl_code = 0;
  std::string text;
};

Outcome outcome_of_ending(const SmtpExchange& exchange, const SmtpEnding& ending, bool own_certificate_valid);

// False when the first certificate of the file cannot be read, or `now` is outside its dates.
bool certificate_valid(const std::string& file, Instant now);

}  // namespace psl
