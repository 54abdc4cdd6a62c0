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
    {100, "RemotePortWhileConnected", "RemotePort stays as it is while a connection is open."},
    {101, "RemoteHostWhileConnected", "RemoteHost stays as it is while a connection is open."},
    {102, "InvalidRemoteHost", "0.0.0.0 is no address to connect to; give RemoteHost another."},
    {104, "AlreadyListening", "The server is listening already."},
    {106, "LocalPortWhileListening", "LocalPort is fixed while the server listens; stop it first."},
    {107, "LocalHostWhileListening", "LocalHost is fixed while the server listens; stop it first."},
    {108, "MaxConnectionsWhileListening",
     "MaxConnections is fixed while the server listens; stop it first."},
    {112, "MaxLineLengthWhileConnected",
     "MaxLineLength stays as it is while a part of a line waits for its end."},
    {116, "RemotePortZero", "RemotePort is zero; give the port of the service."},
    {126, "InvalidConnectionId", "No connection has this id; it may have been closed."},
    {135, "OperationWouldBlock", "The operation cannot be done at once; try it again later."},

    // TLS.
    {270, "SecurityLibraryNotLoaded", "The security library could not be loaded."},
    {271, "CertificateStoreNotOpened", "The certificate store could not be opened."},
    {272, "CertificateNotFound", "The store holds no certificate that fits the subject."},
    {273, "NoSecurityCredentials", "The credentials for the TLS session could not be had."},
    {274, "CertificateChainNotFound", "The chain of the certificate could not be found."},
    {275, "CertificateChainNotVerified", "The chain of the certificate could not be verified."},
    {276, "HandshakeFailed", "The TLS handshake failed."},
    {280, "CertificateNotVerified", "The certificate could not be verified."},
    {281, "ClientCertificateNotFound", "There is no certificate of the client."},
    {282, "ServerCertificateNotFound", "There is no certificate of the server."},
    {283, "EncryptionFailed", "The data could not be encrypted."},
    {284, "DecryptionFailed", "The data could not be decrypted."},

    // The server.
    {4202, "SendFailed", "The data could not be sent to the client."},

    // The operating system's sockets; the text starts with the number, as is documented.
    {10004, "Interrupted", "[10004] A signal interrupted the system call."},
    {10009, "BadFileNumber", "[10009] The descriptor is not an open file."},
    {10013, "AccessDenied", "[10013] The system does not permit this access."},
    {10014, "BadAddress", "[10014] A pointer leads outside the memory of the process."},
    {10022, "InvalidArgument", "[10022] An argument is not valid."},
    {10024, "TooManyOpenFiles", "[10024] The limit of open files has been reached."},
    {10035, "WouldBlock", "[10035] The operation would have to wait; try it again later."},
    {10036, "InProgress", "[10036] The operation has been started and is not done yet."},
    {10037, "AlreadyInProgress", "[10037] The same operation is still being done."},
    {10038, "NotASocket", "[10038] The descriptor is not a socket."},
    {10039, "DestinationAddressRequired", "[10039] The operation needs a destination address."},
    {10040, "MessageTooLong", "[10040] The message is longer than the socket takes."},
    {10041, "WrongProtocolType", "[10041] The protocol does not fit the type of the socket."},
    {10042, "BadProtocolOption", "[10042] The protocol does not know this option."},
    {10043, "ProtocolNotSupported", "[10043] The system does not support this protocol."},
    {10044, "SocketTypeNotSupported", "[10044] The system does not support this type of socket."},
    {10045, "OperationNotSupported", "[10045] This kind of socket does not support the operation."},
    {10046, "ProtocolFamilyNotSupported",
     "[10046] The system does not support this family of protocols."},
    {10047, "AddressFamilyNotSupported",
     "[10047] The protocol does not support this family of addresses."},
    {10048, "AddressInUse", "[10048] The address and port are in use already."},
    {10049, "AddressNotAvailable", "[10049] The address does not belong to this machine."},
    {10050, "NetworkDown", "[10050] The network is down."},
    {10051, "NetworkUnreachable", "[10051] There is no way to that network."},
    {10052, "NetworkReset", "[10052] The network dropped or reset the connection."},
    {10053, "ConnectionAborted", "[10053] This machine gave the connection up."},
    {10054, "ConnectionReset", "[10054] The peer reset the connection."},
    {10055, "NoBufferSpace", "[10055] The system has no memory left for the operation."},
    {10056, "AlreadyConnected", "[10056] The socket has a connection already."},
    {10057, "NotConnected", "[10057] The socket has no connection."},
    {10058, "SocketShutDown", "[10058] The socket has been shut down and sends no more."},
    {10059, "TooManyReferences", "[10059] There are too many references to the object."},
    {10060, "TimedOut", "[10060] The time allowed ran out."},
    {10061, "ConnectionRefused", "[10061] The peer refused the connection."},
    {10062, "TooManySymbolicLinks", "[10062] The path leads through too many symbolic links."},
    {10063, "FileNameTooLong", "[10063] The file name is too long."},
    {10064, "HostDown", "[10064] The host is down."},
    {10065, "HostUnreachable", "[10065] There is no way to that host."},
    {10066, "DirectoryNotEmpty", "[10066] The directory is not empty."},
    {10067, "TooManyProcesses", "[10067] The limit of processes has been reached."},
    {10068, "TooManyUsers", "[10068] The limit of users has been reached."},
    {10069, "DiskQuotaExceeded", "[10069] The disk quota is used up."},
    {10070, "StaleFileHandle", "[10070] The file behind the NFS handle has gone."},
    {10071, "TooManyRemoteLevels", "[10071] The path leads through too many remote machines."},
    {10091, "NetworkSubsystemUnavailable", "[10091] The network subsystem cannot be used now."},
    {10092, "WinsockVersionMismatch", "[10092] This version of Winsock is not supported."},
    {10093, "WinsockNotLoaded", "[10093] Winsock has not been started."},
    {11001, "HostNotFound", "[11001] No host has this name."},
    {11002, "HostNotFoundTryAgain",
     "[11002] The name could not be looked up now; try again or check the DNS settings."},
    {11003, "NameServerFailed",
     "[11003] The name server could not or would not answer (FORMERR, REFUSED, NOTIMP)."},
    {11004, "NoAddressForName",
     "[11004] The name is valid but has no address; check the DNS settings."},
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
