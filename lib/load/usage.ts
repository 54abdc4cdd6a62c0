// SPDX-License-Identifier: MIT
// What a process has used of the machine, from /proc (Linux).

import { readdirSync, readFileSync } from 'node:fs';

/** What a process has used until now. */
export interface Usage {
  readonly cpuUs: number;
  readonly residentBytes: number;
}

const TICKS_PER_SECOND = 100;

/** CPU time of the threads that live, which schedstat knows to the nanosecond. */
function preciseCpuUs(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
  }
  return ns / 1000;
}

/** The same in hundredths of a second, for kernels without schedstat. */
function coarseCpuUs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name of the program comes second, in parentheses, and may have anything in it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
}

function residentBytes(pid: number): number {
  const [, kilobytes] =
    /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kilobytes ?? 0) * 1024;
}

/** Undefined when there is no such process, or no /proc. */
export function readUsage(pid: number): Usage | undefined {
  try {
    let cpuUs: number;
    try {
      cpuUs = preciseCpuUs(pid);
    } catch {
      cpuUs = coarseCpuUs(pid);
    }
    return { cpuUs, residentBytes: residentBytes(pid) };
  } catch {
    return undefined;
  }
}
