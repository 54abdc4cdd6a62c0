// SPDX-License-Identifier: MIT
// The rows of the settings table that are about TLS.
#pragma once

#include <array>
#include <climits>

#include "server/settings/setting.h"
#include "server/settings/setting_text.h"

namespace wss::server {

inline constexpr int kMaxTlsText = 1024 * 1024;

inline constexpr auto kTlsSettings = std::to_array<Setting>({
    {.name = "SSLAuthenticateClients",
     .field = &Options::sslAuthenticateClients,
     .property = true,
     .tls = true,
     .doc = "Whether clients are asked for a certificate; see SSLClientAuthentication and "
            "SSLCACerts."},
    {.name = "LogSSLPackets",
     .field = &Options::logSSLPackets,
     .doc = "Whether SSLStatus, and the Log at level 3, tell of every record of TLS that is sent "
            "or received. New "
            "connections."},
    {.name = "OpenSSLCADir",
     .field = &Options::openSSLCADir,
     .max = kMaxTlsText,
     .tls = true,
     .doc = "Folder of authorities that are trusted to know clients, a file for each, named by its "
            "hash (openssl rehash)."},
    {.name = "OpenSSLCAFile",
     .field = &Options::openSSLCAFile,
     .max = kMaxTlsText,
     .tls = true,
     .doc = "File of authorities that are trusted to know clients, in PEM."},
    {.name = "OpenSSLCipherList",
     .field = &Options::openSSLCipherList,
     .max = kMaxTlsText,
     .tls = true,
     .doc = "Cipher suites of TLS 1.2 and older, in the form of openssl-ciphers(1), where "
            "SSLEnabledCipherSuites is *; empty: those with forward secrecy and AEAD.",
     .documentedDefault = "DEFAULT"},
    {.name = "OpenSSLPrngSeedData",
     .field = &Options::openSSLPrngSeedData,
     .max = kMaxTlsText,
     .doc = "Seed of the random numbers of OpenSSL.",
     .inert = "it seeds itself from the system."},
    {.name = "ReuseSSLSession",
     .field = &Options::reuseSSLSession,
     .tls = true,
     .doc = "Whether clients get tickets with which they may resume their session."},
    {.name = "SSLCACertFilePaths",
     .field = &Options::sslCACertFilePaths,
     .max = kMaxTlsText,
     .tls = true,
     .doc = "Files of authorities, separated by semicolons; the first that is there is trusted to "
            "know clients too."},
    {.name = "SSLCACerts",
     .field = &Options::sslCACerts,
     .max = kMaxTlsText,
     .tls = true,
     .doc =
         "Authorities that are trusted to know clients, in PEM, one after the other; clients are "
         "told their names."},
    {.name = "SSLCipherStrength",
     .field = &Options::sslCipherStrength,
     .max = 256,
     .tls = true,
     .doc = "Least bits of a cipher; 0: whatever SSLEnabledCipherSuites has."},
    {.name = "SSLEnabled",
     .field = &Options::sslEnabled,
     .max = 32,
     .isValid = isFlagOrAuto,
     .form = "Auto, True or False",
     .tls = true,
     .doc = "Whether clients are served under TLS. Auto: if a certificate is selected; True: the "
            "server does not listen without one; False: in plain text, though there may be one."},
    {.name = "SSLEnabledCipherSuites",
     .field = &Options::sslEnabledCipherSuites,
     .max = kMaxTlsText,
     .tls = true,
     .doc =
         "Cipher suites by their IANA names, separated by semicolons; *: all that are safe. Those "
         "of the documentation that OpenSSL does not have are passed over, as the Log says when "
         "listening starts; if none is left, that is error 10022."},
    {.name = "SSLEnabledProtocols",
     .field = &Options::sslEnabledProtocols,
     .max = 16383,
     .tls = true,
     .doc =
         "Versions of TLS, added up: 12288 TLS 1.3, 3072 TLS 1.2, 768 TLS 1.1, 192 TLS 1.0. This "
         "OpenSSL may refuse the older two.",
     .documentedDefault = "4032"},
    {.name = "SSLEnableRenegotiation",
     .field = &Options::sslEnableRenegotiation,
     .doc = "Whether the extension that makes renegotiation safe (RFC 5746) is sent.",
     .inert = "it always is, and clients that ask for renegotiation are refused."},
    {.name = "SSLIncludeCertChain",
     .field = &Options::sslIncludeCertChain,
     .doc = "Whether certEncoded of SSLClientAuthentication has the chain that the client sent."},
    {.name = "SSLKeyLogFile",
     .field = &Options::sslKeyLogFile,
     .max = kMaxTlsText,
     .tls = true,
     .doc = "File to which the secrets of every connection are appended, for tools that decrypt "
            "captured traffic; empty: none. For debugging only."},
    {.name = "SSLOwnRecords",
     .field = &Options::sslOwnRecords,
     .tls = true,
     .doc =
         "Whether the server derives the keys of TLS 1.3 and seals and opens its records itself, "
         "with OpenSSL's hashes and ciphers: a handshake is cheaper so, and a connection needs no "
         "SSL object once it is done. In FIPS mode OpenSSL does it in any case."},
    {.name = "SSLSecurityFlags",
     .field = &Options::sslSecurityFlags,
     .max = 32,
     .isValid = isBits,
     .form = "a number, decimal or after 0x hexadecimal",
     .tls = true,
     .doc = "What is overlooked in a client's certificate, added up: 0x1 its time, 0x10 an unknown "
            "authority, 0x20 its usage; other bits have no effect."},
    {.name = "SSLServerCACerts",
     .field = &Options::sslServerCACerts,
     .max = kMaxTlsText,
     .doc = "Authorities that are trusted to know servers, in PEM.",
     .inert = "this is the server."},
    {.name = "SSLSessionLifetime",
     .field = &Options::sslSessionLifetime,
     .min = 1,
     .max = 7 * 24 * 60 * 60,
     .tls = true,
     .doc = "Seconds after its full handshake in which a session can be resumed, however often; "
            "also how long a key seals tickets, unless ticketKeys gives them. See "
            "ReuseSSLSession."},
    {.name = "TLS12SignatureAlgorithms",
     .field = &Options::tls12SignatureAlgorithms,
     .max = kMaxTlsText,
     .tls = true,
     .doc = "Signature algorithms of TLS 1.2, such as sha256-rsa, in the order of preference; with "
            "those of TLS13SignatureAlgorithms they are one list. Empty: OpenSSL's own.",
     .documentedDefault =
         "sha512-ecdsa,sha512-rsa,sha512-dsa,sha384-ecdsa,sha384-rsa,sha384-dsa,sha256-ecdsa,"
         "sha256-rsa,sha256-dsa,sha224-ecdsa,sha224-rsa,sha224-dsa,sha1-ecdsa,sha1-rsa,sha1-dsa"},
    {.name = "TLS12SupportedGroups",
     .field = &Options::tls12SupportedGroups,
     .max = kMaxTlsText,
     .tls = true,
     .doc = "Groups for the key exchange of TLS 1.2, such as ecdhe_secp256r1; with those of "
            "TLS13SupportedGroups they are one list. Empty: OpenSSL's own.",
     .documentedDefault = "ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1"},
    {.name = "TLS13KeyShareGroups",
     .field = &Options::tls13KeyShareGroups,
     .max = kMaxTlsText,
     .doc = "Groups for which a key share is sent.",
     .documentedDefault = "ecdhe_x25519,ecdhe_secp256r1,ecdhe_secp384r1,ffdhe_2048,ffdhe_3072",
     .inert = "it is the client that sends them; a server takes the first of its "
              "TLS13SupportedGroups that the "
              "client supports."},
    {.name = "TLS13SignatureAlgorithms",
     .field = &Options::tls13SignatureAlgorithms,
     .max = kMaxTlsText,
     .tls = true,
     .doc =
         "Signature algorithms of TLS 1.3, such as rsa_pss_sha256; see TLS12SignatureAlgorithms.",
     .documentedDefault =
         "ed25519,ed448,ecdsa_secp256r1_sha256,ecdsa_secp384r1_sha384,ecdsa_secp521r1_sha512,"
         "rsa_pkcs1_sha256,rsa_pkcs1_sha384,rsa_pkcs1_sha512,rsa_pss_sha256,rsa_pss_sha384,"
         "rsa_pss_sha512"},
    {.name = "TLS13SupportedGroups",
     .field = &Options::tls13SupportedGroups,
     .max = kMaxTlsText,
     .tls = true,
     .doc = "Groups for the key exchange of TLS 1.3, such as ecdhe_x25519, in the order of "
            "preference: "
            "a client without a key share for the first that it supports is asked for it. See "
            "TLS12SupportedGroups. X25519MLKEM768 is passed over where OpenSSL is older than 3.5. "
            "Those of ffdhe cost a server much more than the others.",
     .documentedDefault =
         "ecdhe_x25519,ecdhe_x448,ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1,ffdhe_2048,"
         "ffdhe_3072,ffdhe_4096,ffdhe_6144,ffdhe_8192"},
});

}  // namespace wss::server
