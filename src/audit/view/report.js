'use strict';
/* Shows a report. It decides nothing: what stands here was computed by `carnet audit report`, and
 * is computed again by `carnet audit verify`. Text goes in as text, never as markup. */
const body = JSON.parse(document.getElementById('report').textContent).body;
const wordsText = document.getElementById('words').textContent;
const words = wordsText === '' ? null : JSON.parse(wordsText);
let zh = location.hash === '#zh' ||
  (location.hash !== '#en' && (navigator.language || '').startsWith('zh'));

const t = (en, chinese) => (zh ? chinese : en);
const pick = (list, n) => (list[n] ? t(list[n][0], list[n][1]) : String(n));
const TOKEN_STATE = [null, ['active', '有效'], ['frozen', '已冻结'], ['revoked', '已撤销'],
  ['archived', '已归档']];
const RIGHT_STATE = [null, ['active', '有效'], ['revoked', '已撤销']];
const RIGHT_KIND = [null, ['hold', '持有'], ['process and use', '加工使用'], ['operate', '经营']];
const CUSTODY = [null, ['key released to the holder', '密钥已交付持有人'],
  ['key brokered for each use', '密钥逐次托管释放']];
const ROLE = [null, ['member', '成员'], ['admission', '准入方'], ['regulator', '监管方'],
  ['bank', '银行'], ['oracle', '预言机']];
const VERDICT = {
  allow: ['allowed', '准许', 'good'],
  allow_with_obligations: ['allowed, with obligations', '准许，并须履行义务', 'good'],
  needs_mechanism: ['a legal mechanism is missing', '尚缺合法机制', 'wait'],
  deny: ['refused', '拒绝', 'stop'],
};
const KIND = {
  moved: 'wait', rejected: 'stop', revoked: 'stop', refused: 'stop', failed: 'stop',
  settled: 'good', acknowledged: 'good', granted: 'good', released: 'good',
};
const CURRENCY = { 36: 'AUD', 124: 'CAD', 156: 'CNY', 344: 'HKD', 392: 'JPY', 410: 'KRW',
  446: 'MOP', 458: 'MYR', 702: 'SGD', 756: 'CHF', 826: 'GBP', 840: 'USD', 978: 'EUR' };
/* The laws that the packs cite, by the key that stands before the article. */
const LAW = {
  'CN-PIPL': ['Personal Information Protection Law', '个人信息保护法'],
  'CN-DSL': ['Data Security Law', '数据安全法'],
  'CN-CBDF': ['Provisions on Cross-Border Data Flows', '促进和规范数据跨境流动规定'],
  'CN-NDSMR': ['Network Data Security Management Regulations', '网络数据安全管理条例'],
  'CN-SCM': ['Measures on the Standard Contract', '个人信息出境标准合同办法'],
  'CN-SAM': ['Measures on Security Assessment of Data Exports', '数据出境安全评估办法'],
  'CN-CERT': ['Measures on Certification', '个人信息出境认证办法'],
  'CN-AUTO': ['Provisions on Automotive Data Security', '汽车数据安全管理若干规定（试行）'],
  'CN-HGR': ['Regulations on Human Genetic Resources', '人类遗传资源管理条例'],
  'CN-SECRETS': ['Law on Guarding State Secrets', '保守国家秘密法'],
  'CN-GBA': ['Standard contract of the Greater Bay Area', '粤港澳大湾区个人信息跨境流动标准合同'],
  'EU-GDPR': ['GDPR', '通用数据保护条例（GDPR）'],
  'EU-SCC': ['EU standard contractual clauses', '欧盟标准合同条款'],
  'EU-DPF': ['EU-US Data Privacy Framework', '欧美数据隐私框架'],
  'EU-CJEU': ['Court of Justice of the EU', '欧盟法院判决'],
};
/* Of the metadata, in this order; what the record above says already is left out. */
const METADATA = {
  title: ['Title', '名称'], summary: ['Summary', '摘要'], template: ['Template', '模板'],
  bytes: ['Size in bytes', '字节数'], rows: ['Rows', '行数'], sha256: ['SHA-256', 'SHA-256'],
  serial: ['Serial', '序列号'], custody_answer: ['Custody', '密钥托管'],
  deidentification: ['De-identified', '去标识化'],
};
const ACTION = { keep: ['kept', '保留'], drop: ['dropped', '删除'], mask: ['masked', '遮盖'],
  generalise: ['generalised', '泛化'], pseudonym: ['pseudonymised', '假名化'] };
