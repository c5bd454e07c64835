// One exchange as libcurl's callbacks saw it, and what it came to. Used by smtp.cc only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/core/outcome.h"
#include "gateway/net/curl_handle.h"
#include "gateway/net/smtp_reply.h"

namespace psl {

// One thread.
class SmtpExchange final : public CurlTransfer {
 public:
  SmtpExchange(std::string_view letter, const std::atomic<bool>& stopping, Env& env, Instant limit)
      : CurlTransfer(stopping, env, limit), message(letter) {}

  const std::string_view message;
  size_t taken = 0;
  SmtpStage stage = SmtpStage::connect;
  // The last line that answered what was sent last.
  std::optional<SmtpReply> reply = {};

  // A command leaves: only its verb is looked at.
  void on_command(std::string_view line) override;
  bool on_line(std::string_view line) override;
  // Copies the next bytes of the letter. Once libcurl has the last of them, the partner may have them all.
  size_t on_read(char* buffer, size_t room) override;

  // Nothing of the letter left and the partner said nothing about it.
  bool untouched() const { return stage < SmtpStage::content && !reply; }

 private:
  bool parting_ = false;
};

Outcome outcome_of_ending(const SmtpExchange& exchange, const CurlEnding& ending, bool own_certificate_valid);

}  // namespace psl
