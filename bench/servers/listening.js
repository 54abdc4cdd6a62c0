// What every server of the benchmark says when it listens: its port, and how long it took from the
// first require.

const startedMs = performance.now();

/** With PUBLISH_SECONDS a server publishes of its own accord, so often; says whether it does. */
exports.publishing = (publish) => {
  const seconds = Number(process.env.PUBLISH_SECONDS ?? 0);
  let number = 0;
  if (seconds > 0) setInterval(() => publish(`publication ${++number}`), seconds * 1000);
  return seconds > 0;
};

exports.listening = (port) => {
  console.log(`listening ${port} ${(performance.now() - startedMs).toFixed(2)}`);
};