const REPEATED = ['asset', 'owner', 'space', 'grade', 'classes', 'jurisdictions', 'valid_from',
  'valid_until'];

function el(parent, tag, text, name) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (name) e.className = name;
  parent.append(e);
  return e;
}

/* ---- Names of numbers. Words belong to one pack set, that of the genesis file. */

const said = (n, set) => {
  const w = words && (set === undefined || set === body.pack_set) ? words.words[n - 1] : null;
  return w ? t(w.en, w.zh) || w.word.replaceAll('_', ' ') : t('word ', '词条 ') + n;
};
const place = (n) => {
  const p = words && words.places.find((x) => x.n === n);
  return p ? t(p.en + ' (' + p.code + ')', p.zh + '（' + p.code + '）') : t('country ', '国家 ') + n;
};
const code = (n) => {
  const p = words && words.places.find((x) => x.n === n);
  return p ? p.code : String(n);
};
const list = (items) => (items.length ? items.join(t(', ', '、')) : t('none', '无'));
const short = (id) => id.slice(0, 8) + '…' + id.slice(-4);
const many = (n, what) => n + ' ' + what + (String(n) === '1' ? '' : 's');
const day = (time) => time.slice(0, 10);
const clock = (time) => time.slice(11, 19) + ' UTC';
const ends = body.statements.filter((s) => s.kind === 'complete');
const tokens = ends.filter((s) => s.values.token);
const rights = ends.filter((s) => s.values.right);
const events = body.statements.filter((s) => s.kind !== 'complete');

/* Every party has a letter, in the order in which a reader meets it. */
const met = [body.reporter.did];
const meet = (did) => { if (did && !met.includes(did)) met.push(did); };
tokens.forEach((s) => meet(s.values.owner));
rights.forEach((s) => { meet(s.values.grantor); meet(s.values.holder); });
body.parties.forEach((p) => meet(p.did));
const letter = (did) => {
  const i = met.indexOf(did);
  return i < 0 ? null : i < 26 ? String.fromCharCode(65 + i) : String(i + 1);
};
const row = (did) => body.parties.find((p) => p.did === did);

function party(parent, did) {
  const e = el(parent, 'span', undefined, 'party');
  if (letter(did)) el(e, 'b', letter(did));
  const p = row(did);
  e.append(p ? code(p.jurisdiction) + ' ' : '');
  el(e, 'code', short(did)).title = did;
  return e;
}

const parts = (did) => {
  const out = [];
  if (did === body.reporter.did) out.push(t('reporter', '报告人'));
  if (tokens.some((s) => s.values.owner === did)) out.push(t('owner', '权利人'));
  if (rights.some((s) => s.values.holder === did)) out.push(t('holder of a right', '使用权持有人'));
  if (body.committee.seats.some((s) => s.participant === did)) out.push(t('validator', '验证节点'));
  return list(out);
};

function badge(parent, text, name) {
  return el(parent, 'span', text, 'badge ' + (name || ''));
}
const stateMark = (n) => (n === 1 ? 'good' : n === 2 ? 'wait' : n === 3 ? 'stop' : '');

/* ---- Sections. */

let number = 0;
function section(view, title) {
  const h = el(view, 'h2');
  number += 1;
  el(h, 'span', String(number), 'no');
  h.append(title);
}

function facts(parent, pairs) {
  const dl = el(parent, 'dl');
  for (const [name, fill] of pairs) {
    el(dl, 'dt', name);
    const dd = el(dl, 'dd');
    if (typeof fill === 'function') fill(dd);
    else dd.textContent = fill;
  }
}

function table(parent, heads, rows) {
  const e = el(el(parent, 'div', undefined, 'wide'), 'table', undefined, 'stack');
  const head = el(el(e, 'thead'), 'tr');
  heads.forEach((h) => { el(head, 'th', h).scope = 'col'; });
  const tbody = el(e, 'tbody');
  for (const cells of rows) {
    const tr = el(tbody, 'tr');
    cells.forEach((fill, i) => {
      const td = el(tr, 'td');
      td.dataset.name = heads[i];
      const inner = el(td, 'span');
      if (typeof fill === 'function') fill(inner);
      else inner.textContent = fill;
    });
  }
}

