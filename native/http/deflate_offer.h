// SPDX-License-Identifier: MIT
// The negotiation of permessage-deflate (RFC 7692 §7.1): for a server, what the client offers
// and what we want go in, what is agreed comes out; for a client, what it offers and whether an
// answer fits. No state; the compression itself is elsewhere.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wss::http {

inline constexpr int kMaxWindowBits = 15;

/// What the server wants. Without context takeover a message is compressed by itself, so that no
/// memory has to be kept from one to the next. The bits are a window size's logarithm.
struct DeflatePolicy {
  bool serverContextTakeover = false;  ///< unless the client declines it
  bool clientContextTakeover = false;
  int serverMaxWindowBits = kMaxWindowBits;  ///< 9…15
  int clientMaxWindowBits = kMaxWindowBits;  ///< 8…15; only clients that offer it can be held to it
};

/// What holds for one connection (RFC 7692 §7.1.1, §7.1.2).
struct DeflateParameters {
  bool serverContextTakeover = false;
  bool clientContextTakeover = false;
  int serverMaxWindowBits = kMaxWindowBits;  ///< 9…15
  int clientMaxWindowBits = kMaxWindowBits;  ///< 8…15
};

struct DeflateAnswer {
  bool malformed = false;  ///< the offers break the grammar: the request is to be refused with 400
  std::optional<DeflateParameters> agreed;  ///< nothing: messages go as they are
  std::string response;                     ///< agreed: the Sec-WebSocket-Extensions of the answer
};

/// Answers `extensions`, the joined values of the request's Sec-WebSocket-Extensions: the first
/// offer of permessage-deflate that can be met is accepted. Those with parameters that are unknown,
/// there twice or out of range are declined (RFC 7692 §7), other extensions are passed over.
DeflateAnswer answerDeflateOffers(std::string_view extensions, const DeflatePolicy& policy);

/// What a client offers that keeps no context.
inline constexpr std::string_view kDeflateOffer =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// Whether `extensions`, of a server's answer, accept kDeflateOffer: permessage-deflate alone, with
/// parameters that are known, there once, in range, and no client_max_window_bits, which was not
/// offered.
bool acceptDeflateOffer(std::string_view extensions);

}  // namespace wss::http
