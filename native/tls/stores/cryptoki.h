// SPDX-License-Identifier: MIT
// As much of the interface of PKCS#11 2.40 as token.cc needs: its layout in memory is that of the
// standard on POSIX. Internal to tls/.
#pragma once

#include <array>

namespace wss::tls::cryptoki {

using Number = unsigned long;

/// CK_RV.
inline constexpr Number kOk = 0;
inline constexpr Number kDeviceError = 0x30;
inline constexpr Number kDeviceRemoved = 0x32;
inline constexpr Number kKeyHandleInvalid = 0x60;
inline constexpr Number kObjectInvalid = 0x82;  // CKR_OBJECT_HANDLE_INVALID
inline constexpr Number kPinIncorrect = 0xa0;
inline constexpr Number kPinInvalid = 0xa1;
inline constexpr Number kPinLength = 0xa2;
inline constexpr Number kPinLocked = 0xa4;
inline constexpr Number kSessionClosed = 0xb0;
inline constexpr Number kSessionInvalid = 0xb3;  // CKR_SESSION_HANDLE_INVALID
inline constexpr Number kTokenNotPresent = 0xe0;
inline constexpr Number kTokenNotRecognized = 0xe1;
inline constexpr Number kAlreadyLoggedIn = 0x100;
inline constexpr Number kUserNotLoggedIn = 0x101;
inline constexpr Number kNotInitialized = 0x190;  // CKR_CRYPTOKI_NOT_INITIALIZED
inline constexpr Number kAlreadyInitialized = 0x191;

inline constexpr Number kOsLocking = 2;             // CKF_OS_LOCKING_OK
inline constexpr Number kTokenInitialized = 0x400;  // CKF_TOKEN_INITIALIZED
inline constexpr Number kSerialSession = 4;         // CKF_SERIAL_SESSION
inline constexpr Number kUser = 1;                  // CKU_USER

/// CK_OBJECT_CLASS.
inline constexpr Number kCertificate = 1;
inline constexpr Number kPublicKey = 2;
inline constexpr Number kPrivateKey = 3;

/// CK_ATTRIBUTE_TYPE.
inline constexpr Number kClass = 0;
inline constexpr Number kLabel = 3;
inline constexpr Number kValue = 0x11;
inline constexpr Number kId = 0x102;
inline constexpr Number kModulus = 0x120;
inline constexpr Number kPublicExponent = 0x122;
inline constexpr Number kEcParams = 0x180;
inline constexpr Number kEcPoint = 0x181;

/// CK_MECHANISM_TYPE.
inline constexpr Number kRsaPkcs = 1;
inline constexpr Number kRsaRaw = 3;  // CKM_RSA_X_509
inline constexpr Number kEcdsa = 0x1041;

/// What C_GetAttributeValue says of an attribute that there is not.
inline constexpr Number kUnavailable = ~Number{0};

struct InitializeArguments {
  std::array<void*, 4> mutexFunctions;
  Number flags;
  void* reserved;
};

struct Version {
  unsigned char major;
  unsigned char minor;
};

struct TokenInfo {
  std::array<char, 32> label;  // Padded with spaces, as all of them.
  std::array<char, 32> manufacturer;
  std::array<char, 16> model;
  std::array<char, 16> serial;
  Number flags;
  std::array<Number, 10> capacities;
  Version hardware;
  Version firmware;
  std::array<char, 16> time;
};

struct Attribute {
  Number type;
  void* value;
  Number size;
};

struct Mechanism {
  Number type;
  void* parameter;
  Number parameterSize;
};

/// CK_FUNCTION_LIST, up to the last function that is called here.
struct FunctionList {
  using Unused = void (*)();

  Version version;
  Number (*initialize)(InitializeArguments*);
  std::array<Unused, 3> afterInitialize;
  Number (*getSlotList)(unsigned char withToken, Number* slots, Number* count);
  Unused getSlotInfo;
  Number (*getTokenInfo)(Number slot, TokenInfo*);
  std::array<Unused, 5> afterGetTokenInfo;
  Number (*openSession)(Number slot, Number flags, void*, void*, Number* session);
  Number (*closeSession)(Number session);
  std::array<Unused, 4> afterCloseSession;
  Number (*login)(Number session, Number user, unsigned char* pin, Number size);
  std::array<Unused, 5> afterLogin;
  Number (*getAttributeValue)(Number session, Number object, Attribute*, Number count);
  Unused setAttributeValue;
  Number (*findObjectsInit)(Number session, Attribute*, Number count);
  Number (*findObjects)(Number session, Number* objects, Number max, Number* count);
  Number (*findObjectsFinal)(Number session);
  std::array<Unused, 13> afterFindObjects;
  Number (*signInit)(Number session, Mechanism*, Number key);
  Number (*sign)(Number session, unsigned char* data, Number size, unsigned char* signature,
                 Number* signatureSize);
};

using GetFunctionList = Number (*)(FunctionList**);

}  // namespace wss::tls::cryptoki
