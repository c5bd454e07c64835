// A libcurl handle, with what mail and HTTPS ask of it alike: certificates, time, sockets, and the name of an
// ending. Used inside gateway/net only.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/env.h"

struct curl_slist;

namespace psl {

// The sockets of a handle, to cut them: libcurl's own patience with a silent partner is long.
class OpenSockets {
 public:
  void add(int socket) { sockets_.push_back(socket); }
  void remove(int socket) { std::erase(sockets_, socket); }
  // What still arrives is not read; what is sent leaves.
  void stop_reading();
  void cut();
  // Nothing has arrived: on an idle connection anything that does is its end.
  bool quiet() const;

 private:
  std::vector<int> sockets_;
};

// One transfer as libcurl's callbacks see it. One thread.
class CurlTransfer {
 public:
  // The first and the second outlive it. `limit`: on Env::monotonic.
  CurlTransfer(const std::atomic<bool>& stopping, Env& env, Instant limit)
      : stopping_(stopping), env_(env), limit_(limit) {}
  virtual ~CurlTransfer() = default;

  // A connection is there, new or kept; false: nothing may leave on it.
  virtual bool may_begin() { return true; }
  // A command, or the head of a request, left.
  virtual void on_command(std::string_view) {}
  // Bytes of the content left.
  virtual void on_content(size_t) {}
  // Fills `buffer` with the next bytes of the content.
  virtual size_t on_read(char*, size_t) { return 0; }
  // A line of the answer, or of its head; a part of its body. False ends the transfer.
  virtual bool on_line(std::string_view line) = 0;
  virtual bool on_body(std::string_view) { return true; }

  // Past the limit, or told to stop: then the sockets are cut too.
  bool must_stop();
  bool told_to_stop() const { return stopping_.load(std::memory_order_relaxed); }

 protected:
  OpenSockets& sockets() { return *sockets_; }

 private:
  friend class CurlHandle;
  const std::atomic<bool>& stopping_;
  Env& env_;
  const Instant limit_;
  OpenSockets* sockets_ = nullptr;
};

// How libcurl ended: its code, and its text (TLS alerts are told there only), which may quote the partner:
// never kept.
struct CurlEnding {
  int code = 0;
  std::string text;
  // On a connection that had been used before.
  bool reused = false;
};

// The reason of an Outcome for an ending that is none of success.
std::string_view reason_of_curl(const CurlEnding& ending);
// The partner said in TLS (RFC 8446 section 6.2) that it does not take our certificate.
bool refuses_our_certificate(const CurlEnding& ending);

// False when the first certificate of the file cannot be read, or `now` is outside its dates.
bool certificate_valid(const std::string& file, Instant now);

// PEM files, and how long to wait.
struct CurlWay {
  const std::string& certificate_file;
  const std::string& key_file;
  const std::string& ca_file;
  Span connect_timeout;
  // Until the end of the whole transfer; above 0.
  Span left;
};

class CurlList {
 public:
  // False when memory is short.
  bool add(const std::string& text);
  curl_slist* get() const { return list_.get(); }

 private:
  struct Free {
    void operator()(curl_slist* list) const;
  };
  std::unique_ptr<curl_slist, Free> list_;
};

// A handle and the connection that it keeps. One thread at a time.
class CurlHandle {
 public:
  CurlHandle();
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  // Each remembers whether libcurl took the option: with one that it refused, perform() does not begin, for a
  // TLS option that is not there must never mean "without". Lists and contents outlive the transfer.
  CurlHandle& set(int option, long value);
  CurlHandle& set(int option, const char* text);
  CurlHandle& set(int option, const CurlList& list);
  CurlHandle& set_way(const CurlWay& way);

  CurlEnding perform(CurlTransfer& transfer);
  // After a perform() that only connected: waits at most `patience` for the partner to break the connection.
  CurlEnding overhear(Span patience);
  // After a perform() that only connected: all of `bytes` leave; false when the connection ended first, or
  // the transfer must stop.
  bool say(std::string_view bytes, CurlTransfer& transfer);
  // After the same: some bytes that came, when there are any; empty as say() is false.
  std::string hear(CurlTransfer& transfer);

  // Facts of the last transfer: 0 and empty when there are none.
  long number(int info) const;
  std::string text(int info) const;
  OpenSockets& sockets() { return sockets_; }

 private:
  struct Cleanup {
    void operator()(void* handle) const;
  };
  bool set_callbacks(CurlTransfer& transfer);
  // Until the wire may be ready for `events` of poll(); false when the transfer must stop.
  bool wait(short events, CurlTransfer& transfer);

  OpenSockets sockets_;  // outlives the handle, which closes them
  std::unique_ptr<void, Cleanup> handle_;
  bool ready_ = true;
};

}  // namespace psl
