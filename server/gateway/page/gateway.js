// The gateway's page: asks every few seconds how things are, and shows it. Runs in Chrome 109.
"use strict";

const EVERY_MS = 3000;
// The lists cost the gateway more than the figures.
const LISTS_EVERY = 5;
const byId = (id) => document.getElementById(id);
let csrf = null;
let answeredAt = 0;
let ticks = 0;

function bilingual(zh, en) {
  const small = document.createElement("small");
  small.lang = "en";
  small.textContent = en;
  const both = document.createDocumentFragment();
  both.append(`${zh} `, small);
  return both;
}

function bytes(count) {
  if (count >= 1 << 30) return `${(count / (1 << 30)).toFixed(1)} GB`;
  if (count >= 1 << 20) return `${(count / (1 << 20)).toFixed(1)} MB`;
  return `${Math.ceil(count / 1024)} KB`;
}

function when(text) {
  if (text === null) return "从未 never";
  const moment = new Date(text);
  const minutes = Math.floor((Date.now() - moment.getTime()) / 60000);
  if (minutes >= 0 && minutes < 1) return "刚才 now";
  if (minutes >= 0 && minutes < 60) return `${minutes} 分钟前 min ago`;
  return moment.toLocaleString("zh-CN", { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
}

async function ask(path, options = {}) {
  const response = await fetch(path, { cache: "no-store", ...options });
  if (response.status === 401 && csrf !== null) signedOut();
  return response;
}

function banner(kind, title, advice, detail) {
  byId("banner").className = kind;
  byId("banner-title").replaceChildren(bilingual(...title));
  byId("banner-zh").textContent = advice ? advice.zh : "";
  byId("banner-en").textContent = advice ? advice.en : "";
  byId("banner-detail").textContent = detail || "";
  byId("wake").hidden = kind !== "stopped" || csrf === null;
}

function judge(now) {
  if (now.fault !== null) {
    banner(
      "stopped",
      ["发不出去", "Nothing goes out"],
      now.fault,
      `${now.fault.fault} · ${when(now.fault_since)} · ${now.fault_detail || ""}`,
    );
  } else if (now.is_full) {
    banner("stopped", ["本机磁盘将满，设备的检查不再接收", "The disk is nearly full: devices are refused"], {
      zh: "请腾出磁盘空间。已收到的检查仍会继续发送，县级确认后逐步释放。",
      en: "Make room. What was received still goes out, and makes room once confirmed.",
    });
  } else if (now.refused > 0) {
    banner("attention", [`有 ${now.refused} 个文件需要处理`, `${now.refused} files must be looked at`], {
      zh: csrf === null ? "登录后可看原因和办法。其余照常发送。" : "原因和办法见下表。其余照常发送。",
      en: csrf === null ? "Sign in to see why and what to do. All others go on." : "Why, and what to do, stands below. All others go on.",
    });
  } else if (now.limit_kbit_s === 0) {
    banner("fine", ["正常：本时段只发急诊", "Fine: emergencies alone at this hour"]);
  } else if (now.contacted_at === null) {
    banner("unknown", ["还没有联系过县级", "The county was not reached yet"]);
  } else if (now.waiting > 0) {
    banner("fine", ["正常：正在发送", "Fine: sending"]);
  } else {
    banner("fine", ["正常：全部送达", "Fine: everything arrived"]);
  }
}

function figure(id, text, bad = false) {
  byId(id).textContent = text;
  byId(id).classList.toggle("bad", bad);
}

function show(now) {
  byId("county").textContent = `县级 county: ${now.county_url}`;
  judge(now);
  figure("waiting-emergencies", String(now.waiting_emergencies), now.waiting_emergencies > 0 && now.fault !== null);
  figure("waiting", now.waiting ? `${now.waiting} · ${bytes(now.waiting_bytes)}` : "0");
  figure("refused", String(now.refused), now.refused > 0);
  figure("confirmed", String(now.confirmed));
  const limit = now.limit_kbit_s === null ? "" : ` ≤ ${now.limit_kbit_s}`;
  figure("speed", now.bytes_per_s === null ? `–${limit}` : `${Math.round(now.bytes_per_s / 125)}${limit} kbit/s`);
  figure("contact", when(now.contacted_at));
  figure("free", bytes(now.free_bytes), now.is_full);
  figure("quarantined", String(now.quarantined), now.quarantined > 0);
  byId("sending").hidden = now.sending === null;
  if (now.sending !== null) {
    byId("progress").value = now.sending.size ? now.sending.offset / now.sending.size : 0;
    byId("progress-text").textContent = `${bytes(now.sending.offset)} / ${bytes(now.sending.size)}`;
  }
}

function cell(row, ...content) {
  const made = row.insertCell();
  made.append(...content);
  return made;
}

function who(one) {
  const name = (one.patient_name || "").replaceAll("^", " ").trim();
  return [name || "（无姓名 no name）", document.createElement("br"), one.patient_id || ""];
}

function lines(...texts) {
  return texts.filter(Boolean).map((text) => {
    const line = document.createElement("p");
    line.textContent = text;
    return line;
  });
}

function button(zh, en, path) {
  const made = document.createElement("button");
  made.type = "button";
  made.append(bilingual(zh, en));
  made.addEventListener("click", () => act(made, path));
  return made;
}

async function act(pressed, path) {
  pressed.disabled = true;
  try {
    const response = await ask(path, { method: "POST", headers: { "X-CSRF-Token": csrf } });
    if (response.ok) tell("已提交 Done");
    else tell(`未成功 Not done: ${(await response.json()).detail}`);
  } catch {
    tell("网关没有回答 The gateway did not answer");
  }
  pressed.disabled = false;
  await refresh();
}

const STATES = { waiting: "待发 waiting", confirmed: "已确认 confirmed", refused: "需处理 refused" };
const RANKS = ["急 emergency", "普通 routine", "重发 repeat"];

function list(objects) {
  const refused = byId("refused-table").tBodies[0];
  refused.replaceChildren();
  for (const one of objects.refused) {
    const row = refused.insertRow();
    cell(row, ...who(one));
    cell(row, ...lines(`${one.modality || "?"} · ${bytes(one.size)}`, when(one.received_at), one.source));
    const why = lines(one.advice.zh, one.advice.en, `${one.answer}: ${one.answer_detail || ""}`);
    why[0].className = "advice";
    why[1].lang = "en";
    why[2].className = "quiet";
    cell(row, ...why);
    cell(row, button("重发", "Send again", `/api/gateway/objects/${one.number}/send-again`));
  }
  byId("refused-table").hidden = objects.refused.length === 0;
  byId("no-refused").hidden = objects.refused.length > 0;
  const studies = byId("studies-table").tBodies[0];
  studies.replaceChildren();
  for (const one of objects.studies) {
    const row = studies.insertRow();
    cell(row, when(one.received_at));
    cell(row, ...who(one));
    cell(row, ...lines(one.modality || "?", one.source));
    const counts = Object.entries(one.states).map(([state, count]) => `${STATES[state]}: ${count}`);
    const told = cell(row, ...lines(RANKS[one.rank], ...counts));
    told.firstChild.classList.toggle("urgent", one.rank === 0);
    const may = one.states.waiting && one.rank !== 0;
    const study = encodeURIComponent(one.study_instance_uid);
    cell(row, ...(may ? [button("加急", "Send first", `/api/gateway/studies/${study}/hurry`)] : []));
  }
  byId("more").hidden = !objects.more;
}

function tell(text) {
  byId("toast").textContent = text;
  setTimeout(() => { byId("toast").textContent = ""; }, 4000);
}

function signedIn(session) {
  csrf = session.csrf_token;
  byId("who").textContent = session.person.display_name;
  byId("sign-in").hidden = byId("ask").hidden = true;
  byId("signed-in").hidden = byId("names").hidden = false;
}

function signedOut() {
  csrf = null;
  byId("sign-in").hidden = byId("ask").hidden = false;
  byId("signed-in").hidden = byId("names").hidden = true;
  for (const table of document.querySelectorAll("tbody")) table.replaceChildren();
}

async function refresh(listsToo = true) {
  try {
    const response = await ask("/api/gateway");
    if (!response.ok) throw new Error(String(response.status));
    show(await response.json());
    answeredAt = Date.now();
    if (listsToo && csrf !== null && !document.hidden) {
      const objects = await ask("/api/gateway/objects");
      if (objects.ok) list(await objects.json());
    }
  } catch {
    if (Date.now() - answeredAt > 2 * EVERY_MS) {
      banner("stopped", ["网关程序没有回答", "The gateway does not answer"], {
        zh: "请确认本机的联诊网关服务正在运行（systemctl status lianzhen-gateway）。设备此时发送会失败。",
        en: "Make sure that the service lianzhen-gateway runs on this PC. Devices cannot send meanwhile.",
      });
    }
  }
}

byId("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  const body = JSON.stringify({ login: form.login.value, password: form.password.value });
  const response = await ask("/api/session", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  byId("sign-in-error").textContent = response.ok ? "" : "账号或密码不对，或尝试太多 Wrong, or too many attempts";
  form.password.value = "";
  if (response.ok) {
    signedIn(await response.json());
    await refresh();
  }
});

byId("sign-out").addEventListener("click", async () => {
  await ask("/api/session", { method: "DELETE", headers: { "X-CSRF-Token": csrf } });
  signedOut();
});

byId("wake").addEventListener("click", (event) => act(event.currentTarget, "/api/gateway/wake"));

async function start() {
  const response = await ask("/api/session").catch(() => null);
  if (response !== null && response.ok) signedIn(await response.json());
  else signedOut();
  await refresh();
  setInterval(() => refresh(++ticks % LISTS_EVERY === 0), EVERY_MS);
}

start();
