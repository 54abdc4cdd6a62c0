// SPDX-License-Identifier: MIT
// The native half of WSServer, as JavaScript sees it: see the interface NativeServer in
// lib/boundary/native.ts, which documents each method. It joins a server::Server, its private loop
// and Node's loop, and carries the batches across: once per turn in each direction.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <span>

#include "addon/batch.h"
#include "addon/memory.h"
#include "addon/node_loop.h"
#include "addon/turn.h"
#include "server/listening/server.h"
#include "server/properties/properties.h"

namespace wss::addon {

class ServerObject final : public Napi::ObjectWrap<ServerObject>, private TurnHandler {
 public:
  static Napi::Function define(Napi::Env env);

  /// (commands: how many there may be, arena: its size, onBatch: Function, encode: Function,
  /// transientPayloads: boolean, errorClass: what is thrown)
  explicit ServerObject(const Napi::CallbackInfo& info);
  ~ServerObject() override;
  ServerObject(const ServerObject&) = delete;
  ServerObject& operator=(const ServerObject&) = delete;

 private:
  /// Memory that both sides read and write. It stays, whatever becomes of JavaScript's array.
  template <typename T>
  class Shared {
   public:
    Shared(MemoryTable& table, std::size_t length)
        : memory_(table.allocateZeroed(length * sizeof(T))),
          items_(reinterpret_cast<T*>(memory_->bytes()), length) {}
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() { memory_->letGo(); }
    [[nodiscard]] std::span<T> items() const { return items_; }
    [[nodiscard]] Memory& memory() const { return *memory_; }

   private:
    Memory* memory_;
    std::span<T> items_;
  };

  Napi::Value shared(const Napi::CallbackInfo& info);
  Napi::Value startListening(const Napi::CallbackInfo& info);
  Napi::Value openListening(const Napi::CallbackInfo& info);
  Napi::Value stopListening(const Napi::CallbackInfo& info);
  Napi::Value adopt(const Napi::CallbackInfo& info);
  Napi::Value bridge(const Napi::CallbackInfo& info);
  Napi::Value disconnectAll(const Napi::CallbackInfo& info);
  Napi::Value disconnect(const Napi::CallbackInfo& info);
  Napi::Value closeWithoutCode(const Napi::CallbackInfo& info);
  Napi::Value terminate(const Napi::CallbackInfo& info);
  Napi::Value compresses(const Napi::CallbackInfo& info);
  Napi::Value flush(const Napi::CallbackInfo& info);
  Napi::Value send(const Napi::CallbackInfo& info);
  Napi::Value sendPart(const Napi::CallbackInfo& info);
  Napi::Value drained(const Napi::CallbackInfo& info);
  Napi::Value forget(const Napi::CallbackInfo& info);
  Napi::Value ping(const Napi::CallbackInfo& info);
  Napi::Value pump(const Napi::CallbackInfo& info);
  Napi::Value get(const Napi::CallbackInfo& info);
  Napi::Value set(const Napi::CallbackInfo& info);
  Napi::Value readText(const Napi::CallbackInfo& info);
  Napi::Value getProperty(const Napi::CallbackInfo& info);
  Napi::Value setProperty(const Napi::CallbackInfo& info);
  Napi::Value setWanted(const Napi::CallbackInfo& info);
  Napi::Value setCertificates(const Napi::CallbackInfo& info);
  Napi::Value ticketKeys(const Napi::CallbackInfo& info);
  Napi::Value setTicketKeys(const Napi::CallbackInfo& info);
  Napi::Value answerCertificateRequest(const Napi::CallbackInfo& info);
  Napi::Value answerClientAuthentication(const Napi::CallbackInfo& info);
  Napi::Value connectedIds(const Napi::CallbackInfo& info);
  Napi::Value closeAsWs(const Napi::CallbackInfo& info);
  Napi::Value setHandsOver(const Napi::CallbackInfo& info);
  Napi::Value take(const Napi::CallbackInfo& info);
  Napi::Value nodeId(const Napi::CallbackInfo& info);
  Napi::Value idOf(const Napi::CallbackInfo& info);
  Napi::Value missCertificate(const Napi::CallbackInfo& info);
  Napi::Value subscribe(const Napi::CallbackInfo& info);
  Napi::Value unsubscribe(const Napi::CallbackInfo& info);
  Napi::Value topicsOf(const Napi::CallbackInfo& info);
  Napi::Value topics(const Napi::CallbackInfo& info);
  Napi::Value subscriberCount(const Napi::CallbackInfo& info);
  Napi::Value subscribers(const Napi::CallbackInfo& info);
  Napi::Value countTopics(const Napi::CallbackInfo& info);
  Napi::Value checkTopic(const Napi::CallbackInfo& info);
  Napi::Value publish(const Napi::CallbackInfo& info);
  Napi::Value publishTo(const Napi::CallbackInfo& info);
  Napi::Value setEnvelopeProtocol(const Napi::CallbackInfo& info);
  Napi::Value getsEnvelopes(const Napi::CallbackInfo& info);
  Napi::Value wantsEnvelopes(const Napi::CallbackInfo& info);
  Napi::Value reportError(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);

