// SPDX-License-Identifier: MIT
#include "tls/openssl/pipe.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

Pipe& pipeOf(BIO* bio) { return *static_cast<Pipe*>(BIO_get_data(bio)); }

int readPipe(BIO* bio, char* target, std::size_t size, std::size_t* count) {
  BIO_clear_retry_flags(bio);
  Bytes& input = pipeOf(bio).input;
  *count = std::min(size, input.size());
  if (*count == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(target, input.data(), *count);
  input = input.subspan(*count);
  return 1;
}

int writePipe(BIO* bio, const char* bytes, std::size_t size, std::size_t* count) {
  ByteQueue* const output = pipeOf(bio).output;
  assert(output != nullptr);
  output->append(bytesOf({bytes, size}));
  *count = size;
  return 1;
}

long controlPipe(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace

std::shared_ptr<BIO_METHOD> makePipeMethod() {
  // A type of our own would use up one of the few numbers that the process has.
  std::shared_ptr<BIO_METHOD> method(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "pipe"), BIO_meth_free);
  BIO_meth_set_read_ex(method.get(), readPipe);
  BIO_meth_set_write_ex(method.get(), writePipe);
  BIO_meth_set_ctrl(method.get(), controlPipe);
  return method;
}

BIO* openPipe(const BIO_METHOD* method, Pipe& pipe) {
  BIO* const bio = BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &pipe);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace wss::tls
