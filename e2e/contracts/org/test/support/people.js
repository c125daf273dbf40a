// Who comes to a shop, and who works there: over REST, and over Socket.IO by the official client.
import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { ask, told } from "../../../support/http.js";
import { Heard, within } from "../../../support/wait.js";

/** The ways of the official client, by its option `transports`. */
export const WAYS = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };
const PASSWORD = "correct horse battery";
/** Every event that the server may send, the guide's and ours. Any other is a failure. */
const EVENTS = [
  "message_received",
  "conversation_updated",
  "conversation_assigned",
  "typing_indicator",
  "typing_cleared",
  "agent_status_changed",
  "error",
  "messages_read",
  "inbox_conversation",
  "inbox_message",
  "inbox_read",
  "inbox_note",
  "inbox_note_deleted",
  "inbox_typing",
  "inbox_viewers",
  "inbox_draft",
  "inbox_presence",
  "inbox_changed",
];

/** An account with its website channel, made by the command line while the server runs. */
export class Shop {
  static async open(parlor) {
    const email = `owner-${randomUUID()}@shop.example`;
    const create = ["account", "create", "--name", "Shop", "--email", email, "--password", PASSWORD, "--json"];
    const made = JSON.parse(await parlor.command(...create));
    const shop = Object.assign(new Shop(), { parlor, ...made });
    shop.owner = await Agent.signIn(parlor, email);
    return shop;
  }

  /** One more person on the staff, signed in. */
  async agent(role = "agent") {
    const email = `${role}-${randomUUID()}@shop.example`;
    const person = ["--name", role, "--email", email, "--password", PASSWORD, "--role", role];
    await this.parlor.command("account", "agent", "--account", this.accountId, ...person);
    return Agent.signIn(this.parlor, email);
  }

  /** Keeps the assistant out of a test that is about people. */
  async silenceAssistant() {
    const body = { email: this.email, password: PASSWORD };
    const { accessToken: token } = await told("POST", `${this.parlor.url}/api/v1/auth/login`, { body });
    const toggle = `${this.parlor.url}/api/v1/store/social/channels/${this.channelId}/toggle-agent`;
    await told("POST", toggle, { token, body: { isAgentEnabled: false } });
    return this;
  }

  /** Somebody whose first message has opened a conversation. */
  async visitor(text = "Hello", url = this.parlor.url) {
    const visitor = new Visitor(this, url);
    visitor.conversationId = (await visitor.writes(text)).conversationId;
    return visitor;
  }
}

/** Somebody whose browser has signed in. */
export class Agent {
  static async signIn(parlor, email) {
    const body = { email, password: PASSWORD };
    const { status, headers, body: me } = await ask("POST", `${parlor.url}/auth/login`, { body });
    if (status !== 200) throw new Error(`${email} cannot sign in: ${status}`);
    const cookie = headers.get("set-cookie").split(";")[0];
    return Object.assign(new Agent(), { parlor, cookie, me, id: me.id });
  }

  /** A request of the agent's page. */
  asks(method, path, body, { csrf = this.me.csrf_token } = {}) {
    const headers = { Cookie: this.cookie, ...(csrf && { "X-CSRFToken": csrf }) };
    return ask(method, this.parlor.url + path, { body, headers });
  }

  /** The same, when it must succeed. */
  async does(method, path, body) {
    const { status, body: answer } = await this.asks(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} → ${status} ${JSON.stringify(answer)}`);
    return answer;
  }

  /** The socket of the agent's page: its browser sends the cookie, and names the page it comes from. */
  socket({ url = this.parlor.url, origin = this.parlor.url, ...options } = {}) {
    return new Client(url, { extraHeaders: { Cookie: this.cookie, Origin: origin }, ...options });
  }
}

/** Somebody on a shop's page. */
export class Visitor {
  externalId = randomUUID();

  constructor(shop, url) {
    this.shop = shop;
    this.url = url;
  }

  /** Writes over the store door's REST; the whole history. */
  writes(text) {
    const url = `${this.url}/api/v1/widget/chat/${this.shop.channelToken}/messages`;
    return told("POST", url, { body: { sessionId: this.externalId, text } });
  }

  /** The history by the guide's public endpoint. */
  async history() {
    const query = `external_id=${encodeURIComponent(this.externalId)}`;
    return told("GET", `${this.url}/chat-widget/history/${this.conversationId}?${query}`);
  }

  /** What every event of the visitor carries. */
  get who() {
    return { conversation_id: this.conversationId, external_id: this.externalId };
  }

  socket({ url = this.url, ...options } = {}) {
    return new Client(url, options);
  }

  /** A socket that has joined the conversation. */
  async joins(options) {
    const client = await this.socket(options).connected();
    const joined = await client.asks("join_conversation", this.who);
    if (joined.error) throw new Error(joined.error);
    return client;
  }

  /** The guide's `send_message`, and what it came to. */
  says(client, content, more = {}) {
    return client.asks("send_message", { ...this.who, content, content_type: "text", sender_type: "end_user", ...more });
  }
}

/** The official client as the guide's samples use it, and all that it hears. */
export class Client {
  /** `[event, payload]` in the order of arrival. */
  heard = new Heard();
  connects = new Heard();
  disconnects = new Heard();
  strange = [];

  constructor(url, options) {
    this.socket = io(url, { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200, ...options });
    for (const event of EVENTS) this.socket.on(event, (payload) => this.heard.add([event, payload]));
    this.socket.onAny((event) => EVENTS.includes(event) || this.strange.push(event));
    this.socket.on("connect", () => this.connects.add({ id: this.socket.id, recovered: this.socket.recovered }));
    this.socket.on("disconnect", (reason) => this.disconnects.add(reason));
  }

  async connected() {
    await this.connects.first(1, "the connection");
    return this;
  }

  /** Emits and awaits the acknowledgement. */
  asks(event, ...payload) {
    return within(this.socket.emitWithAck(event, ...payload), `the acknowledgement of ${event}`);
  }

  emit(event, ...payload) {
    this.socket.emit(event, ...payload);
  }

  /** The payloads of one event. */
  all(event) {
    return this.heard.items.filter(([name]) => name === event).map(([, payload]) => payload);
  }

  /** The payloads of one event, once there are `count`. */
  async next(event, count = 1) {
    await this.heard.until(() => this.all(event).length >= count, `${event} (${count})`);
    return this.all(event)[count - 1];
  }

  close() {
    this.socket.disconnect();
  }
}

/** Runs `body` and closes the sockets it has opened, whatever happens. */
export async function withSockets(body) {
  const clients = [];
  const keep = (client) => {
    clients.push(client);
    return client;
  };
  try {
    await body(async (opening) => keep(await opening));
  } finally {
    clients.forEach((client) => client.close());
  }
}