function head(view) {
  const h = el(view, 'header');
  const left = el(h, 'div');
  el(left, 'p', 'CARNET', 'brand');
  el(left, 'h1', t('Audit report', '审计报告'));
  el(left, 'p', t('审计报告', 'Audit report'), 'other').lang = zh ? 'en' : 'zh';
  const b = el(h, 'button', t('中文', 'English'));
  b.type = 'button';
  b.lang = zh ? 'en' : 'zh';
  b.onclick = () => { zh = !zh; show(); };
  const n = el(view, 'div', undefined, 'notice');
  el(n, 'p', t('This page shows a report; it proves nothing by itself. What it says holds once ' +
    '“carnet audit verify” accepts this very file (last section).',
  '本页仅用于阅读，本身不构成证明。须以“carnet audit verify”核验本文件通过后，所载内容方可采信' +
    '（见末节）。'));
  facts(view, [
    [t('About', '报告对象'), t(many(tokens.length, 'data token'), tokens.length + ' 个数据通证') +
      (body.range ? t(', to which something happened from ' + body.range.from + ' to ' +
        body.range.to + ' (UTC)', '，于 ' + body.range.from + ' 至 ' + body.range.to +
        '（协调世界时）期间有事件发生') : '')],
    [t('As it stood', '截至'), day(body.committee.time) + ' ' + clock(body.committee.time) + ' · ' +
      t('height ', '区块高度 ') + body.height],
    [t('Reporter', '报告人'), (e) => {
      const p = row(body.reporter.did);
      party(e, body.reporter.did);
      e.append(p ? ' · ' + list(p.roles.map((r) => pick(ROLE, r))) + ' · ' +
        place(p.jurisdiction) : '');
    }],
    [t('Made', '制作时间'), day(body.made) + ' ' + clock(body.made) + ' · ' +
      t('the reporter’s word', '以报告人所述为准')],
    [t('Space', '数据空间'), (e) => el(e, 'code', body.space)],
  ]);
}

/* The document a party disclosed about its token, when it is JSON; its strings are its own. */
function metadata(parent, token) {
  const mint = events.find((s) => s.kind === 'minted' && s.values.subjects[0] === token);
  const a = mint && body.attachments.find((x) => x.transaction === mint.tx[0] && x.index === 0);
  if (!a) return;
  let doc;
  try {
    const raw = atob(a.content.replaceAll('-', '+').replaceAll('_', '/'));
    doc = JSON.parse(new TextDecoder('utf-8', { fatal: true })
      .decode(Uint8Array.from(raw, (c) => c.charCodeAt(0))));
  } catch {
    return;
  }
  if (doc === null || typeof doc !== 'object') return;
  el(parent, 'h4', t('What its owner says of it (disclosed; as committed to at its minting)',
    '权利人说明（已披露，与铸造时的承诺一致）'));
  const keys = Object.keys(doc).filter((k) => !REPEATED.includes(k) && !(k in METADATA));
  const known = Object.keys(METADATA).filter((k) => k in doc);
  facts(parent, [...known, ...keys].slice(0, 40).map((k) => {
    const text = typeof doc[k] === 'string' ? doc[k].slice(0, 600)
      : k === 'deidentification' && doc[k] !== null && typeof doc[k] === 'object'
        ? deidentified(doc[k]) : JSON.stringify(doc[k]).slice(0, 600);
    return [METADATA[k] ? t(...METADATA[k]) : k.slice(0, 60),
      (e) => el(e, /^[0-9a-f]{32,}$/.test(text) ? 'code' : 'span', text)];
  }));
}

/* "k 5 over age, sex (5 asked for), 303 rows; generalised: age, sex, …; kept: cp, …" */
function deidentified(x) {
  const columns = Array.isArray(x.columns) ? x.columns.slice(0, 256) : [];
  const by = Object.keys(ACTION).map((a) => [a, columns.filter((c) => c && c.action === a)
    .map((c) => String(c.name).slice(0, 60))]).filter(([, names]) => names.length > 0);
  const over = Array.isArray(x.quasi_identifiers) ? x.quasi_identifiers.join(', ') : '';
  const k = t('k ' + x.k + ' over ' + over + ' (' + x.k_min + ' asked for), ' + x.rows + ' rows',
    '对 ' + over + ' 的 k 为 ' + x.k + '（要求 ' + x.k_min + '），共 ' + x.rows + ' 行');
  return [k, ...by.map(([a, names]) => pick(ACTION, a) + t(': ', '：') + names.join(', '))]
    .join(t('; ', '；')).slice(0, 2000);
}

