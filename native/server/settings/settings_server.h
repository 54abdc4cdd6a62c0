// SPDX-License-Identifier: MIT
// The rows of the settings table that are about the server and its WebSockets.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <cstdint>
#include <string_view>

#include "server/access/access_lists.h"
#include "server/settings/setting.h"
#include "server/settings/setting_text.h"
#include "ws/frame.h"

namespace wss::server {

inline constexpr int kMaxTimeout = 24 * 60 * 60;
inline constexpr int kMaxListSize = 1024 * 1024;

/// A number that has been found to be one.
inline std::uint16_t toCode(std::string_view digits) {
  std::uint16_t code = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), code);
  return code;
}

inline constexpr auto kServerSettings = std::to_array<Setting>({
    {.name = "ConnectionBacklog",
     .field = &Options::connectionBacklog,
     .min = 1,
     .max = INT_MAX,
     .property = true,
     .doc = "Connections that the system keeps waiting to be accepted; it cuts the number to its "
            "own limit. Read when listening starts.",
     .documentedDefault = "5"},
    {.name = "DefaultTimeout",
     .field = &Options::defaultTimeout,
     .max = kMaxTimeout,
     .property = true,
     .doc = "Timeout in seconds that new connections begin with; 0: sends never wait."},
    {.name = "LocalHost",
     .field = &Options::localHost,
     .max = 255,
     .property = true,
     .lockedError = static_cast<int>(ErrorCode::kLocalHostWhileListening),
     .doc =
         "Address or name of the interface to listen on; empty: all of them. unix:/path listens on "
         "a socket in the file system instead (its clients' address is unix:), fd:3 or fd:3,4 on "
         "sockets of these descriptors, which listen already, fd:NAME on those that systemd has "
         "handed over under that name."},
    {.name = "LocalPort",
     .field = &Options::localPort,
     .max = 65535,
     .property = true,
     .lockedError = static_cast<int>(ErrorCode::kLocalPortWhileListening),
     .doc = "TCP port to listen on; 0: the system picks one, to be read once listening."},

    {.name = "AllowedClients",
     .field = &Options::allowedClients,
     .max = kMaxListSize,
     .isValid = isClientList,
     .form = kClientListForm,
     .doc =
         "Who may connect: addresses, ranges such as 10.0.0.0/8 or 10.*, host names (all "
         "their addresses, looked up when listening starts or the setting changes, and again every "
         "30 seconds; a name that is not found lets nobody in, and is an Error), unix: for those "
         "of a socket in the file system, or * for "
         "all; ConnectionRequest may overrule it."},
    {.name = "AllowedOrigins",
     .field = &Options::allowedOrigins,
     .max = kMaxListSize,
     .doc = "Origins whose pages may connect, separated by commas; a * stands for anything. Other "
            "requests that name an Origin are refused with status 403."},
    {.name = "AutoPong",
     .field = &Options::autoPong,
     .doc = "Whether Pings are answered. If not, the Ping event is all that comes of them, and who "
            "listens to it is to send the Pong: peers take a server that does not for dead."},
    {.name = "BindExclusively",
     .field = &Options::bindExclusively,
     .doc = "Whether the port is ours alone. False: several servers, in any number of processes or "
            "workers, may listen on it (SO_REUSEPORT), and the system shares the clients out."},
    {.name = "BlockedClients",
     .field = &Options::blockedClients,
     .max = kMaxListSize,
     .isValid = isClientList,
     .form = kClientListForm,
     .doc =
         "Who may not connect, in the form of AllowedClients, which it overrides; a name that is "
         "not found keeps nobody out, and is an Error; ConnectionRequest may overrule it."},
    {.name = "BufferMessage",
     .field = &Options::bufferMessage,
     .doc =
         "Whether DataIn comes for whole messages (True) or for each piece as it comes, with EOM "
         "at the last one; a piece of text never ends inside a character.",
     .documentedDefault = "False"},
    {.name = "ClientContextTakeover",
     .field = &Options::clientContextTakeover,
     .doc = "Whether clients may compress a message with reference to those before it, which costs "
            "40 KiB a connection (RFC 7692 §7.1.1.2)."},
    {.name = "ClientMaxWindowBits",
     .field = &Options::clientMaxWindowBits,
     .min = 8,
     .max = 15,
     .doc = "Logarithm of the window that clients are asked to compress with, if they offer that "
            "(RFC 7692 §7.1.2.2)."},
    {.name = "CloseTimeout",
     .field = &Options::closeTimeout,
     .min = 1,
     .max = kMaxTimeout,
     .doc = "Seconds that a peer has to answer a Close frame, and then to close its side. They "
            "begin anew while it takes 8 KiB a second of what was sent before."},
    {.name = "CompressionLevel",
     .field = &Options::compressionLevel,
     .max = 9,
     .doc = "Effort to compress with: 0 none, 1 fastest, 9 best."},
    {.name = "CompressionLimit",
     .field = &Options::compressionLimit,
     .max = INT_MAX,
     .doc = "Bytes of the largest message that is compressed: it takes up to 30 ms a MiB, and all "
            "others wait for it. 0: no limit."},
    {.name = "CompressionMemoryLevel",
     .field = &Options::compressionMemoryLevel,
     .min = 1,
     .max = 9,
     .doc = "Memory to compress with: 1 least, 9 most (zlib's memLevel)."},
    {.name = "CompressionThreshold",
     .field = &Options::compressionThreshold,
     .max = INT_MAX,
     .doc = "Bytes from which on a message is compressed."},
    {.name = "DefaultConnectionTimeout",
     .field = &Options::defaultConnectionTimeout,
     .max = kMaxTimeout,
     .doc = "Seconds from accepting a connection to the end of its opening handshake, in all; 0: "
            "no limit.",
     .documentedDefault = "0"},
    {.name = "DisconnectStatusCode",
     .field = &Options::disconnectStatusCode,
     .min = 1000,
     .max = 4999,
     .isValid = [](std::string_view code) { return ws::isWireCloseCode(toCode(code)); },
     .form = "a code that may be sent: 1000-1003, 1007-1014 or 3000-4999 (RFC 6455 §7.4)",
     .doc = "Status code that Disconnect and Shutdown send: 1000-1003, 1007-1014 or 3000-4999."},
    {.name = "DisconnectStatusDescription",
     .field = &Options::disconnectStatusDescription,
     .max = static_cast<int>(ws::kMaxCloseReason),
     .doc = "Reason that Disconnect and Shutdown send; at most 123 bytes of UTF-8."},
    {.name = "EnablePermessageDeflate",
     .field = &Options::enablePermessageDeflate,
     .doc = "Whether permessage-deflate is agreed on with clients that offer it (RFC 7692)."},
    {.name = "IdleTimeout",
     .field = &Options::idleTimeout,
     .max = kMaxTimeout,
     .doc = "Seconds after which a connection that has sent nothing at all, and is not taking what "
            "it has been sent, is closed with 1001; 0: never. Read when a WebSocket opens."},
    {.name = "InBufferSize",
     .field = &Options::inBufferSize,
     .max = INT_MAX,
     .doc = "Receive buffer in bytes that new connections ask of the system; 0: the system's own, "
            "which it adapts by itself."},
    {.name = "KeepAliveInterval",
     .field = &Options::keepAliveInterval,
     .max = INT_MAX,
     .doc =
         "Milliseconds between two keep-alive probes of the system; 0: its own. New connections, "
         "rounded up to seconds; turns probing on."},
    {.name = "KeepAliveRetryCount",
     .field = &Options::keepAliveRetryCount,
     .max = 127,
     .doc = "Unanswered keep-alive probes after which a connection counts as lost; 0: the system's "
            "own number. New connections; turns probing on."},
    {.name = "KeepAliveTime",
     .field = &Options::keepAliveTime,
     .max = INT_MAX,
     .doc = "Milliseconds of silence before the system sends a keep-alive probe; 0: its own. New "
            "connections, rounded up to seconds; turns probing on."},
    {.name = "LocalSocketMode",
     .field = &Options::localSocketMode,
     .max = 4,
     .isValid = isFileMode,
     .form = "permissions in octal, such as 660, or nothing",
     .doc =
         "Permissions of the file that LocalHost=unix:/path makes, in octal, such as 660; empty: "
         "what the process's umask leaves."},
    {.name = "LogLevel",
     .field = &Options::logLevel,
     .max = 3,
     .doc = "What the Log event reports: 0 nothing, 1 information and errors, 2 requests too, 3 "
            "debugging too."},
    {.name = "MaxConnections",
     .field = &Options::maxConnections,
     .min = 1,
     .max = 100000,
     .lockedError = static_cast<int>(ErrorCode::kMaxConnectionsWhileListening),
     .doc =
         "Simultaneous connections that are open, or are closing; a client beyond them is reset, "
         "counted and logged. Those that are not open yet have a budget of their own, "
         "MaxPendingConnections."},
    {.name = "MaxConnectionsPerAddress",
     .field = &Options::maxConnectionsPerAddress,
     .max = 100000,
     .doc = "Simultaneous connections from one IPv4 address, or one /64 of IPv6; for a client "
            "beyond them one of the same address that is not open yet, and silent, makes room; "
            "when there is none it is reset, counted and logged. 0: no limit. Those of a socket in "
            "the file system have no address, and no such limit."},
    {.name = "MaxFragments",
     .field = &Options::maxFragments,
     .min = 1,
     .max = INT_MAX,
     .doc = "Frames that a message may come in; one of more is closed with 1008."},
    {.name = "MaxFrameSize",
     .field = &Options::maxFrameSize,
     .max = INT_MAX,
     .doc = "Bytes of payload above which a message is sent in several frames (RFC 6455 §5.4); 0: "
            "every message is one frame."},
    {.name = "MaxMessageSize",
     .field = &Options::maxMessageSize,
     .min = 1,
     .max = INT_MAX,
     .doc = "Bytes of the largest message taken; a larger one is closed with 1009 as soon as it is "
            "announced. Read when a connection is accepted."},
    {.name = "MaxPendingConnections",
     .field = &Options::maxPendingConnections,
     .min = 1,
     .max = 30000,
     .doc = "Connections that are accepted but not open yet. Beyond them the one that has been "
            "silent for longest makes room for the newcomer, so that clients who connect and say "
            "nothing keep nobody out; it is counted and logged. Fewer where the process may not "
            "have as many files open."},
    {.name = "MaxQueuedBytes",
     .field = &Options::maxQueuedBytes,
     .min = 1,
     .max = INT_MAX,
     .doc = "Bytes that may wait in a connection's queue before a send fails with 10035; a message "
            "of any size is taken while the queue is empty."},
    {.name = "MaxQueuedBytesTotal",
     .field = &Options::maxQueuedBytesTotal,
     .min = 1,
     .max = INT_MAX,
     .doc = "Bytes of memory that the queues of all connections may take together, so that clients "
            "who do not read cannot use it up. Beyond them the one that holds most is cut with "
            "1006, one that has taken nothing for a second first; never the only one."},
    {.name = "MaxReadTime",
     .field = &Options::maxReadTime,
     .max = kMaxTimeout,
     .doc =
         "Milliseconds for which a connection that sends more than is received at once (256 KiB) "
         "is read from before others have their turn."},
    {.name = "MaxRequestHeaders",
     .field = &Options::maxRequestHeaders,
     .min = 1,
     .max = 10000,
     .doc = "Header lines that an opening request may have (else status 431)."},
    {.name = "MaxRequestHeaderSize",
     .field = &Options::maxRequestHeaderSize,
     .min = 256,
     .max = 1024 * 1024,
     .doc = "Bytes that an opening request may have (else status 431)."},
    {.name = "MaxSubscriptions",
     .field = &Options::maxSubscriptions,
     .min = 1,
     .max = INT_MAX,
     .doc = "Topics and patterns that one connection may be subscribed to; error 10055 beyond."},
    {.name = "MaxUnfinishedBytes",
     .field = &Options::maxUnfinishedBytes,
     .min = 1,
     .max = INT_MAX,
     .doc = "Bytes of memory that messages whose end has not come may take in all connections "
            "together. Beyond them the one that holds most is closed with 1013, one that has not "
            "gone on for a second first."},
    {.name = "MessageTimeout",
     .field = &Options::messageTimeout,
     .max = kMaxTimeout,
     .doc = "Seconds for which nothing more may come of a message that has begun, so that nobody "
            "makes us keep parts of messages for ever; its connection is then closed with 1008. "
            "0: no limit. Time while a connection does not accept data does not count, nor do "
            "pieces and lines that have been delivered."},
    {.name = "OutBufferSize",
     .field = &Options::outBufferSize,
     .max = INT_MAX,
     .doc = "Send buffer in bytes that new connections ask of the system; 0: the system's own, "
            "which it adapts by itself."},
    {.name = "PingInterval",
     .field = &Options::pingInterval,
     .max = kMaxTimeout,
     .doc = "Seconds of silence after which a connection is pinged; after as many again since the "
            "Ping has left, it counts as lost. 0: never. Read when a WebSocket opens."},
    {.name = "QueueSends",
     .field = &Options::queueSends,
     .doc = "Whether a send is queued while the kernel takes no more for its connection, up to "
            "MaxQueuedBytes, instead of failing with 10035. ReadyToSend follows as before."},
    {.name = "SelectWaitMillis",
     .field = &Options::selectWaitMillis,
     .max = 60000,
     .doc = "Milliseconds that DoEvents waits when there is nothing to do."},
    {.name = "SendTimeout",
     .field = &Options::sendTimeout,
     .max = kMaxTimeout,
     .doc = "Seconds for which a client may take nothing while bytes wait for it, so that nobody "
            "who does not read holds memory for ever; it is then cut with 1006. Anything that it "
            "takes, however little, starts them anew. 0: no limit."},
    {.name = "ServerContextTakeover",
     .field = &Options::serverContextTakeover,
     .doc = "Whether a message is compressed with reference to those before it, unless the client "
            "declines: smaller, but 270 KiB a connection (RFC 7692 §7.1.1.1)."},
    {.name = "ServerMaxWindowBits",
     .field = &Options::serverMaxWindowBits,
     .min = 9,
     .max = 15,
     .doc = "Logarithm of the window to compress with; a client may ask for less (RFC 7692 "
            "§7.1.2.1)."},
    {.name = "SkipUTF8Validation",
     .field = &Options::skipUtf8Validation,
     .doc = "Whether texts and the reasons of Closes are taken without a look whether they are "
            "UTF-8 (RFC 6455 §8.1 wants one); what is none comes with U+FFFD in it. Read when a "
            "connection is accepted."},
    {.name = "SlowSubscribers",
     .field = &Options::slowSubscribers,
     .max = 10,
     .isValid = isSlowPolicy,
     .form = "Skip or Disconnect",
     .doc = "What becomes of a connection whose queue would have more than MaxQueuedBytes by what "
            "is published: Skip: it does not get that message, and the event Skipped tells; "
            "Disconnect: it is closed with 1013."},
    {.name = "TcpNoDelay",
     .field = &Options::tcpNoDelay,
     .doc = "Whether new connections send at once (True) or wait for more to send (Nagle).",
     .documentedDefault = "False"},
    {.name = "UseIPv6",
     .field = &Options::useIPv6,
     .max = 2,
     .doc = "Families of an empty or named LocalHost that there are: 0 IPv4, 1 IPv6, 2 both."},
    {.name = "WaitForCloseResponse",
     .field = &Options::waitForCloseResponse,
     .doc = "Whether Disconnect waits for the peer's Close frame (up to CloseTimeout) or closes "
            "right after sending its own."},
});

}  // namespace wss::server
