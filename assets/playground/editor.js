// A small code editor: a transparent textarea over its own highlighted text, line numbers, Tab, matching indents.
const GRAPHQL = /(?<comment>#[^\n]*)|(?<string>"""[\s\S]*?(?:"""|$)|"(?:\\.|[^"\\\n])*"?)|(?<variable>\$\w+)|(?<directive>@\w+)|(?<keyword>\b(?:query|mutation|subscription|fragment|on|true|false|null)\b)|(?<number>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?<attribute>\b\w+(?=\s*:))|(?<type>\b[A-Z]\w*)|(?<punctuation>[{}()[\]:!=|&]|\.\.\.)/g;
const JSON_TEXT = /(?<attribute>"(?:\\.|[^"\\\n])*"(?=\s*:))|(?<string>"(?:\\.|[^"\\\n])*"?)|(?<keyword>\b(?:true|false|null)\b)|(?<number>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?<punctuation>[{}[\],:])/g;

/// The text as nodes, its tokens in spans.
export function highlight(text, language) {
  const pattern = language === 'json' ? JSON_TEXT : GRAPHQL;
  const fragment = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) fragment.append(text.slice(end, match.index));
    const span = document.createElement('span');
    span.className = `t-${Object.keys(match.groups).find((name) => match.groups[name] !== undefined)}`;
    span.textContent = match[0];
    fragment.append(span);
    end = match.index + match[0].length;
  }
  fragment.append(text.slice(end));
  return fragment;
}

export class Editor {
  constructor(root, { language, onRun, onChange }) {
    this.language = language;
    this.onChange = onChange;
    this.lines = document.createElement('div');
    this.lines.className = 'lines';
    this.lines.setAttribute('aria-hidden', 'true');
    this.shown = document.createElement('pre');
    this.shown.setAttribute('aria-hidden', 'true');
    this.area = root.querySelector('textarea');
    const code = document.createElement('div');
    code.className = 'code';
    code.append(this.shown, this.area);
    root.append(this.lines, code);
    this.area.addEventListener('input', () => this.changed());
    this.area.addEventListener('scroll', () => this.scrolled());
    this.area.addEventListener('keydown', (event) => this.pressed(event, onRun));
    this.leaving = false;
    this.paint();
  }

  get value() {
    return this.area.value;
  }

  set value(text) {
    this.area.value = text;
    this.area.scrollTop = 0;
    this.changed();
  }

  changed() {
    this.paint();
    this.onChange?.(this.value);
  }

  paint() {
    const text = this.area.value;
    this.shown.replaceChildren(highlight(text, this.language), '\n');
    const count = text.split('\n').length;
    if (this.lines.childElementCount !== count) {
      this.lines.replaceChildren(...Array.from({ length: count }, (_, at) => {
        const line = document.createElement('span');
        line.textContent = at + 1;
        return line;
      }));
    }
    this.scrolled();
  }

  scrolled() {
    this.shown.style.transform = `translate(${-this.area.scrollLeft}px, ${-this.area.scrollTop}px)`;
    this.lines.style.transform = `translateY(${-this.area.scrollTop}px)`;
  }

  /// Tab indents; Escape then Tab leaves the field, so that the keyboard is never caught in it.
  pressed(event, onRun) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onRun();
    } else if (event.key === 'Escape') {
      this.leaving = true;
    } else if (event.key === 'Tab' && !this.leaving && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      this.indent(event.shiftKey);
    } else if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      this.breakLine();
    } else if (event.key !== 'Shift') {
      this.leaving = false;
    }
  }

  indent(back) {
    const { selectionStart: start, selectionEnd: end, value } = this.area;
    if (start === end && !back) return this.type('  ');
    const from = value.lastIndexOf('\n', start - 1) + 1;
    const block = value.slice(from, end);
    const moved = back ? block.replace(/^ {1,2}/gm, '') : block.replace(/^/gm, '  ');
    this.area.setSelectionRange(from, end);
    this.type(moved);
    this.area.setSelectionRange(start === end ? Math.max(from, start - (block.length - moved.length)) : from, start === end ? Math.max(from, start - (block.length - moved.length)) : from + moved.length);
  }

  breakLine() {
    const { selectionStart: at, value } = this.area;
    const line = value.slice(value.lastIndexOf('\n', at - 1) + 1, at);
    const indent = line.match(/^ */)[0] + (/[{([]\s*$/.test(line) ? '  ' : '');
    const closing = /^\s*[})\]]/.test(value.slice(at)) && /[{([]\s*$/.test(line);
    this.type(`\n${indent}${closing ? `\n${indent.slice(2)}` : ''}`);
    if (closing) this.area.setSelectionRange(at + 1 + indent.length, at + 1 + indent.length);
  }

  /// Through the browser's own editing where it can be, so that undo works.
  type(text) {
    if (!document.execCommand('insertText', false, text)) {
      this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, 'end');
      this.changed();
    }
  }
}

/// Lays out a GraphQL document anew: a line for each selection, two spaces a level. Null if its brackets do not match.
export function tidy(text) {
  const tokens = text.match(/#[^\n]*|"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|\.\.\.|[\w$@-]+(?:\.\d+)?|[^\s,]/g) ?? [];
  let out = '';
  let level = 0;
  let inline = 0;
  const line = () => `\n${'  '.repeat(level)}`;
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1];
    if (token.startsWith('#')) {
      out += `${out.trim() ? line() : ''}${token}`;
    } else if (token === '{' && !inline) {
      level += 1;
      out += `${out && !/\s$/.test(out) ? (before?.startsWith('#') || before === '}' ? line().slice(0, -2) : ' ') : ''}{`;
    } else if (token === '}' && !inline) {
      level -= 1;
      if (level < 0) return null;
      out += `${line()}}${level === 0 ? '\n' : ''}`;
    } else if ('([{'.includes(token)) {
      inline += 1;
      out += token === '(' || before === '[' || before === '(' ? token : ` ${token}`;
      if (token === '{') out += ' ';
    } else if (')]}'.includes(token)) {
      inline -= 1;
      if (inline < 0) return null;
      out += token === '}' ? ` ${token}` : token;
    } else if (token === ':' || token === '!') {
      out += token;
    } else if (inline) {
      const open = before === '(' || before === '[' || before === '{';
      out += open || before === '=' ? token : before === ':' || token === '=' ? ` ${token}` : /[\w"\])}!$]$/.test(before) && token !== '=' && !(tokens[at - 2] === undefined) ? `, ${token}` : ` ${token}`;
      if (token === '=') out += ' ';
    } else {
      const joins = before === ':' || before === '...' || before === 'on' || token === 'on' || token.startsWith('@');
      const first = level === 0 && before && before !== '}' && !before.startsWith('#');
      if (!before) out += token;
      else if (before === '...' && token !== 'on') out += token;
      else if (joins || first) out += ` ${token}`;
      else if (level === 0) out += `${out.endsWith('\n') ? '\n' : '\n'}${token}`;
      else out += `${line()}${token}`;
    }
  }
  return level === 0 && inline === 0 ? `${out.trim()}\n` : null;
}
