// `/api/ws` as npm's `ws` meets it. Words: the server's address; tokens of an agent, a supervisor and a user; a session's.
import assert from "node:assert/strict";
import WebSocket from "ws";

const [base, agent, supervisor, user, session] = process.argv.slice(2);
const ws = base.replace(/^http/, "ws") + "/api/ws";

const graphql = async (token, query, variables = {}) => {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const answer = await fetch(`${base}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
};

const within = (ms, what, promise) =>
  Promise.race([promise, new Promise((_, no) => setTimeout(() => no(new Error(`too late: ${what}`)), ms).unref())]);

/** A socket with its frames as a queue. */
class Live {
  constructor(address, options) {
    this.frames = [];
    this.waiting = [];
    this.socket = new WebSocket(address, options);
    this.closed = new Promise((done) => this.socket.on("close", (code, reason) => done({ code, reason: String(reason) })));
    this.refused = new Promise((done) => this.socket.on("unexpected-response", (_, answer) => done(answer)));
    this.socket.on("error", () => {});
    this.socket.on("message", (data) => {
      const frame = JSON.parse(String(data));
      const next = this.waiting.shift();
      if (next) next(frame);
      else this.frames.push(frame);
    });
  }
  next() {
    const frame = this.frames.shift();
    if (frame) return Promise.resolve(frame);
    return within(20_000, "a frame", new Promise((done) => this.waiting.push(done)));
  }
  say(frame) {
    this.socket.send(JSON.stringify(frame));
  }
}

const opened = async (address, options) => {
  const live = new Live(address, options);
  const hello = await live.next();
  assert.equal(hello.type, "connected");
  assert.match(hello.data.connection_id, /^conn_/);
  assert.equal(typeof hello.data.user_id, "number");
  assert.ok(hello.timestamp.endsWith("Z") && hello.cursor, JSON.stringify(hello));
  return [live, hello.cursor];
};

// A bad token, and none, are refused at the handshake.
for (const address of [`${ws}?token=nonsense`, ws]) {
  const answer = await within(20_000, "a refusal", new Live(address).refused);
  assert.equal(answer.statusCode, 401, address);
}

// One socket that stays, with the token in the header; one that comes back after each frame, with it in the address.
const [stays] = await opened(ws, { headers: { authorization: `Bearer ${agent}` } });
const [first, beginning] = await opened(`${ws}?token=${agent}`);
first.socket.close(1000);
assert.equal((await first.closed).code, 1000);

const open = `mutation { openTicket(input: { title: "打印机", description: "d" }) { ticket { id databaseId number } } }`;
const { ticket } = (await graphql(user, open)).openTicket;
const { me } = await graphql(agent, "{ me { id } }");
const assign = `mutation($t: ID!, $a: ID) { assignTicket(input: { id: $t, assignee: $a }) { userErrors { message } } }`;
await graphql(supervisor, assign, { t: ticket.id, a: me.id });
const comment = `mutation($t: ID!, $b: String!) { addComment(input: { ticket: $t, body: $b }) { userErrors { message } } }`;
for (let n = 0; n < 5; n += 1) await graphql(user, comment, { t: ticket.id, b: `more ${n}` });
const status = `mutation($t: ID!) { changeStatus(input: { id: $t, status: IN_PROGRESS }) { userErrors { message } } }`;
await graphql(supervisor, status, { t: ticket.id });

const { asOf } = await graphql(supervisor, "{ asOf }");
const last = (frame) => frame.cursor === asOf;
const whole = [];
do whole.push(await stays.next());
while (!last(whole.at(-1)));
const told = (type) => whole.filter((frame) => frame.type === type);
const assigned = told("notification").find((frame) => frame.data.type === "ticket_assigned");
assert.equal(assigned.data.title, "工单已分配");
assert.equal(assigned.data.message, `工单 ${ticket.number} 已分配给您`);
assert.equal(assigned.data.ticket_id, ticket.databaseId);
assert.ok(assigned.data.id > 0 && assigned.data.created_at.endsWith("Z"));
const changed = told("ticket_updated").at(-1).data;
assert.deepEqual(
  { ...changed, updated_at: "", updated_by: changed.updated_by.username },
  { ticket_id: ticket.databaseId, ticket_number: ticket.number, status: "in_progress", updated_by: "sue", updated_at: "" },
);
assert.equal(new Set(whole.map((frame) => frame.cursor)).size, whole.length, "each frame has a place of its own");

const pieces = [];
let cursor = beginning;
do {
  const [live] = await opened(`${ws}?token=${agent}&after=${cursor}`);
  const frame = await live.next();
  cursor = frame.cursor;
  pieces.push(frame);
  live.socket.close();
} while (!last(pieces.at(-1)));
// What a frame says of a ticket besides its own event is how it stands when it is sent.
const places = (frames) => frames.map(({ type, cursor, data }) => ({ type, cursor, id: data.id, at: data.updated_at }));
assert.deepEqual(places(pieces), places(whole), "nothing is missing, nothing is doubled");

// What a client may say.
stays.say({ type: "ping" });
assert.equal((await stays.next()).type, "pong");
stays.say({ type: "mark_read", data: { ids: [assigned.data.id] } });
const marked = await stays.next();
assert.deepEqual([marked.type, marked.data.ids], ["marked_read", [assigned.data.id]]);
stays.say({ type: "dance" });
assert.equal((await stays.next()).type, "error");
stays.socket.send("not json");
assert.equal((await stays.next()).type, "error");
stays.say({ type: "ping" });
assert.equal((await stays.next()).type, "pong", "it goes on");

// A session that ends takes its sockets with it, within a second.
const [mine] = await opened(`${ws}?token=${session}`);
const began = Date.now();
await graphql(session, "mutation { signOut { signedOut } }");
const end = await within(5_000, "the end", mine.closed);
assert.equal(end.code, 4401);
assert.ok(end.reason.length > 0);
assert.ok(Date.now() - began < 1_000, `${Date.now() - began} ms`);
const again = await within(20_000, "a refusal", new Live(`${ws}?token=${session}`).refused);
assert.equal(again.statusCode, 401);

stays.socket.close();
await stays.closed;
console.log("all of it holds");

// Refused handshakes leave their connections open.
process.exit(0);