function standing(view) {
  section(view, t(tokens.length > 1 ? 'The tokens as they stand' : 'The token as it stands',
    '通证现状'));
  for (const s of tokens) {
    const v = s.values;
    if (tokens.length > 1) el(view, 'h3', t('Token ', '通证 ') + v.token.slice(0, 8));
    facts(view, [
      [t('Token', '通证'), (e) => el(e, 'code', v.token)],
      [t('State', '状态'), (e) => badge(e, pick(TOKEN_STATE, v.state), stateMark(v.state))],
      [t('Owner', '权利人'), (e) => party(e, v.owner)],
      [t('Asset', '资产'), (e) => el(e, 'code', v.asset)],
      [t('Data classes', '数据类别'), list(v.classes.map((c) => said(c, v.pack_set)))],
      [t('Grade', '分级'), String(v.grade)],
      [t('Places', '法域'), list(v.jurisdictions.map(place))],
      [t('Valid', '有效期'), day(v.valid_from) + ' – ' + day(v.valid_until)],
      [t('Seals', '封装次数'), String(v.seals)],
      [t('History', '履历'), t(many(v.events, 'event') + ' and ' + many(v.rights, 'right') +
        ': none is missing',
        v.events + ' 个事件、' + v.rights + ' 项使用权，无一遗漏')],
    ]);
    metadata(view, v.token);
  }
}

/* One line under a statement, from its values. */
function about(e, s) {
  const v = s.values;
  const subject = v.subjects || [];
  const put = (text) => e.append(text);
  if (s.kind === 'moved') {
    put(pick(TOKEN_STATE, v.from) + ' → ' + pick(TOKEN_STATE, v.to) +
      (v.reason === 1001 ? t(' · damaged bytes were found', ' · 发现数据损坏')
        : v.reason > 0 ? t(' · reason ', ' · 理由代码 ') + v.reason : '') + ' · ');
    party(e, subject[1]);
  } else if (v.amount !== undefined) {
    put(money(v));
  } else if (s.kind === 'granted') {
    party(e, subject[3]);
    put(' → ');
    party(e, subject[2]);
    put(' · ' + pick(RIGHT_KIND, v.right_kind) + t(' · until ', ' · 至 ') + day(v.until));
  } else if (s.kind === 'used') {
    put(t('use ', '第 ') + v.use + t(', ', ' 次，余 ') + v.left + t(' left · ', ' 次 · '));
    party(e, subject[2]);
  } else if (s.kind === 'pending') {
    put(t('use ', '第 ') + v.use + t(' · ', ' 次 · '));
    party(e, subject[2]);
  } else if (s.kind === 'released') {
    put(t('use ', '第 ') + v.use + t(', ', ' 次，余 ') + v.left + t(' left · ', ' 次 · '));
    party(e, subject[3]);
    put(' → ');
    party(e, subject[2]);
  } else if (s.kind === 'sealed') {
    put(t(many(v.chunks, 'chunk') + ' · seal ', v.chunks + ' 个数据块 · 封装 ') + short(v.seal));
  } else if (s.kind === 'failed' || s.kind === 'refused') {
    put(v.method + ' · ' + v.reason + ' · ');
    party(e, v.signer);
  } else if (subject.length) {
    party(e, subject[subject.length - 1]);
  }
}

function rests(parent, s) {
  const d = el(parent, 'details');
  el(d, 'summary', t('rests on ' + many(s.tx.length, 'receipt'),
    '依据 ' + s.tx.length + ' 份回执'));
  s.tx.forEach((x) => el(el(d, 'div'), 'code', x));
}

function trace(view) {
  section(view, t('What happened, in order', '全程轨迹'));
  const ol = el(view, 'ol', undefined, 'trace');
  for (const s of events) {
    const li = el(ol, 'li', undefined, KIND[s.kind] || '');
    const when = el(li, 'div', day(s.time), 'when');
    el(when, 'span', clock(s.time));
    el(when, 'span', t('height ', '高度 ') + s.height);
    const what = el(li, 'div', undefined, 'what');
    el(what, 'p', t(s.text.en, s.text.zh));
    const line = el(what, 'p', undefined, 'about');
    if (tokens.length > 1 && s.values.subjects) {
      line.append(t('token ', '通证 ') + s.values.subjects[0].slice(0, 8) + ' · ');
    }
    about(line, s);
    rests(what, s);
  }
}

