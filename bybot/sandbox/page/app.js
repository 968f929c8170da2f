import { List, colour, el, initial } from "./view.js";

const $ = (selector) => document.querySelector(selector);
const POLL_MS = 4000;
const state = { world: null, person: null, bot: null, source: null, target: null, picture: 100000 };

async function call(path, body) {
  const options = body === undefined
    ? {}
    : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`/control/${path}`, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || response.statusText);
  return answer;
}

let toastTimer = 0;
function toast(text) {
  const box = $("#toast");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 4000);
}

function attempt(action) {
  return async (...given) => {
    try {
      await action(...given);
    } catch (error) {
      toast(error.message);
    }
  };
}

function show(url) {
  $("#viewer img").src = url;
  $("#viewer").showModal();
}
$("#viewer").addEventListener("click", () => $("#viewer").close());

const press = attempt(async (message, button, node) => {
  node.classList.add("busy");
  try {
    const answer = await call("press", {
      as: state.person, bot: state.bot, message_id: message.id, data: button.callback_data,
    });
    if (!answer.answered) toast("The bot did not answer");
    else if (answer.text) toast(answer.text);
  } finally {
    node.classList.remove("busy");
  }
});

const chat = new List($("#chat"), "Nothing here yet. Press /start to begin.", { press, show });
const panes = {};
for (const section of document.querySelectorAll(".channel")) {
  panes[section.dataset.role] = {
    section,
    select: section.querySelector("select"),
    list: new List(section.querySelector(".messages"), "No posts yet.", { press() {}, show }),
  };
}

// Reading --------------------------------------------------------------------------------------------------------

const me = () => state.world.accounts.find((account) => account.id === state.person);
const channel = (id) => state.world.channels.find((each) => each.id === id);

async function loadChat() {
  if (!state.person || !state.bot) return;
  const key = `${state.person}:${state.bot}`;
  const { messages } = await call(`chat?as=${state.person}&with=${state.bot}&limit=80`);
  if (key !== `${state.person}:${state.bot}`) return;
  chat.show(key, messages);
  const keyboard = messages.findLast((message) => !message.out && message.keyboard)?.keyboard;
  $("#keyboard").hidden = !keyboard;
  $("#keyboard").replaceChildren(...(keyboard || []).map((row) => el("div", "row", ...row.map((label) => {
    const button = el("button", "", label);
    button.type = "button";
    button.addEventListener("click", () => say(label));
    return button;
  }))));
  typing(false);
}

async function loadChannel(role) {
  const pane = panes[role];
  const shown = channel(state[role]);
  if (!shown) return;
  const { total, messages } = await call(`chat?as=${shown.creator}&with=${shown.chat_id}&limit=60`);
  if (shown.id !== state[role]) return;
  pane.list.show(`${role}:${shown.id}`, messages);
  const plural = (count, name) => `${count} ${name}${count === 1 ? "" : "s"}`;
  const facts = [plural(total - 1, "post"), plural(shown.members.length, "member")];
  if (shown.username) facts.push(`@${shown.username}`);
  if (shown.noforwards) facts.push("🔒 protected");
  pane.section.querySelector("small").textContent = facts.join(" · ");
}

async function loadCode() {
  const { messages } = await call(`chat?as=${state.person}&with=777000&limit=1`);
  const newest = messages.at(-1);
  const code = newest?.text.match(/\b\d{5,6}\b/)?.[0];
  $("#service").hidden = !newest;
  if (!newest) return;
  const fresh = code && $("#code").textContent !== code;
  $("#code").textContent = code || "";
  const time = new Date(newest.date).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  $("#service-text").textContent = code
    ? `Login code of ${time}: enter it on the bot's keypad, never as a message`
    : newest.text.split("\n")[0];
  if (fresh) {
    $("#service").classList.remove("flash");
    void $("#service").offsetWidth; // restarts the animation
    $("#service").classList.add("flash");
  }
}

// Each pane is read again at most every 60 ms, however many events come.
const waiting = new Map();
function soon(name, load) {
  if (waiting.has(name)) return;
  waiting.set(name, setTimeout(async () => {
    waiting.delete(name);
    try {
      await load();
    } catch {
      online(false);
    }
  }, 60));
}

function refresh() {
  soon("chat", loadChat);
  soon("source", () => loadChannel("source"));
  soon("target", () => loadChannel("target"));
  soon("code", loadCode);
}

let typingTimer = 0;
function typing(on) {
  $("#bot-state").textContent = on ? "typing…" : "bot";
  clearTimeout(typingTimer);
  if (on) typingTimer = setTimeout(() => typing(false), 5000);
}

function online(yes) {
  $("#live").textContent = yes ? "live" : "offline";
  $("#live").classList.toggle("on", yes);
  $("#live").title = yes ? "Changes appear at once" : "Not connected; trying again";
}

let events = null;
function listen() {
  events?.close();
  events = new EventSource(`/control/events?as=${state.person}`);
  events.addEventListener("ready", () => { online(true); refresh(); });
  events.addEventListener("error", () => online(false));
  events.addEventListener("message", ({ data }) => {
    const event = JSON.parse(data);
    if (event.kind === "membership") soon("world", loadWorld);
    else if (event.kind === "code") soon("code", loadCode);
    else if (event.kind === "typing") typing(event.chat.id === state.bot);
    else if (event.chat.kind === "user") soon("chat", loadChat);
    else {
      for (const role of ["source", "target"]) {
        if (state[role] === event.chat.id) soon(role, () => loadChannel(role));
      }
    }
  });
}

