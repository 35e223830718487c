// A freshly started server, an endpoint that keeps what it is sent, and Particle's own clients pointed at them.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const binary = process.env.FIELDHOOK_BIN ?? join(here, '../../target/debug/fieldhook');
const cli = join(here, 'node_modules/particle-cli/src/index.js');

export const EMAIL = 'owner@example.com';
export const PASSWORD = 'correct horse battery staple';

/** Starts a server on an empty directory and a free port; `stop` drains it. */
export async function startServer() {
  const directory = await mkdtemp(join(tmpdir(), 'fieldhook-clients-'));
  const child = spawn(binary, ['serve', '--data', directory, '--listen', '127.0.0.1:0', '--allow-destinations', '127.0.0.0/8'], {
    env: { ...process.env, FIELDHOOK_ADMIN_EMAIL: EMAIL, FIELDHOOK_ADMIN_PASSWORD: PASSWORD },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const url = await addressOf(child);
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      await rm(directory, { recursive: true, force: true });
      if (code !== 0) throw new Error(`the server ended with ${code}, but a drain ends with 0`);
    },
  };
}

async function addressOf(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const found = line.match(/https?:\/\/127\.0\.0\.1:\d+/);
    if (found) return found[0];
  }
  throw new Error('the server ended before it said where it listens');
}

/** An HTTP endpoint that answers as told and keeps what it is sent. */
export async function startEndpoint(answer = () => ({ status: 200, body: '' })) {
  const waiting = [];
  const come = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const seen = { method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() };
    const { status, body } = answer(seen);
    response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
    const next = waiting.shift();
    if (next) next(seen);
    else come.push(seen);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    next: () => (come.length ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve))),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A home folder in which particle-cli finds the server as its cloud. */
export async function startCli(serverUrl) {
  const home = await mkdtemp(join(tmpdir(), 'fieldhook-particle-'));
  await mkdir(join(home, '.particle'));
  await writeFile(join(home, '.particle/profile.json'), JSON.stringify({ name: 'particle' }));
  await writeFile(join(home, '.particle/particle.config.json'), JSON.stringify({ apiUrl: serverUrl }));
  const env = { PATH: process.env.PATH, HOME: home, home, NO_PROXY: '*', PARTICLE_DISABLE_UPDATE: '1' };

  const run = (...words) =>
    new Promise((resolve) => {
      execFile(process.execPath, [cli, ...words], { env, cwd: home }, (error, stdout, stderr) => {
        resolve({ code: error ? (error.code ?? 1) : 0, text: plain(stdout + stderr) });
      });
    });

  return {
    home,
    /** Runs a command to its end. */
    run,
    /** Runs a command that must succeed; returns what it printed. */
    async must(...words) {
      const { code, text } = await run(...words);
      if (code !== 0) throw new Error(`particle ${words.join(' ')} ended with ${code}:\n${text}`);
      return text;
    },
    /** Runs a command that asks for the password, and types it; returns what it printed. */
    async typing(password, ...words) {
      const child = spawn(process.execPath, [cli, ...words], { env, cwd: home });
      let text = '';
      let asked = false;
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          text += chunk;
          if (asked || !/password/i.test(text)) return;
          asked = true;
          child.stdin.write(`${password}\n`);
        });
      }
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(`particle ${words.join(' ')} ended with ${code}:\n${plain(text)}`);
      return plain(text);
    },
    /** Runs a command that goes on for ever, such as subscribe. */
    listen(...words) {
      const child = spawn(process.execPath, [cli, ...words], { env, cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
      const lines = createInterface({ input: child.stdout });
      const iterator = lines[Symbol.asyncIterator]();
      return {
        /** The first line from here on that fits. */
        async until(fits) {
          for (;;) {
            const { value, done } = await iterator.next();
            if (done) throw new Error(`particle ${words.join(' ')} ended before the line came`);
            const line = plain(value);
            if (fits(line)) return line;
          }
        },
        async stop() {
          if (child.exitCode !== null) return;
          child.kill();
          await once(child, 'exit');
        },
      };
    },
    stop: () => rm(home, { recursive: true, force: true }),
  };
}

/** What a person sees, without colours and spinner frames. */
function plain(text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replace(/.*\r/g, '');
}

/** A call of ours, where Particle's clients have none. */
export async function call(url, path, { method = 'GET', token, body } = {}) {
  const response = await fetch(url + path, {
    method,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, json: text ? JSON.parse(text) : null };
}