function rightsTable(view) {
  section(view, t('Rights granted', '已授予的使用权'));
  if (rights.length === 0) el(view, 'p', t('None.', '无。'), 'none');
  else {
    table(view, [t('Right', '使用权'), t('Holder', '持有人'), t('Kind', '类型'), t('Uses', '次数'),
      t('Until', '期限'), t('Places', '法域'), t('State', '状态')], rights.map((s) => {
      const v = s.values;
      return [(e) => { el(e, 'code', short(v.right), 'keep').title = v.right; },
        (e) => party(e, v.holder),
        pick(RIGHT_KIND, v.right_kind) + t('; ', '；') + pick(CUSTODY, v.custody),
        v.used + ' / ' + (v.uses || t('not counted', '不计')),
        (e) => el(e, 'span', day(v.until), 'keep'),
        list(v.places.map(code)),
        (e) => badge(e, pick(RIGHT_STATE, v.state), v.state === 1 ? 'good' : 'stop')];
    }));
  }
}

/* "CN-CBDF:5" as a citation: the article of a law that the pack names. */
const cite = (text) => {
  const at = text.indexOf(':');
  const key = at < 0 ? text : text.slice(0, at);
  const name = LAW[key] ? t(LAW[key][0], '《' + LAW[key][1] + '》')
    : key.startsWith('EU-ADEQ-') ? t('EU adequacy decision for ', '欧盟充分性认定：') + key.slice(8)
      : key;
  const article = at < 0 ? '' : text.slice(at + 1);
  if (article === '') return name;
  if (!/^\d/.test(article)) return name + ' ' + article;
  const [, first, rest] = /^(\d+)(.*)$/.exec(article);
  return t(name + ' art. ' + article, name + '第' + first + '条' + rest);
};

function obligations(parent, v) {
  if (v.obligations.length === 0) return;
  const ul = el(parent, 'ul');
  v.obligations.forEach((o) => el(ul, 'li', said(o.duty, v.pack_set) +
    (o.days ? t(' (within ' + o.days + ' days)', '（' + o.days + ' 日内）') : '')));
}

function verdict(parent, alike) {
  const s = alike[0];
  const v = s.values.verdict;
  const d = s.values.declared;
  const known = words && v.pack_set === body.pack_set;
  const name = VERDICT[v.code] || [v.code, v.code, ''];
  const box = el(parent, 'div', undefined, 'law');
  const h = el(box, 'h3', t(alike.length > 1 ? 'Rights ' : 'Right ', '使用权 '));
  el(h, 'code', list(alike.map((x) => short(x.values.subjects[1]))));
  h.append(' ');
  badge(h, t(name[0], name[1]), name[2]);
  const rows = [];
  if (d) {
    rows.push([t('Declared', '申报事实'), list([
      code(d.from) + ' → ' + code(d.to),
      ...d.classes.map((c) => said(c, v.pack_set)),
      ...(d.subjects === undefined ? [] : [t(d.subjects + ' persons', d.subjects + ' 人')]),
      ...(d.sector ? [said(d.sector, v.pack_set)] : []),
      ...(d.purpose ? [said(d.purpose, v.pack_set)] : []),
      ...d.mechanisms.map((m) => said(m, v.pack_set))])]);
  }
  rows.push([t('Law cited', '法律依据'), known
    ? (e) => {
      const ul = el(e, 'ul');
      v.cites.forEach((n) => el(ul, 'li', cite(words.cites[n - 1])));
    } : list(v.cites.map(String))]);
  rows.push([t('Rules applied', '适用规则'), (e) => {
    if (!known) {
      e.textContent = list(v.rules.map(String));
      return;
    }
    const ul = el(e, 'ul');
    v.rules.map((n) => words.rules[n - 1]).filter((r) => r.effect !== 'define').forEach((r) => {
      el(ul, 'li', (t(r.note.en, r.note.zh) || r.id) +
        (r.cites.length ? t(' (', '（') + list(r.cites.map(cite)) + t(')', '）') : ''));
    });
  }]);
  if (v.obligations.length) rows.push([t('Obligations', '义务'), (e) => obligations(e, v)]);
  if (v.assumed.length) {
    rows.push([t('Assumed', '推定事实'), t(v.assumed.length + ' facts were not declared and took ' +
      'the defaults of the rules', v.assumed.length + ' 项事实未申报，按规则默认值处理')]);
  }
  rows.push([t('Rules of', '规则集'), (e) => {
    el(e, 'code', short(v.pack_set)).title = v.pack_set;
  }]);
  facts(box, rows);
}