  void onTurn() override;
  /// Hands events to JavaScript and carries out what it wants, until there is neither.
  void settle();
  void deliver();
  /// False when JavaScript, which has to encode texts for it, has thrown or cannot be called any
  /// more: then nothing has been carried out, and all of it waits.
  bool performCommands();
  bool encode();
  /// After anything that may have changed whether there is something to live for.
  void refresh();
  /// What a tick, a microtask or a callback has thrown is an uncaught exception like any other.
  void reportException();
  /// Throws `error` as the class that the server was given. The caller returns at once.
  void throwError(const Error& error);
  /// `method`, for one that may add events: the loop is woken for them.
  template <Napi::Value (ServerObject::*method)(const Napi::CallbackInfo&)>
  Napi::Value direct(const Napi::CallbackInfo& info) {
    batch_.events().askAgain();
    const Napi::Value result = (this->*method)(info);
    turn_.wakeForEvents();
    return result;
  }
  /// The same, but what was sent before goes first.
  template <Napi::Value (ServerObject::*method)(const Napi::CallbackInfo&)>
  Napi::Value inOrder(const Napi::CallbackInfo& info) {
    if (!performCommands()) return {};
    const Napi::Value result = (this->*method)(info);
    turn_.wakeForEvents();
    return result;
  }
  server::Connection* findConnection(const Napi::CallbackInfo& info);
  /// The third argument as bytes to send; throws when it is nothing of the kind.
  std::optional<Bytes> payloadOf(const Napi::CallbackInfo& info);
  /// The second argument as a property; null, and throws, when there is none of that number.
  const server::Property* findProperty(const Napi::CallbackInfo& info);
  /// What send(), sendPart() and drained() return.
  Napi::Value outcomeOf(const Napi::CallbackInfo& info, Result<bool> sent);
  /// An argument as a topic; throws when it is no string.
  std::optional<std::string> topicOf(const Napi::Value& value);

  Napi::AsyncContext asyncContext_;
  Napi::FunctionReference errorClass_;
  napi_ref onBatch_ = nullptr;  ///< weak
  napi_ref encode_ = nullptr;   ///< weak
  std::shared_ptr<MemoryTable> memories_;
  Shared<std::int32_t> status_;
  Shared<std::int32_t> commands_;  ///< as server/command.h says
  Shared<std::uint8_t> arena_;
  // The order is that of construction; it ends in reverse.
  Batch batch_;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<server::Server> server_;
  Turn turn_{batch_, loop_, server_};
  NodeLoop* nodeLoop_ = nullptr;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  bool active_ = false;
};

}  // namespace wss::addon
