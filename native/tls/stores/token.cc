// SPDX-License-Identifier: MIT
#include "tls/stores/token.h"

#include <dlfcn.h>

#include <algorithm>

#include "base/file.h"
#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

using cryptoki::FunctionList;
using cryptoki::Number;

constexpr std::size_t kMaxSlots = 1000;
constexpr std::size_t kMaxAttribute = std::size_t{1024} * 1024;

Error notOpened(std::string_view detail) {
  return makeError(ErrorCode::kCertificateStoreNotOpened, detail);
}

/// Stays loaded: modules have threads and exit handlers of their own, and others may use it too.
const FunctionList* load(const std::string& module) {
  // A pipe would have the loader wait. A name without a folder is looked for by the loader.
  if (module.find('/') != std::string::npos && !File::open(module).ok()) return nullptr;
  void* const library = dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  const auto get = reinterpret_cast<cryptoki::GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  FunctionList* functions = nullptr;
  if (get == nullptr || get(&functions) != cryptoki::kOk) return nullptr;
  cryptoki::InitializeArguments arguments{{}, cryptoki::kOsLocking, nullptr};
  const Number result = functions->initialize(&arguments);
  // It is one for all threads of the process.
  return result == cryptoki::kOk || result == cryptoki::kAlreadyInitialized ? functions : nullptr;
}

std::string_view withoutPadding(std::string_view padded) {
  const std::size_t end = padded.find_last_not_of(' ');
  return padded.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

bool isToken(const FunctionList& functions, Number slot, const TokenName& name) {
  cryptoki::TokenInfo info;
  if (functions.getTokenInfo(slot, &info) != cryptoki::kOk) return false;
  if ((info.flags & cryptoki::kTokenInitialized) == 0) return false;
  const std::string_view label(info.label.data(), info.label.size());
  const std::string_view serial(info.serial.data(), info.serial.size());
  return (name.label.empty() || withoutPadding(label) == name.label) &&
         (name.serial.empty() || withoutPadding(serial) == name.serial);
}

Result<Number> findSlot(const FunctionList& functions, const TokenName& name) {
  Number count = 0;
  if (functions.getSlotList(1, nullptr, &count) != cryptoki::kOk || count > kMaxSlots) {
    return notOpened("The PKCS#11 module does not tell its slots.");
  }
  std::vector<Number> slots(count);
  if (count > 0 && functions.getSlotList(1, slots.data(), &count) != cryptoki::kOk) {
    return notOpened("The PKCS#11 module does not tell its slots.");
  }
  slots.resize(count);
  std::erase_if(slots, [&](Number slot) { return !isToken(functions, slot, name); });
  if (slots.empty()) return notOpened("The PKCS#11 module has no such token; is it plugged in?");
  if (slots.size() == 1) return slots.front();
  return notOpened(
      "The PKCS#11 module has several such tokens; name one: pkcs11:token=NAME?module-path=PATH.");
}

/// The serial number of the token in `slot`; empty if it does not tell.
std::string serialOf(const FunctionList& functions, Number slot) {
  cryptoki::TokenInfo info;
  if (functions.getTokenInfo(slot, &info) != cryptoki::kOk) return {};
  return std::string(withoutPadding({info.serial.data(), info.serial.size()}));
}

/// Whether a new session may help against `result`.
bool isOver(Number result) {
  constexpr Number kOver[] = {
      cryptoki::kDeviceError,     cryptoki::kDeviceRemoved,      cryptoki::kKeyHandleInvalid,
      cryptoki::kObjectInvalid,   cryptoki::kSessionClosed,      cryptoki::kSessionInvalid,
      cryptoki::kTokenNotPresent, cryptoki::kTokenNotRecognized, cryptoki::kUserNotLoggedIn,
      cryptoki::kNotInitialized,
  };
  return std::ranges::find(kOver, result) != std::end(kOver);
}

Result<void> judgedLogin(Number result) {
  switch (result) {
    case cryptoki::kOk:
    case cryptoki::kAlreadyLoggedIn:  // The state is that of the process, and so was the PIN.
      return {};
    case cryptoki::kPinLocked:
      return makeError(ErrorCode::kNoSecurityCredentials,
                       "The PIN of the token is locked; unlock it with the token's own tool.");
    case cryptoki::kPinIncorrect:
    case cryptoki::kPinInvalid:
    case cryptoki::kPinLength:
      return makeError(ErrorCode::kNoSecurityCredentials,
                       "The token does not take the PIN; check SSLCertStorePassword.");
    default:
      return notOpened("The token does not let us log in.");
  }
}

}  // namespace

Result<std::shared_ptr<Token>> Token::open(const TokenName& name, std::string_view pin) {
  // The constructor is private: nobody has a Token without a session.
  std::shared_ptr<Token> token(new Token(name, pin));
  if (Result<void> done = token->connect(); !done.ok()) return done.error();
  return token;
}

