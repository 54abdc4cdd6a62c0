// Measurements → Markdown tables: medians, spread, and how many times less ours costs.

const { servers } = require('./servers');
const { kinds } = require('./workloads');

const OURS = 'wsserver';

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return undefined;
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]
    : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The middle, the least and the greatest of one figure; undefined when it was not measured. */
function summarise(measurements, key) {
  const values = measurements.map((measurement) => measurement[key]).filter(Number.isFinite);
  if (values.length === 0) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

const digits = (value) => Number(value.toPrecision(3)).toLocaleString('en-US');

function row(cells) {
  return `| ${cells.join(' | ')} |`;
}

function table(head, rows) {
  return [row(head), row(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(row)];
}

/** One kind's figures: each server's median (and spread), and the others' as multiples of ours. */
function kindTable(kind, workloads, names, results) {
  const { title, unit, key } = kinds[kind];
  const others = names.filter((name) => name !== OURS);
  const rows = workloads.map((workload) => {
    const summaries = names.map((name) => summarise(results[workload.name]?.[name] ?? [], key));
    const ours = summaries[names.indexOf(OURS)];
    const cells = summaries.map((summary) =>
      summary === undefined
        ? '–'
        : `${digits(summary.median)} (${digits(summary.min)}–${digits(summary.max)})`,
    );
    const ratios = others.map((name) => {
      const theirs = summaries[names.indexOf(name)];
      return ours && theirs ? `${(theirs.median / ours.median).toFixed(2)}×` : '–';
    });
    return [workload.title, ...cells, ...ratios];
  });
  const titles = names.map((name) => servers[name].title);
  const ratioTitles = others.map((name) => `${servers[name].title} / ours`);
  return [`### ${title}, ${unit}`, '', ...table(['workload', ...titles, ...ratioTitles], rows), ''];
}

/** What stands behind the CPU figures: throughput, latency, and how busy both sides were. */
function detailTable(workloads, names, results) {
  const rows = workloads.flatMap((workload) =>
    names.map((name) => {
      const measurements = results[workload.name]?.[name] ?? [];
      const of = (key) => summarise(measurements, key)?.median;
      const show = (key) => (of(key) === undefined ? '–' : digits(of(key)));
      const percent = (key) => (of(key) === undefined ? '–' : `${Math.round(of(key) * 100)} %`);
      return [
        workload.title,
        servers[name].title,
        show('perSecond'),
        show('p50Us'),
        show('p99Us'),
        percent('serverShare'),
        percent('loadShare'),
      ];
    }),
  );
  const head = ['workload', 'server', 'messages/s', 'p50 µs', 'p99 µs', 'server busy', 'load busy'];
  return ['### Throughput and latency', '', ...table(head, rows), ''];
}

/** `results`: workload → server → measurements. */
function renderTables(workloads, names, results) {
  const lines = [];
  for (const kind of Object.keys(kinds)) {
    const ofKind = workloads.filter((workload) => workload.kind === kind);
    if (ofKind.length > 0) lines.push(...kindTable(kind, ofKind, names, results));
  }
  const loaded = workloads.filter(({ args }) => args !== undefined);
  if (loaded.length > 0) lines.push(...detailTable(loaded, names, results));
  return lines.join('\n');
}

module.exports = { renderTables };