// Choosing -------------------------------------------------------------------------------------------------------

function dress(avatar, id, name) {
  avatar.className = `avatar ${colour(id)}`;
  avatar.textContent = initial(name);
}

function options(select, items, chosen, label) {
  select.replaceChildren(...items.map((item) => {
    const option = el("option", "", label(item));
    option.value = item.id;
    option.selected = item.id === chosen;
    return option;
  }));
}

function remember() {
  const { person, source, target } = state;
  history.replaceState(null, "", `#${new URLSearchParams({ person, source, target })}`);
}

async function loadWorld() {
  state.world = await call("world");
  const people = state.world.accounts.filter((account) => account.phone && !account.deactivated);
  const bots = state.world.accounts.filter((account) => account.is_bot);
  const { channels } = state.world;
  const asked = new URLSearchParams(location.hash.slice(1));
  const pick = (name, items, otherwise) => {
    const wanted = state[name] ?? Number(asked.get(name));
    return items.find((item) => item.id === wanted)?.id ?? otherwise?.id ?? items[0]?.id ?? null;
  };
  const before = state.person;
  state.person = pick("person", people);
  state.bot = pick("bot", bots);
  const mine = (each) => each.creator === state.person;
  state.source = pick("source", channels, channels.find((each) => !mine(each)));
  state.target = pick("target", channels, channels.find((each) => mine(each) && each.id !== state.source));
  $("#people").replaceChildren(...people.map((person) => {
    const chosen = person.id === state.person;
    const button = el("button", chosen ? "chosen" : "", el("span", `avatar ${colour(person.id)}`, initial(person.name)), person.name);
    button.type = "button";
    button.title = `+${person.phone}${person.has_password ? ", with a two-step password" : ""}`;
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", String(chosen));
    button.addEventListener("click", () => {
      Object.assign(state, { person: person.id, source: null, target: null });
      history.replaceState(null, "", "#");
      attempt(loadWorld)();
    });
    return button;
  }));
  $("#password").hidden = !me()?.password;
  options($("#bot"), bots, state.bot, (bot) => bot.name);
  const bot = bots.find((each) => each.id === state.bot);
  dress($("#bot-avatar"), state.bot ?? 0, bot?.name);
  for (const role of ["source", "target"]) {
    options(panes[role].select, channels, state[role], (each) => each.title);
    dress(panes[role].section.querySelector(".avatar"), state[role] ?? 0, channel(state[role])?.title);
  }
  remember();
  if (before !== state.person) listen();
  refresh();
}

for (const role of ["source", "target"]) {
  panes[role].select.addEventListener("change", ({ target }) => {
    state[role] = Number(target.value);
    dress(panes[role].section.querySelector(".avatar"), state[role], channel(state[role])?.title);
    remember();
    refresh();
  });
}
$("#bot").addEventListener("change", ({ target }) => {
  state.bot = Number(target.value);
  attempt(loadWorld)();
});

// Writing --------------------------------------------------------------------------------------------------------

const say = attempt(async (text) => {
  if (!text.trim()) return;
  await call("say", { as: state.person, bot: state.bot, text });
  chat.toEnd();
});

const post = attempt(async (item) => {
  const source = channel(state.source);
  if (!source?.can_post.length) throw new Error("Nobody may post there");
  await call("post", { as: source.can_post[0], chat: source.chat_id, ...item });
});

function writer(form, area, send) {
  const grow = () => {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 140)}px`;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(area.value);
    area.value = "";
    grow();
  });
  area.addEventListener("input", grow);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
}
writer($("#say"), $("#say-text"), say);
writer($("#post"), $("#post-text"), (text) => { if (text.trim()) post({ html: text }); });

const attach = attempt(async (file) => {
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  const base64 = url.slice(url.indexOf(",") + 1);
  const text = $("#say-text").value;
  $("#say-text").value = "";
  await call("say", { as: state.person, bot: state.bot, text, file: { name: file.name, mime: file.type, base64 } });
  chat.toEnd();
});
$("#attach").addEventListener("click", () => $("#file").click());
$("#file").addEventListener("change", ({ target }) => {
  if (target.files.length) attach(target.files[0]);
  target.value = "";
});
$("#start").addEventListener("click", () => say("/start"));
function fill(text) {
  $("#say-text").value = text;
  $("#say-text").focus();
}
$("#phone").addEventListener("click", () => fill(`+${me().phone}`));
$("#password").addEventListener("click", () => fill(me().password));
$("#qr").addEventListener("click", attempt(async () => {
  await call("accept_qr", { as: state.person });
  toast("Approved: the login goes on");
}));

const numbers = (count) => Array.from({ length: count }, () => { state.picture += 1; return state.picture; });
const kinds = {
  photo: () => post({ html: "A <b>picture</b> of the day", photo: numbers(1)[0] }),
  album: () => post({ html: "Four at once <i>(an album)</i>", album: numbers(4) }),
  video: () => post({ html: "A film", video: numbers(1)[0] }),
  ten: async () => { for (let n = 1; n <= 10; n += 1) await post({ html: `Post <b>${n}</b> of ten` }); },
};
for (const button of document.querySelectorAll("[data-post]")) {
  button.addEventListener("click", () => kinds[button.dataset.post]());
}

setInterval(refresh, POLL_MS); // what no event tells: channels of which this person is no member
attempt(loadWorld)();
