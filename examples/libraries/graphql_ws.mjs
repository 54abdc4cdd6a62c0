// Subscriptions of GraphQL: node examples/libraries/graphql_ws.mjs [port]
import { EventEmitter, on } from 'node:events';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'native-wsserver/ws';

const news = new EventEmitter();
const schema = buildSchema(`
  type Query { hello: String }
  type Mutation { publish(text: String!): Boolean }
  type Subscription { news: String }
`);
const roots = {
  query: { hello: () => 'world' },
  mutation: { publish: ({ text }) => news.emit('news', text) },
  subscription: {
    async *news() {
      for await (const [text] of on(news, 'news')) yield { news: text };
    },
  },
};

const port = Number(process.argv[2] ?? 8080);
const server = new WebSocketServer({ port, host: '127.0.0.1', path: '/graphql' });
useServer({ schema, roots }, server);
server.on('listening', () => console.log(`Listening on port ${server.address().port}`));
