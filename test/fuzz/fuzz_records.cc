// SPDX-License-Identifier: MIT
// Records that a client may send, right and wrong, must be read alike by Records, whole and in
// chunks, and by OpenSSL, which has done the handshake. The first byte is the suite and the size of
// the chunks; what follows are steps, see play().
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../native/support/record_writer.h"
#include "seeded_random.h"
#include "tls/openssl/failure.h"
#include "tls/records/records.h"

namespace wss::tls {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/// What a fuzzer's input is read from; at its end it is zeros.
class Script {
 public:
  explicit Script(Bytes bytes) : rest_(bytes) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  std::string_view bytes(std::size_t count) {
    const Bytes taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return textOf(taken);
  }

 private:
  Bytes rest_;
};

/// What both sides know beforehand, so that nobody needs a certificate.
SSL_SESSION* sharedSession(SSL* ssl) {
  constexpr std::uint8_t kKey[32] = {7};
  SSL_SESSION* const session = SSL_SESSION_new();
  const STACK_OF(SSL_CIPHER)* const ciphers = SSL_get_ciphers(ssl);
  require(SSL_SESSION_set1_master_key(session, kKey, sizeof kKey) == 1);
  require(SSL_SESSION_set_cipher(session, sk_SSL_CIPHER_value(ciphers, 0)) == 1);
  require(SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1);
  return session;
}

/// OpenSSL as a server, after a handshake that costs little.
class Reference {
 public:
  explicit Reference(const char* suite) {
    const std::shared_ptr<SSL_CTX> contexts[] = {contextFor(TLS_server_method(), suite),
                                                 contextFor(TLS_client_method(), suite)};
    SSL_CTX_set_app_data(contexts[0].get(), this);
    SSL_CTX_set_num_tickets(contexts[0].get(), 0);
    SSL_CTX_set_keylog_callback(contexts[0].get(), [](const SSL* ssl, const char* line) {
      auto* const self = static_cast<Reference*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      self->secrets.onKeyLog(line);
    });
    SSL_CTX_set_psk_find_session_callback(
        contexts[0].get(), [](SSL* ssl, const std::uint8_t* /*identity*/, std::size_t /*size*/,
                              SSL_SESSION** session) {
          *session = sharedSession(ssl);
          return 1;
        });
    SSL_CTX_set_psk_use_session_callback(
        contexts[1].get(), [](SSL* ssl, const EVP_MD* /*hash*/, const std::uint8_t** identity,
                              std::size_t* size, SSL_SESSION** session) {
          *identity = bytesOf("identity").data();
          *size = 8;
          *session = sharedSession(ssl);
          return 1;
        });
    ssl_.reset(SSL_new(contexts[0].get()), SSL_free);
    const std::shared_ptr<SSL> client(SSL_new(contexts[1].get()), SSL_free);
    BIO* up = BIO_new(BIO_s_mem());
    BIO* down = BIO_new(BIO_s_mem());
    BIO_up_ref(up);
    BIO_up_ref(down);
    SSL_set_bio(ssl_.get(), up, down);
    SSL_set_bio(client.get(), down, up);
    SSL_set_accept_state(ssl_.get());
    SSL_set_connect_state(client.get());
    SSL_do_handshake(client.get());
    SSL_do_handshake(ssl_.get());
    require(SSL_do_handshake(client.get()) == 1 && SSL_do_handshake(ssl_.get()) == 1);
    require(secrets.complete());
    ERR_clear_error();
  }

  void receive(std::string_view bytes) {
    if (failed || ended) return;
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    char buffer[20'000];
    int count = 0;
    while ((count = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0) {
      received.append(buffer, static_cast<std::size_t>(count));
    }
    // SSL_get_error(3) goes by the level of a close_notify too, which means nothing (§6).
    ended = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0 && ERR_peek_error() == 0;
    failed = !ended && SSL_get_error(ssl_.get(), count) != SSL_ERROR_WANT_READ;
    reason = failed ? ERR_GET_REASON(ERR_peek_error()) : 0;
    ERR_clear_error();
  }
  /// False when it does not send: not while it waits for the rest of a handshake message.
  bool send(std::string_view bytes) {
    const int count = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    ERR_clear_error();
    return count > 0;
  }
  std::string sent() {
    BIO* const bio = SSL_get_wbio(ssl_.get());
    std::string bytes(static_cast<std::size_t>(BIO_pending(bio)), '\0');
    if (!bytes.empty()) BIO_read(bio, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }

  TrafficSecrets secrets;
  std::string received;
  bool failed = false;
  bool ended = false;
  int reason = 0;

 private:
  static std::shared_ptr<SSL_CTX> contextFor(const SSL_METHOD* method, const char* suite) {
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context.get(), suite);
    SSL_CTX_set_options(context.get(), SSL_OP_ALLOW_NO_DHE_KEX);
    SSL_CTX_set1_groups_list(context.get(), "X25519");
    return context;
  }

  std::shared_ptr<SSL> ssl_;
};

/// Records as a server has them.
class Ours {
 public:
  Ours(std::uint16_t suite, const TrafficSecrets& secrets)
      : aead_(Aead::create(suite)),
        records(*aead_, {secrets.client(), 0}, {secrets.server(), 0}, nullptr) {}

  void receive(std::string_view bytes, std::size_t size) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
      if (records.state() != Records::State::kOpen) return;
      test::ExactBuffer part(bytesOf(bytes.substr(0, size)));
      std::vector<std::uint8_t> plain(part.bytes().size() + std::size_t{17} * 1024);
      const std::size_t count = records.receive(part.bytes(), plain, out);
      received.append(textOf(Bytes(plain)).substr(0, count));
    }
  }

