// SPDX-License-Identifier: MIT
#include "tls/records.h"

#include <doctest/doctest.h>

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "record_writer.h"
#include "reference.h"
#include "tls/failure.h"

namespace wss::tls {
namespace {

using test::kAlertRecord;
using test::kDataRecord;
using test::keyUpdate;
using test::kHandshakeRecord;
using test::OpenedRecord;
using test::unhex;

using Opened = std::vector<OpenedRecord>;

// RFC 8448 §3, a handshake with TLS_AES_128_GCM_SHA256.
constexpr std::string_view kClientSecret =
    "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
constexpr std::string_view kServerSecret =
    "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
constexpr std::string_view kClientData =
    "17030300 43a23f70 54b62c94 d0affafe 8228ba55 cbefacea 42f914aa 66bcab3f 2b9819a8 a5b46b39 "
    "5bd54a9a 20441e2b 62974e1f 5a6292a2 977014bd 1e3deae6 3aeebb21 694915e4";
constexpr std::string_view kServerData =
    "17030300 432e937e 11ef4ac7 40e538ad 36005fc4 a46932fc 3225d05f 82aa1b36 e30efaf9 7d90e6df "
    "fc602dcb 501a59a8 fcc49c4b f2e5f0a2 1c0047c2 abf33254 0dd032e1 67c2955d";
constexpr std::string_view kClientClose = "17030300 13c98727 60655666 b74d7ff1 153efd6d b6d0b0e3";
constexpr std::string_view kServerClose = "17030300 13b58fd6 7166ebf5 99d24720 cfbe7efa 7a8864a9";

std::string rfcPayload() {
  std::string payload(50, '\0');
  std::iota(payload.begin(), payload.end(), '\0');
  return payload;
}

/// A server's Records, and a client that writes and reads what it likes.
class Link {
 public:
  explicit Link(std::uint16_t suite = 0x1301, std::uint64_t received = 0, std::uint64_t sent = 0,
                Trace* trace = nullptr)
      : aead_(Aead::create(suite)),
        peers_(Aead::create(suite)),
        clientSecret_(suite == 0x1302 ? 48 : 32, 'c'),
        serverSecret_(clientSecret_.size(), 's'),
        writer(*peers_, bytesOf(clientSecret_), received),
        reader(*peers_, bytesOf(serverSecret_), sent),
        records(*aead_, {bytesOf(clientSecret_), received}, {bytesOf(serverSecret_), sent}, trace) {
  }

  /// What the server reads when `bytes` come in parts of `size`.
  std::string receive(std::string_view bytes, std::size_t size = SIZE_MAX) {
    std::string received;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
      // A part that is read beyond its end, or written to, is seen.
      test::ExactBuffer part(bytesOf(bytes.substr(0, size)));
      std::vector<std::uint8_t> plain(part.bytes().size() + std::size_t{17} * 1024);
      const std::size_t count = records.receive(part.bytes(), plain, out);
      received.append(textOf(Bytes(plain)).substr(0, count));
    }
    return received;
  }
  std::string receive() { return receive(writer.take()); }

  /// What the server has sent since the last call.
  Opened sent() {
    const Opened opened = reader.read(std::as_const(out).bytes());
    out.clear();
    return opened;
  }

  /// Whether the server has failed for `reason` and said `alert`.
  bool failed(const char* reason, std::uint8_t alert) {
    const Opened opened = sent();
    return records.state() == Records::State::kFailed && records.failure() == reason &&
           !opened.empty() &&
           opened.back() == OpenedRecord{kAlertRecord, {2, static_cast<char>(alert)}};
  }

 private:
  std::unique_ptr<Aead> aead_;
  std::unique_ptr<Aead> peers_;
  std::string clientSecret_;
  std::string serverSecret_;

