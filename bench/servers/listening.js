// What every server of the benchmark says when it listens: its port, and how long it took from the
// first require.

const startedMs = performance.now();

exports.listening = (port) => {
  console.log(`listening ${port} ${(performance.now() - startedMs).toFixed(2)}`);
};
