// A visitor who writes much and does not give up: what an honest client does with the contract's methods when connections break.
import { Heard, within } from "../../../support/wait.js";

/** How many messages are under way at once. */
const WINDOW = 8;

export class Talker {
  /** What the visitor sees: pushed or caught up with, in order, each once. */
  #seen = new Heard();
  #ids = new Set();
  /** Pushes that came before the catch-up had ended. */
  #held = [];
  #catchingUp = true;
  #pushed = new Set();
  #numbers = 0;
  /** Texts that were pushed twice on one connection. */
  doubles = [];

  static async start(visitor, transport) {
    const talker = new Talker();
    talker.visitor = visitor;
    talker.hub = visitor.hub(transport);
    const { connection } = talker.hub;
    connection.on("MessageReceived", (message) => talker.#hears(message));
    connection.onreconnecting(() => (talker.#ready = talker.#back()));
    await talker.hub.start();
    await talker.#joins();
    talker.#ready = Promise.resolve();
    return talker;
  }

  #ready;

  get seen() {
    return this.#seen.items;
  }

  hasSeen(count) {
    return this.#seen.until((items) => items.length >= count, `${count} messages before the visitor's eyes`);
  }

  history() {
    return this.hub.invoke("GetMessages", ...this.visitor.who);
  }

  stop() {
    return this.hub.stop();
  }

  /** Joins first and asks then, so that nothing falls between. */
  async #joins() {
    this.#catchingUp = true;
    this.#pushed.clear();
    await this.hub.invoke("JoinSession", ...this.visitor.who);
    const last = this.seen.at(-1)?.id;
    const missed = await this.hub.invoke("GetMessages", ...this.visitor.who, ...(last ? [last] : []));
    for (const message of missed) this.#sees(message);
    for (const message of this.#held.splice(0)) this.#sees(message);
    this.#catchingUp = false;
  }

  #hears(message) {
    if (this.#pushed.has(message.id)) this.doubles.push(message.contentText);
    this.#pushed.add(message.id);
    if (this.#catchingUp) this.#held.push(message);
    else this.#sees(message);
  }

  #sees(message) {
    if (this.#ids.has(message.id)) return;
    this.#ids.add(message.id);
    this.#seen.add(message);
  }

  /** Waits for the client's own comeback, then joins again; until that has worked. */
  async #back() {
    this.#held = [];
    this.#catchingUp = true;
    const before = this.hub.reconnected.items.length;
    await this.hub.reconnected.first(before + 1, "the client's comeback");
    try {
      await this.#joins();
    } catch (error) {
      // Lost again meanwhile: the next comeback sees to it.
      if (this.hub.connection.state === "Connected") throw error;
    }
  }

  /** Writes each text under an id of its own, again and again until it is acknowledged. */
  async writes(texts, onAcknowledged = () => {}) {
    let waiting = texts.map((text) => ({ text, id: `client-${++this.#numbers}` }));
    let acknowledged = 0;
    const send = async (message) => {
      await this.visitor.says(this.hub, message.text, null, message.id);
      if (!message.done) onAcknowledged(++acknowledged);
      message.done = true;
    };
    while (waiting.length > 0) {
      await this.#isReady();
      await this.#together(waiting, send);
      waiting = waiting.filter(({ done }) => !done);
    }
  }

  /** Sends in order, a few at a time, until all are sent or one fails; then waits for those under way. */
  async #together(messages, send) {
    const rest = [...messages];
    let broken = false;
    const worker = async () => {
      while (rest.length > 0 && !broken) {
        try {
          await send(rest.shift());
        } catch (error) {
          // Only a lost connection is a reason to try again.
          if (/HubException/.test(error?.message)) throw error;
          broken = true;
        }
      }
    };
    await within(Promise.all(Array.from({ length: WINDOW }, worker)), "the acknowledgements", 120_000);
  }

  /** Joined, and caught up; whatever has happened meanwhile. */
  async #isReady() {
    let ready;
    do {
      ready = this.#ready;
      await within(ready, "the comeback");
    } while (ready !== this.#ready);
  }
}
