// SPDX-License-Identifier: MIT
#include "server/events/command.h"

#include <string_view>

#include "server/events/fields.h"

namespace wss::server {

std::optional<http::Answer> readAnswer(const DecodedCommand& command, Bytes arena) {
  std::string_view fields = textOf(arena.subspan(command.offset, command.size));
  http::Answer answer{.status = command.status,
                      .subProtocol = takeField(fields),
                      .headers = takeField(fields),
                      .body = {}};
  std::size_t size = 2 * kFieldHead + answer.subProtocol.size() + answer.headers.size();
  if (!fields.empty()) {
    answer.body = takeField(fields);
    size += kFieldHead + answer.body->size();
  }
  if (size != command.size) return std::nullopt;
  return answer;
}

}  // namespace wss::server
