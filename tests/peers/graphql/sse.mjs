// node sse.mjs URL [TOKEN]: server-sent events, raw and with the client of graphql-sse ("distinct connections mode").
import { createClient } from 'graphql-sse';
import { anySubscription, assert, authorization, check, code, env, finish, headers, post, url } from './check.mjs';

const stream = `${url}/stream`;
const EVENTS = { accept: 'text/event-stream' };
const subscription = await anySubscription();

/// Opens a stream and reads it up to where `enough` says so, or to its end.
async function read(body, extra = {}, enough = () => false, target = stream) {
  const control = new AbortController();
  const response = await fetch(target, { method: 'POST', headers: { ...headers, ...EVENTS, ...extra }, body: JSON.stringify(body), signal: control.signal });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (enough(text)) break;
  }
  control.abort();
  return { status: response.status, type: response.headers.get('content-type'), text };
}

await check('a query: next, complete', async () => {
  const { status, type, text } = await read({ query: '{ __typename }' });
  assert.equal(status, 200);
  assert(type.startsWith('text/event-stream'));
  assert.match(text, /^:\n\n.*event: next\ndata: \{"data":\{"__typename":"\w+"\}.*\}\n\nevent: complete\ndata: \n\n$/s);
});
await check('also at /graphql, by Accept', async () => {
  const { type, text } = await read({ query: '{ __typename }' }, {}, undefined, url);
  assert(type.startsWith('text/event-stream') && text.includes('event: complete'));
  const json = await post({ query: '{ __typename }' }, { accept: 'application/json, text/event-stream' });
  assert(json.json.data.__typename, 'a client that takes both is not streamed a query');
});
await check('by GET', async () => {
  const response = await fetch(`${stream}?query=${encodeURIComponent('{ __typename }')}`, { headers: { ...EVENTS, ...(authorization && { authorization }) } });
  assert((await response.text()).includes('event: complete'));
  const mutation = await fetch(`${stream}?query=${encodeURIComponent('mutation { __typename }')}`, { headers: EVENTS });
  assert.equal(mutation.status, 405);
});
await check('a faulty document is told in the stream', async () => {
  for (const [query, wanted] of [['{ a', 'GRAPHQL_PARSE_FAILED'], ['{ noSuchFieldAnywhere }', 'GRAPHQL_VALIDATION_FAILED']]) {
    const { status, text } = await read({ query });
    assert.equal(status, 200);
    const errors = JSON.parse(text.match(/event: next\ndata: (.*)\n/)[1]).errors;
    assert.equal(errors[0].extensions.code, wanted);
    assert(text.endsWith('event: complete\ndata: \n\n'));
  }
});
await check('a malformed request is not', async () => {
  const result = await post('{', EVENTS, stream);
  assert.deepEqual([result.status, code(result)], [400, 'BAD_REQUEST']);
});
await check('a bad token is 401', async () => {
  const result = await post({ query: '{ __typename }' }, { ...EVENTS, authorization: 'Bearer nonsense' }, stream);
  assert.deepEqual([result.status, code(result)], [401, 'UNAUTHENTICATED']);
});
await check('other methods, other types', async () => {
  const put = await fetch(stream, { method: 'PUT', headers: EVENTS });
  assert.equal(put.status, 405);
  assert.equal((await post({ query: '{ __typename }' }, { accept: 'image/png' }, stream)).status, 406);
});
await check('a subscription opens at once', async () => {
  const { status, text } = await read({ query: subscription }, {}, (text) => text.includes(':\n\n'));
  assert.equal(status, 200);
  assert(text.startsWith(':\n\n'));
});
if (env.FINITE) {
  await check('ids are cursors, and Last-Event-ID goes on from there', async () => {
    const first = await read({ query: env.FINITE });
    const ids = [...first.text.matchAll(/^id: (.*)$/gm)].map((match) => match[1]);
    assert(ids.length > 1, first.text);
    const cursors = [...first.text.matchAll(/"cursor":"(.*?)"/g)].map((match) => match[1]);
    assert.deepEqual(ids, cursors);
    const again = await read({ query: env.FINITE }, { 'last-event-id': ids[0] }, (text) => /^id: /m.test(text));
    assert.equal(again.text.match(/^id: (.*)$/m)[1], ids[1]);
  });
}
if (env.REVOKE) {
  await check('a session that ends closes its streams within a second', async () => {
    const begun = Date.now();
    const reading = read({ query: subscription });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert(!(await post({ query: env.REVOKE })).json.errors);
    const { text } = await reading;
    assert(text.includes('"UNAUTHENTICATED"') && text.endsWith('event: complete\ndata: \n\n'), text);
    assert(Date.now() - begun < 1_500);
  });
}
const client = createClient({ url: stream, headers: authorization && { authorization }, retryAttempts: 0 });
await check('graphql-sse: a query', async () => {
  const results = [];
  for await (const result of client.iterate({ query: '{ __typename }' })) results.push(result);
  assert.equal(results.length, 1);
  assert(results[0].data.__typename);
});
await check('graphql-sse: a faulty document', async () => {
  for await (const result of client.iterate({ query: '{ noSuchFieldAnywhere }' })) assert.equal(code(result), 'GRAPHQL_VALIDATION_FAILED');
});
if (env.TRIGGER || env.FINITE) {
  await check('graphql-sse: an event comes', async () => {
    const events = client.iterate({ query: env.TRIGGER ? subscription : env.FINITE });
    const first = events.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (env.TRIGGER) assert(!(await post({ query: env.TRIGGER })).json.errors);
    const { value } = await first;
    assert(value.data && !value.errors, JSON.stringify(value));
    await events.return();
  });
}
client.dispose();
finish();
