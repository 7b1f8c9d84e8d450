// words: everything the page says, in two languages, and how it says numbers, times and money.
import type { Prose } from "./api";

const en = {
  title: "Carnet console",
  lang_other: "中文",
  lang_switch: "Show this page in Chinese",
  end_session: "End session",
  link_opening: "connecting",
  link_live: "live",
  link_away: "reconnecting",
  link_ended: "session ended",
  height: "height",
  view: "view",
  space: "space",
  nodes: "Nodes",
  nodes_picture: "The nodes of this space; the one that leads is ringed, those that are down are hollow.",
  node: "node",
  role: "role",
  validator: "validator",
  observer: "observer",
  leads: "leads",
  up: "up",
  down: "down",
  state: "state",
  tokens: "Tokens",
  tokens_none: "No token has been minted yet. It will appear here by itself.",
  token_choose: "Choose a token to see all that happened to it.",
  token: "Token",
  owner: "owner",
  classes: "classes",
  classes_none: "none named",
  template: "template",
  template_none: "none",
  places: "places",
  valid: "valid",
  seals: "seals",
  chunks_n: "{n} chunks",
  chunks_1: "1 chunk",
  rights: "Rights",
  rights_none: "No right has been granted.",
  money: "Money",
  money_none: "No payment is locked for this token.",
  timeline: "What happened",
  loading: "Loading …",
  id: "id",
  back: "All tokens",
  status_active: "active",
  status_frozen: "frozen",
  status_revoked: "revoked",
  status_archived: "archived",
  status_unknown: "unknown",
  lock_open: "locked",
  lock_settled: "settled",
  lock_refunded: "refunded",
  lock_unknown: "unknown",
  kind_1: "hold",
  kind_2: "process and use",
  kind_3: "operate",
  custody_1: "key released to the holder",
  custody_2: "key brokered, use by use",
  holder: "holder",
  until: "until",
  uses_left: "{left} of {uses} uses left",
  uses_free: "uses are not counted",
  used: "used so far: {used}",
  pays: "{payer} pays {payee}",
  exchanged: "exchanged by {oracle}",
  event_token_minted: "Minted",
  event_token_sealed: "Sealed",
  event_token_moved: "State changed",
  event_token_frozen: "Frozen",
  event_token_thawed: "Thawed",
  event_token_revoked: "Revoked",
  event_token_archived: "Archived",
  event_right_granted: "Right granted",
  event_right_used: "Used",
  event_right_pending: "Use asked for",
  event_right_released: "Key released",
  event_right_revoked: "Right revoked",
  event_attachment_acked: "Attachment acknowledged",
  event_attachment_rejected: "Attachment rejected",
  event_money_issued: "Money issued",
  event_money_paid: "Paid",
  event_money_locked: "Payment locked",
  event_money_settled: "Settled",
  event_money_refunded: "Refunded",
  said_token_minted: "by {actor}",
  said_token_sealed: "in {chunks}, by {actor}",
  said_token_moved: "by {actor}",
  said_right_granted: "{grantor} to {holder}: {kind}, {uses}",
  said_right_used: "{holder}, use number {use}",
  said_right_pending: "{holder} asks for use number {use}",
  said_right_released: "{grantor} to {holder}, for use number {use} alone",
  said_right_revoked: "by {actor}",
  said_attachment: "{actor} has it",
  said_money: "{amount}, {payer} to {payee}",
  said_money_refunded: "{amount} back to {payee}",
  said_other: "by {actor}",
  uses_n: "{n} uses",
  uses_1: "1 use",
  reason: "reason {n}",
  reason_1001: "damaged bytes were found",
  verdict: "Verdict",
  code_allow: "allowed",
  code_allow_with_obligations: "allowed, with obligations",
  code_needs_mechanism: "a mechanism is needed",
  code_deny: "denied",
  code_unknown: "unknown",
  no_border: "No border is crossed: there is nothing to judge.",
  obligations: "Obligations",
  within_days: "within {n} days",
  within_working_days: "within {n} working days",
  every_months: "every {n} months",
  required: "Required",
  or: "or",
  cites: "Articles",
  rules: "Rules that fired",
  assumed: "Assumed, for nobody declared them",
  coverage: "How much of the law was read",
  coverage_none: "not read",
  coverage_stub: "hardly",
  coverage_partial: "in part",
  coverage_full: "in full",
  judged_on: "judged on {day}",
  disclaimer: "Rules applied to declared facts; not legal advice.",
  no_words: "This node has no words for that law; its numbers are shown.",
  ended_title: "This session has ended",
  ended_how: "Sessions end by themselves, and with the node that opened them. Another link:",
  none_title: "This page needs a link",
  none_how: "It shows what one participant may read. A participant of the space gets a link with:",
  failed_title: "The node did not answer",
  failed_how: "It may be stopped. Reload this page when it runs again.",
  retry: "Reload",
  place_unknown: "place {n}",
  participant_n: "Participant {n}",
  role_regulator: "regulator",
  role_bank: "bank",
  role_admission: "admission",
  role_oracle: "oracle",
  name_exporter: "exporter",
  name_importer: "importer",
  name_bank: "bank",
  name_carrier: "carrier",
  name_regulator: "regulator",
  name_broker: "broker",
  name_oracle: "oracle",
  new_event: "New: {what}",
};

