// particle-cli 3.51.0, as it comes from npm, against a freshly started server.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { EMAIL, PASSWORD, call, startCli, startEndpoint, startServer } from './world.mjs';

const DEVICE = '0123456789abcdef01234567';

describe('particle-cli', () => {
  let server, endpoint, cli;

  before(async () => {
    server = await startServer();
    endpoint = await startEndpoint(({ url }) => ({ status: url.startsWith('/down') ? 500 : 200, body: 'noted' }));
    cli = await startCli(server.url);
    await cli.must('login', '-u', EMAIL, '-p', PASSWORD);
  });

  after(async () => {
    await cli?.stop();
    await endpoint?.stop();
    await server?.stop();
  });

  const adminToken = async () => {
    const text = await cli.typing(PASSWORD, 'token', 'create', '--never-expires');
    return text.match(/[0-9a-f]{40}/)[0];
  };

  test('a wrong password is refused and says so', async () => {
    const other = await startCli(server.url);
    const { code, text } = await other.run('login', '-u', EMAIL, '-p', 'wrong');
    await other.stop();
    assert.notEqual(code, 0);
    assert.match(text, /User credentials are invalid|failed/i);
  });

  test('whoami names the user', async () => {
    assert.match(await cli.must('whoami'), new RegExp(EMAIL));
  });

  test('tokens are created, used to log in, and revoked', async () => {
    const token = await adminToken();
    const other = await startCli(server.url);
    await other.must('login', '--token', token);
    assert.match(await other.must('whoami'), new RegExp(EMAIL));
    await other.stop();

    await cli.must('token', 'revoke', token);
    assert.equal((await call(server.url, '/v1/user', { token })).status, 401);
  });

  test('a device is claimed, listed, renamed and removed', async () => {
    await cli.must('device', 'add', DEVICE);
    await cli.must('device', 'rename', DEVICE, 'kitchen');
    const list = await cli.must('list');
    assert.match(list, /kitchen/);
    assert.match(list, new RegExp(DEVICE));
    await cli.must('device', 'remove', DEVICE, '--yes');
    assert.doesNotMatch(await cli.must('list'), new RegExp(DEVICE));
  });

  test('a webhook is created, fires, answers into the stream, is listed and deleted', async () => {
    const stream = cli.listen('subscribe');
    await stream.until((line) => /Subscribing/.test(line));
    const created = await cli.must('webhook', 'create', 'temperature', `${endpoint.url}/in`);
    const id = created.match(/[0-9a-f]{24}/)[0];

    // A stream says that it listens before the server has heard of it; an event that comes back proves that it does.
    await heard(stream, () => cli.must('publish', 'are-you-there', '1'), 'are-you-there');
    await cli.must('publish', 'temperature/kitchen', '21.5');

    const seen = await endpoint.next();
    assert.equal(seen.method, 'POST');
    assert.equal(seen.url, '/in');
    const form = new URLSearchParams(seen.body);
    assert.equal(form.get('event'), 'temperature/kitchen');
    assert.equal(form.get('data'), '21.5');
    assert.equal(form.get('coreid'), 'api');

    await stream.until((line) => line.includes('"name":"temperature/kitchen"'));
    await stream.until((line) => line.includes('"name":"hook-sent/temperature/kitchen"'));
    const response = await stream.until((line) => line.includes('hook-response/temperature/kitchen/0'));
    assert.equal(JSON.parse(response).data, 'noted');
    await stream.stop();

    assert.match(await cli.must('webhook', 'list'), new RegExp(id));
    await cli.must('webhook', 'delete', id);
    assert.doesNotMatch(await cli.must('webhook', 'list'), new RegExp(id));
  });

  test('a webhook from a file keeps its template and sends it', async () => {
    const file = join(cli.home, 'hook.json');
    const template = {
      eventName: 'wind',
      url: `${endpoint.url}/json`,
      requestType: 'PUT',
      noDefaults: true,
      headers: { 'X-Field': '{{PARTICLE_EVENT_NAME}}' },
      json: { speed: '{{{speed}}}', quote: '{{{PARTICLE_EVENT_VALUE}}}' },
    };
    await writeFile(file, JSON.stringify(template));
    const id = (await cli.must('integration', 'create', file)).match(/[0-9a-f]{24}/)[0];

    await cli.must('publish', 'wind', '{"speed":"12 \\"kn\\""}');
    const seen = await endpoint.next();
    assert.equal(seen.method, 'PUT');
    assert.equal(seen.headers['x-field'], 'wind');
    assert.deepEqual(JSON.parse(seen.body), { speed: '12 "kn"', quote: '{"speed":"12 \\"kn\\""}' });
    assert.match(await cli.must('integration', 'list'), new RegExp(id));
    await cli.must('integration', 'delete', id);
  });

  test('a failing endpoint is announced in the stream', async () => {
    const stream = cli.listen('subscribe');
    await stream.until((line) => /Subscribing/.test(line));
    await heard(stream, () => cli.must('publish', 'are-you-there', '2'), 'are-you-there');
    const id = (await cli.must('webhook', 'create', 'alarm', `${endpoint.url}/down`)).match(/[0-9a-f]{24}/)[0];
    await cli.must('publish', 'alarm', 'fire');
    await endpoint.next();
    const error = await stream.until((line) => line.includes('hook-error/alarm/0'));
    assert.match(JSON.parse(error).data, /error status 500 from 127\.0\.0\.1/);
    await stream.stop();
    await cli.must('webhook', 'delete', id);
  });

  test('a product has its devices, webhooks, publishes and stream', async () => {
    const token = await adminToken();
    const made = await call(server.url, '/v1/user/products', {
      method: 'POST', token, body: { product: { name: 'Greenhouse', platform_id: 32 } },
    });
    assert.equal(made.status, 201);
    const product = String(made.json.product.id);

    await cli.must('product', 'device', 'add', product, '89abcdef0123456701234567');
    assert.match(await cli.must('product', 'device', 'list', product), /89abcdef0123456701234567/);

    const stream = cli.listen('subscribe', '--product', product);
    await stream.until((line) => /Subscribing/.test(line));
    const id = (await cli.must('webhook', 'create', 'soil', `${endpoint.url}/soil`, '--product', product)).match(/[0-9a-f]{24}/)[0];
    assert.match(await cli.must('webhook', 'list', '--product', product), new RegExp(id));
    assert.doesNotMatch(await cli.must('webhook', 'list'), new RegExp(id));

    await heard(stream, () => cli.must('publish', 'are-you-there', '3', '--product', product), 'are-you-there');
    await cli.must('publish', 'soil', '17', '--product', product);
    assert.equal((await endpoint.next()).url, '/soil');
    await stream.until((line) => line.includes('"name":"soil"'));
    await stream.until((line) => line.includes('hook-sent/soil'));
    await stream.stop();
    await cli.must('webhook', 'delete', id, '--product', product);
  });

  test('a template that cannot be read is refused with its reason', async () => {
    const file = join(cli.home, 'broken.json');
    await writeFile(file, JSON.stringify({ event: 'x', url: 'https://example.com', json: { a: '{{#open}}' } }));
    const { code, text } = await cli.run('webhook', 'create', file);
    assert.notEqual(code, 0);
    assert.match(text, /json|open/i);
  });

  test('logging out ends the login', async () => {
    const other = await startCli(server.url);
    await other.must('login', '-u', EMAIL, '-p', PASSWORD);
    await other.must('logout');
    assert.notEqual((await other.run('whoami')).code, 0);
    await other.stop();
  });
});

/** Publishes until the stream has heard it: a listener may still be on its way in when the first goes out. */
async function heard(stream, publish, name) {
  const arrived = stream.until((line) => line.includes(`"name":"${name}"`));
  let listening = false;
  arrived.then(() => (listening = true), () => (listening = true));
  while (!listening) await publish();
  await arrived;
}
