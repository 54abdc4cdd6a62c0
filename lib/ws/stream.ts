// SPDX-License-Identifier: MIT

import { Duplex, type DuplexOptions } from 'node:stream';
import type { WebSocket } from './web_socket.js';

/**
 * A WebSocket as a stream of bytes: each chunk that is written is a message. What it is not read in
 * time stops the client. To end it closes the WebSocket, to destroy it cuts it off.
 */
export function createWebSocketStream(socket: WebSocket, options?: DuplexOptions): Duplex {
  let cutsOff = true;
  const closed = (then: () => void): void => {
    if (socket.readyState === socket.CLOSED) then();
    else socket.once('close', then);
  };
  const stream = new Duplex({
    ...options,
    autoDestroy: false,
    emitClose: false,
    objectMode: false,
    writableObjectMode: false,
    read: () => {
      if (socket.isPaused) socket.resume();
    },
    write: (chunk: Buffer, _encoding, callback) => socket.send(chunk, callback),
    final: (callback) => {
      closed(() => {
        callback();
        if (stream.readableEnded) stream.destroy();
      });
      socket.close();
    },
    destroy: (error, callback) => {
      closed(() => {
        callback(error);
        process.nextTick(() => stream.emit('close'));
      });
      if (cutsOff) socket.terminate();
    },
  });
  socket.on('message', (data, isBinary) => {
    const chunk = !isBinary && stream.readableObjectMode ? data.toString() : data;
    if (!stream.push(chunk)) socket.pause();
  });
  socket.once('error', (error: Error) => {
    if (stream.destroyed) return;
    // The Close that says what was wrong is still to be sent.
    cutsOff = false;
    stream.destroy(error);
  });
  socket.once('close', () => {
    if (!stream.destroyed) stream.push(null);
  });
  stream.on('end', () => {
    if (!stream.destroyed && stream.writableFinished) stream.destroy();
  });
  const onError = (error: Error): void => {
    stream.removeListener('error', onError);
    stream.destroy();
    // That nobody listens is not to be hidden.
    if (stream.listenerCount('error') === 0) stream.emit('error', error);
  };
  stream.on('error', onError);
  return stream;
}
