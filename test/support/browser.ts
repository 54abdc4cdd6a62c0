// A page in Chromium, and what it reports.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { json, text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { defer } from './defer.js';
import { UNSANITIZED } from './programs.js';

/** Serves `html`, and resolves with what a page of it posts to /report. */
export async function servePage(t: TestContext, html: string) {
  const server = http.createServer();
  defer(t, () => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const report = new Promise<Record<string, unknown>>((resolve, reject) => {
    server.on('request', (request, response) => {
      if (request.url === '/report')
        json(request).then((body) => resolve(body as Record<string, unknown>), reject);
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(html);
    });
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, report };
}

/**
 * Opens `url` in a browser that is gone after the test. Rejects if it ends before. `home` is where
 * it looks for the authorities that its user trusts.
 */
export function browse(t: TestContext, url: string, home?: string): Promise<never> {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'wsserver-browser-'));
  const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  const browser = spawn('chromium', [...options, `--user-data-dir=${profile}`, url], {
    env: home === undefined ? UNSANITIZED : { ...UNSANITIZED, HOME: home },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const complaints = text(browser.stderr);
  const ended = new Promise<never>((_, reject) => {
    browser.once('error', reject);
    browser.once('exit', async (code) =>
      reject(new Error(`it ended, ${code}: ${await complaints}`)),
    );
  });
  defer(t, async () => {
    browser.kill('SIGKILL');
    await ended.catch(() => {});
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  });
  return ended;
}
