// A line between client and server that can be cut.
import { once } from "node:events";
import net from "node:net";

export class Proxy {
  #port;
  #down = false;
  #pairs = new Set();
  #server = net.createServer((near) => (this.#down ? near.resetAndDestroy() : this.#join(near)));

  constructor(port) {
    this.#port = port;
  }

  static async to(port) {
    const proxy = new Proxy(port);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  #join(near) {
    const far = net.connect(this.#port, "127.0.0.1");
    const pair = [near, far];
    this.#pairs.add(pair);
    const part = () => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const [socket, other] of [[near, far], [far, near]]) {
      socket.setNoDelay(true);
      socket.pipe(other);
      socket.on("error", part).on("close", part);
    }
  }

  /** Breaks every connection at once, on both sides; new ones are taken. Bytes under way are lost. */
  cut() {
    const count = this.#pairs.size;
    for (const [near, far] of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    return count;
  }

  /** Breaks every connection and takes no new ones until `up`. */
  down() {
    this.#down = true;
    this.cut();
  }

  up() {
    this.#down = false;
  }

  close() {
    this.cut();
    this.#server.close();
  }
}
