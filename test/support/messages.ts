import type { ByteClient } from './byte_client.js';

/** The frames of a message, up to its last. */
export async function readMessage(client: ByteClient) {
  const frames = [await client.readFrame()];
  while (frames.at(-1)?.fin === false) frames.push(await client.readFrame());
  const payload = Buffer.concat(frames.map((frame) => frame.payload));
  return { opcodes: frames.map(({ opcode }) => opcode), payload, text: payload.toString() };
}
