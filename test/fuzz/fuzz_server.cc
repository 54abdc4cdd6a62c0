// SPDX-License-Identifier: MIT
// The bytes of a client, sent to a server over a real connection, whole and in chunks. What the
// server makes of them must be the same; what it reports and sends must be well-formed; and nothing
// may be left of the connection in the end. The first byte says how the server is set up, the
// second is the size of the chunks. No clock has a say in it: the connection goes through the file
// system, where what is sent has arrived, no deadline comes, and what hangs libFuzzer finds.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../native/support/reference.h"
#include "../native/support/server_fixture.h"
#include "ws/reader.h"

namespace wss::test {
namespace {

/// Bits of the first byte.
constexpr unsigned kOpensFirst = 1;   ///< a valid request goes before the bytes
constexpr unsigned kAsks = 2;         ///< the application is asked, and accepts
constexpr unsigned kEchoes = 4;       ///< messages are sent back
constexpr unsigned kDisconnects = 8;  ///< the first message is answered with a Close
constexpr unsigned kDeflates = 16;    ///< the request offers permessage-deflate
constexpr unsigned kPieces = 32;      ///< BufferMessage is false
constexpr unsigned kLines = 64;       ///< in line mode, if kOpensFirst
constexpr unsigned kHandsOver = 128;  ///< there is somebody for requests of another kind

constexpr int kMaxMessageSize = 70'000;
constexpr int kMaxLineLength = 50;
/// A day in seconds: longer than anything runs.
constexpr int kNever = 24 * 60 * 60;

void require(bool condition) {
  if (!condition) std::abort();
}

/// What comes over one connection, in the order in which it may come.
class Story {
 public:
  explicit Story(unsigned setup) : setup_(setup) {}

  void add(const Event& event) {
    require(!ended_ || event.kind == EventKind::kError);
    switch (event.kind) {
      case EventKind::kConnectionRequest:
      case EventKind::kWebSocketOpenRequest:
        require(!connected_);
        break;
      case EventKind::kSSLConnectionRequest:
      case EventKind::kSSLClientAuthentication:
      case EventKind::kSSLStatus:
        // The server has no certificate.
      case EventKind::kSkipped:
      case EventKind::kPublished:
      case EventKind::kInterest:
        // Nothing is published.
        std::abort();
      case EventKind::kConnected:
        require(!connected_);
        connected_ = true;
        break;
      case EventKind::kDataIn:
        require(connected_);
        checkMessage(event);
        break;
      case EventKind::kPing:
        require(connected_ && event.payload.size() <= ws::kMaxControlPayload);
        break;
      case EventKind::kDisconnected:
        require(connected_);
        require(plainUtf8(bytesOf(event.payload)) == Utf8Verdict::kComplete);
        ended_ = true;
        break;
      case EventKind::kForgotten:
        require(!connected_);
        ended_ = true;
        break;
      case EventKind::kHandedOver:
        // How much comes with it depends on how the bytes come.
        require(!connected_ && (setup_ & kHandsOver) != 0);
        log_ += "handed over";
        return;
      case EventKind::kReadyToSend:
      case EventKind::kSettled:
      case EventKind::kError:
      case EventKind::kLog:
        // How often there is room to send, and what comes too late to be sent, depends on timing.
        return;
    }
    // Where a piece ends depends on how the bytes come.
    const bool goesOn =
        event.kind == EventKind::kDataIn && (setup_ & kPieces) != 0 && (setup_ & kLines) == 0;
    if (!goesOn) {
      log_ += static_cast<char>('a' + static_cast<int>(event.kind));
      log_ += std::to_string(event.value) + "," + std::to_string(event.flags) + "," +
              std::to_string(event.token);
    }
    log_ += event.payload;
  }

  [[nodiscard]] const std::string& log() const { return log_; }
  [[nodiscard]] bool isComplete() const { return ended_ || !connected_; }

 private:
  void checkMessage(const Event& event) {
    if ((setup_ & kLines) != 0) return checkLine(event);
    if ((setup_ & kPieces) != 0) return checkPiece(event);
    require(event.payload.size() <= kMaxMessageSize);
    require((event.flags & server::kEndOfMessage) != 0);
    const bool isText = event.value == static_cast<int>(ws::Opcode::kText);
    require(isText || event.value == static_cast<int>(ws::Opcode::kBinary));
    if (!isText) return;
    require(plainUtf8(bytesOf(event.payload)) == Utf8Verdict::kComplete);
    const bool ascii =
        std::ranges::all_of(bytesOf(event.payload), [](std::uint8_t byte) { return byte < 0x80; });
    require(ascii == ((event.flags & server::kIsAscii) != 0));
  }

  static void checkLine(const Event& event) {
    require(event.value == 0 && event.payload.size() <= kMaxLineLength);
    require(event.payload.find('\n') == std::string::npos);
    const bool ends = (event.flags & (server::kEndOfLine | server::kEndOfMessage)) != 0;
    // A character may be kept together.
    require(ends || event.payload.size() > kMaxLineLength - 4);
  }

