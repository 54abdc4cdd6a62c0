// `npm run bench`: compares this server with its peers. See bench/README.md.

const { mkdirSync, writeFileSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { measure } = require('./measure');
const { prepare, servers } = require('./servers');
const { renderTables } = require('./tables');
const { workloads } = require('./workloads');

const USAGE = `Usage: npm run bench -- [options]

Options:
  --servers A,B     of ${Object.keys(servers).join(', ')} (default: all)
  --workloads A,B   the beginnings of names (default: all); --list shows the names
  --rounds N        how often all is measured, in turn (default 5)
  --seconds S       of each measurement (default 3)
  --warmup S        before it (default 1)
  --out FILE        where the JSON goes (default bench/results/<date>.json)
  --list
`;

function fail(message) {
  console.error(`bench: ${message}\n\n${USAGE}`);
  process.exit(2);
}

function parseOptions() {
  try {
    return parseArgs({
      options: {
        servers: { type: 'string' },
        workloads: { type: 'string', default: '' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '3' },
        warmup: { type: 'string', default: '1' },
        out: { type: 'string' },
        list: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(error.message);
  }
}

/** `names`, begun with another one in each round: who comes first after another workload pays for it. */
function turnsOf(names, round) {
  const first = round % names.length;
  return [...names.slice(first), ...names.slice(0, first)];
}

/** Whether a server is measured with a workload at all. */
function takesPart(name, { tls = false, size }) {
  const { plainOnly = false, messagesOnly = false } = servers[name];
  return !(tls && plainOnly) && !(messagesOnly && size === undefined);
}

async function main() {
  const options = parseOptions();
  const names = options.servers?.split(',') ?? Object.keys(servers);
  for (const name of names) {
    if (!Object.hasOwn(servers, name)) fail(`there is no server "${name}"`);
  }
  const beginnings = options.workloads.split(',');
  const chosen = workloads.filter(({ name }) =>
    beginnings.some((beginning) => name.startsWith(beginning)),
  );
  if (chosen.length === 0) fail(`no workload begins with "${options.workloads}"`);
  if (options.list) {
    for (const { name, title } of chosen) console.log(`${name.padEnd(22)} ${title}`);
    return;
  }
  prepare(names);

  const rounds = Number(options.rounds);
  const times = { seconds: Number(options.seconds), warmup: Number(options.warmup) };
  const results = Object.fromEntries(
    chosen.map(({ name }) => [name, Object.fromEntries(names.map((server) => [server, []]))]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const workload of chosen) {
      for (const name of turnsOf(names, round)) {
        if (!takesPart(name, workload)) continue;
        process.stderr.write(`round ${round + 1}/${rounds}  ${workload.title}  ${name}\n`);
        try {
          results[workload.name][name].push(await measure(name, workload, times));
        } catch (error) {
          console.error(`  ${error.message}`);
        }
      }
    }
  }

  const date = new Date().toISOString();
  const machine = { cpu: os.cpus()[0]?.model, cores: os.cpus().length, kernel: os.release() };
  const out =
    options.out ??
    path.join(__dirname, 'results', `${date.slice(0, 16).replaceAll(/[:T]/g, '-')}.json`);
  mkdirSync(path.dirname(out), { recursive: true });
  const record = { date, machine, node: process.version, rounds, ...times, results };
  writeFileSync(out, `${JSON.stringify(record, null, 1)}\n`);
  console.log(renderTables(chosen, names, results));
  console.log(
    `${machine.cpu}, Node.js ${process.version}, ${rounds} rounds of ${times.seconds} s: ${out}`,
  );
}

main();
