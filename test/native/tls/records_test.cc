// SPDX-License-Identifier: MIT
#include "tls/records/records.h"

#include <doctest/doctest.h>

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "records_link.h"
#include "reference.h"

namespace wss::tls {
namespace {

using test::kAlertRecord;
using test::kDataRecord;
using test::Link;
using test::Opened;
using test::OpenedRecord;
using test::unhex;

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

TEST_CASE("keys of RFC 8448") {
  const auto derived = [](std::string_view secret, std::string_view label, std::size_t size) {
    std::vector<std::uint8_t> made(size);
    const std::unique_ptr<Aead> aead = Aead::create(0x1301);
    REQUIRE(aead->expander().expand(unhex(secret), {{label, made}}));
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
  server.send({}, bytesOf(rfcPayload()), out);
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
  link.records.send({}, bytesOf(content), link.out);
  CHECK(link.out.size() == 40'000 + 3 * Records::kOverhead);
  const Opened sent = link.sent();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0] == OpenedRecord{kDataRecord, content.substr(0, 16384)});
  CHECK(sent[2] == OpenedRecord{kDataRecord, content.substr(32768)});
  link.records.send({}, {}, link.out);
  CHECK(link.out.capacity() == 0);
  // A start that lies elsewhere is in the same record.
  link.records.send(bytesOf("head"), bytesOf(content), link.out);
  const Opened joined = link.sent();
  REQUIRE(joined.size() == 3);
  CHECK(joined[0] == OpenedRecord{kDataRecord, "head" + content.substr(0, 16380)});
  CHECK(joined[2].content.size() == 40'004 - 2 * 16384);
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

TEST_CASE("more keys than there are contexts") {
  const std::unique_ptr<Aead> aead = Aead::create(0x1303);
  std::vector<std::unique_ptr<test::RecordWriter>> writers;
  std::vector<std::unique_ptr<test::RecordReader>> readers;
  for (int i = 0; i < 300; ++i) {
    const std::string secret(32, static_cast<char>(i));
    writers.push_back(std::make_unique<test::RecordWriter>(*aead, bytesOf(secret)));
    readers.push_back(std::make_unique<test::RecordReader>(*aead, bytesOf(secret)));
  }
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < writers.size(); ++i) {
      const std::string data = std::to_string(i);
      const std::string record = writers[i]->data(data).take();
      REQUIRE(readers[i]->read(bytesOf(record)) == Opened{{kDataRecord, data}});
    }
  }
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

}  // namespace
}  // namespace wss::tls
