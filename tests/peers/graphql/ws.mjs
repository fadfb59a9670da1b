// node ws.mjs URL [TOKEN]: graphql-transport-ws, message by message over `ws`, and with the client of graphql-ws.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { anySubscription, assert, authorization, check, env, finish, post, wsUrl } from './check.mjs';

/// A socket that keeps what it hears.
class Peer {
  constructor(protocols = 'graphql-transport-ws', options = {}) {
    this.socket = new WebSocket(wsUrl, protocols, options);
    this.heard = [];
    this.waiting = [];
    this.opened = new Promise((resolve, reject) => this.socket.once('open', resolve).once('error', reject));
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => this.socket.once('close', (code, reason) => resolve(`${code} ${reason}`)));
    this.socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      // The server's own pings are answered, and are not what a test waits for.
      if (message.type === 'ping') return void (this.mute || this.send({ type: 'pong' }));
      this.heard.push(message);
      this.waiting.shift()?.();
    });
    this.socket.on('error', () => {});
  }
  send(message) {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }
  async next() {
    if (!this.heard.length) {
      await Promise.race([
        new Promise((resolve) => this.waiting.push(resolve)),
        this.closed.then((why) => Promise.reject(new Error(`closed: ${why}`))),
      ]);
    }
    return this.heard.shift();
  }
  subscribe(id, query, extra = {}) {
    this.send({ type: 'subscribe', id, payload: { query, ...extra } });
  }
}
async function open(payload = authorization && { Authorization: authorization }, options) {
  const peer = new Peer('graphql-transport-ws', options);
  await peer.opened;
  peer.send({ type: 'connection_init', ...(payload && { payload }) });
  assert.deepEqual(await peer.next(), { type: 'connection_ack' });
  return peer;
}
async function raw(...messages) {
  const peer = new Peer();
  await peer.opened;
  for (const message of messages) peer.send(message);
  return peer.closed;
}
const subscription = await anySubscription();
const INIT = { type: 'connection_init', ...(authorization && { payload: { Authorization: authorization } }) };

