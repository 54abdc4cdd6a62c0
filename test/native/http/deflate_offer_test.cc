// SPDX-License-Identifier: MIT
#include "http/deflate_offer.h"

#include <doctest/doctest.h>

#include <string_view>

namespace wss::http {
namespace {

constexpr DeflatePolicy kNoTakeover = {};
constexpr DeflatePolicy kTakeover = {.serverContextTakeover = true, .clientContextTakeover = true};

struct Row {
  std::string_view offers;
  std::string_view response;
  DeflateParameters agreed;
};

void check(const Row& row, const DeflatePolicy& policy) {
  CAPTURE(row.offers);
  const DeflateAnswer answer = answerDeflateOffers(row.offers, policy);
  CHECK_FALSE(answer.malformed);
  CHECK(answer.response == row.response);
  REQUIRE(answer.agreed.has_value());
  CHECK(answer.agreed->serverContextTakeover == row.agreed.serverContextTakeover);
  CHECK(answer.agreed->clientContextTakeover == row.agreed.clientContextTakeover);
  CHECK(answer.agreed->serverMaxWindowBits == row.agreed.serverMaxWindowBits);
  CHECK(answer.agreed->clientMaxWindowBits == row.agreed.clientMaxWindowBits);
}

TEST_CASE("offers that are accepted without context takeover") {
  constexpr std::string_view kPlain =
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  const Row rows[] = {
      {"permessage-deflate", kPlain, {}},
      {"permessage-deflate; client_max_window_bits", kPlain, {}},
      {"permessage-deflate; client_max_window_bits=15", kPlain, {}},
      {"permessage-deflate;server_no_context_takeover;client_no_context_takeover", kPlain, {}},
      {"permessage-deflate; client_max_window_bits=8",
       "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
       "client_max_window_bits=8",
       {.clientMaxWindowBits = 8}},
      {"permessage-deflate; server_max_window_bits=9",
       "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
       "server_max_window_bits=9",
       {.serverMaxWindowBits = 9}},
      {"permessage-deflate; server_max_window_bits=\"15\"",
       "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
       "server_max_window_bits=15",
       {}},
  };
  for (const Row& row : rows) check(row, kNoTakeover);
}

TEST_CASE("offers that are accepted with context takeover") {
  const Row rows[] = {
      {"permessage-deflate",
       "permessage-deflate",
       {.serverContextTakeover = true, .clientContextTakeover = true}},
      {"permessage-deflate; server_no_context_takeover",
       "permessage-deflate; server_no_context_takeover",
       {.clientContextTakeover = true}},
      {"permessage-deflate; client_no_context_takeover",
       "permessage-deflate; client_no_context_takeover",
       {.serverContextTakeover = true}},
      {"permessage-deflate; client_max_window_bits=10; server_max_window_bits=11",
       "permessage-deflate; server_max_window_bits=11; client_max_window_bits=10",
       {.serverContextTakeover = true,
        .clientContextTakeover = true,
        .serverMaxWindowBits = 11,
        .clientMaxWindowBits = 10}},
  };
  for (const Row& row : rows) check(row, kTakeover);
}

TEST_CASE("the server's own window bits") {
  constexpr DeflatePolicy kSmall = {.serverContextTakeover = true,
                                    .clientContextTakeover = true,
                                    .serverMaxWindowBits = 12,
                                    .clientMaxWindowBits = 11};
  const auto agreed = [](int server, int client) {
    return DeflateParameters{.serverContextTakeover = true,
                             .clientContextTakeover = true,
                             .serverMaxWindowBits = server,
                             .clientMaxWindowBits = client};
  };
  const Row rows[] = {
      {"permessage-deflate", "permessage-deflate; server_max_window_bits=12", agreed(12, 15)},
      {"permessage-deflate; server_max_window_bits=15",
       "permessage-deflate; server_max_window_bits=12", agreed(12, 15)},
      {"permessage-deflate; server_max_window_bits=10",
       "permessage-deflate; server_max_window_bits=10", agreed(10, 15)},
      {"permessage-deflate; client_max_window_bits",
       "permessage-deflate; server_max_window_bits=12; client_max_window_bits=11", agreed(12, 11)},
      {"permessage-deflate; client_max_window_bits=13",
       "permessage-deflate; server_max_window_bits=12; client_max_window_bits=11", agreed(12, 11)},
      {"permessage-deflate; client_max_window_bits=9",
       "permessage-deflate; server_max_window_bits=12; client_max_window_bits=9", agreed(12, 9)},
  };
  for (const Row& row : rows) check(row, kSmall);
}

TEST_CASE("the first offer that can be met is accepted") {
  const Row rows[] = {
      {"x-webkit-deflate-frame, permessage-deflate;server_max_window_bits=10, permessage-deflate",
       "permessage-deflate; server_max_window_bits=10",
       {.serverContextTakeover = true, .clientContextTakeover = true, .serverMaxWindowBits = 10}},
      {"permessage-deflate; server_max_window_bits=8, permessage-deflate; unknown, "
       "permessage-deflate; server_no_context_takeover",
       "permessage-deflate; server_no_context_takeover",
       {.clientContextTakeover = true}},
  };
  for (const Row& row : rows) check(row, kTakeover);
}

TEST_CASE("what is declined") {
  for (const std::string_view row : {
           "",
           "permessage-bzip2",
           "PERMESSAGE-DEFLATE",
           "permessage-deflate2; server_no_context_takeover",
           "permessage-deflate; unknown",
           "permessage-deflate; Server_No_Context_Takeover",
           "permessage-deflate; server_no_context_takeover=true",
           "permessage-deflate; client_no_context_takeover=1",
           "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
           "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
           "permessage-deflate; server_max_window_bits",
           "permessage-deflate; server_max_window_bits=7",
           // Within the range, but zlib has no such window.
           "permessage-deflate; server_max_window_bits=8",
           "permessage-deflate; server_max_window_bits=16",
           "permessage-deflate; server_max_window_bits=010",
           "permessage-deflate; server_max_window_bits=+10",
           "permessage-deflate; server_max_window_bits=10.0",
           "permessage-deflate; server_max_window_bits=4294967306",
           "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
           "permessage-deflate; client_max_window_bits=7",
           "permessage-deflate; client_max_window_bits=16",
           "permessage-deflate; client_max_window_bits=08",
           "permessage-deflate; client_max_window_bits=-9",
           "permessage-deflate; client_max_window_bits=x",
           "permessage-deflate; client_max_window_bits; client_max_window_bits",
           "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
           "permessage-deflate; client_max_window_bits=10; client_max_window_bits",
       }) {
    CAPTURE(row);
    const DeflateAnswer answer = answerDeflateOffers(row, kNoTakeover);
    CHECK_FALSE(answer.malformed);
    CHECK_FALSE(answer.agreed.has_value());
    CHECK(answer.response.empty());
  }
}

TEST_CASE("what is malformed, even behind an offer that could be met") {
  for (const std::string_view row :
       {",", "permessage-deflate;", "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=\"1 0\"", "permessage-deflate, a b"}) {
    CAPTURE(row);
    const DeflateAnswer answer = answerDeflateOffers(row, kNoTakeover);
    CHECK(answer.malformed);
    CHECK_FALSE(answer.agreed.has_value());
  }
}

}  // namespace
}  // namespace wss::http
