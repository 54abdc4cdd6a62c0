// SPDX-License-Identifier: MIT
#include "server/events/log_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"

namespace wss::server {
namespace {

constexpr std::string_view kMask = "***";

/// A name that has one of these in it is that of a secret.
constexpr auto kSecrets = std::to_array<std::string_view>(
    {"auth", "bearer", "cookie", "credential", "jwt", "passphrase", "passwd", "password", "secret",
     "session", "signature", "token", "api-key", "api_key", "apikey", "access-key", "access_key",
     "accesskey"});
/// And so is a query parameter with one of these names.
constexpr auto kSecretParameters =
    std::to_array<std::string_view>({"code", "key", "pass", "pwd", "sid", "sig", "ticket"});

bool isSecret(std::string_view name) {
  return std::ranges::any_of(kSecrets,
                             [name](auto part) { return containsIgnoringCase(name, part); });
}

/// What is escaped may be anything.
bool isSecretParameter(std::string_view name) {
  const auto is = [name](std::string_view other) { return equalsIgnoringCase(name, other); };
  return isSecret(name) || name.find('%') != std::string_view::npos ||
         std::ranges::any_of(kSecretParameters, is);
}

void appendHex(std::string& out, std::uint32_t number, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out.push_back("0123456789ABCDEF"[number >> static_cast<unsigned>(shift) & 0xFU]);
  }
}

/// The character at the front of `text` if it is one of two or three bytes that moves others about
/// or ends a line: C1 controls, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069; else 0.
std::uint32_t disturbing(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  if (text.size() >= 2 && byte(0) == 0xC2 && byte(1) < 0xA0) return byte(1);
  if (text.size() < 3 || byte(0) != 0xE2) return 0;
  const std::uint32_t code = 0x2000U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
  const bool moves = code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
                     (code >= 0x2066 && code <= 0x2069);
  return moves ? code : 0;
}

bool isControl(char c) { return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F; }

void appendControl(std::string& out, char c) {
  out.push_back('\\');
  if (c == '\r' || c == '\n' || c == '\t') {
    out.push_back(c == '\r' ? 'r' : c == '\n' ? 'n' : 't');
    return;
  }
  out.push_back('x');
  appendHex(out, static_cast<std::uint8_t>(c), 2);
}

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::uint32_t code = disturbing(text);
    if (code != 0) {
      out.append("\\u");
      appendHex(out, code, 4);
      text.remove_prefix(code < 0x100 ? 2 : 3);
      continue;
    }
    if (isControl(text.front())) {
      appendControl(out, text.front());
    } else {
      out.push_back(text.front());
    }
    text.remove_prefix(1);
  }
  return out;
}

std::string maskedTarget(std::string_view target) {
  std::size_t end = std::min(target.find('?'), target.size());
  std::string out(target.substr(0, end));
  while (end < target.size()) {
    out.push_back(target[end]);
    target.remove_prefix(end + 1);
    end = std::min(target.find('&'), target.size());
    const std::string_view parameter = target.substr(0, end);
    const std::size_t equals = parameter.find('=');
    const std::string_view name = parameter.substr(0, equals);
    if (equals == std::string_view::npos || !isSecretParameter(name)) {
      out.append(parameter);
    } else {
      out.append(name).append("=").append(kMask);
    }
  }
  return out;
}

std::string maskedHeader(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos) return std::string(line);
  // Browsers cannot send other headers, so that some send their token as a subprotocol.
  const bool carries = equalsIgnoringCase(name, "Sec-WebSocket-Protocol") && isSecret(line);
  // A proxy may tell the target of the request, as X-Original-URI.
  if (!carries && !isSecret(name)) return maskedTarget(line);
  return std::string(name).append(": ").append(kMask);
}

}  // namespace wss::server