await check('4406 without the subprotocol', async () => {
  const peer = new Peer([]);
  assert.equal(await peer.closed, '4406 Subprotocol not acceptable');
});
await check('the old subprotocol is not agreed to', async () => {
  const peer = new Peer('graphql-ws');
  await assert.rejects(peer.opened, /subprotocol/);
});
await check('one of several subprotocols is chosen', async () => {
  const peer = new Peer(['graphql-ws', 'graphql-transport-ws']);
  await peer.opened;
  assert.equal(peer.socket.protocol, 'graphql-transport-ws');
  peer.socket.close();
});
await check('4400 for what is not of the protocol', async () => {
  const bad = ['', 'x', '17', '[]', '{}', '{"type":"start","id":"1","payload":{}}', '{"type":"subscribe","payload":{"query":"{a}"}}', '{"type":"subscribe","id":"1","payload":{}}', '{"type":"connection_init","payload":[]}', '{"type":"ping","payload":"x"}', '{"type":"next","id":"1","payload":{}}', Buffer.from('{"type":"ping"}')];
  for (const message of bad) assert.equal(await raw(message), '4400 Invalid message received', String(message));
});
await check('4401 for an early subscribe', async () => {
  const early = { type: 'subscribe', id: '1', payload: { query: '{ __typename }' } };
  assert.equal(await raw(early), '4401 Unauthorized');
});
await check('4403 for a bad token', async () => {
  for (const payload of [{ Authorization: 'Bearer nonsense' }, { authorization: 'nonsense' }, { token: 'nonsense' }, { headers: { Authorization: 'Bearer nonsense' } }]) {
    assert.equal(await raw({ type: 'connection_init', payload }), '4403 Forbidden', JSON.stringify(payload));
  }
});
await check('4429 for a second init', async () => {
  assert.equal(await raw(INIT, INIT), '4429 Too many initialisation requests');
  const peer = await open();
  peer.send(INIT);
  assert.equal(await peer.closed, '4429 Too many initialisation requests');
});
await check('4408 without an init', async () => {
  const wait = Number(env.INIT_WAIT_MS ?? 15_000);
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error(`not closed in ${wait} ms`)), wait).unref());
  assert.equal(await Promise.race([raw(), late]), '4408 Connection initialisation timeout');
});
await check('4409 for an id in use', async () => {
  const peer = await open();
  peer.subscribe('工单 1', subscription);
  peer.subscribe('工单 1', subscription);
  assert.equal(await peer.closed, '4409 Subscriber for 工单 1 already exists');
  const other = await open();
  const long = 'x'.repeat(300);
  other.subscribe(long, subscription);
  other.subscribe(long, subscription);
  assert.match(await other.closed, /^4409 Subscriber for x+ already exists$/);
});
await check('a message that is too large', async () => {
  const peer = await open();
  peer.subscribe('1', '{ __typename }', { variables: { x: 'x'.repeat(3 << 20) } });
  assert.match(await peer.closed, /^(1009|1006)/);
});
await check('ping and pong', async () => {
  const peer = new Peer();
  await peer.opened;
  peer.send({ type: 'ping' });
  assert.deepEqual(await peer.next(), { type: 'pong' });
  peer.send({ type: 'ping', payload: { at: [1, 'ä', null] } });
  assert.deepEqual(await peer.next(), { type: 'pong', payload: { at: [1, 'ä', null] } });
  peer.send({ type: 'pong' });
  peer.send(INIT);
  assert.deepEqual(await peer.next(), { type: 'connection_ack' });
  peer.send({ type: 'ping', payload: null });
  assert.deepEqual(await peer.next(), { type: 'pong' });
  peer.send({ type: 'complete', id: 'never seen' });
  peer.send({ type: 'ping' });
  assert.deepEqual(await peer.next(), { type: 'pong' });
  peer.socket.close(1000);
  assert.match(await peer.closed, /^1000/);
});
await check('queries, and an id used again at once', async () => {
  const peer = await open();
  for (let n = 0; n < 50; n += 1) {
    peer.subscribe('q', '{ __typename }');
    const next = await peer.next();
    assert.equal(next.type, 'next');
    assert(next.payload.data.__typename);
    assert.deepEqual(await peer.next(), { id: 'q', type: 'complete' });
  }
  peer.socket.close();
});
await check('errors before execution end the operation, not the socket', async () => {
  const peer = await open();
  for (const [query, wanted] of [['{ a', 'GRAPHQL_PARSE_FAILED'], ['{ noSuchFieldAnywhere }', 'GRAPHQL_VALIDATION_FAILED'], ['{a'.repeat(1000), 'QUERY_TOO_DEEP']]) {
    peer.subscribe('e', query);
    const error = await peer.next();
    assert.deepEqual([error.id, error.type, error.payload[0].extensions.code], ['e', 'error', wanted]);
  }
  peer.subscribe('e', '{ __typename }');
  assert.equal((await peer.next()).type, 'next');
  assert.equal((await peer.next()).type, 'complete');
  peer.socket.close();
});
await check('complete cancels, and frees the id', async () => {
  const peer = await open();
  for (let n = 0; n < 20; n += 1) {
    peer.subscribe('s', subscription);
    peer.send({ type: 'complete', id: 's' });
  }
  peer.send({ type: 'ping', payload: { last: true } });
  for (;;) {
    const message = await peer.next();
    if (message.type === 'pong') break;
    assert.notEqual(message.type, 'error');
  }
  peer.socket.close();
});
if (authorization) {
  await check('the upgrade request may carry the token', async () => {
    (await open(null, { headers: { authorization } })).socket.close();
  });
  await check('a bare token will do', async () => {
    (await open({ token: authorization.replace('Bearer ', '') })).socket.close();
  });
}
if (env.CAP) {
  await check('too many operations on a socket', async () => {
    const peer = await open();
    for (let n = 0; n <= Number(env.CAP); n += 1) peer.subscribe(`s${n}`, subscription);
    for (;;) {
      const message = await peer.next();
      if (message.type === 'error') {
        assert.deepEqual([message.id, message.payload[0].extensions.code], [`s${env.CAP}`, 'TOO_MANY_OPERATIONS']);
        break;
      }
    }
    peer.socket.close();
  });
}
if (env.FLOOD) {
  await check('a reader that does not read is cut off', async () => {
    const peer = await open();
    peer.subscribe('f', env.FLOOD);
    await peer.next();
    peer.socket._socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 14_000));
    peer.socket._socket.resume();
    assert.match(await peer.closed, /^(1013 Slow consumer|1006)/);
  });
}
if (env.REVOKE) {
  await check('a session that ends closes its sockets within a second', async () => {
    const peer = await open();
    peer.subscribe('s', subscription);
    const begun = Date.now();
    assert(!(await post({ query: env.REVOKE })).json.errors);
    assert.equal(await peer.closed, '4403 Forbidden');
    assert(Date.now() - begun < 1_000);
  });
}
const client = createClient({ url: wsUrl, webSocketImpl: WebSocket, connectionParams: authorization && { Authorization: authorization }, retryAttempts: 0 });
await check('graphql-ws: a query', async () => {
  for await (const result of client.iterate({ query: '{ __typename }' })) assert(result.data.__typename);
});
await check('graphql-ws: a refused document', async () => {
  await assert.rejects(async () => {
    for await (const result of client.iterate({ query: '{ noSuchFieldAnywhere }' })) assert.fail(JSON.stringify(result));
  }, (errors) => errors[0].extensions.code === 'GRAPHQL_VALIDATION_FAILED');
});
await check('graphql-ws: a refused token', async () => {
  const other = createClient({ url: wsUrl, webSocketImpl: WebSocket, connectionParams: { Authorization: 'Bearer nonsense' }, retryAttempts: 0 });
  await assert.rejects(async () => {
    for await (const result of other.iterate({ query: '{ __typename }' })) assert.fail(JSON.stringify(result));
  }, (event) => event.code === 4403 && event.reason === 'Forbidden');
});
if (env.TRIGGER) {
  await check('graphql-ws: an event comes', async () => {
    const events = client.iterate({ query: subscription });
    const first = events.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert(!(await post({ query: env.TRIGGER })).json.errors);
    const { value } = await first;
    assert(value.data && !value.errors, JSON.stringify(value));
    await events.return();
  });
}
await client.dispose();
finish();
