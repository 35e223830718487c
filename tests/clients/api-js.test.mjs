// particle-api-js 12.0.3, as it comes from npm, against a freshly started server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import Particle from 'particle-api-js';

import { EMAIL, PASSWORD, call, startEndpoint, startServer } from './world.mjs';

const DEVICE = 'aaaabbbbccccdddd00001111';

describe('particle-api-js', () => {
  let server, endpoint, particle, auth;

  before(async () => {
    server = await startServer();
    endpoint = await startEndpoint(() => ({ status: 200, body: 'x'.repeat(1100) }));
    particle = new Particle({ baseUrl: server.url });
    const login = await particle.login({ username: EMAIL, password: PASSWORD });
    assert.match(login.body.access_token, /^[0-9a-f]{40}$/);
    assert.equal(login.body.token_type, 'bearer');
    assert.equal(login.body.expires_in, 7776000);
    auth = login.body.access_token;
  });

  after(async () => {
    await endpoint?.stop();
    await server?.stop();
  });

  test('a wrong password is an error with its description', async () => {
    const refused = particle.login({ username: EMAIL, password: 'wrong' });
    await assert.rejects(refused, (error) => error.statusCode === 400 && /User credentials are invalid/.test(error.errorDescription));
  });

  test('the user and the current token are read', async () => {
    assert.equal((await particle.getUserInfo({ auth })).body.username, EMAIL);
    const current = await particle.get({ uri: '/v1/access_tokens/current', auth });
    assert.ok(current.body.expires_at);
  });

  test('devices are claimed, read, renamed, listed and released', async () => {
    await particle.claimDevice({ deviceId: DEVICE, auth });
    await particle.renameDevice({ deviceId: DEVICE, name: 'barn', auth });
    assert.equal((await particle.getDevice({ deviceId: 'barn', auth })).body.id, DEVICE);
    assert.deepEqual((await particle.listDevices({ auth })).body.map((device) => device.name), ['barn']);
    await particle.removeDevice({ deviceId: DEVICE, auth });
    assert.deepEqual((await particle.listDevices({ auth })).body, []);
    await assert.rejects(particle.getDevice({ deviceId: 'barn', auth }), (error) => error.statusCode === 403);
  });

  test('a stream hears what is published, and the answer in parts', async () => {
    const made = await particle.createIntegration({ event: 'level', settings: { url: endpoint.url, requestType: 'POST' }, auth });
    assert.equal(made.statusCode, 201);
    const stream = await particle.getEventStream({ deviceId: 'mine', auth });
    const events = follow(stream);

    await particle.publishEvent({ name: 'level', data: '0.8', auth });
    const event = await events.until('level');
    assert.equal(event.data, '0.8');
    assert.equal(event.coreid, 'api');
    assert.match(event.published_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal((await events.until('hook-sent/level')).data, null);

    const parts = [];
    for (let part = 0; part < 3; part++) parts.push(await events.until(`hook-response/level/${part}`));
    assert.deepEqual(parts.map((part) => [part.part, part.parts, part.data.length]), [[0, 3, 512], [1, 3, 512], [2, 3, 76]]);
    assert.equal(parts[0].coreid, 'particle-internal');

    stream.abort();
    await particle.deleteIntegration({ integrationId: made.body.id, auth });
  });

  test('integrations are created, listed, replaced and deleted', async () => {
    const made = await particle.createIntegration({
      event: 'a', settings: { url: 'https://example.com/{{PARTICLE_DEVICE_ID}}', json: { t: '{{{PARTICLE_EVENT_VALUE}}}' } }, auth,
    });
    const id = made.body.id;
    assert.match(id, /^[0-9a-f]{24}$/);
    assert.equal(made.body.integration_type, 'Webhook');
    assert.deepEqual((await particle.listIntegrations({ auth })).body.map((one) => one.id), [id]);

    await particle.editIntegration({ integrationId: id, event: 'b', settings: { url: 'https://example.com/b' }, auth });
    const read = (await particle.get({ uri: `/v1/integrations/${id}`, auth })).body.integration;
    assert.equal(read.event, 'b');
    assert.equal(read.json, undefined);
    assert.deepEqual([read.logs, read.errors, read.counters], [[], [], []]);

    assert.equal((await particle.deleteIntegration({ integrationId: id, auth })).statusCode, 204);
    await assert.rejects(particle.deleteIntegration({ integrationId: id, auth }), (error) => error.statusCode === 404);
  });

  test('legacy webhooks are created, listed and deleted', async () => {
    const made = await particle.createWebhook({
      event: 'old', url: 'https://example.com', hook: { method: 'PUT', auth: { username: 'u', password: 'p' }, responseEvent: 'r' }, auth,
    });
    assert.equal(made.body.ok, true);
    assert.match(made.body.hookUrl, new RegExp(`/v1/webhooks/${made.body.id}$`));
    assert.doesNotMatch(JSON.stringify(made.body), /"password":"p"/);
    const listed = (await particle.listWebhooks({ auth })).body;
    assert.deepEqual(listed.map((one) => one.id), [made.body.id]);
    await particle.deleteWebhook({ hookId: made.body.id, auth });
    assert.deepEqual((await particle.listWebhooks({ auth })).body, []);
  });

  test('a product has its own devices, webhooks, publishes and stream', async () => {
    const { json } = await call(server.url, '/v1/user/products', { method: 'POST', token: auth, body: { product: { name: 'Cold chain' } } });
    const product = json.product.slug;
    await particle.addDeviceToProduct({ deviceId: DEVICE, product, auth });
    const listed = (await particle.listDevices({ product, auth })).body;
    assert.deepEqual(listed.devices.map((device) => device.id), [DEVICE]);
    assert.equal(listed.meta.total_pages, 1);

    const made = await particle.createIntegration({ event: 'door', settings: { url: `${endpoint.url}/door` }, product, auth });
    assert.deepEqual((await particle.listIntegrations({ auth })).body, []);
    const stream = await particle.getEventStream({ product, auth });
    const events = follow(stream);
    await particle.publishEvent({ name: 'door', data: 'open', product, auth });
    const event = await events.until('door');
    assert.equal(event.productID, json.product.id);
    await events.until('hook-sent/door');
    stream.abort();

    await particle.deleteIntegration({ integrationId: made.body.id, product, auth });
    await particle.removeDevice({ deviceId: DEVICE, product, auth });
  });

  test('a device publishes and listens with its own token', async () => {
    await particle.claimDevice({ deviceId: DEVICE, auth });
    const { status, json } = await call(server.url, `/v1/devices/${DEVICE}/token`, { method: 'POST', token: auth });
    assert.equal(status, 201);
    const stream = await particle.getEventStream({ deviceId: 'mine', name: 'pump', auth: json.token });
    const events = follow(stream);
    await particle.publishEvent({ name: 'pump/on', data: '1', auth: json.token });
    assert.equal((await events.until('pump/on')).coreid, DEVICE);
    stream.abort();
    await particle.removeDevice({ deviceId: DEVICE, auth });
    await assert.rejects(particle.publishEvent({ name: 'pump/on', auth: json.token }), (error) => error.statusCode === 401);
  });

  test('an unknown token is refused as one', async () => {
    await assert.rejects(particle.listDevices({ auth: 'f'.repeat(40) }), (error) => error.statusCode === 401 && error.body.error === 'invalid_token');
  });

  test('a logout ends the token', async () => {
    const login = await particle.login({ username: EMAIL, password: PASSWORD });
    const token = login.body.access_token;
    await particle.deleteCurrentAccessToken({ auth: token });
    await assert.rejects(particle.getUserInfo({ auth: token }), (error) => error.statusCode === 401);
  });
});

/** Keeps every event of a stream, so that none is missed between two looks. */
function follow(stream) {
  const come = [];
  stream.on('event', (event) => {
    come.push(event);
    stream.emit('kept');
  });
  return {
    async until(name) {
      for (;;) {
        const at = come.findIndex((event) => event.name === name);
        if (at >= 0) return come.splice(at, 1)[0];
        await once(stream, 'kept');
      }
    },
  };
}
