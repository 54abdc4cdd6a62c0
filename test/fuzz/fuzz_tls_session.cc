// SPDX-License-Identifier: MIT
// What a peer sends instead of TLS, or in the midst of it: whole and in pieces it must come to the
// same state, and a session that fails says why. The first byte says what the server asks for and
// whether a handshake comes before, the second the size of the pieces.
#include <cstdlib>
#include <string>
#include <string_view>

#include "../native/support/tls_fixture.h"
#include "seeded_random.h"

namespace wss::tls {
namespace {

using State = Session::State;
using test::MemoryClient;
using test::ServerEnd;

constexpr std::uint8_t kAskCertificate = 1;
constexpr std::uint8_t kAuthenticate = 2;
constexpr std::uint8_t kShakenHands = 4;
constexpr std::uint8_t kTls12Only = 8;
constexpr std::uint8_t kAsPlaintext = 16;

void require(bool condition) {
  if (!condition) std::abort();
}

std::shared_ptr<Context> makeContext(bool authenticate) {
  ContextOptions options;
  options.certificates = {test::makeCertificate("server")};
  options.authenticateClients = authenticate;
  options.caCertificates = options.certificates[0].encoded();
  Result<std::shared_ptr<Context>> made = Context::create(std::move(options));
  require(made.ok());
  return made.value();
}

const std::shared_ptr<Context>& contextOf(bool authenticate) {
  static const std::shared_ptr<Context> plain = makeContext(false);
  static const std::shared_ptr<Context> strict = makeContext(true);
  return authenticate ? strict : plain;
}

void answer(ServerEnd& server) {
  if (server.session->state() == State::kAskedCertificate) {
    const ClientHello& hello = server.session->clientHello();
    require(hello.serverName.size() < 65536);
    server.answerCertificate(nullptr);
  }
  if (server.session->state() == State::kAskedClient) server.answerClient(true);
}

void feed(ServerEnd& server, std::string_view bytes, std::size_t piece) {
  while (!bytes.empty() && server.takes()) {
    const std::string_view part = bytes.substr(0, piece);
    server.receive(part);
    answer(server);
    bytes.remove_prefix(part.size());
  }
}

/// The state in which `bytes` leave a session.
State outcome(std::uint8_t choice, std::string_view bytes, std::size_t piece) {
  const bool shaken = (choice & kShakenHands) != 0;
  const bool authenticate = (choice & kAuthenticate) != 0 && !shaken;
  ServerEnd server(contextOf(authenticate), {.askCertificate = (choice & kAskCertificate) != 0,
                                             .askClient = authenticate,
                                             .log = Session::Log::kRecords});
  if (shaken) {
    MemoryClient client([&](SSL_CTX* context) {
      if ((choice & kTls12Only) != 0) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    });
    for (int flight = 0; flight < 4 && server.session->state() != State::kOpen; ++flight) {
      test::pump(server, client);
      answer(server);
      client.give(server.out.bytes());
      server.out.clear();
    }
    require(server.session->state() == State::kOpen);
    if ((choice & kAsPlaintext) != 0) {
      client.write(bytes);
      feed(server, client.take(), piece);
      require(server.received == bytes);
      return server.session->state();
    }
  }
  feed(server, bytes, piece);
  [[maybe_unused]] const std::string told = server.session->takeLog();
  if (server.session->state() == State::kFailed) require(!server.session->failure().empty());
  if (server.session->state() == State::kOpen) server.session->close(server.out);
  return server.session->state();
}

void run(Bytes input) {
  if (input.size() < 3) return;
  const std::string bytes(wss::textOf(input.subspan(2)));
  const std::size_t piece = std::size_t{1} + input[1];
  require(outcome(input[0], bytes, bytes.size()) == outcome(input[0], bytes, piece));
}

}  // namespace
}  // namespace wss::tls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wss::test::seedRandom();
  wss::tls::run({data, size});
  return 0;
}
