// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>

namespace wss {
namespace {

constexpr ErrorRow kTable[] = {
    // A connection's settings and state.
    {100, "RemotePortWhileConnected",
     "You cannot change the RemotePort at this time. A connection is in progress."},
    {101, "RemoteHostWhileConnected",
     "You cannot change the RemoteHost at this time. A connection is in progress."},
    {102, "InvalidRemoteHost", "The RemoteHost address is invalid (0.0.0.0)."},
    {104, "AlreadyListening", "SSLServer is already listening."},
    {106, "LocalPortWhileListening", "Cannot change LocalPort when SSLServer is listening."},
    {107, "LocalHostWhileListening", "Cannot change LocalHost when SSLServer is listening."},
    {108, "MaxConnectionsWhileListening",
     "Cannot change MaxConnections when SSLServer is listening."},
    {112, "MaxLineLengthWhileConnected",
     "You cannot change MaxLineLength at this time. A connection is in progress."},
    {116, "RemotePortZero",
     "RemotePort cannot be zero. Please specify a valid service port number."},
    {126, "InvalidConnectionId", "Invalid ConnectionId."},
    {135, "OperationWouldBlock", "Operation would block."},

    // TLS.
    {270, "SecurityLibraryNotLoaded", "Cannot load specified security library."},
    {271, "CertificateStoreNotOpened", "Cannot open certificate store."},
    {272, "CertificateNotFound", "Cannot find specified certificate."},
    {273, "NoSecurityCredentials", "Cannot acquire security credentials."},
    {274, "CertificateChainNotFound", "Cannot find certificate chain."},
    {275, "CertificateChainNotVerified", "Cannot verify certificate chain."},
    {276, "HandshakeFailed", "Error during handshake."},
    {280, "CertificateNotVerified", "Error verifying certificate."},
    {281, "ClientCertificateNotFound", "Could not find client certificate."},
    {282, "ServerCertificateNotFound", "Could not find server certificate."},
    {283, "EncryptionFailed", "Error encrypting data."},
    {284, "DecryptionFailed", "Error decrypting data."},

    // The server.
    {4202, "SendFailed", "Error sending data to the connected client."},

    // The operating system's sockets; the text begins with the number.
    {10004, "Interrupted", "[10004] Interrupted system call."},
    {10009, "BadFileNumber", "[10009] Bad file number."},
    {10013, "AccessDenied", "[10013] Access denied."},
    {10014, "BadAddress", "[10014] Bad address."},
    {10022, "InvalidArgument", "[10022] Invalid argument."},
    {10024, "TooManyOpenFiles", "[10024] Too many open files."},
    {10035, "WouldBlock", "[10035] Operation would block."},
    {10036, "InProgress", "[10036] Operation now in progress."},
    {10037, "AlreadyInProgress", "[10037] Operation already in progress."},
    {10038, "NotASocket", "[10038] Socket operation on non-socket."},
    {10039, "DestinationAddressRequired", "[10039] Destination address required."},
    {10040, "MessageTooLong", "[10040] Message too long."},
    {10041, "WrongProtocolType", "[10041] Protocol wrong type for socket."},
    {10042, "BadProtocolOption", "[10042] Bad protocol option."},
    {10043, "ProtocolNotSupported", "[10043] Protocol not supported."},
    {10044, "SocketTypeNotSupported", "[10044] Socket type not supported."},
    {10045, "OperationNotSupported", "[10045] Operation not supported on socket."},
    {10046, "ProtocolFamilyNotSupported", "[10046] Protocol family not supported."},
    {10047, "AddressFamilyNotSupported",
     "[10047] Address family not supported by protocol family."},
    {10048, "AddressInUse", "[10048] Address already in use."},
    {10049, "AddressNotAvailable", "[10049] Can't assign requested address."},
    {10050, "NetworkDown", "[10050] Network is down."},
    {10051, "NetworkUnreachable", "[10051] Network is unreachable."},
    {10052, "NetworkReset", "[10052] Net dropped connection or reset."},
    {10053, "ConnectionAborted", "[10053] Software caused connection abort."},
    {10054, "ConnectionReset", "[10054] Connection reset by peer."},
    {10055, "NoBufferSpace", "[10055] No buffer space available."},
    {10056, "AlreadyConnected", "[10056] Socket is already connected."},
    {10057, "NotConnected", "[10057] Socket is not connected."},
    {10058, "SocketShutDown", "[10058] Can't send after socket shutdown."},
    {10059, "TooManyReferences", "[10059] Too many references, can't splice."},
    {10060, "TimedOut", "[10060] Connection timed out."},
    {10061, "ConnectionRefused", "[10061] Connection refused."},
    {10062, "TooManySymbolicLinks", "[10062] Too many levels of symbolic links."},
    {10063, "FileNameTooLong", "[10063] File name too long."},
    {10064, "HostDown", "[10064] Host is down."},
    {10065, "HostUnreachable", "[10065] No route to host."},
    {10066, "DirectoryNotEmpty", "[10066] Directory not empty."},
    {10067, "TooManyProcesses", "[10067] Too many processes."},
    {10068, "TooManyUsers", "[10068] Too many users."},
    {10069, "DiskQuotaExceeded", "[10069] Disc Quota Exceeded."},
    {10070, "StaleFileHandle", "[10070] Stale NFS file handle."},
    {10071, "TooManyRemoteLevels", "[10071] Too many levels of remote in path."},
    {10091, "NetworkSubsystemUnavailable", "[10091] Network subsystem is unavailable."},
    {10092, "WinsockVersionMismatch", "[10092] WINSOCK DLL Version out of range."},
    {10093, "WinsockNotLoaded", "[10093] Winsock not loaded yet."},
    {11001, "HostNotFound", "[11001] Host not found."},
    {11002, "HostNotFoundTryAgain",
     "[11002] Non-authoritative 'Host not found' (try again or check DNS setup)."},
    {11003, "NameServerFailed", "[11003] Non-recoverable errors: FORMERR, REFUSED, NOTIMP."},
    {11004, "NoAddressForName", "[11004] Valid name, no data record (check DNS setup)."},
};

struct ErrnoRow {
  int posix;
  int code;
};

// Rows, not a switch: on some systems two of these names are one number.
constexpr ErrnoRow kErrnoTable[] = {
    {EINTR, 10004},           {EBADF, 10009},         {EACCES, 10013},
    {EPERM, 10013},           {EFAULT, 10014},        {EINVAL, 10022},
    {EMFILE, 10024},          {ENFILE, 10024},        {EAGAIN, 10035},
    {EWOULDBLOCK, 10035},     {EINPROGRESS, 10036},   {EALREADY, 10037},
    {ENOTSOCK, 10038},        {EDESTADDRREQ, 10039},  {EMSGSIZE, 10040},
    {EPROTOTYPE, 10041},      {ENOPROTOOPT, 10042},   {EPROTONOSUPPORT, 10043},
    {EOPNOTSUPP, 10045},      {ENOTSUP, 10045},       {EAFNOSUPPORT, 10047},
    {EADDRINUSE, 10048},      {EADDRNOTAVAIL, 10049}, {ENETDOWN, 10050},
    {ENETUNREACH, 10051},     {ENETRESET, 10052},     {ECONNABORTED, 10053},
    {ECONNRESET, 10054},      {EPIPE, 10054},         {ENOBUFS, 10055},
    {ENOMEM, 10055},          {EISCONN, 10056},       {ENOTCONN, 10057},
    {ETIMEDOUT, 10060},       {ECONNREFUSED, 10061},  {ELOOP, 10062},
    {ENAMETOOLONG, 10063},    {EHOSTUNREACH, 10065},  {ENOTEMPTY, 10066},
#ifndef _WIN32  // its errno.h lacks these
    {ESOCKTNOSUPPORT, 10044}, {EPFNOSUPPORT, 10046},  {ESHUTDOWN, 10058},
    {ETOOMANYREFS, 10059},    {EHOSTDOWN, 10064},     {EUSERS, 10068},
    {EDQUOT, 10069},          {ESTALE, 10070},        {EREMOTE, 10071},
#endif
};

}  // namespace

std::span<const ErrorRow> errorTable() { return kTable; }

Error makeError(ErrorCode code, std::string_view detail) {
  const auto row = std::ranges::lower_bound(kTable, static_cast<int>(code), {}, &ErrorRow::code);
  assert(row != std::end(kTable) && row->code == static_cast<int>(code));
  std::string message(row->text);
  if (!detail.empty()) message.append(" ").append(detail);
  return {code, std::move(message)};
}

Error notConnected(std::string_view connectionId) {
  std::string detail(connectionId);
  return makeError(ErrorCode::kInvalidConnectionId, detail.append(" is not connected."));
}

ErrorCode systemErrorCode(int posixErrno) {
  const auto row = std::ranges::find(kErrnoTable, posixErrno, &ErrnoRow::posix);
  return row == std::end(kErrnoTable) ? ErrorCode::kInvalidArgument
                                      : static_cast<ErrorCode>(row->code);
}

Error systemError(int posixErrno, std::string_view call) {
  std::string detail(call);
  detail.append(": ").append(std::generic_category().message(posixErrno));
  return makeError(systemErrorCode(posixErrno), detail);
}

}  // namespace wss
