// Every word of the page, in both languages.
const WORDS = {
  en: {
    title: 'GraphQL Playground', run: 'Run', stop: 'Stop', tidy: 'Tidy', examples: 'Examples', query: 'Operation',
    variables: 'Variables', history: 'History', result: 'Result', schema: 'Schema', search: 'Search types and fields',
    signIn: 'Sign in', signOut: 'Sign out', email: 'E-mail', password: 'Password', token: 'Access token', cancel: 'Cancel',
    orToken: 'or use a token', anonymous: 'Not signed in', signedIn: 'Signed in',
    signInText: 'The token stays in this browser tab and goes when you close it.', copy: 'Copy', copied: 'Copied', clear: 'Clear',
    emptyResult: 'Run an operation to see its result here.', emptyHistory: 'What you run is kept here, in this browser only.',
    running: 'Running…', connecting: 'Connecting…', live: 'Live', reconnecting: 'Connection lost, trying again…',
    stopped: 'Stopped', complete: 'Complete', events: 'events', waiting: 'Connected. Waiting for events…',
    badVariables: 'The variables are not a JSON object', noNetwork: 'The server cannot be reached', pick: 'Operation to run',
    queries: 'Queries', mutations: 'Mutations', subscriptions: 'Subscriptions', types: 'Types', fields: 'Fields', values: 'Values',
    inputFields: 'Input fields', possible: 'Possible types', implements: 'Implements', deprecated: 'Deprecated',
    insert: 'Insert into the editor', back: 'Back', nothing: 'Nothing found', noSchema: 'The schema could not be read', wrong: 'Sign-in failed',
    kindOBJECT: 'object', kindINPUT_OBJECT: 'input', kindENUM: 'enum', kindSCALAR: 'scalar', kindUNION: 'union', kindINTERFACE: 'interface',
    language: '中文', showSchema: 'Show or hide the schema', restore: 'Put back into the editor', ms: 'ms',
    untidy: 'The brackets do not match', skip: 'Skip to the editor', close: 'Close',
  },
  zh: {
    title: 'GraphQL 演练场', run: '运行', stop: '停止', tidy: '整理', examples: '示例', query: '操作',
    variables: '变量', history: '历史', result: '结果', schema: '数据结构', search: '搜索类型和字段',
    signIn: '登录', signOut: '退出', email: '邮箱', password: '密码', token: '访问令牌', cancel: '取消',
    orToken: '或使用令牌', anonymous: '未登录', signedIn: '已登录',
    signInText: '令牌只保存在此标签页中，关闭即清除。', copy: '复制', copied: '已复制', clear: '清空',
    emptyResult: '运行一个操作，结果会显示在这里。', emptyHistory: '运行过的操作会保存在此浏览器中。',
    running: '运行中…', connecting: '连接中…', live: '实时', reconnecting: '连接中断，正在重连…',
    stopped: '已停止', complete: '已结束', events: '个事件', waiting: '已连接，等待事件…',
    badVariables: '变量不是 JSON 对象', noNetwork: '无法连接服务器', pick: '要运行的操作',
    queries: '查询', mutations: '变更', subscriptions: '订阅', types: '类型', fields: '字段', values: '取值',
    inputFields: '输入字段', possible: '可能的类型', implements: '实现', deprecated: '已弃用',
    insert: '插入编辑器', back: '返回', nothing: '没有找到', noSchema: '无法读取数据结构', wrong: '登录失败',
    kindOBJECT: '对象', kindINPUT_OBJECT: '输入', kindENUM: '枚举', kindSCALAR: '标量', kindUNION: '联合', kindINTERFACE: '接口',
    language: 'English', showSchema: '显示或隐藏数据结构', restore: '放回编辑器', ms: '毫秒',
    untidy: '括号不匹配', skip: '跳到编辑器', close: '关闭',
  },
};

const stored = localStorage.getItem('echodesk.language');
let language = stored in WORDS ? stored : navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
const listeners = [];

export const t = (key) => WORDS[language][key] ?? key;
export const currentLanguage = () => language;
export const onLanguage = (listener) => listeners.push(listener);

export function switchLanguage() {
  language = language === 'zh' ? 'en' : 'zh';
  localStorage.setItem('echodesk.language', language);
  translate();
  listeners.forEach((listener) => listener());
}

/// Fills in every element that names its words: data-t the text, data-t-label the accessible name, data-t-hint both
/// the placeholder and the name.
export function translate() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = `${t('title')} · Echodesk`;
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll('[data-t-label]')) {
    element.setAttribute('aria-label', t(element.dataset.tLabel));
    element.title = t(element.dataset.tLabel);
  }
  for (const element of document.querySelectorAll('[data-t-hint]')) {
    element.placeholder = t(element.dataset.tHint);
    element.setAttribute('aria-label', t(element.dataset.tHint));
  }
}
