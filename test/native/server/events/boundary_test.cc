// SPDX-License-Identifier: MIT
// What one side writes and the other reads. test/data/records.inc is what is written here, and
// boundary.test.ts reads it; commands.inc is what lib/boundary/outbox.ts writes there, and is
// read here. Both are C++ string literals.
#include <doctest/doctest.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/events/command.h"
#include "server/events/event_batch.h"

namespace wss::server {
namespace {

constexpr std::string_view kRecords =
#include "../../../data/records.inc"
    ;
constexpr std::string_view kCommands =
#include "../../../data/commands.inc"
    ;

/// All payloads are small, but for those that are adopted.
class OneChunk final : public ChunkSource {
 public:
  std::uint8_t* allocate(std::size_t size) override {
    REQUIRE(chunk_ == nullptr);
    chunk_ = std::make_unique<std::uint8_t[]>(size);
    return chunk_.get();
  }
  void adopt(ByteQueue&& bytes) override { adopted_.push_back(std::move(bytes)); }

  [[nodiscard]] Bytes payloadOf(const EventRecord& record) const {
    const auto length = static_cast<std::size_t>(record.length);
    if (record.chunk < 0) return adopted_.at(static_cast<std::size_t>(~record.chunk)).bytes();
    return length == 0 ? Bytes() : Bytes(chunk_.get() + record.offset, length);
  }

