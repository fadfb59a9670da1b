// The playground: wires the editors, the explorer, the socket and the sign-in form together.
import { Editor, highlight, tidy } from './editor.js';
import { EXAMPLES, SIGN_IN } from './examples.js';
import { Explorer } from './explorer.js';
import { currentLanguage, onLanguage, switchLanguage, t, translate } from './i18n.js';
import { subscribe } from './socket.js';

const $ = (id) => document.getElementById(id);
const endpoint = new URL('graphql', location.href);
const socketUrl = Object.assign(new URL(endpoint), { protocol: location.protocol === 'https:' ? 'wss:' : 'ws:' });
const MOST_EVENTS = 200;
const MOST_HISTORY = 50;

let token = sessionStorage.getItem('echodesk.token') ?? '';
let stop = null;
let shown = '';
let state = null;

// What goes over the wire.

async function execute(payload, bearer = token) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...(bearer && { authorization: `Bearer ${bearer}` }),
    },
    body: JSON.stringify(payload),
  });
  const text = await response.text();
  let json = null;
  try {
    json = JSON.parse(text);
  } catch {
    // Not ours: a proxy's page, perhaps. It is shown as it came.
  }
  return { status: response.status, text, json };
}

/// The operations of the document: what kind each is, and its name. Only as exact as showing them needs.
function operations(text) {
  const bare = text.replace(/"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*/g, '');
  const found = [];
  let level = 0;
  let head = false;
  for (const [token] of bare.matchAll(/[{}()]|\b(?:query|mutation|subscription|fragment)\b\s*\w*/g)) {
    if (token === '{' || token === '(') {
      if (level === 0 && !head) found.push({ kind: 'query', name: '' });
      level += 1;
    } else if (token === '}' || token === ')') {
      level -= 1;
      if (level === 0 && token === '}') head = false;
    } else if (level === 0) {
      const [kind, name = ''] = token.split(/\s+/);
      head = true;
      if (kind !== 'fragment') found.push({ kind, name });
    }
  }
  return found;
}

function readVariables() {
  const text = variables.value.trim();
  if (!text) return {};
  const json = JSON.parse(text);
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw new Error(t('badVariables'));
  return json;
}

async function run() {
  if (stop) return halt();
  const all = operations(query.value);
  const picked = all.find(({ name }) => name && name === $('operation').value) ?? all[0];
  const payload = { query: query.value };
  try {
    payload.variables = readVariables();
  } catch (error) {
    return failed(`${t('badVariables')}: ${error.message}`);
  }
  if (all.length > 1 && picked.name) payload.operationName = picked.name;
  remember(query.value, variables.value);
  if (picked?.kind === 'subscription') return listen(payload);
  const begun = performance.now();
  say('running', 'busy');
  $('run').disabled = true;
  try {
    const { status, text, json } = await execute(payload);
    const size = new Blob([text]).size;
    const took = Math.round(performance.now() - begun);
    const good = status < 400 && !json?.errors;
    print(json ? JSON.stringify(json, null, 2) : text);
    say(() => `${status} · ${took} ${t('ms')} · ${size < 1024 ? `${size} B` : `${(size / 1024).toFixed(1)} KB`}`, good ? 'good' : 'bad');
    if (status === 401) signedOut();
  } catch {
    failed(t('noNetwork'));
  } finally {
    $('run').disabled = false;
  }
}

/// Shows events as they come, the newest first.
function listen(payload) {
  let count = 0;
  const list = document.createElement('ol');
  list.className = 'events';
  const empty = document.createElement('p');
  empty.className = 'empty';
  $('result').replaceChildren(empty, list);
  shown = '';
  $('copy').hidden = true;
  const all = [];
  const counted = () => `${t('live')} · ${count} ${t('events')}`;
  const add = (result, bad) => {
    empty.remove();
    count += 1;
    const item = document.createElement('li');
    const head = document.createElement('div');
    head.className = 'event-head';
    const time = document.createElement('time');
    time.textContent = new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
    head.append(`#${count}`, time);
    if (result.extensions?.cursor) head.append(Object.assign(document.createElement('code'), { textContent: result.extensions.cursor }));
    const body = document.createElement('pre');
    body.append(highlight(JSON.stringify(result, null, 2), 'json'));
    item.className = bad || result.errors ? 'bad' : '';
    item.append(head, body);
    list.prepend(item);
    if (list.childElementCount > MOST_EVENTS) list.lastElementChild.remove();
    all.unshift(result);
    all.length = Math.min(all.length, MOST_EVENTS);
    shown = JSON.stringify(all, null, 2);
    $('copy').hidden = false;
  };
  const done = (word, mood) => {
    stop = null;
    running(false);
    say(() => `${t(word)} · ${count} ${t('events')}`, mood);
    if (!count) empty.textContent = t(word);
  };
  running(true);
  const hangUp = subscribe(socketUrl, token, payload, {
    state(name) {
      if (name === 'live') {
        say(counted, 'live');
        empty.textContent = t('waiting');
      } else {
        say(name, 'busy');
        empty.textContent = t(name);
      }
    },
    next(result) {
      add(result);
      say(counted, 'live');
    },
    error(errors) {
      add({ errors }, true);
      // The session behind the token is over; the page must not go on as if it were not.
      if (errors[0]?.extensions?.code === 4403) signedOut();
      done('stopped', 'bad');
    },
    complete: () => done('complete', 'good'),
  });
  stop = () => {
    hangUp();
    done('stopped', 'good');
  };
}

function halt() {
  stop?.();
}

// What is shown.

function running(is) {
  document.body.classList.toggle('running', is);
  $('run-word').dataset.t = is ? 'stop' : 'run';
  $('run-word').textContent = t(is ? 'stop' : 'run');
}

function say(word, mood) {
  state = word;
  $('state').className = `state ${mood}`;
  $('state').textContent = typeof word === 'function' ? word() : t(word);
}

function print(text) {
  shown = text;
  const pre = document.createElement('pre');
  pre.append(text.length < 300_000 ? highlight(text, 'json') : text);
  $('result').replaceChildren(pre);
  $('result').scrollTop = 0;
  $('copy').hidden = false;
}

function failed(message) {
  say(() => message, 'bad');
  print(message);
}

function drawEmpty() {
  if (shown || stop) return;
  const empty = document.createElement('p');
  empty.className = 'empty';
  empty.textContent = t('emptyResult');
  $('result').replaceChildren(empty);
}

function drawOperations() {
  const named = operations(query.value).filter(({ name }) => name);
  const select = $('operation');
  const chosen = select.value;
  select.hidden = named.length < 2;
  select.replaceChildren(...named.map(({ name }) => new Option(name, name, false, name === chosen)));
}

function drawExamples() {
  $('examples').replaceChildren(...Object.values(EXAMPLES).map((example) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'chip';
    button.textContent = example.title[currentLanguage()];
    button.addEventListener('click', () => load(example.query, JSON.stringify(example.variables, null, 2)));
    return button;
  }));
}

