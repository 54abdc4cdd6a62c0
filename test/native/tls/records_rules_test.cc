// SPDX-License-Identifier: MIT
// What a peer may not do, and what it may do oddly.
#include <doctest/doctest.h>

#include <string>

#include "records_link.h"
#include "tls/openssl/failure.h"

namespace wss::tls {
namespace {

using test::kAlertRecord;
using test::kDataRecord;
using test::keyUpdate;
using test::kHandshakeRecord;
using test::Link;
using test::Opened;

TEST_CASE("sizes") {
  Link most;
  most.writer.data(std::string(16384, 'm'));
  CHECK(most.receive() == std::string(16384, 'm'));

  Link more;
  more.writer.data(std::string(16385, 'm'));
  CHECK(more.receive().empty());
  CHECK(more.failed(kRecordTooLong, 22));

  Link padded;
  padded.writer.add(kDataRecord, std::string(16384, 'm'), 1);
  CHECK(padded.receive().empty());
  CHECK(padded.failed(kRecordTooLong, 22));

  // It is refused when its header has come; nothing is kept.
  Link announced;
  CHECK(announced.receive({"\x17\x03\x03\x40\x12", 5}, 1).empty());
  CHECK(announced.failed(kRecordTooLong, 22));

  for (const char length : {'\0', '\1', '\x10', '\x11'}) {
    Link tiny;
    std::string record{"\x17\x03\x03\0", 4};
    record += length;
    record.append(static_cast<std::size_t>(length), 'x');
    tiny.receive(record);
    CHECK(tiny.failed(kBadRecord, 20));
  }
}

TEST_CASE("records that were changed") {
  Link whole;
  const std::string record = whole.writer.data("data").take();
  for (std::size_t at = 0; at < record.size(); ++at) {
    CAPTURE(at);
    // A longer one would be waited for.
    if (at == 3 || at == 4) continue;
    Link link;
    std::string changed = record;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    link.writer.data("data").take();
    link.writer.data("after");
    CHECK(link.receive(changed + link.writer.take()).empty());
    if (at == 0) {
      CHECK(link.failed(kUnexpected, 10));
    } else {
      CHECK(link.failed(kBadRecord, 20));
    }
  }
  Link shortened;
  std::string cut = record;
  --cut[4];
  CHECK(shortened.receive(cut).empty());
  CHECK(shortened.failed(kBadRecord, 20));

  Link twice;
  CHECK(twice.receive(record) == "data");
  CHECK(twice.receive(record).empty());
  CHECK(twice.failed(kBadRecord, 20));
}

TEST_CASE("what came before a broken record is delivered") {
  Link link;
  link.writer.data("good").raw({"\x17\x03\x03\0\x20", 5}).raw(std::string(32, '?')).data("lost");
  CHECK(link.receive() == "good");
  CHECK(link.failed(kBadRecord, 20));
}

TEST_CASE("types that have no place") {
  struct Row {
    std::uint8_t type;
    std::string content;
    std::size_t padding;
  };
  const Row rows[] = {
      {0, "", 0},                      // nothing but zeros
      {0, std::string(100, '\0'), 0},  //
      {20, "\1", 0},                   // change_cipher_spec
      {24, "heartbeat", 0},            //
      {255, "?", 0},                   //
      {kAlertRecord, "", 0},           // an alert, or a part of a message, of no size
      {kHandshakeRecord, "", 3},       //
  };
  for (const Row& row : rows) {
    CAPTURE(int{row.type});
    Link link;
    link.writer.add(row.type, row.content, row.padding).data("after");
    CHECK(link.receive().empty());
    CHECK(link.failed(kUnexpected, 10));
  }
  // In the clear: change_cipher_spec, an alert, a handshake message.
  for (const char type : {'\x14', '\x15', '\x16', '\x18', '\0'}) {
    Link link;
    CHECK(link.receive(std::string(1, type) + std::string("\3\3\0\1\1", 5)).empty());
    CHECK(link.failed(kUnexpected, 10));
  }
}

TEST_CASE("alerts") {
  Link ended;
  ended.writer.data("last").add(kAlertRecord, {"\1\0", 2}).data("ignored");
  CHECK(ended.receive() == "last");
  CHECK(ended.records.state() == Records::State::kEnded);
  // Sending goes on.
  ended.records.send({}, bytesOf("more"), ended.out);
  ended.records.close(ended.out);
  CHECK(ended.sent() == Opened{{kDataRecord, "more"}, {kAlertRecord, {"\1\0", 2}}});

  // Their level does not count; they are not answered.
  for (const std::string& alert : {std::string("\2\x14"), std::string("\1\x28")}) {
    Link failed;
    failed.writer.add(kAlertRecord, alert).data("ignored");
    CHECK(failed.receive().empty());
    CHECK(failed.records.state() == Records::State::kFailed);
    CHECK(failed.records.failure() == alertText(alert[1]));
    CHECK(failed.out.empty());
  }

  Link canceled;
  canceled.writer.add(kAlertRecord, "\1\x5A").data("goes on").add(kAlertRecord, {"\1\0", 2});
  CHECK(canceled.receive() == "goes on");
  CHECK(canceled.records.state() == Records::State::kEnded);

  for (const std::string& alert : {std::string("\2"), std::string("\1\0\1\0", 4)}) {
    Link malformed;
    malformed.writer.add(kAlertRecord, alert);
    malformed.receive();
    CHECK(malformed.failed(kBadMessage, 50));
  }
}

TEST_CASE("KeyUpdate") {
  Link link;
  link.writer.update(false).data("a").update(true).update(true).data("b");
  CHECK(link.receive() == "ab");
  // The answer comes before the next data, and once.
  CHECK(link.sent().empty());
  link.records.send({}, bytesOf("c"), link.out);
  link.records.send({}, bytesOf("d"), link.out);
  CHECK(link.sent() == Opened{{kHandshakeRecord, std::string(keyUpdate(false))},
                              {kDataRecord, "c"},
                              {kDataRecord, "d"}});
  link.writer.data("e");
  CHECK(link.receive() == "e");
}

TEST_CASE("KeyUpdate in parts") {
  Link link;
  for (const char byte : keyUpdate(true)) link.writer.add(kHandshakeRecord, {&byte, 1});
  link.writer.key().update();
  link.writer.data("after");
  CHECK(link.receive() == "after");

  for (const std::uint8_t type : {kDataRecord, kAlertRecord}) {
    Link interrupted;
    interrupted.writer.add(kHandshakeRecord, keyUpdate(true).substr(0, 3)).add(type, {"\1\0", 2});
    CHECK(interrupted.receive().empty());
    CHECK(interrupted.failed(kUnexpected, 10));
  }
}

TEST_CASE("handshake messages that are wrong") {
  struct Row {
    std::string message;
    const char* reason;
    std::uint8_t alert;
  };
  const Row rows[] = {
      {std::string("\x18\0\0\1\2", 5), kBadMessage, 47},      // an unknown request
      {std::string("\x18\0\0\0", 4), kBadMessage, 50},        // too short
      {std::string("\x18\0\0\2\0\0", 6), kBadMessage, 50},    // too long
      {std::string("\x18\0\1\1", 4), kBadMessage, 50},        //
      {std::string("\x18\1\0\1", 4), kBadMessage, 50},        //
      {std::string("\x18\0\0\1\0\x18", 6), kUnexpected, 10},  // spans the change of keys
      {std::string("\x18\0\0\1\0\x18\0\0\1\0", 10), kUnexpected, 10},
      {std::string("\1\0\0\1\0", 5), kUnexpected, 10},  // ClientHello
      {std::string("\4"), kUnexpected, 10},             // NewSessionTicket, of a client
      {std::string("\x0B\0\0\4", 4), kUnexpected, 10},  // Certificate, for which nobody asked
      {std::string("\0\0\0\0", 4), kUnexpected, 10},    // HelloRequest
      {std::string(16384, '\x14'), kUnexpected, 10},    // Finished
  };
  for (const Row& row : rows) {
    CAPTURE(test::hexOf(bytesOf(row.message)).substr(0, 20));
    Link link;
    link.writer.add(kHandshakeRecord, row.message).data("after");
    CHECK(link.receive().empty());
    CHECK(link.failed(row.reason, row.alert));
  }
}

TEST_CASE("a flood of records without data") {
  struct Row {
    const char* name;
    void (*add)(test::RecordWriter& writer);
  };
  const Row rows[] = {
      {"empty", [](test::RecordWriter& writer) { writer.data(""); }},
      {"padding", [](test::RecordWriter& writer) { writer.add(kDataRecord, "", 16'000); }},
      {"KeyUpdate", [](test::RecordWriter& writer) { writer.update(true); }},
      {"user_canceled", [](test::RecordWriter& writer) { writer.add(kAlertRecord, "\1\x5A"); }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    Link link;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < Records::kMaxIdleRecords; ++i) row.add(link.writer);
      REQUIRE(link.receive().empty());
      REQUIRE(link.records.state() == Records::State::kOpen);
      // Data ends it, whichever way it goes.
      if (round == 0) link.writer.data("data");
      if (round == 1) link.records.send({}, bytesOf("data"), link.out);
      CHECK(link.receive() == (round == 0 ? "data" : ""));
    }
    REQUIRE(link.sent().size() <= 2);
    row.add(link.writer);
    CHECK(link.receive().empty());
    CHECK(link.failed(kTooManyEmpty, 10));
  }
}

TEST_CASE("a key is used for so many records only") {
  constexpr std::uint64_t kLast = Records::kRecordsPerKey - 1;
  Link sends(0x1301, 0, kLast);
  for (const char* const data : {"a", "b", "c"}) sends.records.send({}, bytesOf(data), sends.out);
  CHECK(sends.sent() == Opened{{kDataRecord, "a"},
                               {kHandshakeRecord, std::string(keyUpdate(false))},
                               {kDataRecord, "b"},
                               {kDataRecord, "c"}});

  // The peer is asked once to change its key.
  Link receives(0x1301, kLast, 0);
  receives.writer.data("a").data("b");
  CHECK(receives.receive() == "ab");
  for (const char* const data : {"c", "d"}) receives.records.send({}, bytesOf(data), receives.out);
  CHECK(receives.sent() == Opened{{kHandshakeRecord, std::string(keyUpdate(true))},
                                  {kDataRecord, "c"},
                                  {kDataRecord, "d"}});
  receives.writer.update(false).data("e");
  CHECK(receives.receive() == "e");
  receives.records.send({}, bytesOf("f"), receives.out);
  CHECK(receives.sent() == Opened{{kDataRecord, "f"}});
}

TEST_CASE("records are traced") {
  struct Lines final : Trace {
    std::string text;
    void onMessage(bool sent, int type, Bytes message) override {
      text.append(sent ? "> " : "< ").append(std::to_string(type)).append(" ");
      text.append(test::hexOf(message)).append("\n");
    }
  } lines;
  Link link(0x1301, 0, 0, &lines);
  link.writer.data("data").update(true).add(kAlertRecord, {"\1\0", 2});
  link.receive();
  link.records.send({}, bytesOf("d"), link.out);
  CHECK(lines.text ==
        "< 256 1703030015\n"
        "< 256 1703030016\n< 22 1800000101\n"
        "< 256 1703030013\n< 21 0100\n"
        "> 256 1703030016\n> 22 1800000100\n"
        "> 256 1703030012\n");
}

}  // namespace
}  // namespace wss::tls