export type Key = keyof typeof en;

const zh: Record<Key, string> = {
  title: "Carnet 控制台",
  lang_other: "English",
  lang_switch: "以英文显示此页",
  end_session: "结束会话",
  link_opening: "连接中",
  link_live: "实时",
  link_away: "重新连接中",
  link_ended: "会话已结束",
  height: "高度",
  view: "视图",
  space: "空间",
  nodes: "节点",
  nodes_picture: "本空间的节点；外圈标出主节点，空心表示离线。",
  node: "节点",
  role: "角色",
  validator: "验证者",
  observer: "观察者",
  leads: "主节点",
  up: "在线",
  down: "离线",
  state: "状态",
  tokens: "数据通证",
  tokens_none: "尚未铸造通证。铸造后会自动出现在这里。",
  token_choose: "选择一个通证，查看它的全部经历。",
  token: "通证",
  owner: "所有者",
  classes: "数据类别",
  classes_none: "未指明",
  template: "模板",
  template_none: "无",
  places: "可授权地区",
  valid: "有效期",
  seals: "密封",
  chunks_n: "{n} 块",
  chunks_1: "1 块",
  rights: "使用权",
  rights_none: "尚未授予使用权。",
  money: "资金",
  money_none: "此通证没有锁定的款项。",
  timeline: "全程轨迹",
  loading: "加载中……",
  id: "编号",
  back: "全部通证",
  status_active: "有效",
  status_frozen: "已冻结",
  status_revoked: "已撤销",
  status_archived: "已归档",
  status_unknown: "未知",
  lock_open: "已锁定",
  lock_settled: "已结算",
  lock_refunded: "已退款",
  lock_unknown: "未知",
  kind_1: "持有权",
  kind_2: "加工使用权",
  kind_3: "经营权",
  custody_1: "密钥交付持有人",
  custody_2: "密钥逐次托管释放",
  holder: "持有人",
  until: "截止",
  uses_left: "剩余 {left} / {uses} 次",
  uses_free: "不计次数",
  used: "已使用 {used} 次",
  pays: "{payer} 付给 {payee}",
  exchanged: "由 {oracle} 兑换",
  event_token_minted: "铸造",
  event_token_sealed: "密封",
  event_token_moved: "状态变更",
  event_token_frozen: "冻结",
  event_token_thawed: "解冻",
  event_token_revoked: "撤销",
  event_token_archived: "归档",
  event_right_granted: "授予使用权",
  event_right_used: "使用",
  event_right_pending: "请求使用",
  event_right_released: "放行密钥",
  event_right_revoked: "撤销使用权",
  event_attachment_acked: "附件已签收",
  event_attachment_rejected: "附件被拒收",
  event_money_issued: "发行资金",
  event_money_paid: "付款",
  event_money_locked: "锁定款项",
  event_money_settled: "结算",
  event_money_refunded: "退款",
  said_token_minted: "操作方：{actor}",
  said_token_sealed: "共 {chunks}，操作方：{actor}",
  said_token_moved: "操作方：{actor}",
  said_right_granted: "{grantor} 授予 {holder}：{kind}，{uses}",
  said_right_used: "{holder}，第 {use} 次使用",
  said_right_pending: "{holder} 请求第 {use} 次使用",
  said_right_released: "{grantor} 向 {holder} 放行，仅供第 {use} 次使用",
  said_right_revoked: "操作方：{actor}",
  said_attachment: "{actor} 已持有",
  said_money: "{amount}，{payer} 付给 {payee}",
  said_money_refunded: "{amount}，退还 {payee}",
  said_other: "操作方：{actor}",
  uses_n: "{n} 次",
  uses_1: "1 次",
  reason: "原因代码 {n}",
  reason_1001: "发现数据损坏",
  verdict: "合规裁定",
  code_allow: "允许",
  code_allow_with_obligations: "允许，附带义务",
  code_needs_mechanism: "需要合法路径",
  code_deny: "拒绝",
  code_unknown: "未知",
  no_border: "未跨越边境，无需裁定。",
  obligations: "义务",
  within_days: "{n} 日内",
  within_working_days: "{n} 个工作日内",
  every_months: "每 {n} 个月",
  required: "必须具备",
  or: "或",
  cites: "依据条文",
  rules: "触发的规则",
  assumed: "未申报而按默认处理的事实",
  coverage: "法规覆盖程度",
  coverage_none: "未覆盖",
  coverage_stub: "极少",
  coverage_partial: "部分",
  coverage_full: "完整",
  judged_on: "裁定日：{day}",
  disclaimer: "依据所申报的事实适用规则，不构成法律意见。",
  no_words: "本节点没有该法规的文字，以编号显示。",
  ended_title: "会话已结束",
  ended_how: "会话会自动到期，也会随开启它的节点停止而结束。获取新的链接：",
  none_title: "打开此页需要链接",
  none_how: "此页显示某一参与方可读的内容。空间的参与方用以下命令获取链接：",
  failed_title: "节点没有应答",
  failed_how: "节点可能已停止。待其恢复运行后请重新加载。",
  retry: "重新加载",
  place_unknown: "地区 {n}",
  participant_n: "参与方 {n}",
  role_regulator: "监管方",
  role_bank: "银行",
  role_admission: "准入方",
  role_oracle: "报价方",
  name_exporter: "出口方",
  name_importer: "进口方",
  name_bank: "银行",
  name_carrier: "承运方",
  name_regulator: "监管方",
  name_broker: "托管方",
  name_oracle: "报价方",
  new_event: "新事件：{what}",
};

