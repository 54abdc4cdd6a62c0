// SPDX-License-Identifier: MIT
// A module of PKCS#11 whose tokens behave as their labels say. The keys are made when it is loaded;
// the PIN is "1234".
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../support/tls_fixture.h"
#include "tls/stores/cryptoki.h"

namespace {

using namespace wss;
using namespace wss::tls::cryptoki;
using tls::Certificate;

constexpr Number kFailed = 5;  // CKR_GENERAL_ERROR

constexpr std::array<std::string_view, 11> kLabels = {"good",      "locked",  "silent",  "closed",
                                                      "empty",     "odd",     "bare",    "restless",
                                                      "unplugged", "changed", "finished"};

/// The handles of objects are those of a session: its number times this, and the index.
constexpr Number kHandles = 1000;

struct Object {
  Number objectClass;
  std::vector<std::pair<Number, std::vector<std::uint8_t>>> attributes;
  Certificate::Key key;
};

struct State {
  std::vector<Object> objects;
  std::string_view label;
  std::vector<Number> found;
  Number mechanism = 0;
  Number key = 0;
  Number sessions = 0;    ///< how many there have been
  Number signatures = 0;  ///< in this session
  Number absences = 0;    ///< how often the token was not there
  Number logins = 0;      ///< since it was loaded
  bool finalized = false;
};

State& state() {
  static State one;
  return one;
}

std::vector<std::uint8_t> bytes(std::string_view text) { return {text.begin(), text.end()}; }

std::vector<std::uint8_t> number(const Certificate::Key& key, const char* name) {
  BIGNUM* value = nullptr;
  EVP_PKEY_get_bn_param(key.get(), name, &value);
  std::vector<std::uint8_t> digits(static_cast<std::size_t>(BN_num_bytes(value)));
  BN_bn2bin(value, digits.data());
  BN_free(value);
  return digits;
}

void addIdentity(const std::string& name, std::string_view kind) {
  const Certificate made = test::makeCertificate(name, nullptr, kind);
  Object key{kPrivateKey, {{kId, bytes(name)}}, made.key()};
  Object open{kPublicKey, {{kId, bytes(name)}}, nullptr};
  if (kind == "RSA") {
    key.attributes.emplace_back(kModulus, number(made.key(), OSSL_PKEY_PARAM_RSA_N));
    key.attributes.emplace_back(kPublicExponent, number(made.key(), OSSL_PKEY_PARAM_RSA_E));
  } else {
    // The curve P-256, and its point as an OCTET STRING.
    open.attributes.emplace_back(
        kEcParams, std::vector<std::uint8_t>{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7});
    std::array<std::uint8_t, 128> point;
    std::size_t size = 0;
    EVP_PKEY_get_octet_string_param(made.key().get(), OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                    point.data(), point.size(), &size);
    std::vector<std::uint8_t> der = {4, static_cast<std::uint8_t>(size)};
    der.insert(der.end(), point.begin(), point.begin() + static_cast<std::ptrdiff_t>(size));
    open.attributes.emplace_back(kEcPoint, der);
  }
  state().objects.push_back(std::move(key));
  state().objects.push_back(std::move(open));
  state().objects.push_back(
      {kCertificate,
       {{kId, bytes(name)}, {kLabel, bytes(name)}, {kValue, test::derOf(made.leaf())}},
       nullptr});
}

Number initialize(InitializeArguments*) {
  state().finalized = false;
  if (!state().objects.empty()) return kAlreadyInitialized;
  addIdentity("rsa", "RSA");
  addIdentity("ec", "EC");
  // A key without anything that is known of it, and a certificate that is none.
  state().objects.push_back({kPrivateKey, {}, nullptr});
  state().objects.push_back({kCertificate, {{kValue, bytes("none")}}, nullptr});
  return kOk;
}

Number getSlotList(unsigned char, Number* slots, Number* count) {
  for (Number i = 0; slots != nullptr && i < kLabels.size() + 1; ++i) slots[i] = i;
  *count = kLabels.size() + 1;
  return kOk;
}

Number getTokenInfo(Number slot, TokenInfo* info) {
  if (slot >= kLabels.size()) return kFailed;
  *info = {};
  info->label.fill(' ');
  info->serial.fill(' ');
  std::ranges::copy(kLabels[slot], info->label.begin());
  info->serial[0] = static_cast<char>('0' + slot);
  info->flags = kTokenInitialized;
  return kOk;
}

Number openSession(Number slot, Number, void*, void*, Number* session) {
  if (state().label != kLabels[slot]) state().signatures = 0;
  state().label = kLabels[slot];
  if (state().label == "unplugged" && state().signatures > 0 && state().absences++ == 0) {
    return kTokenNotPresent;
  }
  if (state().finalized) return kNotInitialized;
  *session = ++state().sessions;
  state().signatures = 0;
  return state().label == "closed" ? kFailed : kOk;
}

Number closeSession(Number) { return kOk; }

Number login(Number, Number, unsigned char* pin, Number size) {
  if (state().label == "changed" && ++state().logins == 2) return kPinIncorrect;
  if (state().label == "locked") return kPinLocked;
  if (state().label == "odd") return kFailed;
  return std::string_view(reinterpret_cast<char*>(pin), size) == "1234" ? kOk : kPinIncorrect;
}

const std::vector<std::uint8_t>* valueOf(const Object& object, Number type) {
  const auto found =
      std::ranges::find(object.attributes, type, &decltype(object.attributes)::value_type::first);
  return found == object.attributes.end() ? nullptr : &found->second;
}

Number getAttributeValue(Number, Number object, Attribute* attribute, Number) {
  const auto* const value = valueOf(state().objects[object % kHandles], attribute->type);
  if (value == nullptr) {
    attribute->size = kUnavailable;
    return 0x12;  // CKR_ATTRIBUTE_TYPE_INVALID
  }
  if (attribute->value != nullptr) {
    std::ranges::copy(*value, static_cast<std::uint8_t*>(attribute->value));
  }
  attribute->size = value->size();
  return kOk;
}

Number findObjectsInit(Number, Attribute* pattern, Number count) {
  if (state().label == "empty") return kFailed;
  state().found.clear();
  const Number wanted = *static_cast<Number*>(pattern[0].value);
  for (Number i = 0; i < state().objects.size(); ++i) {
    const Object& object = state().objects[i];
    const bool isHidden =
        (state().label == "bare" && object.objectClass == kCertificate) ||
        (state().label == "changed" && state().logins == 2 && object.objectClass == kPrivateKey);
    if (object.objectClass != wanted || isHidden) continue;
    const auto* const id = valueOf(object, kId);
    const auto* const sought = count > 1 ? static_cast<std::uint8_t*>(pattern[1].value) : nullptr;
    if (sought == nullptr ||
        (id != nullptr && std::ranges::equal(*id, std::span(sought, pattern[1].size)))) {
      state().found.push_back(state().sessions * kHandles + i);
    }
  }
  return kOk;
}

Number findObjects(Number, Number* objects, Number max, Number* count) {
  *count = std::min<Number>(max, state().found.size());
  std::copy_n(state().found.begin(), *count, objects);
  return kOk;
}

Number findObjectsFinal(Number) { return kOk; }

/// What keeps a session from signing more than once, by the label of its token.
Number endOf(std::string_view label) {
  if (label == "restless") return kSessionInvalid;
  if (label == "unplugged") return kDeviceRemoved;
  if (label == "changed") return kUserNotLoggedIn;
  if (label == "finished") return kNotInitialized;
  return kOk;
}

Number signInit(Number session, Mechanism* mechanism, Number key) {
  if (state().label == "silent" && state().signatures > 0) return kFailed;
  const Number end = state().signatures > 0 ? endOf(state().label) : kOk;
  state().finalized = end == kNotInitialized;
  if (end != kOk) return end;
  if (session != state().sessions) return kSessionInvalid;
  if (key / kHandles != session) return kKeyHandleInvalid;
  state().mechanism = mechanism->type;
  state().key = key % kHandles;
  return kOk;
}

Number sign(Number, unsigned char* data, Number size, unsigned char* signature, Number* made) {
  ++state().signatures;
  const Certificate::Key& key = state().objects[state().key].key;
  const tls::Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new(key.get(), nullptr));
  EVP_PKEY_sign_init(context.get());
  if (state().mechanism != kEcdsa) {
    EVP_PKEY_CTX_set_rsa_padding(context.get(),
                                 state().mechanism == kRsaRaw ? RSA_NO_PADDING : RSA_PKCS1_PADDING);
    std::size_t length = *made;
    if (EVP_PKEY_sign(context.get(), signature, &length, data, size) != 1) return kFailed;
    *made = length;
    return kOk;
  }
  std::array<unsigned char, 256> der;
  std::size_t length = der.size();
  if (EVP_PKEY_sign(context.get(), der.data(), &length, data, size) != 1) return kFailed;
  const unsigned char* at = der.data();
  const tls::Owned<ECDSA_SIG, ECDSA_SIG_free> numbers(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(length)));
  BN_bn2binpad(ECDSA_SIG_get0_r(numbers.get()), signature, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(numbers.get()), signature + 32, 32);
  *made = 64;
  return kOk;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) unsigned long C_GetFunctionList(
    FunctionList** list) {
  static FunctionList functions = {
      .version = {2, 40},
      .initialize = initialize,
      .afterInitialize = {},
      .getSlotList = getSlotList,
      .getSlotInfo = nullptr,
      .getTokenInfo = getTokenInfo,
      .afterGetTokenInfo = {},
      .openSession = openSession,
      .closeSession = closeSession,
      .afterCloseSession = {},
      .login = login,
      .afterLogin = {},
      .getAttributeValue = getAttributeValue,
      .setAttributeValue = nullptr,
      .findObjectsInit = findObjectsInit,
      .findObjects = findObjects,
      .findObjectsFinal = findObjectsFinal,
      .afterFindObjects = {},
      .signInit = signInit,
      .sign = sign,
  };
  *list = &functions;
  return kOk;
}