function law(view) {
  section(view, t('The law that was applied', '法律适用'));
  const judged = events.filter((s) => s.values.verdict);
  el(view, 'p', t('The ledger proves that these rules were applied to the facts declared; it ' +
    'does not prove that the facts are true, and it is not legal advice.',
  '账本证明的是对所申报事实适用了下列规则，不证明事实本身为真，亦不构成法律意见。'), 'soft small');
  if (judged.length === 0) el(view, 'p', t('Nothing was judged.', '无判定。'), 'none');
  const groups = new Map();
  judged.forEach((s) => {
    const key = JSON.stringify([s.values.verdict, s.values.declared]);
    groups.set(key, [...(groups.get(key) || []), s]);
  });
  groups.forEach((alike) => verdict(view, alike));
}

/* Digits are grouped as they stand: never through a number, which would round them. */
function amount(v) {
  const [whole, part] = v.amount.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return (CURRENCY[v.currency_code] || t('currency ', '币种 ') + v.currency_code) + ' ' + grouped +
    (part === undefined ? '' : '.' + part);
}

/* With both legs of an exchange, at the oracle's rate. */
function money(v) {
  return amount(v) + (v.exchange === undefined ? '' : ' → ' + amount(v.exchange) +
    t(' at ', '，汇率 ') + v.exchange.num + '/' + v.exchange.den);
}

function moneySection(view) {
  section(view, t('Money', '资金'));
  const moved = events.filter((s) => s.values.amount !== undefined);
  if (moved.length === 0) el(view, 'p', t('None was locked for it.', '未锁定款项。'), 'none');
  else {
    const MOVE = { locked: ['locked', '锁定', 'wait'], settled: ['settled', '结算', 'good'],
      refunded: ['refunded', '退回', ''] };
    table(view, [t('When', '时间'), t('What', '事项'), t('Amount', '金额'), t('Lock', '锁定编号'),
      t('Parties', '当事方')], moved.map((s) => [
      day(s.time) + ' ' + clock(s.time),
      (e) => {
        const m = MOVE[s.kind] || [s.kind, s.kind, ''];
        badge(e, t(m[0], m[1]), m[2]);
      },
      money(s.values),
      (e) => { el(e, 'code', short(s.values.lock), 'keep').title = s.values.lock; },
      (e) => s.values.subjects.filter(letter).forEach((x) => { party(e, x); e.append(' '); }),
    ]));
  }
}

function certified(view) {
  section(view, t('Who certified it', '由谁认证'));
  const seats = body.committee.seats;
  const n = seats.filter((s) => s.signed).length;
  el(view, 'p', t(n + ' of ' + seats.length + ' validators signed the block at height ' +
    body.height + '; ' + body.committee.quorum + ' suffice.',
  '高度 ' + body.height + ' 的区块由 ' + seats.length + ' 个验证节点中的 ' + n + ' 个签名，法定数为 ' +
    body.committee.quorum + '。'));
  table(view, [t('Seat', '席位'), t('Validator', '验证节点'), t('Place', '法域'),
    t('Signature', '签名')], seats.map((s, i) => {
    const p = row(s.participant);
    return [String(i), (e) => party(e, s.participant), p ? place(p.jurisdiction) : '',
      (e) => badge(e, s.signed ? t('signed', '已签名') : t('not in this certificate', '未列入本证书'),
        s.signed ? 'good' : '')];
  }));
}

function partiesSection(view) {
  section(view, t('Parties', '当事方'));
  table(view, [t('Party', '当事方'), t('In this report', '本报告中的身份'), t('Roles', '角色'),
    t('Place', '法域'), t('Identity (DID)', '身份标识（DID）')], met.map((did) => {
    const p = row(did);
    return [letter(did), parts(did), p ? list(p.roles.map((r) => pick(ROLE, r)))
      : t('joined later', '后加入'), p ? place(p.jurisdiction) : '—',
    (e) => el(e, 'code', did)];
  }));
}

function bullets(parent, title, lines) {
  const box = el(parent, 'div');
  el(box, 'h3', title);
  const ul = el(box, 'ul');
  lines.forEach((x) => el(ul, 'li', x));
}