function load(text, values) {
  query.value = text;
  variables.value = values;
  choose('variables');
  query.area.focus();
}

// The account.

function drawAccount() {
  $('who').className = token ? 'who in' : 'who';
  $('who').lastElementChild.textContent = t(token ? 'signedIn' : 'anonymous');
  $('account').dataset.t = token ? 'signOut' : 'signIn';
  $('account').textContent = t(token ? 'signOut' : 'signIn');
}

function signedIn(value) {
  token = value;
  sessionStorage.setItem('echodesk.token', value);
  $('sign-in').close();
  drawAccount();
  explorer.load();
}

function signedOut() {
  token = '';
  sessionStorage.removeItem('echodesk.token');
  drawAccount();
}

async function signIn(event) {
  event.preventDefault();
  const form = event.target.elements;
  const complain = (message) => {
    $('sign-in-error').textContent = message;
    $('sign-in-error').hidden = !message;
  };
  complain('');
  try {
    const given = form.token.value.trim().replace(/^Bearer\s+/i, '');
    const payload = given ? { query: '{ __typename }' } : { query: SIGN_IN.query, variables: SIGN_IN.variables(form.email.value, form.password.value) };
    const { status, json } = await execute(payload, given);
    const value = given ? status < 400 && given : SIGN_IN.token(json?.data);
    if (!value) return complain(json?.errors?.[0]?.message ?? t('wrong'));
    event.target.reset();
    signedIn(value);
  } catch {
    complain(t('noNetwork'));
  }
}

// The history. What carries a password is not kept.

const past = () => JSON.parse(localStorage.getItem('echodesk.history') ?? '[]');

function remember(text, values) {
  if (/password|token|secret/i.test(text + values)) return;
  const rest = past().filter((entry) => entry.query !== text || entry.variables !== values);
  const kept = [{ query: text, variables: values, at: Date.now() }, ...rest].slice(0, MOST_HISTORY);
  try {
    localStorage.setItem('echodesk.history', JSON.stringify(kept));
  } catch {
    localStorage.removeItem('echodesk.history');
  }
  drawHistory();
}