export type Language = "en" | "zh";
const DICTIONARY: Record<Language, Record<Key, string>> = { en, zh };
const CHOICE = "carnet.language";

let language: Language = localStorage.getItem(CHOICE) === "en" ? "en"
  : localStorage.getItem(CHOICE) === "zh" ? "zh"
  : navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";

export function current(): Language {
  return language;
}

export function toggle(): void {
  language = language === "en" ? "zh" : "en";
  localStorage.setItem(CHOICE, language);
}

export function say(key: Key, values: Record<string, string | number> = {}): string {
  return DICTIONARY[language][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** A key made of a word that the node gave: what is not in the dictionary is shown as it is. */
export function sayOr(key: string, fallback: string, values: Record<string, string | number> = {}): string {
  return key in en ? say(key as Key, values) : fallback;
}

export function time(iso: string): string {
  const t = new Date(iso);
  return Number.isNaN(t.getTime()) ? iso : new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", {
    year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
  }).format(t);
}

export function date(iso: string | number): string {
  const t = new Date(iso);
  return Number.isNaN(t.getTime()) ? String(iso) : new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", {
    year: "numeric", month: "short", day: "numeric", timeZone: "UTC",
  }).format(t);
}

const LETTERS: Record<number, string> = {
  36: "AUD", 124: "CAD", 156: "CNY", 344: "HKD", 356: "INR", 392: "JPY", 410: "KRW", 458: "MYR",
  702: "SGD", 756: "CHF", 764: "THB", 784: "AED", 826: "GBP", 840: "USD", 978: "EUR", 986: "BRL",
};

