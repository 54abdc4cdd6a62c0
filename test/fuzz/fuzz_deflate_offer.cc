// SPDX-License-Identifier: MIT
// What is agreed must lie within the policy, and the response must say just that: read as an offer,
// it is agreed to as it stands. The first byte is the policy.
#include <cstdlib>
#include <string_view>

#include "../native/support/reference.h"
#include "http/deflate_offer.h"
#include "http/extensions.h"
#include "http/header.h"

namespace wss::http {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void checkExtensions(const std::vector<Extension>& extensions) {
  for (const Extension& extension : extensions) {
    require(isToken(extension.name));
    for (const ExtensionParameter& parameter : extension.parameters) {
      require(isToken(parameter.name));
      require(!parameter.value || isToken(*parameter.value));
    }
  }
}

void checkAgreed(const DeflateAnswer& answer, const DeflatePolicy& policy) {
  const DeflateParameters& agreed = *answer.agreed;
  require(policy.serverContextTakeover || !agreed.serverContextTakeover);
  require(policy.clientContextTakeover || !agreed.clientContextTakeover);
  require(agreed.serverMaxWindowBits >= 9);
  require(agreed.serverMaxWindowBits <= policy.serverMaxWindowBits);
  require(agreed.clientMaxWindowBits >= 8);
  require(agreed.clientMaxWindowBits <= kMaxWindowBits);

  const DeflatePolicy willing = {.serverContextTakeover = true, .clientContextTakeover = true};
  const DeflateAnswer again = answerDeflateOffers(answer.response, willing);
  require(again.agreed.has_value());
  require(again.response == answer.response);
  require(again.agreed->serverContextTakeover == agreed.serverContextTakeover);
  require(again.agreed->clientContextTakeover == agreed.clientContextTakeover);
  require(again.agreed->serverMaxWindowBits == agreed.serverMaxWindowBits);
  require(again.agreed->clientMaxWindowBits == agreed.clientMaxWindowBits);
}

}  // namespace
}  // namespace wss::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const wss::http::DeflatePolicy policy = {.serverContextTakeover = (data[0] & 1) != 0,
                                           .clientContextTakeover = (data[0] & 2) != 0,
                                           .serverMaxWindowBits = 9 + (data[0] >> 2) % 7,
                                           .clientMaxWindowBits = 8 + (data[0] >> 5)};
  wss::test::ExactBuffer offers({data + 1, size - 1});
  const auto extensions = wss::http::parseExtensions(offers.text());
  const auto answer = wss::http::answerDeflateOffers(offers.text(), policy);
  wss::http::require(answer.malformed == !extensions.has_value());
  wss::http::require(answer.agreed.has_value() == !answer.response.empty());
  if (extensions) wss::http::checkExtensions(*extensions);
  if (answer.agreed) wss::http::checkAgreed(answer, policy);
  return 0;
}
