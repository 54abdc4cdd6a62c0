// SPDX-License-Identifier: MIT
// What is too much for one turn waits for the next ones: nobody's frames, compressed messages or
// lines keep the others from having theirs.
#include <doctest/doctest.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "server_fixture.h"

namespace wss::test {
namespace {

using ws::Opcode;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;

/// Somebody who sends too much at once, and somebody who does not.
struct Neighbours {
  ServerFixture fixture;
  Peer greedy{fixture.port()};
  Peer modest{fixture.port()};
  std::int32_t greedyId = 0;
  std::int32_t modestId = 0;

  explicit Neighbours(std::string_view lines = {}) {
    greedyId = fixture.open(greedy, lines);
    modestId = fixture.open(modest);
    fixture.events.clear();
  }

  server::Connection& connection() { return *fixture.server().find(greedyId); }
  /// Sends all of `bytes`, turn by turn, and returns how many events one turn brought at most.
  std::size_t mostInATurn(std::string_view bytes, std::size_t events) {
    std::size_t most = 0;
    const bool came = fixture.until([&] {
      bytes.remove_prefix(greedy.offer(bytes));
      const std::size_t before = fixture.events.size();
      fixture.turn();
      most = std::max(most, fixture.events.size() - before);
      return fixture.events.size() >= events;
    });
    CHECK(came);
    return most;
  }
  /// How many turns it takes until a message of the modest one has come.
  int turnsUntilHeard() {
    modest.send(masked(Opcode::kText, "me too"));
    for (int turns = 1; turns < 1000; ++turns) {
      fixture.turn();
      const auto isHeard = [&](const Event& event) { return event.id == modestId; };
      if (std::ranges::any_of(fixture.events, isHeard)) return turns;
    }
    return 1000;
  }
  std::size_t bytesIn() {
    std::size_t sum = 0;
    for (const Event& event : fixture.events) sum += event.payload.size();
    return sum;
  }
};

std::string bomb(std::size_t size, char letter = 'a') {
  return compressed(Opcode::kText, bytesOf(deflated(std::string(size, letter))));
}

TEST_CASE("frames that are too many for one turn come in the next ones, in their order") {
  Neighbours neighbours;
  constexpr int kCount = 20'000;
  std::string frames;
  for (int number = 0; number < kCount; ++number) {
    frames += masked(Opcode::kText, std::to_string(number));
  }
  CHECK(neighbours.mostInATurn(frames, kCount) <= 3 * 4096);
  REQUIRE(neighbours.fixture.events.size() == kCount);
  for (int number = 0; number < kCount; ++number) {
    REQUIRE(neighbours.fixture.events.at(static_cast<std::size_t>(number)).payload ==
            std::to_string(number));
  }
}

TEST_CASE("a Close behind many frames is answered when all of them have been handled") {
  Neighbours neighbours;
  std::string frames;
  for (int number = 0; number < 10'000; ++number) frames += masked(Opcode::kBinary, "");
  frames += masked(Opcode::kClose, closePayload(1000));
  neighbours.fixture.onEvent = [&](const Event& event) {
    if (event.kind == EventKind::kDataIn) neighbours.fixture.outbox.text(event.id, "");
  };
  neighbours.mostInATurn(frames, 10'001);
  CHECK(neighbours.fixture.count(EventKind::kDataIn) == 10'000);
  CHECK(neighbours.fixture.last(EventKind::kDisconnected).value == 1000);
  CHECK(neighbours.fixture.events.back().kind == EventKind::kDisconnected);
  neighbours.fixture.until([&] { return neighbours.greedy.ended(); });
  const std::string answers = neighbours.greedy.take();
  CHECK(answers.size() == 10'000 * 2 + 4);
  CHECK(answers.ends_with(plain(Opcode::kClose, closePayload(1000))));
}

TEST_CASE("a large compressed message is inflated over several turns") {
  Neighbours neighbours(kOffer);
  const std::string frame = bomb(8 * kMiB);
  neighbours.greedy.send(frame);
  neighbours.fixture.turn();
  CHECK(neighbours.turnsUntilHeard() <= 2);
  CHECK(neighbours.bytesIn() == 6);
  REQUIRE(neighbours.fixture.until([&] { return neighbours.fixture.events.size() == 2; }));
  const Event& event = neighbours.fixture.events.back();
  CHECK(event.payload == std::string(8 * kMiB, 'a'));
  CHECK(event.flags == (server::kEndOfMessage | server::kIsAscii));
}

TEST_CASE("of many compressed messages a turn brings a bounded part") {
  Neighbours neighbours(kOffer);
  const std::string frame = bomb(kMiB);
  std::string frames;
  constexpr std::size_t kCount = 60;
  for (std::size_t number = 0; number < kCount; ++number) frames += frame;
  // One batch is full with 4 MiB, and a turn has two.
  CHECK(neighbours.mostInATurn(frames, kCount) <= 10);
  CHECK(neighbours.bytesIn() == kCount * kMiB);
}

TEST_CASE("also where nobody listens to what is inflated") {
  Neighbours neighbours(kOffer);
  neighbours.fixture.want({EventKind::kPing});
  const std::string frame = bomb(kMiB);
  std::string frames;
  for (int number = 0; number < 100; ++number) frames += frame;
  frames += masked(Opcode::kPing, "seen");
  neighbours.greedy.send(frames);
  for (int turns = 0; turns < 10; ++turns) neighbours.fixture.turn();
  CHECK(neighbours.fixture.events.empty());
  CHECK(neighbours.fixture.until([&] { return !neighbours.fixture.events.empty(); }));
}

TEST_CASE("in portions a context is taken over as well") {
  ServerFixture fixture;
  fixture.options().clientContextTakeover = true;
  Peer peer(fixture.port());
  fixture.open(peer, kOffer);
  fixture.events.clear();
  ws::Deflater deflater({.contextTakeover = true});
  for (int number = 0; number < 3; ++number) {
    const std::string text = std::string(2 * kMiB, 'a') + std::to_string(number);
    ByteQueue out;
    REQUIRE(deflater.compress(bytesOf(text), out).ok());
    peer.send(compressed(Opcode::kText, out.bytes()));
    const auto count = static_cast<std::size_t>(number) + 1;
    REQUIRE(fixture.until([&] { return fixture.events.size() == count; }));
    CHECK(fixture.events.back().payload == text);
  }
}

TEST_CASE("what is wrong with a compressed message is seen in every portion") {
  Neighbours neighbours(kOffer);
  int code = 1007;
  std::string frame;
  SUBCASE("text that is broken at the end") {
    std::string text(3 * kMiB, 'a');
    text.back() = '\xE2';
    frame = compressed(Opcode::kText, bytesOf(deflated(text)));
  }
  SUBCASE("text that is broken in the middle") {
    std::string text(3 * kMiB, 'a');
    text[kMiB] = '\xFF';
    frame = compressed(Opcode::kText, bytesOf(deflated(text)));
  }
  SUBCASE("a payload that is cut off") {
    std::string payload = deflated(std::string(3 * kMiB, 'a'));
    payload.resize(payload.size() - 20);
    frame = compressed(Opcode::kBinary, bytesOf(payload));
  }
  SUBCASE("a message that is too large") {
    neighbours.fixture.options().maxMessageSize = 2 * kMiB;
    frame = bomb(3 * kMiB);
    code = 1009;
  }
  SUBCASE("more than there is room for") {
    neighbours.fixture.options().maxUnfinishedBytes = kMiB;
    frame = bomb(3 * kMiB);
    code = 1013;
  }
  neighbours.greedy.send(frame + masked(Opcode::kText, "never read"));
  REQUIRE(disconnected(neighbours.fixture));
  CHECK(neighbours.fixture.last(EventKind::kDisconnected).value == code);
  CHECK(neighbours.fixture.count(EventKind::kDataIn) == 0);
  CHECK(neighbours.turnsUntilHeard() <= 2);
}

TEST_CASE("who ends while a message is inflated leaves nothing behind") {
  Neighbours neighbours(kOffer);
  // Three that left all behind, or six that left half of it, would be too much.
  neighbours.fixture.options().maxUnfinishedBytes = 20 * kMiB;
  const std::string frame = bomb(8 * kMiB);
  for (int round = 0; round < 6; ++round) {
    Peer peer(neighbours.fixture.port());
    const std::int32_t id = neighbours.fixture.open(peer, kOffer);
    peer.send(frame);
    for (int turns = 0; turns < 10; ++turns) neighbours.fixture.turn();
    if (round % 2 == 0) {
      peer.reset();
    } else {
      neighbours.fixture.server().find(id)->disconnect(1000, "");
      peer.send(masked(Opcode::kClose, closePayload(1000)));
    }
    const auto count = static_cast<std::size_t>(round) + 1;
    REQUIRE(disconnected(neighbours.fixture, count));
    CHECK(neighbours.fixture.last(EventKind::kDisconnected).value ==
          (round % 2 == 0 ? 1006 : 1000));
  }
  neighbours.greedy.send(frame);
  neighbours.fixture.events.clear();
  REQUIRE(neighbours.fixture.until([&] { return !neighbours.fixture.events.empty(); }));
  CHECK(neighbours.bytesIn() == 8 * kMiB);
}

TEST_CASE("lines that are too many for one turn come in the next ones") {
  Neighbours neighbours(kOffer);
  neighbours.connection().setLineMode(true);
  constexpr std::size_t kLines = 100'000;
  const std::string text = std::string(kLines, '\n') + "rest";
  std::string frame;
  SUBCASE("compressed") { frame = compressed(Opcode::kText, bytesOf(deflated(text))); }
  SUBCASE("plain") { frame = masked(Opcode::kText, text); }
  SUBCASE("in fragments") {
    frame = masked(Opcode::kText, text, false) + masked(Opcode::kContinuation, "");
  }
  frame += masked(Opcode::kText, "next");
  CHECK(neighbours.mostInATurn(frame, kLines + 2) <= 3 * 4096);
  const auto& events = neighbours.fixture.events;
  REQUIRE(events.size() == kLines + 2);
  CHECK(std::count_if(events.begin(), events.end(), [](const Event& event) {
          return event.flags == server::kEndOfLine && event.payload.empty();
        }) == kLines);
  CHECK(events[kLines].payload == "rest");
  CHECK(events[kLines + 1].payload == "next");
  CHECK(events[kLines + 1].flags == server::kEndOfMessage);
}

TEST_CASE("many lines before a broken character are delivered, and then it is told") {
  Neighbours neighbours;
  neighbours.connection().setLineMode(true);
  constexpr std::size_t kLines = 10'000;
  neighbours.greedy.send(masked(Opcode::kText, std::string(kLines, '\n') + "\xFF"));
  REQUIRE(disconnected(neighbours.fixture));
  CHECK(neighbours.fixture.count(EventKind::kDataIn) == kLines);
  CHECK(neighbours.fixture.events.back().kind == EventKind::kDisconnected);
  CHECK(neighbours.fixture.events.back().value == 1007);
}

TEST_CASE("what waits goes on waiting while no data is accepted") {
  Neighbours neighbours(kOffer);
  std::string frames = bomb(2 * kMiB);
  for (int number = 0; number < 10'000; ++number) frames += masked(Opcode::kBinary, "");
  neighbours.greedy.send(frames);
  neighbours.fixture.turn();
  neighbours.connection().setAcceptsData(false);
  for (int turns = 0; turns < 20; ++turns) neighbours.fixture.turn();
  const std::size_t before = neighbours.fixture.events.size();
  CHECK(before == 0);
  SUBCASE("until it is accepted") {
    neighbours.connection().setAcceptsData(true);
    CHECK(neighbours.fixture.until([&] { return neighbours.fixture.events.size() == 10'001; }));
  }
  SUBCASE("but a Close is still seen") {
    neighbours.connection().disconnect(1000, "");
    neighbours.greedy.send(masked(Opcode::kClose, closePayload(1000)));
    REQUIRE(disconnected(neighbours.fixture));
    CHECK(neighbours.fixture.last(EventKind::kDisconnected).value == 1000);
  }
  SUBCASE("or a reset") {
    neighbours.greedy.reset();
    neighbours.connection().setAcceptsData(true);
    REQUIRE(disconnected(neighbours.fixture));
    CHECK(neighbours.fixture.last(EventKind::kDisconnected).value == 1006);
  }
}

TEST_CASE("MaxReadTime: a buffer in each turn, or all that comes within the time") {
  constexpr std::size_t kBuffer = net::Loop::kReceiveSize;
  const std::string message = masked(Opcode::kBinary, std::string(4000, 'x'));
  std::string bytes;
  while (bytes.size() < 3 * kBuffer) bytes += message;
  for (const int maxReadTime : {0, 50}) {
    ServerFixture fixture(ManualClock::read);
    fixture.options().inBufferSize = 4 * static_cast<int>(kMiB);
    fixture.options().maxReadTime = maxReadTime;
    Peer peer(fixture.port());
    fixture.open(peer);
    std::string_view rest = bytes;
    std::size_t arrived = 0;
    for (int tries = 0; tries < 1000 && arrived < 2 * kBuffer; ++tries) {
      rest.remove_prefix(peer.offer(rest));
      int onTheWay = 0;
      REQUIRE(::ioctl(peer.fd(), TIOCOUTQ, &onTheWay) == 0);
      arrived = bytes.size() - rest.size() - static_cast<std::size_t>(onTheWay);
    }
    if (arrived < 2 * kBuffer) {
      MESSAGE("the system does not let so much wait in a socket: ", arrived);
      return;
    }
    fixture.turn();
    const std::size_t taken = fixture.count(EventKind::kDataIn) * message.size();
    CHECK((taken > kBuffer) == (maxReadTime > 0));
  }
}

}  // namespace
}  // namespace wss::test