export function money(amount: string, code: number | undefined): string {
  const [whole = "", part] = amount.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${LETTERS[code ?? 0] ?? code ?? ""} ${grouped}${part === undefined ? "" : "." + part}`;
}

/** The law's words, by the numbers of the pack set. */
export class Law {
  constructor(private readonly prose: Prose | null) {}

  word(n: number): string {
    const w = this.prose?.words[n - 1];
    return w === undefined ? `#${n}` : (language === "zh" ? w.zh : w.en) || w.word.replace(/_/g, " ");
  }
  fact(n: number): string {
    return this.prose?.facts.find((f) => f.n === n)?.fact.replace(/_/g, " ") ?? `#${n}`;
  }
  place(n: number): string {
    const p = this.prose?.places.find((x) => x.n === n);
    return p === undefined ? say("place_unknown", { n }) : language === "zh" ? p.zh : p.en;
  }
  code(n: number): string {
    return this.prose?.places.find((x) => x.n === n)?.code ?? String(n);
  }
  rule(n: number): { id: string; note: string; effect: string } {
    const r = this.prose?.rules[n - 1];
    return r === undefined ? { id: `#${n}`, note: "", effect: "" }
      : { id: r.id, note: language === "zh" ? r.note.zh : r.note.en, effect: r.effect };
  }
  cite(n: number): { id: string; name: string } {
    const id = this.prose?.cites[n - 1] ?? `#${n}`;
    return { id, name: citeName(id) };
  }
}

const INSTRUMENTS: Record<string, [string, string]> = {
  "CN-PIPL": ["Personal Information Protection Law", "《个人信息保护法》"],
  "CN-DSL": ["Data Security Law", "《数据安全法》"],
  "CN-CSL": ["Cybersecurity Law", "《网络安全法》"],
  "CN-NDSMR": ["Network Data Security Regulations", "《网络数据安全管理条例》"],
  "CN-CBDF": ["Provisions on Cross-Border Data Flows", "《促进和规范数据跨境流动规定》"],
  "CN-SAM": ["Security Assessment Measures", "《数据出境安全评估办法》"],
  "CN-SCM": ["Standard Contract Measures", "《个人信息出境标准合同办法》"],
  "CN-CERT": ["Certification Measures", "《个人信息出境认证办法》"],
  "CN-GBA": ["Greater Bay Area Guideline", "《粤港澳大湾区标准合同实施指引》"],
  "CN-HGR": ["Human Genetic Resources Regulations", "《人类遗传资源管理条例》"],
  "CN-AUTO": ["Automotive Data Provisions", "《汽车数据安全管理若干规定》"],
  "EU-GDPR": ["GDPR", "欧盟《通用数据保护条例》"],
  "EU-SCC": ["EU standard contractual clauses", "欧盟标准合同条款"],
  "EU-DPF": ["EU–US Data Privacy Framework", "欧美数据隐私框架"],
  "SG-PDPA": ["Singapore PDPA", "新加坡《个人数据保护法》"],
  "US-DSP": ["US Data Security Program (28 CFR 202)", "美国数据安全计划（28 CFR 202）"],
};

function citeName(id: string): string {
  const colon = id.indexOf(":");
  const instrument = INSTRUMENTS[id.slice(0, colon)];
  const article = id.slice(colon + 1);
  if (instrument === undefined || colon < 0) {
    return "";
  }
  if (!/^[0-9]/.test(article)) {
    return language === "zh" ? instrument[1] : instrument[0];
  }
  return language === "zh" ? `${instrument[1]}第${article}条` : `${instrument[0]}, Art. ${article}`;
}
