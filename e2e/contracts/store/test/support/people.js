// Who comes to a shop, and who works there: over REST, and over the hubs by the official client.
import { createHmac, randomUUID } from "node:crypto";
import * as signalR from "@microsoft/signalr";
import { told } from "../../../support/http.js";
import { Heard, within } from "../../../support/wait.js";

export const TRANSPORTS = ["WebSockets", "ServerSentEvents", "LongPolling"];
const PASSWORD = "correct horse battery";
/** Every event that either hub may send. Any other is a failure. */
const EVENTS = ["MessageReceived", "NewCustomerMessage", "Message", "Status"];

/** An account with its website channel, made by the command line while the server runs. */
export class Shop {
  static async open(parlor) {
    const email = `owner-${randomUUID()}@shop.example`;
    const create = ["account", "create", "--name", "Shop", "--email", email, "--password", PASSWORD, "--json"];
    const made = JSON.parse(await parlor.command(...create));
    return Object.assign(new Shop(), { parlor, made, ...made });
  }

  signIn() {
    return Staff.signIn(this.parlor, this.email);
  }

  visitor(url = this.parlor.url) {
    return new Visitor(url, this.channelToken);
  }
}

/** Somebody who has signed in. */
export class Staff {
  static async signIn(parlor, email) {
    const url = `${parlor.url}/api/v1/auth/login`;
    const tokens = await told("POST", url, { body: { email, password: PASSWORD } });
    return Object.assign(new Staff(), { parlor, ...tokens });
  }

  /** A request to the store API that must succeed. */
  does(method, path, body) {
    return told(method, `${this.parlor.url}/api/v1/store/${path}`, { body, token: this.accessToken });
  }

  replies(conversationId, text) {
    return this.does("POST", `social/conversations/${conversationId}/messages`, { text });
  }

  signOut() {
    return told("POST", `${this.parlor.url}/api/v1/auth/logout`, { body: { refreshToken: this.refreshToken } });
  }

  /** A connection to the staff's hub, not yet started. */
  hub(transport, options = {}) {
    return new HubClient(`${this.parlor.url}/hubs/store-conversations`, transport, {
      accessTokenFactory: () => this.accessToken,
      ...options,
    });
  }

  /** A connection that hears what happens in the store. */
  async joins(transport, options) {
    const hub = await this.hub(transport, options).start();
    await hub.invoke("JoinStore");
    return hub;
  }
}

/** Somebody on a shop's page. */
export class Visitor {
  sessionId = randomUUID();

  constructor(url, channelToken) {
    this.url = url;
    this.channelToken = channelToken;
  }

  /** What every method of the widget's hub begins with. */
  get who() {
    return [this.channelToken, this.sessionId];
  }

  /** A connection to the visitors' hub, not yet started. */
  hub(transport, options) {
    return new HubClient(`${this.url}/hubs/widget-chat`, transport, options);
  }

  /** A connection that hears `MessageReceived`. */
  async joins(transport, options) {
    const hub = await this.hub(transport, options).start();
    await hub.invoke("JoinSession", ...this.who);
    return hub;
  }

  says(hub, text, name = null, ...more) {
    return hub.invoke("SendMessage", ...this.who, text, name, ...more);
  }

  /** Writes over REST; the whole history. */
  writes(text, more) {
    const url = `${this.url}/api/v1/widget/chat/${this.channelToken}/messages`;
    return told("POST", url, { body: { sessionId: this.sessionId, text, ...more } });
  }
}

/** The protocol of the client, with an ear on what the server really says. */
class Overheard extends signalR.JsonHubProtocol {
  closes = new Heard();
  strange = [];

  parseMessages(input, logger) {
    const messages = super.parseMessages(input, logger);
    for (const message of messages) {
      if (message.type === signalR.MessageType.Close) this.closes.add(message);
      if (message.type === signalR.MessageType.Invocation && !EVENTS.includes(message.target)) {
        this.strange.push(message.target);
      }
    }
    return messages;
  }
}

/** The official client, built as the contract's samples build it, and all that it hears. */
export class HubClient {
  /** `[event, payload]` in the order of arrival. */
  heard = new Heard();
  reconnecting = new Heard();
  reconnected = new Heard();
  closed = new Heard();
  #overheard = new Overheard();

  /** `transport` by name; without one the client chooses. */
  constructor(url, transport, options = {}) {
    this.connection = new signalR.HubConnectionBuilder()
      .withUrl(url, { transport: transport && signalR.HttpTransportType[transport], ...options })
      .withAutomaticReconnect()
      .withHubProtocol(this.#overheard)
      .configureLogging(signalR.LogLevel.None)
      .build();
    for (const event of EVENTS) {
      this.connection.on(event, (...payload) => this.heard.add([event, ...payload]));
    }
    this.connection.onreconnecting((error) => this.reconnecting.add(error));
    this.connection.onreconnected((id) => this.reconnected.add(id));
    this.connection.onclose((error) => this.closed.add(error));
  }

  async start() {
    await within(this.connection.start(), "the start of the connection");
    return this;
  }

  invoke(method, ...args) {
    return within(this.connection.invoke(method, ...args), `the result of ${method}`);
  }

  stop() {
    return within(this.connection.stop(), "the end of the connection");
  }

  /** The Close messages of the server. */
  get closes() {
    return this.#overheard.closes;
  }

  /** Events that the contract does not know. */
  get strange() {
    return this.#overheard.strange;
  }

  /** What was heard, each as `[event, text]`. */
  get texts() {
    return this.heard.items.map(([event, payload]) => [event, payload.contentText ?? payload.content ?? payload.status]);
  }
}

/** Runs `body` and stops the connections it has opened, whatever happens. */
export async function withHubs(body) {
  const hubs = [];
  const keep = (hub) => {
    hubs.push(hub);
    return hub;
  };
  try {
    await body(async (opening) => keep(await opening));
  } finally {
    await Promise.allSettled(hubs.map((hub) => hub.stop()));
  }
}

/** A token with these claims, signed by the installation's own key. */
export function sign(place, claims, key = createHmac("sha256", place.secretKey).update("access token").digest()) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ typ: "JWT", alg: "HS256" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

export function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
}
