// What the scripts here share: running checks, and finding a subscription that the server has.
import assert from 'node:assert/strict';

const [, , given, token] = process.argv;
if (!given) throw new Error('usage: node SCRIPT.mjs URL [TOKEN]');

export const url = given;
export const wsUrl = url.replace(/^http/, 'ws');
export const authorization = token ? `Bearer ${token}` : undefined;
export const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) };
// What cannot be told from outside is told by the environment:
//   SUBSCRIPTION  a subscription that stays open        TRIGGER   a mutation that makes an event for it
//   FINITE        one that ends by itself, with cursors REVOKE    a mutation that ends the caller's session
//   FLOOD         one that sends without end            CAP       most subscriptions on a socket
//   ONLY          run the checks whose names have this in them
//   INIT_WAIT_MS  how long to wait for 4408 (15000)
export const env = process.env;

const failures = [];
let passed = 0;

export async function check(name, run) {
  if (env.ONLY && !name.includes(env.ONLY)) return;
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error('took over 20 s')), 20_000)));
  try {
    await Promise.race([run(), late]);
    passed += 1;
  } catch (error) {
    failures.push(name);
    console.log(`FAILED ${name}: ${error.message}`);
  } finally {
    clearTimeout(timer);
  }
}

export function finish() {
  console.log(`${passed + failures.length} checks, ${passed} ok`);
  process.exit(failures.length ? 1 : 0);
}

export async function post(body, extra = {}, target = url) {
  const response = await fetch(target, {
    method: 'POST',
    headers: { ...headers, ...extra },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

export const code = (result) => (result.json ?? result)?.errors?.[0]?.extensions?.code;

/// The subscription given, or the first that needs no arguments, asking for what has no fields of its own.
export async function anySubscription() {
  if (env.SUBSCRIPTION) return env.SUBSCRIPTION;
  const { json } = await post({
    query: '{ __schema { subscriptionType { fields { name args { type { kind } defaultValue } type { ...t } } } } } fragment t on __Type { kind ofType { kind ofType { kind ofType { kind } } } }',
  });
  const fields = json.data.__schema.subscriptionType?.fields ?? [];
  const field = fields.find((field) => field.args.every((arg) => arg.type.kind !== 'NON_NULL' || arg.defaultValue !== null));
  assert(field, 'no subscription without required arguments; set SUBSCRIPTION');
  let type = field.type;
  while (type.ofType) type = type.ofType;
  const leaf = type.kind === 'SCALAR' || type.kind === 'ENUM';
  return `subscription { ${field.name}${leaf ? '' : ' { __typename }'} }`;
}

export { assert };