 private:
  std::unique_ptr<Aead> aead_;

 public:
  Records records;
  ByteQueue out;
  std::string received;
};

/// Runs of KeyUpdates count as one, and those that no data follows not at all: they may be answered
/// at once or before the next data.
std::vector<test::OpenedRecord> essential(std::vector<test::OpenedRecord> records) {
  const auto isUpdate = [](const test::OpenedRecord& record) {
    return record.type == test::kHandshakeRecord;
  };
  records.erase(
      std::unique(records.begin(), records.end(),
                  [&](const auto& a, const auto& b) { return isUpdate(a) && isUpdate(b); }),
      records.end());
  // What an alert follows, no data does.
  if (records.size() > 1 && records.back().type == test::kAlertRecord &&
      isUpdate(records[records.size() - 2])) {
    records.erase(records.end() - 2);
  }
  if (!records.empty() && isUpdate(records.back())) records.pop_back();
  return records;
}

/// What the next step has the client send.
std::string play(Script& script, test::RecordWriter& writer) {
  const std::uint8_t step = script.byte();
  const std::size_t padding = (step & 0x80) == 0 ? 0 : script.byte();
  switch (step & 7) {
    case 0:
      writer.add(test::kDataRecord, script.bytes(script.byte()), padding);
      break;
    case 1:
      writer.data(std::string(std::size_t{script.byte()} * 65, 'l'));
      break;
    case 2:
      writer.update((step & 8) != 0);
      break;
    case 3:
      writer.add(test::kHandshakeRecord, script.bytes(script.byte()), padding);
      break;
    case 4:
      writer.add(test::kAlertRecord, script.bytes(2), padding);
      break;
    case 5:
      writer.add(script.byte(), script.bytes(script.byte()), padding);
      break;
    case 6:
      writer.raw(script.bytes(script.byte()));
      break;
    default: {
      std::string changed = writer.data(script.bytes(script.byte())).take();
      const std::size_t at = script.byte() % changed.size();
      changed[at] = static_cast<char>(changed[at] ^ script.byte());
      return changed;
    }
  }
  return writer.take();
}

/// Whether OpenSSL and we have judged the same, but for where we are known to differ.
bool agree(const Reference& openSsl, const Records& records) {
  const bool failed = records.state() == Records::State::kFailed;
  // It looks at the version, which §5.1 says is to be ignored, and counts user_canceled otherwise.
  if (openSsl.reason == SSL_R_WRONG_VERSION_NUMBER ||
      openSsl.reason == SSL_R_TOO_MANY_WARN_ALERTS) {
    return true;
  }
  // It does not mind KeyUpdates without end, nor padding beyond §5.4.
  if (failed && (records.failure() == kTooManyEmpty || records.failure() == kRecordTooLong)) {
    return true;
  }
  return openSsl.failed == failed && openSsl.ended == (records.state() == Records::State::kEnded);
}

void run(Bytes input) {
  Script script(input);
  constexpr const char* kNames[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                    "TLS_CHACHA20_POLY1305_SHA256"};
  const std::uint8_t first = script.byte();
  const std::size_t index = first % 3u;
  const auto suite = static_cast<std::uint16_t>(0x1301 + index);
  const std::size_t chunk = std::size_t{1} + first / 3u;

  Reference openSsl(kNames[index]);
  const std::unique_ptr<Aead> aead = Aead::create(suite);
  test::RecordWriter writer(*aead, openSsl.secrets.client());
  Ours whole(suite, openSsl.secrets);
  Ours chunked(suite, openSsl.secrets);
  while (!script.empty()) {
    const bool answers = (script.byte() & 1) != 0;
    const std::string bytes = play(script, writer);
    whole.receive(bytes, SIZE_MAX);
    chunked.receive(bytes, chunk);
    openSsl.receive(bytes);
    if (whole.records.state() == Records::State::kFailed && !openSsl.ended) {
      // We judge a handshake message by its start, OpenSSL when it has all of it.
      openSsl.receive(writer.add(test::kHandshakeRecord, std::string(16'000, '\0')).take());
    }
    require(agree(openSsl, whole.records));
    if (openSsl.failed != (whole.records.state() == Records::State::kFailed)) break;
    if (!answers || openSsl.failed || !openSsl.send("answer")) continue;
    whole.records.send({}, bytesOf("answer"), whole.out);
    chunked.records.send({}, bytesOf("answer"), chunked.out);
  }
  require(whole.received == chunked.received);
  require(whole.records.state() == chunked.records.state());
  require(std::ranges::equal(std::as_const(whole.out).bytes(), std::as_const(chunked.out).bytes()));
  require(openSsl.received.starts_with(whole.received) ||
          whole.received.starts_with(openSsl.received));

  const auto sent =
      test::RecordReader(*aead, openSsl.secrets.server()).read(std::as_const(whole.out).bytes());
  for (const test::OpenedRecord& record : sent) require(record.type != 0);
  if (openSsl.failed != (whole.records.state() == Records::State::kFailed)) return;
  require(openSsl.received == whole.received);
  const auto reference =
      test::RecordReader(*aead, openSsl.secrets.server()).read(bytesOf(openSsl.sent()));
  const auto ours = essential(sent);
  const auto theirs = essential(reference);
  // Which alert says it is tested elsewhere.
  require(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    require(ours[i].type == theirs[i].type);
    require(ours[i].type == test::kAlertRecord || ours[i] == theirs[i]);
  }
}

}  // namespace
}  // namespace wss::tls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wss::test::seedRandom();
  if (size > 0) wss::tls::run({data, size});
  return 0;
}
