// node http.mjs URL [TOKEN]: what the audits of graphql-http leave out: error codes, persisted queries, batches, limits.
import { createHash } from 'node:crypto';
import { assert, authorization, check, code, finish, post, url } from './check.mjs';

const persistedQuery = (text) => ({ version: 1, sha256Hash: createHash('sha256').update(text).digest('hex') });
const fresh = () => `query Q${Date.now()}${Math.floor(Math.random() * 1e9)} { __typename }`;
const GRAPHQL = { accept: 'application/graphql-response+json' };

await check('parse errors have a code and a place', async () => {
  const result = await post({ query: '{ a' });
  assert.equal(result.status, 200);
  assert.equal(code(result), 'GRAPHQL_PARSE_FAILED');
  assert(result.json.errors[0].locations?.length);
  assert(!('data' in result.json));
});
await check('validation errors have a code', async () => {
  assert.equal(code(await post({ query: '{ noSuchFieldAnywhere }' })), 'GRAPHQL_VALIDATION_FAILED');
  assert.equal((await post({ query: '{ noSuchFieldAnywhere }' }, GRAPHQL)).status, 400);
});
await check('an unknown operation name', async () => {
  assert.equal(code(await post({ query: 'query A { __typename } query B { __typename }', operationName: 'C' })), 'GRAPHQL_VALIDATION_FAILED');
  assert.equal(code(await post({ query: 'query A { __typename } query B { __typename }' })), 'GRAPHQL_VALIDATION_FAILED');
});
await check('a required variable that is not given stops the operation before it begins', async () => {
  const result = await post({ query: 'query Q($name: String!) { __type(name: $name) { name } }', variables: { name: null } });
  assert.deepEqual([result.status, code(result), 'data' in result.json], [200, 'BAD_REQUEST', false]);
});
await check('malformed requests name what is wrong', async () => {
  for (const [body, word] of [['{"query":1}', 'query'], ['{"query":"{a}","variables":"x"}', 'variables'], ['{"query":"{a}","extensions":[]}', 'extensions'], ['{', 'JSON'], ['', 'body'], ['17', 'object']]) {
    const result = await post(body);
    assert.equal(result.status, 400, body);
    assert.equal(code(result), 'BAD_REQUEST');
    assert(result.json.errors[0].message.includes(word), result.text);
  }
});
await check('content types that another site could send are refused', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=gbk']) {
    assert.equal((await post({ query: '{ __typename }' }, { 'content-type': type })).status, 415, type);
  }
});
await check('nothing acceptable', async () => assert.equal((await post({ query: '{ __typename }' }, { accept: 'image/png' })).status, 406));
await check('mutations over GET, and other methods', async () => {
  const get = await fetch(`${url}?query=${encodeURIComponent('mutation { __typename }')}`);
  assert.equal(get.status, 405);
  assert.equal(get.headers.get('allow'), 'POST');
  const put = await fetch(url, { method: 'PUT', body: '{}' });
  assert.equal(put.status, 405);
  assert.equal(put.headers.get('allow'), 'GET, POST');
});
await check('a bad token', async () => {
  const result = await post({ query: '{ __typename }' }, { authorization: 'Bearer nonsense' });
  assert.equal(result.status, 401);
  assert.equal(code(result), 'UNAUTHENTICATED');
  assert(result.headers.get('www-authenticate').startsWith('Bearer'));
});
if (authorization) await check('the token works', async () => assert.equal((await post({ query: '{ __typename }' })).status, 200));
await check('an array is refused, or taken where batching is on', async () => {
  const result = await post([{ query: '{ __typename }' }, { query: '{ a: __typename }' }]);
  if (result.status === 200) assert.equal(result.json[1].data.a, result.json[0].data.__typename);
  else assert.deepEqual([result.status, code(result)], [400, 'BATCHING_DISABLED']);
});
await check('persisted queries: unknown, registered, known, by GET too', async () => {
  const query = fresh();
  const extensions = { persistedQuery: persistedQuery(query) };
  const unknown = await post({ extensions });
  assert.equal(unknown.status, 200);
  assert.equal(unknown.json.errors[0].message, 'PersistedQueryNotFound');
  assert.equal(code(unknown), 'PERSISTED_QUERY_NOT_FOUND');
  assert((await post({ query, extensions })).json.data.__typename);
  assert((await post({ extensions })).json.data.__typename);
  const get = await fetch(`${url}?extensions=${encodeURIComponent(JSON.stringify(extensions))}`);
  assert((await get.json()).data.__typename);
});
await check('persisted queries: wrong hash, wrong version', async () => {
  const wrong = await post({ query: fresh(), extensions: { persistedQuery: persistedQuery('{ other }') } });
  assert.deepEqual([wrong.status, code(wrong)], [400, 'BAD_REQUEST']);
  const version = await post({ extensions: { persistedQuery: { version: 2, sha256Hash: 'x' } } });
  assert.equal(version.status, 400);
});
await check('deep and wide documents are refused, quickly', async () => {
  const begun = Date.now();
  assert.equal(code(await post({ query: '{a'.repeat(30_000) })), 'QUERY_TOO_DEEP');
  assert.equal(code(await post({ query: `{a(x:${'['.repeat(60_000)})}` })), 'QUERY_TOO_DEEP');
  let bomb = '{ ...f0 }';
  for (let n = 0; n < 28; n += 1) bomb += ` fragment f${n} on Query { ...f${n + 1} ...f${n + 1} ...f${n + 1} }`;
  assert.equal(code(await post({ query: `${bomb} fragment f28 on Query { __typename }` })), 'QUERY_TOO_COMPLEX');
  const cycle = '{ ...a } fragment a on Query { ...b ...b ...b } fragment b on Query { ...a ...a ...a }';
  assert.equal(code(await post({ query: cycle })), 'GRAPHQL_VALIDATION_FAILED');
  assert(Date.now() - begun < 2_000, `${Date.now() - begun} ms`);
});
await check('a body that is too large', async () => {
  const result = await post({ query: '{ __typename }', variables: { x: 'x'.repeat(3 << 20) } }).catch((error) => ({ error }));
  // The server may hang up while the rest is still being sent.
  if (!result.error) assert.deepEqual([result.status, code(result)], [413, 'PAYLOAD_TOO_LARGE']);
});
await check('a subscription is pointed to the streams', async () => {
  const result = await post({ query: 'subscription { __typename }' });
  assert(code(result));
});
await check('a browser is shown the playground', async () => {
  const result = await fetch(url, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }, redirect: 'manual' });
  if (result.status === 303) {
    const page = await fetch(new URL(result.headers.get('location'), url));
    assert.equal(page.status, 200);
    assert(page.headers.get('content-security-policy').includes("default-src 'self'"));
    const html = await page.text();
    assert(!/<script(?![^>]*src=)/.test(html) && !/https?:\/\//.test(html), 'inline script, or something from elsewhere');
    for (const [, asset] of html.matchAll(/(?:src|href)="([^"#]+)"/g)) {
      assert.equal((await fetch(new URL(asset, new URL('playground', url)))).status, 200, asset);
    }
  }
});
finish();
