// SPDX-License-Identifier: MIT
// Whatever memory JavaScript may hand the core: commands and an arena, for a server that has a
// connection. Nothing beyond either is touched, and what the client gets are frames. The first byte
// says how the server is set up, the second how many commands there are; then come the commands of
// 16 bytes, and the arena. An id of 1 stands for that of the connection.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "../native/support/reference.h"
#include "../native/support/server_fixture.h"
#include "ws/reader.h"

namespace wss::test {
namespace {

/// Bits of the first byte.
constexpr unsigned kDeflates = 1;
constexpr unsigned kSmallFrames = 2;
constexpr unsigned kEnvelopes = 8;
constexpr unsigned kTwice = 4;  ///< the same is asked for again, over what it has left

constexpr std::uint64_t kMostMessage = std::uint64_t{1} << 32;

void require(bool condition) {
  if (!condition) std::abort();
}

void checkFrames(std::string_view sent, bool deflates) {
  ExactBuffer frames(bytesOf(sent));
  MutableBytes rest = frames.bytes();
  ws::Reader reader(ws::Role::kClient, kMostMessage);
  if (deflates) reader.allowCompression();
  ws::Piece piece;
  while (reader.next(rest, piece) != ws::Piece::Kind::kNeedMore) {
    // A text need not be UTF-8: that JavaScript's strings see to.
    require(piece.kind != ws::Piece::Kind::kClose);
    if (piece.kind == ws::Piece::Kind::kError) return;
    if (piece.kind == ws::Piece::Kind::kData) reader.take(piece, piece.payload.data());
  }
}

void run(unsigned setup, const std::vector<server::Command>& given, Bytes arenaBytes) {
  static const Folder folder;
  ServerFixture fixture("unix:" + folder.file("s"));
  fixture.options().compressionThreshold = 16;
  if ((setup & kSmallFrames) != 0) fixture.options().maxFrameSize = 126;
  Peer peer(folder.file("s"));
  const bool deflates = (setup & kDeflates) != 0;
  fixture.server().setEnvelopeProtocol("letters");
  std::string lines;
  if (deflates) lines += "Sec-WebSocket-Extensions: permessage-deflate\r\n";
  if ((setup & kEnvelopes) != 0) lines += "Sec-WebSocket-Protocol: letters\r\n";
  const std::int32_t id = fixture.open(peer, lines);
  for (const std::string_view pattern : {"t", "t.*", ">"}) {
    require(fixture.server().subscribe(id, pattern).ok());
  }

  std::vector<server::Command> commands = given;
  for (server::Command& command : commands) {
    if (command.connectionId == 1) command.connectionId = id;
  }
  ExactBuffer arena(arenaBytes);
  for (unsigned times = (setup & kTwice) != 0 ? 2 : 1; times > 0; --times) {
    fixture.server().perform(commands, arena.bytes());
    fixture.turn();
  }
  require(fixture.count(EventKind::kError) <= 2 * commands.size());
  checkFrames(peer.received(), deflates);
  peer.reset();
  fixture.server().stopListening();
  require(fixture.until([&] { return fixture.server().isIdle(); }));
}

}  // namespace
}  // namespace wss::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t count =
      std::min<std::size_t>(data[1], (size - 2) / sizeof(wss::server::Command));
  std::vector<wss::server::Command> commands(count);
  const std::size_t ofCommands = count * sizeof(wss::server::Command);
  if (count > 0) std::memcpy(commands.data(), data + 2, ofCommands);
  wss::test::run(data[0], commands, {data + 2 + ofCommands, size - 2 - ofCommands});
  return 0;
}
