// The door of those who have a mailbox and nothing else: GET and POST <anything>/r/<token>, HTTPS without
// client certificate. The token is the right to answer (answer_link.h), so it is never logged.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/http/answer_html.h"
#include "gateway/intake/answer_desk.h"

namespace psl {

class HttpServer;

struct AnswerPageOptions {
  // As HttpServerOptions::listen. Behind a reverse proxy on the same machine: a loopback address, and then
  // the files may be empty (clear text).
  std::string listen;
  std::string certificate_file;
  std::string key_file;
};

// Called on the page's thread, so they must not wait; the answer comes when it is durable, on any thread.
struct AnswerCalls {
  // As AnswerDesk::look() and answer().
  std::function<Result<AnswerView>(std::string_view token)> look;
  std::function<void(std::string_view token, v1::OrientationUpdate::Step step,
                     v1::OrientationUpdate::Reason reason, AnswerDesk::Done done)>
      answer;
  AnswerTime time;
};

// GET and HEAD show and never change anything: scanners of mails follow links. POST answers, by a form of at
// most 1 KiB: answer=accept, or answer=decline&reason=<OrientationUpdate.Reason>; then 303 back to the page.
//
// Status: 200 open or answered by this candidate; 409 taken by another, or answered otherwise before; 410
// expired or withdrawn; 404 the link is none of ours; 400 not one of the two forms; 405, 413, 415; 503 it
// could not be stored now.
class AnswerPage {
 public:
  // As HttpServer::start(). `env` outlives it, and so does what `calls` refer to.
  static Result<std::unique_ptr<AnswerPage>> open(AnswerPageOptions options, AnswerCalls calls, Env& env);
  explicit AnswerPage(std::unique_ptr<HttpServer> server);
  ~AnswerPage();
  AnswerPage(const AnswerPage&) = delete;
  AnswerPage& operator=(const AnswerPage&) = delete;

  int port() const;
  void stop();

 private:
  const std::unique_ptr<HttpServer> server_;
};

}  // namespace psl
