// A page that loads itself again when its file changes, with livereload, which asks for `ws` itself:
// node --require native-wsserver/ws/register examples/libraries/livereload.mjs [port] [folder]
import livereload from 'livereload';

const [port = '35729', folder = '.'] = process.argv.slice(2);
const server = livereload.createServer({ port: Number(port), host: '127.0.0.1' }, () => {
  console.log(`Listening on port ${server.config.server.address().port}`);
});
server.watch(folder);
