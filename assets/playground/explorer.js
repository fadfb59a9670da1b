// The schema, to read and to search: root fields first, then types; each with its words, arguments and defaults.
import { onLanguage, t } from './i18n.js';

const INTROSPECTION = `query Schema { __schema { queryType { name } mutationType { name } subscriptionType { name }
  types { kind name description
    fields(includeDeprecated: true) { name description isDeprecated deprecationReason args { ...value } type { ...type } }
    inputFields { ...value } interfaces { name } possibleTypes { name }
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } } } }
fragment value on __InputValue { name description defaultValue type { ...type } }
fragment type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } }`;

const named = (type) => (type.ofType ? named(type.ofType) : type);
const written = (type) => type.kind === 'NON_NULL' ? `${written(type.ofType)}!` : type.kind === 'LIST' ? `[${written(type.ofType)}]` : type.name;

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export class Explorer {
  constructor({ list, search, execute, insert }) {
    Object.assign(this, { list, search, execute, insert, path: [], schema: null, failed: false });
    search.addEventListener('input', () => this.draw());
    onLanguage(() => this.draw());
  }

  async load() {
    try {
      const { json } = await this.execute({ query: INTROSPECTION });
      this.schema = json?.data?.__schema ?? null;
    } catch {
      this.schema = null;
    }
    this.failed = !this.schema;
    this.types = new Map((this.schema?.types ?? []).map((type) => [type.name, type]));
    this.draw();
  }

  roots() {
    const { queryType, mutationType, subscriptionType } = this.schema;
    return [['query', 'queries', queryType], ['mutation', 'mutations', mutationType], ['subscription', 'subscriptions', subscriptionType]].filter(([, , type]) => type);
  }

  draw() {
    if (!this.schema) return void this.list.replaceChildren(this.failed ? make('p', 'empty', t('noSchema')) : '');
    const wanted = this.search.value.trim().toLowerCase();
    const open = this.path.at(-1);
    this.list.replaceChildren(...(wanted ? this.found(wanted) : open ? this.page(this.types.get(open)) : this.index()));
    this.list.scrollTop = 0;
  }

  index() {
    const roots = this.roots();
    const names = new Set(roots.map(([, , { name }]) => name));
    const rest = this.schema.types.filter(({ name }) => !name.startsWith('__') && !names.has(name)).sort((a, b) => a.name.localeCompare(b.name));
    return [
      ...roots.map(([kind, label, { name }]) => this.section(t(label), this.types.get(name).fields.map((field) => this.field(field, kind)))),
      this.section(t('types'), rest.map((type) => this.typeLine(type))),
    ];
  }

  found(wanted) {
    const hit = ({ name }) => name.toLowerCase().includes(wanted);
    const kinds = new Map(this.roots().map(([kind, , { name }]) => [name, kind]));
    const types = this.schema.types.filter((type) => !type.name.startsWith('__'));
    const fields = types.flatMap((type) => [...(type.fields ?? []), ...(type.inputFields ?? []), ...(type.enumValues ?? [])].filter(hit).map((field) => [type, field]));
    fields.sort(([a], [b]) => kinds.has(b.name) - kinds.has(a.name));
    const sections = [
      this.section(t('types'), types.filter((type) => hit(type) && !kinds.has(type.name)).map((type) => this.typeLine(type))),
      this.section(t('fields'), fields.slice(0, 100).map(([type, field]) => this.field(field, kinds.get(type.name), type))),
    ].filter((section) => section);
    return sections.length ? sections : [make('p', 'empty', t('nothing'))];
  }

  page(type) {
    const back = make('button', 'back', `← ${t('back')}`);
    back.type = 'button';
    back.addEventListener('click', () => this.go(null));
    const fields = (label, list) => list?.length ? this.section(t(label), list.map((field) => this.field(field))) : null;
    const links = (label, list) => list?.length ? this.section(t(label), list.map(({ name }) => this.typeLine(this.types.get(name)))) : null;
    return [
      back,
      make('h3', 'type-name', type.name, make('small', '', t(`kind${type.kind}`))),
      type.description ? make('p', 'doc', type.description) : null,
      fields('fields', type.fields),
      fields('inputFields', type.inputFields),
      fields('values', type.enumValues),
      links('implements', type.interfaces),
      links('possible', type.possibleTypes),
    ].filter((part) => part);
  }

  section(label, items) {
    return items.length ? make('section', '', make('h3', '', label, make('small', '', String(items.length))), make('ul', '', ...items)) : null;
  }

  typeLine(type) {
    return make('li', '', this.link(type.name), make('small', 'kind', t(`kind${type.kind}`)));
  }

  field(field, kind, owner) {
    const line = make('div', 'signature');
    if (owner) line.append(this.link(owner.name, 'owner'), '.');
    line.append(make('b', field.isDeprecated ? 'gone' : '', field.name));
    if (field.args?.length) {
      line.append('(');
      field.args.forEach((arg, at) => line.append(at ? ', ' : '', make('span', 'arg', arg.name), ': ', this.typed(arg.type), arg.defaultValue === null ? '' : ` = ${arg.defaultValue}`));
      line.append(')');
    }
    if (field.type) line.append(': ', this.typed(field.type));
    if (field.defaultValue !== null && field.defaultValue !== undefined) line.append(` = ${field.defaultValue}`);
    const item = make('li', '', line);
    if (kind) {
      const button = make('button', 'insert', '+');
      button.type = 'button';
      button.title = `${t('insert')}: ${field.name}`;
      button.setAttribute('aria-label', button.title);
      button.addEventListener('click', () => this.insert(this.operation(kind, field)));
      line.append(button);
    }
    if (field.description) item.append(make('p', 'doc', field.description));
    for (const arg of field.args ?? []) if (arg.description) item.append(make('p', 'doc', make('span', 'arg', arg.name), `: ${arg.description}`));
    if (field.isDeprecated) item.append(make('p', 'doc gone-why', `${t('deprecated')}: ${field.deprecationReason ?? ''}`));
    return item;
  }

  typed(type) {
    const text = written(type);
    const { name } = named(type);
    const at = text.indexOf(name);
    return make('span', 'typed', text.slice(0, at), this.link(name), text.slice(at + name.length));
  }

  link(name, className = 'link') {
    const button = make('button', className, name);
    button.type = 'button';
    button.addEventListener('click', () => this.go(name));
    return button;
  }

  go(name) {
    if (name === null) this.path.pop();
    else if (this.path.at(-1) !== name) this.path.push(name);
    this.search.value = '';
    this.draw();
    this.list.querySelector('button')?.focus({ preventScroll: true });
  }

  /// An operation that calls the field: what it requires as variables, and what it returns two levels deep.
  operation(kind, field) {
    const needed = field.args.filter((arg) => arg.type.kind === 'NON_NULL' && arg.defaultValue === null);
    const head = needed.length ? `(${needed.map((arg) => `$${arg.name}: ${written(arg.type)}`).join(', ')})` : '';
    const call = needed.length ? `(${needed.map((arg) => `${arg.name}: $${arg.name}`).join(', ')})` : '';
    const name = field.name[0].toUpperCase() + field.name.slice(1);
    const variables = Object.fromEntries(needed.map((arg) => [arg.name, this.sample(arg.type, 0)]));
    return { query: `${kind} ${name}${head} {\n  ${field.name}${call}${this.selection(field.type, 1)}\n}\n`, variables };
  }

  selection(type, level) {
    const { fields, kind } = this.types.get(named(type).name) ?? {};
    if (kind === 'UNION') return ` {\n${'  '.repeat(level + 1)}__typename\n${'  '.repeat(level)}}`;
    if (!fields) return '';
    const indent = '  '.repeat(level + 1);
    const free = fields.filter((field) => !field.isDeprecated && field.args.every((arg) => arg.type.kind !== 'NON_NULL' || arg.defaultValue !== null));
    const leaf = (field) => ['SCALAR', 'ENUM'].includes(named(field.type).kind);
    const lines = free.filter(leaf).map((field) => field.name);
    if (level < 3) for (const field of free.filter((field) => !leaf(field)).slice(0, 4)) lines.push(field.name + this.selection(field.type, level + 1));
    return ` {\n${(lines.length ? lines : ['__typename']).map((line) => indent + line).join('\n')}\n${'  '.repeat(level)}}`;
  }

  sample(type, level) {
    if (type.kind === 'NON_NULL') return this.sample(type.ofType, level);
    if (type.kind === 'LIST') return level > 2 ? [] : [this.sample(type.ofType, level + 1)];
    const { enumValues, inputFields } = this.types.get(type.name) ?? {};
    if (enumValues) return enumValues[0]?.name;
    if (inputFields) return Object.fromEntries(inputFields.filter((field) => field.type.kind === 'NON_NULL' && field.defaultValue === null && level < 4).map((field) => [field.name, this.sample(field.type, level + 1)]));
    return { Int: 0, Float: 0, Boolean: false }[type.name] ?? '';
  }
}
