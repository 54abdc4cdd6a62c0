// SPDX-License-Identifier: MIT
// THE error table: every documented error code with its name and text, said once. The TypeScript
// side, the documentation and the tests read it through errorTable(). Errors are values; the core
// throws nothing.
#pragma once

#include <cassert>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace wss {

/// The documented numbers that the code refers to by name; errorTable() has all of them.
enum class ErrorCode : int {
  kAlreadyListening = 104,
  kLocalPortWhileListening = 106,
  kLocalHostWhileListening = 107,
  kMaxConnectionsWhileListening = 108,
  kMaxLineLengthWhileConnected = 112,
  kInvalidConnectionId = 126,
  kCertificateStoreNotOpened = 271,
  kCertificateNotFound = 272,
  kNoSecurityCredentials = 273,
  kServerCertificateNotFound = 282,
  kSendFailed = 4202,
  kAccessDenied = 10013,
  kInvalidArgument = 10022,
  kTooManyOpenFiles = 10024,
  kWouldBlock = 10035,
  kAlreadyInProgress = 10037,
  kOperationNotSupported = 10045,
  kAddressFamilyNotSupported = 10047,
  kAddressInUse = 10048,
  kAddressNotAvailable = 10049,
  kConnectionReset = 10054,
  kNoBufferSpace = 10055,
  kTimedOut = 10060,
  kFileNameTooLong = 10063,
  kHostNotFound = 11001,
  kHostNotFoundTryAgain = 11002,
  kNameServerFailed = 11003,
  kNoAddressForName = 11004,
};

/// A row of the table: the documented number, the name under which TypeScript knows it
/// (PascalCase, no prefix), and the documented text, with which every message begins.
struct ErrorRow {
  int code;
  std::string_view name;
  std::string_view text;
};

/// Every documented error, in ascending order of the codes.
std::span<const ErrorRow> errorTable();

/// What went wrong: a code of the table and a sentence that says what to do.
struct Error {
  ErrorCode code;
  std::string message;
};

/// An error whose message is the table's text followed by `detail`, which says what to do.
Error makeError(ErrorCode code, std::string_view detail = {});

/// There is no such connection, or it is not open: 126.
Error notConnected(std::string_view connectionId);

/// The documented TCP/IP code (10004…11004) of a POSIX errno; 10022 for one it does not know.
ErrorCode systemErrorCode(int posixErrno);

/// An error for a failed system call: mapped code, "call: strerror(errno)" as the detail.
Error systemError(int posixErrno, std::string_view call);

/// A T, or the Error that kept us from having one.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(state_); }
  /// REQUIRES ok().
  [[nodiscard]] T& value() {
    assert(ok());
    return *std::get_if<T>(&state_);
  }
  /// REQUIRES !ok().
  [[nodiscard]] const Error& error() const {
    assert(!ok());
    return *std::get_if<Error>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

/// Done, or the Error that kept us from it.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  /// REQUIRES !ok().
  [[nodiscard]] const Error& error() const {
    assert(!ok());
    return *std::get_if<Error>(&state_);
  }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace wss