 private:
  std::unique_ptr<std::uint8_t[]> chunk_;
  std::vector<ByteQueue> adopted_;
};

std::string hex(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

/// Its integers and its payload, `-` if there is none; of a large one, which is the same byte again
/// and again, that and how many there are.
std::string lineOf(const EventRecord& record, Bytes payload) {
  std::int32_t integers[sizeof(EventRecord) / sizeof(std::int32_t)];
  std::memcpy(integers, &record, sizeof record);
  std::string line;
  for (const std::int32_t integer : integers) line += std::to_string(integer) + ' ';
  if (payload.empty()) return line + "-\n";
  if (payload.size() < 100) return line + hex(payload) + '\n';
  return line + hex(payload.first(1)) + '*' + std::to_string(payload.size()) + '\n';
}

TEST_CASE("JavaScript's test reads each record that can be made, with all that it can have") {
  OneChunk chunk;
  EventBatch events(chunk);
  events.addText(EventRecord::connectionRequest(131077, 8080, true), "127.0.0.1");
  events.addText(EventRecord::connectionRequest(5, 65535, false), "::1");
  events.addFields(EventRecord::openRequest(6), OpenRequestFields{.requestURI = "/uri?\xE9",
                                                                  .hostHeader = "host",
                                                                  .originHeader = "origin",
                                                                  .subProtocols = "a, b",
                                                                  .extensions = "ext",
                                                                  .requestHeaders = "A: b\r\n"});
  events.addFields(EventRecord::certificateRequest(7),
                   CertificateRequestFields{.serverName = "name",
                                            .supportedCipherSuites = "suites",
                                            .supportedSignatureAlgs = "algorithms"});
  const ClientCertificateFields certificate{
      .certEncoded = "PEM", .certSubject = "CN=\u00E9", .certIssuer = "CN=i", .status = "expired"};
  events.addFields(EventRecord::clientAuthentication(8, true), certificate);
  events.add(EventRecord::clientAuthentication(9, false));
  events.addText(EventRecord::tlsStatus(10), "A step");
  events.add(EventRecord::connected(11));
  events.add(EventRecord::readyToSend(12));
  const std::int32_t allOfData = kIsAscii | kEndOfMessage | kEndOfLine | kIsBinary;
  events.addText(EventRecord::dataIn(13, allOfData, 0), "a line");
  events.addText(EventRecord::dataIn(14, kEndOfMessage, 1), "\u20AC");
  ByteQueue large;
  large.append(std::string(EventBatch::kWorthAdopting, 'x'));
  events.addBytes(EventRecord::dataIn(15, 0, 2), std::move(large));
  events.addText(EventRecord::ping(16), "ping");
  events.addText(EventRecord::pong(17), "pong");
  events.addText(EventRecord::disconnected(18, 4999), "bye");
  events.addText(EventRecord::error(0, ErrorCode::kInvalidArgument), "wrong");
  events.addText(EventRecord::log(19, 0, 2), "a line");
  events.addText(EventRecord::log(0, kIsError, 1), "an error");
  events.add(EventRecord::skipped(23, 9));
  events.add(EventRecord::forgotten(20));
  events.add(EventRecord::settled(21, 70'000, ErrorCode{}));
  events.add(EventRecord::settled(22, 3, ErrorCode::kTimedOut));
  events.add(EventRecord::published(4, 1000));
  events.addText(EventRecord::interest(true), "news.>");
  events.addText(EventRecord::interest(false), "a");
  events.addFields(EventRecord::handedOver(24, 77), HandedOverFields{.bytes = "GET /\xE9",
                                                                     .remoteAddress = "::1",
                                                                     .remotePort = "1",
                                                                     .localAddress = "::2",
                                                                     .localPort = "2",
                                                                     .protocol = "TLSv1.3",
                                                                     .cipherSuite = "suite",
                                                                     .certEncoded = "PEM",
                                                                     .status = "OK"});

  std::string written = "\n";
  for (const EventRecord& record : events.records()) {
    written += lineOf(record, chunk.payloadOf(record));
  }
  CHECK(written == kRecords);
}

std::int32_t takeNumber(std::string_view& text) {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  REQUIRE(error == std::errc());
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return number;
}

std::vector<std::uint8_t> fromHex(std::string_view text) {
  std::vector<std::uint8_t> bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    REQUIRE(std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, bytes[i], 16).ec ==
            std::errc());
  }
  return bytes;
}

std::string takeLine(std::string_view& text) {
  const std::string line(text.substr(0, text.find('\n')));
  text.remove_prefix(line.size() + 1);
  return line + ' ';
}

/// What a command is found to say.
std::string describe(const DecodedCommand& command, Bytes arena) {
  const std::string id = std::to_string(command.connectionId);
  if (!command.isSound) return id + " makes no sense";
  if (command.kind == DecodedCommand::Kind::kConnectionAnswer) {
    return id + (command.accepts ? " accepted" : " refused");
  }
  if (command.kind == DecodedCommand::Kind::kOpenAnswer) {
    const auto answer = readAnswer(command, arena);
    if (!answer) return id + " answered by nothing";
    return id + " answered " + std::to_string(answer->status) + ' ' +
           std::string(answer->subProtocol) + '|' + std::string(answer->headers) + '|' +
           std::string(answer->body.value_or("none"));
  }
  const std::string_view payload = textOf(arena.subspan(command.offset, command.size));
  if (command.kind == DecodedCommand::Kind::kNewTopic) return id + " topic " + std::string(payload);
  return id + (command.kind == DecodedCommand::Kind::kPublication ? " but for" : "") +
         (command.opcode == ws::Opcode::kText ? " text " : " bytes ") +
         (command.mayCompress ? "" : "as it is ") +
         (payload.size() > 100 ? std::to_string(payload.size()) : std::string(payload));
}

TEST_CASE("each command that JavaScript writes is understood") {
  std::vector<std::string> found;
  std::string_view rest = kCommands.substr(1);
  while (!rest.empty()) {
    const std::string head = takeLine(rest);
    std::string_view numbers = head;
    const std::int32_t count = takeNumber(numbers);
    std::vector<std::uint8_t> arena = fromHex(numbers.substr(0, numbers.find(' ')));
    CommandDecoder decoder(arena);
    for (std::int32_t i = 0; i < count; ++i) {
      const std::string line = takeLine(rest);
      numbers = line;
      // In the order of the integers of a command.
      std::int32_t integers[4];
      for (std::int32_t& integer : integers) integer = takeNumber(numbers);
      Command command{};
      static_assert(sizeof command == sizeof integers);
      std::memcpy(&command, integers, sizeof command);
      found.push_back(describe(decoder.decode(command), arena));
    }
  }
  const std::vector<std::string> expected = {
      "131077 text Hello",
      "6 text as it is you",
      "7 bytes \1\2\3",
      "7 bytes as it is 300",
      "8 text ",
      "9 text as it is 200",
      "10 accepted",
      "11 refused",
      "12 answered 101 chat|A: b|none",
      "13 answered 404 ||gone",
      "14 text \u00E9",
      "15 text as it is \u20AC",
      "16 text b",
      "100 topic news.sports",
      "17 but for text Tor",
      "101 topic news.sports",
      "0 but for bytes as it is \1\2",
      "102 topic ",
      "0 but for text 180",
      "103 topic \u00E4",
      "0 but for text ",
      "104 topic \u00E4",
      "0 but for text !",
  };
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == expected[i]);
}

}  // namespace
}  // namespace wss::server