  void checkPiece(const Event& event) {
    require((event.value != 0) == !begun_);
    if (!begun_) isText_ = event.value == static_cast<int>(ws::Opcode::kText);
    begun_ = (event.flags & server::kEndOfMessage) == 0;
    require(!isText_ || plainUtf8(bytesOf(event.payload)) == Utf8Verdict::kComplete);
    message_ += event.payload;
    require(message_.size() <= kMaxMessageSize);
    if (!begun_) message_.clear();
  }

  unsigned setup_;
  bool connected_ = false;
  bool ended_ = false;
  bool begun_ = false;
  bool isText_ = false;
  std::string message_;
  std::string log_;
};

/// What the server has sent: an answer, and after a 101 frames of which a Close is the last.
void checkSent(std::string_view sent) {
  if (sent.empty()) return;
  require(sent.starts_with("HTTP/1.1 "));
  const std::size_t end = sent.find("\r\n\r\n");
  if (end == std::string_view::npos || !sent.starts_with("HTTP/1.1 101 ")) return;
  ExactBuffer frames(bytesOf(sent.substr(end + 4)));
  MutableBytes rest = frames.bytes();
  ws::Reader reader(ws::Role::kClient, kMaxMessageSize);
  if (sent.substr(0, end).find("permessage-deflate") != std::string_view::npos) {
    reader.allowCompression();
  }
  ws::Piece piece;
  while (reader.next(rest, piece) != ws::Piece::Kind::kNeedMore) {
    if (piece.kind == ws::Piece::Kind::kData) reader.take(piece, piece.payload.data());
    require(piece.kind != ws::Piece::Kind::kError);
    if (piece.kind != ws::Piece::Kind::kClose) continue;
    require(rest.empty());
    return;
  }
}

std::string tell(unsigned setup, std::string_view bytes, std::size_t chunk) {
  if ((setup & kOpensFirst) == 0) setup &= ~kLines;
  static const Folder folder;
  ServerFixture fixture("unix:" + folder.file("s"));
  fixture.options().defaultConnectionTimeout = 0;
  fixture.options().closeTimeout = kNever;
  fixture.options().maxReadTime = kNever;
  fixture.options().maxMessageSize = kMaxMessageSize;
  fixture.options().bufferMessage = (setup & kPieces) == 0;
  fixture.options().compressionThreshold = 16;
  if ((setup & kAsks) != 0) {
    fixture.alsoWant(EventKind::kConnectionRequest);
    fixture.alsoWant(EventKind::kWebSocketOpenRequest);
  }
  fixture.server().setHandsOver((setup & kHandsOver) != 0);
  Story story(setup);
  fixture.onEvent = [&](const Event& event) {
    story.add(event);
    if (event.kind == EventKind::kHandedOver) {
      require(fixture.server().take(event.value) && ::close(event.value) == 0);
    }
    if (event.kind == EventKind::kConnectionRequest)
      fixture.outbox.answerConnection(event.id, true);
    if (event.kind == EventKind::kWebSocketOpenRequest) fixture.outbox.answerOpen(event.id, 101);
    if (event.kind == EventKind::kConnected && (setup & kLines) != 0) {
      server::Connection* const connection = fixture.server().find(event.id);
      connection->setLineMode(true);
      require(connection->setMaxLineLength(kMaxLineLength).ok());
    }
    if (event.kind != EventKind::kDataIn) return;
    if ((setup & kEchoes) != 0 && event.value != 0) {
      fixture.outbox.message(event.id, static_cast<ws::Opcode>(event.value), event.payload);
    }
    server::Connection* const connection = fixture.server().find(event.id);
    if ((setup & kDisconnects) != 0) connection->disconnect(1001, "enough");
  };

  Peer peer(folder.file("s"));
  if ((setup & kOpensFirst) != 0) {
    const bool deflates = (setup & kDeflates) != 0;
    peer.send(request(deflates ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : ""));
    // What is received together with the request is not affected by what Connected brings about.
    require(fixture.until([&] { return fixture.server().connectedCount() == 1; }, kNever * 1000U));
  }
  while (!bytes.empty() && !peer.ended()) {
    bytes.remove_prefix(peer.offer(bytes.substr(0, chunk)));
    fixture.turn();
  }
  peer.finish();
  fixture.server().stopListening();
  require(
      fixture.until([&] { return peer.received(), fixture.server().isIdle(); }, kNever * 1000U));
  require(story.isComplete());
  checkSent(peer.received());
  // Nothing of it is to linger in the system.
  peer.reset();
  return story.log();
}

}  // namespace
}  // namespace wss::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const unsigned setup = data[0];
  const std::size_t chunk = std::max<std::size_t>(1, data[1]);
  const std::string_view bytes = wss::textOf({data + 2, size - 2});
  const std::string whole = wss::test::tell(setup, bytes, std::max<std::size_t>(1, bytes.size()));
  const std::string chunked = wss::test::tell(setup, bytes, chunk);
  wss::test::require(whole == chunked);
  return 0;
}
