// SPDX-License-Identifier: MIT
#include "http/deflate_offer.h"

#include <algorithm>
#include <vector>

#include "http/extensions.h"

namespace wss::http {
namespace {

constexpr std::string_view kName = "permessage-deflate";
constexpr std::string_view kServerNoContextTakeover = "server_no_context_takeover";
constexpr std::string_view kClientNoContextTakeover = "client_no_context_takeover";
constexpr std::string_view kServerMaxWindowBits = "server_max_window_bits";
constexpr std::string_view kClientMaxWindowBits = "client_max_window_bits";

constexpr int kMinWindowBits = 8;
/// zlib's least for streams without a header.
constexpr int kMinServerWindowBits = 9;

/// The parameters that an offer or an answer has.
struct Offer {
  bool serverNoContextTakeover = false;
  bool clientNoContextTakeover = false;
  std::optional<int> serverMaxWindowBits;
  std::optional<int> clientMaxWindowBits;
};

/// Both parameters about context takeover are there or not (RFC 7692 §7.1.1).
bool readFlag(const ExtensionParameter& parameter, bool& flag) {
  if (flag || parameter.value) return false;
  flag = true;
  return true;
}

/// 8 to 15, without leading zeros (RFC 7692 §7.1.2).
bool readWindowBits(const ExtensionParameter& parameter, std::optional<int>& bits) {
  if (bits || !parameter.value) return false;
  for (int candidate = kMinWindowBits; candidate <= kMaxWindowBits; ++candidate) {
    if (*parameter.value == std::to_string(candidate)) bits = candidate;
  }
  return bits.has_value();
}

/// False when the parameter makes the offer one that is to be declined.
bool readParameter(const ExtensionParameter& parameter, Offer& offer) {
  if (parameter.name == kServerNoContextTakeover) {
    return readFlag(parameter, offer.serverNoContextTakeover);
  }
  if (parameter.name == kClientNoContextTakeover) {
    return readFlag(parameter, offer.clientNoContextTakeover);
  }
  if (parameter.name == kServerMaxWindowBits) {
    return readWindowBits(parameter, offer.serverMaxWindowBits);
  }
  if (parameter.name != kClientMaxWindowBits) return false;
  if (parameter.value) return readWindowBits(parameter, offer.clientMaxWindowBits);
  // Without a value the client lets us choose (RFC 7692 §7.1.2.2).
  if (offer.clientMaxWindowBits) return false;
  offer.clientMaxWindowBits = kMaxWindowBits;
  return true;
}

/// What `extension` says of permessage-deflate; nothing if it is another or has wrong parameters.
std::optional<Offer> readParameters(const Extension& extension) {
  if (extension.name != kName) return std::nullopt;
  Offer offer;
  for (const ExtensionParameter& parameter : extension.parameters) {
    if (!readParameter(parameter, offer)) return std::nullopt;
  }
  return offer;
}

/// What `extension` offers; nothing if it is no offer that can be met.
std::optional<Offer> readOffer(const Extension& extension) {
  std::optional<Offer> offer = readParameters(extension);
  if (offer && offer->serverMaxWindowBits.value_or(kMaxWindowBits) < kMinServerWindowBits) {
    return std::nullopt;
  }
  return offer;
}

DeflateAnswer accept(const Offer& offer, const DeflatePolicy& policy) {
  DeflateParameters agreed;
  agreed.serverContextTakeover = policy.serverContextTakeover && !offer.serverNoContextTakeover;
  agreed.clientContextTakeover = policy.clientContextTakeover && !offer.clientNoContextTakeover;
  agreed.serverMaxWindowBits =
      std::min(policy.serverMaxWindowBits, offer.serverMaxWindowBits.value_or(kMaxWindowBits));
  if (offer.clientMaxWindowBits) {
    agreed.clientMaxWindowBits = std::min(policy.clientMaxWindowBits, *offer.clientMaxWindowBits);
  }

  DeflateAnswer answer;
  answer.agreed = agreed;
  answer.response = kName;
  const auto add = [&answer](std::string_view name) -> std::string& {
    return answer.response.append("; ").append(name);
  };
  const auto addBits = [&add](std::string_view name, int bits) {
    add(name).append("=").append(std::to_string(bits));
  };
  if (!agreed.serverContextTakeover) add(kServerNoContextTakeover);
  if (!agreed.clientContextTakeover) add(kClientNoContextTakeover);
  // This parameter is accepted by repeating it, even if it asks for nothing (§7.1.2.1).
  if (offer.serverMaxWindowBits || agreed.serverMaxWindowBits < kMaxWindowBits) {
    addBits(kServerMaxWindowBits, agreed.serverMaxWindowBits);
  }
  if (agreed.clientMaxWindowBits < kMaxWindowBits) {
    addBits(kClientMaxWindowBits, agreed.clientMaxWindowBits);
  }
  return answer;
}

}  // namespace

DeflateAnswer answerDeflateOffers(std::string_view extensions, const DeflatePolicy& policy) {
  const std::optional<std::vector<Extension>> offered = parseExtensions(extensions);
  if (!offered) return {.malformed = true, .agreed = {}, .response = {}};
  for (const Extension& extension : *offered) {
    if (const std::optional<Offer> offer = readOffer(extension)) return accept(*offer, policy);
  }
  return {};
}

bool acceptDeflateOffer(std::string_view extensions) {
  const std::optional<std::vector<Extension>> chosen = parseExtensions(extensions);
  if (!chosen || chosen->size() != 1) return false;
  const std::optional<Offer> answer = readParameters(chosen->front());
  // A server that may use no context must say so (§7.1.1.1); our window is as large as any.
  return answer && answer->serverNoContextTakeover && !answer->clientMaxWindowBits;
}

}  // namespace wss::http