function drawHistory() {
  const entries = past();
  if (!entries.length) {
    const empty = document.createElement('p');
    empty.className = 'empty';
    empty.textContent = t('emptyHistory');
    $('panel-history').replaceChildren(empty);
    return;
  }
  $('panel-history').replaceChildren(...entries.map((entry) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.title = t('restore');
    const [first = { kind: 'query', name: '' }] = operations(entry.query);
    const kind = Object.assign(document.createElement('span'), { className: `kind ${first.kind}`, textContent: first.kind });
    const name = Object.assign(document.createElement('span'), { className: 'name', textContent: first.name || entry.query.replace(/#[^\n]*/g, '').replace(/\s+/g, ' ').trim().slice(0, 60) });
    const time = Object.assign(document.createElement('time'), { textContent: new Date(entry.at).toLocaleString(document.documentElement.lang, { dateStyle: 'short', timeStyle: 'short', hour12: false }) });
    button.append(kind, name, time);
    button.addEventListener('click', () => load(entry.query, entry.variables));
    return button;
  }));
}

function choose(name) {
  for (const each of ['variables', 'history']) {
    const is = each === name;
    $(`tab-${each}`).setAttribute('aria-selected', is);
    $(`tab-${each}`).tabIndex = is ? 0 : -1;
    $(`panel-${each}`).hidden = !is;
  }
  $('clear').hidden = name !== 'history';
}

// All of it together.

translate();
const save = () => {
  sessionStorage.setItem('echodesk.query', query.value);
  sessionStorage.setItem('echodesk.variables', variables.value);
};
const query = new Editor($('query-editor'), { language: 'graphql', onRun: run, onChange: () => (drawOperations(), save()) });
const variables = new Editor($('panel-variables'), { language: 'json', onRun: run, onChange: () => save() });
const explorer = new Explorer({
  list: $('explorer'),
  search: $('search'),
  execute,
  insert({ query: text, variables: values }) {
    load(text, JSON.stringify(values, null, 2));
    if (narrow()) fold(true);
  },
});

const kept = [sessionStorage.getItem('echodesk.query'), sessionStorage.getItem('echodesk.variables')];
query.value = kept[0] ?? EXAMPLES.list.query;
variables.value = kept[1] ?? JSON.stringify(EXAMPLES.list.variables, null, 2);
$('endpoint').textContent = endpoint.pathname;

$('run').addEventListener('click', run);
$('tidy').addEventListener('click', () => {
  const neat = tidy(query.value);
  if (neat === null) return say('untidy', 'bad');
  query.value = neat;
  query.area.focus();
});
$('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText(shown);
  $('copy').textContent = t('copied');
  setTimeout(() => ($('copy').textContent = t('copy')), 1200);
});
$('clear').addEventListener('click', () => {
  localStorage.removeItem('echodesk.history');
  drawHistory();
});
for (const name of ['variables', 'history']) {
  const tab = $(`tab-${name}`);
  tab.addEventListener('click', () => choose(name));
  tab.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    const other = name === 'variables' ? 'history' : 'variables';
    choose(other);
    $(`tab-${other}`).focus();
  });
}
const narrow = () => innerWidth < 1000;
const fold = (hide) => {
  document.body.classList.toggle('folded', hide);
  $('toggle').setAttribute('aria-expanded', String(!hide));
};
fold(narrow());
$('toggle').addEventListener('click', () => fold(!document.body.classList.contains('folded')));
$('close-schema').addEventListener('click', () => {
  fold(true);
  $('toggle').focus();
});
$('account').addEventListener('click', () => {
  if (!token) return $('sign-in').showModal();
  signedOut();
  explorer.load();
});
$('sign-in-cancel').addEventListener('click', () => $('sign-in').close());
$('sign-in').addEventListener('click', (event) => event.target === $('sign-in') && $('sign-in').close());
$('sign-in-form').addEventListener('submit', signIn);
$('language').addEventListener('click', switchLanguage);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.defaultPrevented && !$('sign-in').open) run();
});
const draw = () => {
  drawExamples();
  drawAccount();
  drawHistory();
  drawEmpty();
  $('language').lang = currentLanguage() === 'zh' ? 'en' : 'zh-CN';
  if (state) $('state').textContent = typeof state === 'function' ? state() : t(state);
};
onLanguage(draw);
draw();
explorer.load();