 public:
  test::RecordWriter writer;
  test::RecordReader reader;
  Records records;
  ByteQueue out;
};

TEST_CASE("keys of RFC 8448") {
  const auto derived = [](std::string_view secret, std::string_view label, std::size_t size) {
    std::vector<std::uint8_t> made(size);
    const std::unique_ptr<Aead> aead = Aead::create(0x1301);
    REQUIRE(expandLabel(aead->hash(), unhex(secret), label, made));
    return test::hexOf(made);
  };
  CHECK(derived(kClientSecret, "key", 16) == "17422dda596ed5d9acd890e3c63f5051");
  CHECK(derived(kClientSecret, "iv", 12) == "5b78923dee08579033e523d9");
  CHECK(derived(kServerSecret, "key", 16) == "9f02283b6c9c07efc26bb9f2ac92e356");
  CHECK(derived(kServerSecret, "iv", 12) == "cf782b88dd83549aadf1e984");
}

TEST_CASE("records of RFC 8448") {
  const std::unique_ptr<Aead> aead = Aead::create(0x1301);
  // The server has sent a NewSessionTicket.
  Records server(*aead, {unhex(kClientSecret), 0}, {unhex(kServerSecret), 1}, nullptr);
  std::vector<std::uint8_t> plain(20000);
  ByteQueue out;
  CHECK(server.receive(unhex(kClientData), plain, out) == 50);
  CHECK(textOf(Bytes(plain).first(50)) == rfcPayload());
  server.send(bytesOf(rfcPayload()), out);
  CHECK(test::hexOf(out.bytes()) == test::hexOf(unhex(kServerData)));
  out.clear();
  CHECK(server.receive(unhex(kClientClose), plain, out) == 0);
  CHECK(server.state() == Records::State::kEnded);
  server.close(out);
  CHECK(test::hexOf(out.bytes()) == test::hexOf(unhex(kServerClose)));
}

TEST_CASE("suites that are not known") {
  for (const int suite : {0, 0x1300, 0x1304, 0x1305, 0xC02F}) {
    CAPTURE(suite);
    CHECK(Aead::create(static_cast<std::uint16_t>(suite)) == nullptr);
  }
}

TEST_CASE("secrets of a key log") {
  const std::string random(64, 'a');
  const std::string client = "CLIENT_TRAFFIC_SECRET_0 " + random + " " + std::string(64, '1');
  const std::string server = "SERVER_TRAFFIC_SECRET_0 " + random + " " + std::string(64, 'f');
  TrafficSecrets secrets;
  secrets.onSent();
  secrets.onKeyLog("SERVER_HANDSHAKE_TRAFFIC_SECRET " + random + " " + std::string(64, '2'));
  secrets.onKeyLog(server);
  secrets.onSent();
  secrets.onSent();
  CHECK_FALSE(secrets.complete());
  secrets.onKeyLog(client);
  CHECK(secrets.complete());
  CHECK(secrets.sent() == 2);
  CHECK(test::hexOf(secrets.client()) == std::string(64, '1'));
  CHECK(test::hexOf(secrets.server()) == std::string(64, 'f'));
  // What is longer than a secret can be, or no number, is none.
  for (const std::string& digits :
       {std::string(98, '1'), std::string(63, '1'), std::string(64, 'g'), std::string()}) {
    secrets.onKeyLog("CLIENT_TRAFFIC_SECRET_0 " + random + " " + digits);
    CHECK_FALSE(secrets.complete());
  }
}

TEST_CASE("data, split at every byte") {
  for (const int suite : {0x1301, 0x1302, 0x1303}) {
    for (std::size_t size = 1; size < 120; ++size) {
      CAPTURE(suite);
      CAPTURE(size);
      Link link(static_cast<std::uint16_t>(suite));
      link.writer.data("one").data("").data(std::string(40, 'x')).update(true).data("two");
      REQUIRE(link.receive(link.writer.take(), size) == "one" + std::string(40, 'x') + "two");
      REQUIRE(link.records.state() == Records::State::kOpen);
    }
  }
}

TEST_CASE("what is sent goes into records of 16 KiB") {
  Link link;
  const std::string content(40'000, 's');
  link.records.send(bytesOf(content), link.out);
  CHECK(link.out.size() == 40'000 + 3 * Records::kOverhead);
  const Opened sent = link.sent();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0] == OpenedRecord{kDataRecord, content.substr(0, 16384)});
  CHECK(sent[2] == OpenedRecord{kDataRecord, content.substr(32768)});
  link.records.send({}, link.out);
  CHECK(link.out.empty());
}

TEST_CASE("connections that share a context do not get in each other's way") {
  const std::unique_ptr<Aead> aead = Aead::create(0x1301);
  const std::string secrets[] = {std::string(32, 'a'), std::string(32, 'b')};
  test::RecordWriter first(*aead, bytesOf(secrets[0]));
  auto second = std::make_unique<test::RecordWriter>(*aead, bytesOf(secrets[1]));
  test::RecordReader readsFirst(*aead, bytesOf(secrets[0]));
  test::RecordReader readsSecond(*aead, bytesOf(secrets[1]));
  for (int turn = 0; turn < 3; ++turn) {
    const std::string one = first.data("first").take();
    const std::string two = second->data("second").data("again").take();
    CHECK(readsSecond.read(bytesOf(two)) ==
          Opened{{kDataRecord, "second"}, {kDataRecord, "again"}});
    CHECK(readsFirst.read(bytesOf(one)) == Opened{{kDataRecord, "first"}});
  }
  // A key at the address of one that has gone is not taken for it.
  const void* const place = &second->key();
  second.reset();
  second = std::make_unique<test::RecordWriter>(*aead, bytesOf(secrets[0]));
  CAPTURE(place == &second->key());
  CHECK(test::RecordReader(*aead, bytesOf(secrets[0])).read(bytesOf(second->data("new").take())) ==
        Opened{{kDataRecord, "new"}});
}

TEST_CASE("padding") {
  Link link;
  link.writer.add(kDataRecord, "a", 1).add(kDataRecord, "b", 300);
  link.writer.add(kDataRecord, std::string(16'000, 'c'), 384);
  CHECK(link.receive() == "ab" + std::string(16'000, 'c'));
  link.writer.add(kDataRecord, std::string(3, '\0'), 5).add(kAlertRecord, {"\1\0", 2}, 9);
  CHECK(link.receive() == std::string(3, '\0'));
  CHECK(link.records.state() == Records::State::kEnded);
}

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
  ended.records.send(bytesOf("more"), ended.out);
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
  link.records.send(bytesOf("c"), link.out);
  link.records.send(bytesOf("d"), link.out);
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
      if (round == 1) link.records.send(bytesOf("data"), link.out);
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
  for (const char* const data : {"a", "b", "c"}) sends.records.send(bytesOf(data), sends.out);
  CHECK(sends.sent() == Opened{{kDataRecord, "a"},
                               {kHandshakeRecord, std::string(keyUpdate(false))},
                               {kDataRecord, "b"},
                               {kDataRecord, "c"}});

  // The peer is asked once to change its key.
  Link receives(0x1301, kLast, 0);
  receives.writer.data("a").data("b");
  CHECK(receives.receive() == "ab");
  for (const char* const data : {"c", "d"}) receives.records.send(bytesOf(data), receives.out);
  CHECK(receives.sent() == Opened{{kHandshakeRecord, std::string(keyUpdate(true))},
                                  {kDataRecord, "c"},
                                  {kDataRecord, "d"}});
  receives.writer.update(false).data("e");
  CHECK(receives.receive() == "e");
  receives.records.send(bytesOf("f"), receives.out);
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
  link.records.send(bytesOf("d"), link.out);
  CHECK(lines.text ==
        "< 256 1703030015\n"
        "< 256 1703030016\n< 22 1800000101\n"
        "< 256 1703030013\n< 21 0100\n"
        "> 256 1703030016\n> 22 1800000100\n"
        "> 256 1703030012\n");
}

}  // namespace
}  // namespace wss::tls
