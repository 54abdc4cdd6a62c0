// tRPC with subscriptions: node examples/libraries/trpc.mjs [port]
import { EventEmitter, on } from 'node:events';
import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocketServer } from 'native-wsserver/ws';

const news = new EventEmitter();
const t = initTRPC.create();
const text = t.procedure.input(String);
const router = t.router({
  shout: text.query(({ input }) => input.toUpperCase()),
  publish: text.mutation(({ input }) => news.emit('news', input)),
  news: t.procedure.subscription(async function* ({ signal }) {
    for await (const [item] of on(news, 'news', { signal })) yield item;
  }),
});

const server = new WebSocketServer({ port: Number(process.argv[2] ?? 8080), host: '127.0.0.1' });
applyWSSHandler({ wss: server, router, createContext: () => ({}) });
server.on('listening', () => console.log(`Listening on port ${server.address().port}`));
