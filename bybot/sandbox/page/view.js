// Messages as elements. Everything that people wrote goes in as text, never as HTML.

export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function colour(id) {
  return `c${Math.abs(Number(id)) % 7}`;
}

export function initial(name) {
  return [...(name || "?").trim()][0]?.toUpperCase() ?? "?";
}

const TAGS = {
  bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote",
};

function wrapped(entity, content) {
  const text = content.map((part) => (typeof part === "string" ? part : part.textContent)).join("");
  const link = (href) => {
    const node = el("a", "", ...content);
    if (/^https?:\/\//.test(href)) {
      node.href = href;
      node.target = "_blank";
      node.rel = "noopener noreferrer";
    }
    return node;
  };
  switch (entity.type) {
    case "text_link": return link(entity.url);
    case "url": return link(text.includes("://") ? text : `https://${text}`);
    case "spoiler": {
      const node = el("span", "spoiler", ...content);
      node.addEventListener("click", () => node.classList.add("open"));
      return node;
    }
    case "mention": case "hashtag": case "bot_command": case "email": case "cashtag": case "text_mention":
      return el("span", "mark", ...content);
    default:
      return TAGS[entity.type] ? el(TAGS[entity.type], "", ...content) : el("span", "", ...content);
  }
}

// Offsets are UTF-16 units on both sides, so slices of a JavaScript string are right as they are.
export function formatted(text, entities, from = 0, to = text.length) {
  const parts = [];
  let at = from;
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  for (let i = 0; i < sorted.length; i += 1) {
    const entity = sorted[i];
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    if (end <= start) continue;
    if (start > at) parts.push(text.slice(at, start));
    const inner = sorted.slice(i + 1).filter((other) => other.offset < end);
    parts.push(wrapped(entity, formatted(text, inner, start, end)));
    at = end;
  }
  if (at < to) parts.push(text.slice(at, to));
  return parts;
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function media(message, show) {
  const item = message.media;
  if (!item) return null;
  if (item.kind === "photo") {
    const button = el("button", "photo");
    button.type = "button";
    const image = el("img");
    image.src = item.url;
    image.alt = "Photo";
    image.loading = "lazy";
    if (item.width && item.height) {
      image.width = item.width;
      image.height = item.height;
    }
    button.append(image);
    button.addEventListener("click", () => show(item.url));
    return button;
  }
  const link = el(
    "a", "file",
    el("span", "sheet", item.kind === "video" ? "▶" : "🗎"),
    el("span", "", el("b", "", item.name || item.kind), el("small", "", `${item.kind} · ${size(item.size)}`)),
  );
  link.href = item.url;
  link.download = item.name || "file";
  return link;
}

function buttons(message, press) {
  if (!message.buttons) return null;
  return el("div", "buttons", ...message.buttons.map((row) => el("div", "row", ...row.map((button) => {
    if (button.url) {
      const link = el("a", "", `${button.text} ↗`);
      if (/^https?:\/\//.test(button.url)) link.href = button.url;
      link.target = "_blank";
      link.rel = "noopener noreferrer";
      return link;
    }
    const node = el("button", "", button.text);
    node.type = "button";
    node.addEventListener("click", () => press(message, button, node));
    return node;
  }))));
}

function when(iso) {
  const date = new Date(iso);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const today = new Date().toDateString() === date.toDateString();
  return today ? time : `${date.toLocaleDateString([], { day: "numeric", month: "short" })}, ${time}`;
}

const SERVICE = {
  ChannelCreate: "Channel created", ChatEditTitle: "Title changed", HistoryClear: "History cleared",
  ChatAddUser: "Somebody joined", ChatJoinedByLink: "Somebody joined by link", PinMessage: "A message was pinned",
};

// One bubble for a message, or for all messages of an album.
export function bubble(group, { known, press, show }) {
  const first = group[0];
  if (first.service) return el("div", "note", SERVICE[first.service] || first.service);
  const text = group.find((message) => message.text);
  const kinds = ["bubble", first.out ? "out" : "in"];
  if (group.some((message) => message.media?.kind === "photo")) kinds.push("has-photo");
  const node = el("article", kinds.join(" "));
  if (first.reply_to) {
    const answered = known.get(first.reply_to);
    node.append(el("div", "quote", answered ? answered.text || "Photo" : `Message ${first.reply_to}`));
  }
  if (group.length > 1) {
    node.append(el("div", `album n${Math.min(group.length, 6)}`, ...group.map((message) => media(message, show))));
  } else {
    const single = media(first, show);
    if (single) node.append(single);
  }
  if (text) {
    const body = el("div", "text", ...formatted(text.text, text.entities));
    body.dir = "auto";
    node.append(body);
  }
  const facts = [];
  if (first.noforwards) facts.push("🔒 no forwarding");
  if (first.edited) facts.push("edited");
  if (first.views) facts.push(`#${first.id}`);
  facts.push(when(first.date));
  node.append(el("div", "facts", facts.join(" · ")));
  return el("div", `line ${first.out ? "out" : "in"}`, el("div", "stack", node, buttons(first, press)));
}

export function grouped(messages) {
  const groups = [];
  for (const message of messages) {
    const last = groups.at(-1);
    if (message.grouped_id && last?.[0].grouped_id === message.grouped_id) last.push(message);
    else groups.push([message]);
  }
  return groups;
}

// A list of bubbles that changes as little as possible, and stays at its end when it was there.
export class List {
  constructor(box, empty, actions) {
    this.box = box;
    this.empty = empty;
    this.actions = actions;
    this.nodes = new Map();
    this.key = "";
  }

  show(key, messages) {
    const fresh = key !== this.key;
    if (fresh) {
      this.key = key;
      this.nodes.clear();
      this.box.replaceChildren();
    }
    const known = new Map(messages.map((message) => [message.id, message]));
    const atEnd = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 80;
    const groups = grouped(messages);
    const wanted = new Set(groups.map((group) => group[0].id));
    for (const [id, entry] of this.nodes) {
      if (wanted.has(id)) continue;
      this.nodes.delete(id);
      entry.node.classList.add("gone");
      setTimeout(() => entry.node.remove(), 180);
    }
    this.box.querySelector(".empty")?.remove();
    if (!groups.length) this.box.append(el("p", "empty", this.empty));
    for (const group of groups) {
      const state = JSON.stringify([group, known.get(group[0].reply_to)?.text]);
      const old = this.nodes.get(group[0].id);
      if (old?.state === state) continue;
      const node = bubble(group, { known, ...this.actions });
      if (old) {
        node.classList.add("changed");
        old.node.replaceWith(node);
      } else {
        if (!fresh) node.classList.add("new");
        this.box.append(node);
      }
      this.nodes.set(group[0].id, { state, node });
    }
    if (fresh || atEnd) this.toEnd();
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
    for (const image of this.box.querySelectorAll("img")) {
      if (!image.complete) image.addEventListener("load", () => { this.box.scrollTop = this.box.scrollHeight; }, { once: true });
    }
  }
}