Token::Token(TokenName name, std::string_view pin)
    : name_(std::move(name)), pin_(pin.begin(), pin.end()) {}

Token::~Token() {
  if (session_ > 0) functions_->closeSession(handle_);
  forgetPin();
}

Result<void> Token::connect() {
  const FunctionList* const functions = load(name_.module);
  if (functions == nullptr) {
    return notOpened("The file is no PKCS#11 module that can be loaded here.");
  }
  Result<Number> slot = findSlot(*functions, name_);
  if (!slot.ok()) return slot.error();
  Number handle = 0;
  if (functions->openSession(slot.value(), cryptoki::kSerialSession, nullptr, nullptr, &handle) !=
      cryptoki::kOk) {
    return notOpened("The token does not open a session.");
  }
  // The token of the old session may be gone: then closing fails, which does not matter.
  if (session_ > 0) functions_->closeSession(handle_);
  functions_ = functions;
  handle_ = handle;
  ++session_;
  // A token with the same label but another serial number is another token.
  if (name_.serial.empty()) name_.serial = serialOf(*functions_, slot.value());
  return logIn();
}

Result<void> Token::logIn() {
  if (pin_.empty()) return {};
  Result<void> done = judgedLogin(
      functions_->login(handle_, cryptoki::kUser, pin_.data(), static_cast<Number>(pin_.size())));
  // A few wrong PINs lock a token for good: this one is not tried again.
  if (!done.ok() && done.error().code == ErrorCode::kNoSecurityCredentials) forgetPin();
  return done;
}

void Token::forgetPin() {
  OPENSSL_cleanse(pin_.data(), pin_.size());
  pin_.clear();
}

std::vector<Token::Object> Token::find(Number objectClass, Bytes id) const {
  std::vector<std::uint8_t> wanted(id.begin(), id.end());
  std::array<cryptoki::Attribute, 2> pattern = {{
      {cryptoki::kClass, &objectClass, sizeof(objectClass)},
      {cryptoki::kId, wanted.data(), wanted.size()},
  }};
  std::vector<Object> objects(kMaxObjects);
  Number count = 0;
  if (functions_->findObjectsInit(handle_, pattern.data(), wanted.empty() ? 1 : 2) !=
      cryptoki::kOk) {
    return {};
  }
  if (functions_->findObjects(handle_, objects.data(), objects.size(), &count) != cryptoki::kOk) {
    count = 0;
  }
  functions_->findObjectsFinal(handle_);
  objects.resize(std::min<std::size_t>(count, kMaxObjects));
  return objects;
}

std::vector<std::uint8_t> Token::read(Object object, Number type) const {
  cryptoki::Attribute attribute{type, nullptr, 0};
  if (functions_->getAttributeValue(handle_, object, &attribute, 1) != cryptoki::kOk ||
      attribute.size == cryptoki::kUnavailable || attribute.size > kMaxAttribute) {
    return {};
  }
  std::vector<std::uint8_t> value(attribute.size);
  attribute.value = value.data();
  if (functions_->getAttributeValue(handle_, object, &attribute, 1) != cryptoki::kOk) return {};
  value.resize(std::min<std::size_t>(attribute.size, value.size()));
  return value;
}

Token::Key Token::keyOf(Object object) const {
  return {.object = object,
          .id = read(object, cryptoki::kId),
          .modulus = read(object, cryptoki::kModulus),
          .session = session_};
}

bool Token::locate(Key& key) const {
  if (key.session == session_) return true;
  for (const Object candidate : find(cryptoki::kPrivateKey, Bytes(key.id))) {
    // One of RSA and one of ECDSA may have the same id.
    if (read(candidate, cryptoki::kModulus) != key.modulus) continue;
    key.object = candidate;
    key.session = session_;
    return true;
  }
  return false;
}

Number Token::signOnce(Object key, Number type, Bytes data, MutableBytes signature,
                       std::size_t& size) const {
  cryptoki::Mechanism mechanism{type, nullptr, 0};
  if (const Number result = functions_->signInit(handle_, &mechanism, key);
      result != cryptoki::kOk) {
    return result;
  }
  std::vector<std::uint8_t> input(data.begin(), data.end());
  Number made = signature.size();
  const Number result =
      functions_->sign(handle_, input.data(), input.size(), signature.data(), &made);
  size = made;
  return result;
}

std::optional<std::size_t> Token::sign(Key& key, Number mechanism, Bytes data,
                                       MutableBytes signature) {
  std::size_t size = 0;
  Number result = locate(key) ? signOnce(key.object, mechanism, data, signature, size)
                              : cryptoki::kSessionClosed;
  if (isOver(result)) {
    if (!connect().ok() || !locate(key)) return std::nullopt;
    result = signOnce(key.object, mechanism, data, signature, size);
  }
  if (result != cryptoki::kOk || size > signature.size()) return std::nullopt;
  return size;
}

}  // namespace wss::tls