function proved(view) {
  section(view, t('What is proved, and what is not', '已证明与未证明'));
  const c = body.checked;
  const two = el(view, 'div', undefined, 'two');
  bullets(two, t('Proved', '已证明'), [
    t('Every receipt above was committed by the validators of the genesis file.',
      '上述每份回执均由创世文件所列验证节点提交确认。'),
    t('No event of a listed token or right is missing: their number and hash chain are those of ' +
      'the certified records. A report without the freeze would not verify, whoever signs it.',
    '所列通证与使用权的事件无一遗漏：其数量与哈希链和经认证的记录一致；隐去冻结等任何事件的报告，无论由谁签署均无法通过核验。'),
    t('No right and no lock of money under a listed token is missing.',
      '所列通证项下的使用权与资金锁定无一遗漏。'),
    t('What was disclosed is what had been committed to.', '所披露的附件与当初的承诺一致。'),
  ]);
  bullets(two, t('Not proved', '未证明'), [
    t('That the facts which parties declared are true.', '当事方所申报事实的真实性。'),
    t('That these are all tokens there are: only those listed are covered.',
      '所列通证即为全部通证；本报告仅及于所列者。'),
    t('That no failed attempt was left out: a failed transaction changes no record.',
      '未遗漏失败的交易：失败交易不改变任何记录。'),
    t('What came after height ' + body.height + '.', '高度 ' + body.height + ' 之后的情况。'),
    t('Attachments: ' + c.disclosed + ' of ' + c.attachments + ' were disclosed.',
      '附件共 ' + c.attachments + ' 件，已披露 ' + c.disclosed + ' 件。'),
  ]);
  facts(view, [[t('To be checked', '核验内容'), t(c.receipts + ' receipts, ' + c.proofs +
    ' proofs, at least ' + c.signatures + ' signatures', c.receipts + ' 份回执、' + c.proofs +
    ' 项证明、至少 ' + c.signatures + ' 个签名')]]);
}

function how(view) {
  section(view, t('How to verify it yourself', '如何自行核验'));
  el(view, 'p', t('You need this file, the genesis file of the space, obtained from somebody you ' +
    'trust, and the program. No network, account or permission is needed.',
  '需要本文件、从可信来源取得的该空间创世文件以及核验程序；无须联网、账号或许可。'));
  el(el(view, 'pre', undefined, 'command'), 'code',
    'carnet audit verify REPORT.html --genesis GENESIS');
  el(view, 'p', t('Exit code 0 means that it holds; 4 that it does not, with the reason. The ' +
    'genesis file is the right one if its space is:', '返回码 0 表示通过；4 表示未通过，并给出原因。' +
    '创世文件正确与否，以其空间标识为准：'));
  el(el(view, 'p'), 'code', body.space);
  el(view, 'p', t('The program accepts this page only as the program itself writes it: then what ' +
    'you read here is what the report says.', '核验程序仅接受由其自身生成、未经改动的页面，故所示即报告所载。') +
    ' ' + (words ? t('The words of the law are those of the genesis file’s own rules.',
    '法律用语取自创世文件所载规则集。')
    : t('The words of the law are not in this file: rules are shown by number.',
      '本文件未附法律用语，规则以编号显示。')), 'soft small');
}

function show() {
  const view = document.getElementById('view');
  number = 0;
  view.textContent = '';
  document.documentElement.lang = zh ? 'zh-Hans' : 'en';
  document.title = t('Carnet audit report', 'Carnet 审计报告') + ' · ' + day(body.committee.time);
  [head, standing, trace, rightsTable, law, moneySection, certified, partiesSection, proved, how]
    .forEach((part) => part(view));
  el(view, 'footer', t('Report format ', '报告格式版本 ') + body.version + ' · ' +
    t('signed by the reporter', '由报告人签署') + ' · ' + t('height ', '高度 ') + body.height);
}

let opened = [];
window.addEventListener('beforeprint', () => {
  opened = [...document.querySelectorAll('details:not([open])')];
  opened.forEach((d) => { d.open = true; });
});
window.addEventListener('afterprint', () => opened.forEach((d) => { d.open = false; }));
window.addEventListener('hashchange', () => {
  if (location.hash === '#zh' || location.hash === '#en') {
    zh = location.hash === '#zh';
    show();
  }
});
show();
