// What every adapter must do, whatever its partner: adapter_conformance_test.cc says it, and one file for
// each adapter brings a PartnerWorld and instantiates the suite. A new adapter does the same.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "gateway/core/adapter.h"
#include "tests/support/sample_letter.h"

namespace psl::test {

enum class Behaviour {
  takes,    // acts and says so
  busy,     // asks to come back
  refuses,  // for good
  silent,   // acts, and answers nothing until the client leaves
  drops,    // acts, and ends the connection without an answer
  garbage,  // acts, and answers what means nothing
  gone,     // nobody listens
  impostor  // another authority's certificate
};

// A real server on loopback, and the configuration of an adapter for it. Whatever the partner says in free
// text holds `echo`, so that the suite sees when an adapter repeats it.
class PartnerWorld {
 public:
  static constexpr std::string_view echo =
      "DE LA TOUR MARIE-ÈVE 265033947811573 <claire.modele@medecin.demo.mssante.fr>";
  // The biggest message that the configuration allows.
  static constexpr uint64_t message_bytes_max = 400'000;

  virtual ~PartnerWorld() = default;
  // Adds a recipient that the adapter carries; gives its index.
  virtual int add_recipient(SampleLetter& letter) = 0;
  // A partner in this mood. What it took before is forgotten; what it holds is not.
  virtual void behave(Behaviour behaviour) = 0;
  // For the partner as it is now; another one, of the same configuration, each time.
  virtual std::unique_ptr<Adapter> adapter(Env& env) = 0;
  // By which name the partner knows each message that it acted upon, in order.
  virtual std::vector<std::string> taken() = 0;
  // Where a look-up is possible: documents that the partner holds.
  virtual size_t held() { return 0; }
  // Two deliveries of one document have two references.
  virtual bool reference_tells_the_delivery() const { return true; }
};

using MakeWorld = std::unique_ptr<PartnerWorld> (*)();

template <typename World>
std::unique_ptr<PartnerWorld> make_world() {
  return std::make_unique<World>();
}

class AdapterConformance : public testing::TestWithParam<MakeWorld> {
 protected:
  static void SetUpTestSuite();
  AdapterConformance();

  Payload wrapped();
  // Delivers within `patience`, and checks what holds for every outcome.
  Outcome deliver(Adapter& adapter, Span patience = seconds(20));
  // One delivery of a new document to a partner in this mood.
  Outcome deliver_to(Behaviour behaviour, Span patience = seconds(20));
  void expect_sound(const Outcome& outcome);
  // Nothing of the letter's people, addresses and content is in it.
  void expect_nothing_personal(std::string_view text) const;

  SampleLetter letter_;
  std::unique_ptr<PartnerWorld> world_;
  int recipient_ = 0;
  int documents_ = 0;
};

}  // namespace psl::test
