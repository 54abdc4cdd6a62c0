// SPDX-License-Identifier: MIT
#include "tls/token.h"

#include <dlfcn.h>

#include <algorithm>

#include "tls/openssl.h"
#include "tls/token_key.h"

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

bool isText(std::string_view padded, std::string_view wanted) {
  const std::size_t end = padded.find_last_not_of(' ');
  return padded.substr(0, end == std::string_view::npos ? 0 : end + 1) == wanted;
}

bool isToken(const FunctionList& functions, Number slot, const TokenName& name) {
  cryptoki::TokenInfo info;
  if (functions.getTokenInfo(slot, &info) != cryptoki::kOk) return false;
  if ((info.flags & cryptoki::kTokenInitialized) == 0) return false;
  return (name.label.empty() || isText({info.label.data(), info.label.size()}, name.label)) &&
         (name.serial.empty() || isText({info.serial.data(), info.serial.size()}, name.serial));
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

void addCertificate(const Token& token, Token::Object object, Contents& contents) {
  const std::vector<std::uint8_t> der = token.read(object, cryptoki::kValue);
  const unsigned char* at = der.data();
  OwnedX509 certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (certificate != nullptr) contents.certificates.emplace_back(certificate.release(), X509_free);
}

}  // namespace

Result<std::shared_ptr<Token>> Token::open(const TokenName& name, std::string_view pin) {
  const FunctionList* const functions = load(name.module);
  if (functions == nullptr) {
    return notOpened("The file is no PKCS#11 module that can be loaded here.");
  }
  Result<Number> slot = findSlot(*functions, name);
  if (!slot.ok()) return slot.error();
  Number session = 0;
  if (functions->openSession(slot.value(), cryptoki::kSerialSession, nullptr, nullptr, &session) !=
      cryptoki::kOk) {
    return notOpened("The token does not open a session.");
  }
  // The constructor is private: there is no Token without a session.
  std::shared_ptr<Token> token(new Token(functions, session));
  if (!pin.empty()) {
    std::string copy(pin);
    const Number result = functions->login(
        session, cryptoki::kUser, reinterpret_cast<unsigned char*>(copy.data()), copy.size());
    OPENSSL_cleanse(copy.data(), copy.size());
    if (Result<void> done = judgedLogin(result); !done.ok()) return done.error();
  }
  return token;
}

Token::Token(const FunctionList* functions, Number session)
    : functions_(functions), session_(session) {}

Token::~Token() { functions_->closeSession(session_); }

std::vector<Token::Object> Token::find(Number objectClass, Bytes id) const {
  std::vector<std::uint8_t> wanted(id.begin(), id.end());
  std::array<cryptoki::Attribute, 2> pattern = {{
      {cryptoki::kClass, &objectClass, sizeof(objectClass)},
      {cryptoki::kId, wanted.data(), wanted.size()},
  }};
  std::vector<Object> objects(kMaxObjects);
  Number count = 0;
  if (functions_->findObjectsInit(session_, pattern.data(), wanted.empty() ? 1 : 2) !=
      cryptoki::kOk) {
    return {};
  }
  if (functions_->findObjects(session_, objects.data(), objects.size(), &count) != cryptoki::kOk) {
    count = 0;
  }
  functions_->findObjectsFinal(session_);
  objects.resize(std::min<std::size_t>(count, kMaxObjects));
  return objects;
}

std::vector<std::uint8_t> Token::read(Object object, Number type) const {
  cryptoki::Attribute attribute{type, nullptr, 0};
  if (functions_->getAttributeValue(session_, object, &attribute, 1) != cryptoki::kOk ||
      attribute.size == cryptoki::kUnavailable || attribute.size > kMaxAttribute) {
    return {};
  }
  std::vector<std::uint8_t> value(attribute.size);
  attribute.value = value.data();
  if (functions_->getAttributeValue(session_, object, &attribute, 1) != cryptoki::kOk) return {};
  value.resize(std::min<std::size_t>(attribute.size, value.size()));
  return value;
}

std::optional<std::size_t> Token::sign(Object key, Number type, Bytes data,
                                       MutableBytes signature) const {
  cryptoki::Mechanism mechanism{type, nullptr, 0};
  if (functions_->signInit(session_, &mechanism, key) != cryptoki::kOk) return std::nullopt;
  std::vector<std::uint8_t> input(data.begin(), data.end());
  Number size = signature.size();
  if (functions_->sign(session_, input.data(), input.size(), signature.data(), &size) !=
          cryptoki::kOk ||
      size > signature.size()) {
    return std::nullopt;
  }
  return size;
}

Result<Contents> readToken(const TokenName& name, std::string_view pin) {
  const CleanErrors errors;
  Result<std::shared_ptr<Token>> opened = Token::open(name, pin);
  if (!opened.ok()) return opened.error();
  const std::shared_ptr<Token>& token = opened.value();
  Contents contents;
  for (const Token::Object object : token->find(cryptoki::kCertificate)) {
    const std::vector<std::uint8_t> label = token->read(object, cryptoki::kLabel);
    if (name.object.empty() || wss::textOf(Bytes(label)) == name.object) {
      addCertificate(*token, object, contents);
    }
  }
  for (const Token::Object object : token->find(cryptoki::kPrivateKey)) {
    Certificate::Key key = makeTokenKey(token, object);
    if (key != nullptr) contents.keys.push_back(std::move(key));
  }
  if (contents.certificates.empty() && contents.keys.empty()) {
    return notOpened("The token holds neither a certificate nor a key that it shows for this PIN.");
  }
  return contents;
}

}  // namespace wss::tls
