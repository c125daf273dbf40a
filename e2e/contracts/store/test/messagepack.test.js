// Section 8.2 on the product's hubs: the official MessagePack protocol, over both transports that carry bytes.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { after, before, test } from "node:test";
import signalR from "@microsoft/signalr";
import msgpack from "@microsoft/signalr-protocol-msgpack";
import { Parlor } from "../../support/parlor.js";
import { Shop } from "./support/people.js";

let parlor, shop, owner;
before(async () => {
  parlor = await Parlor.start({ flags: ["--rate-limits", "off"] });
  shop = await Shop.open(parlor);
  owner = await shop.signIn();
  await owner.does("POST", `social/channels/${shop.channelId}/toggle-agent`, { isAgentEnabled: false });
});
after(() => parlor?.clear());

for (const transport of ["WebSockets", "LongPolling"]) {
  test(`a visitor writes and hears, times are times (${transport})`, async () => {
    const visitor = shop.visitor();
    const hub = new signalR.HubConnectionBuilder()
      .withUrl(`${parlor.url}/hubs/widget-chat`, { transport: signalR.HttpTransportType[transport] })
      .withHubProtocol(new msgpack.MessagePackHubProtocol())
      .configureLogging(signalR.LogLevel.None)
      .build();
    const heard = new EventEmitter();
    hub.on("MessageReceived", (message) => heard.emit("message", message));
    await hub.start();
    try {
      await hub.invoke("JoinSession", ...visitor.who);
      const message = once(heard, "message", { signal: AbortSignal.timeout(20_000) });
      assert.equal(await hub.invoke("SendMessage", ...visitor.who, "Grüße 🌱", null), null);
      const [received] = await message;
      assert.deepEqual(Object.keys(received), ["id", "direction", "contentText", "isAiGenerated", "createdAt"]);
      assert.equal(received.contentText, "Grüße 🌱");
      assert.ok(received.createdAt instanceof Date, `createdAt is ${typeof received.createdAt}`);
      assert.deepEqual(await hub.invoke("GetMessages", ...visitor.who), [received]);
    } finally {
      await hub.stop();
    }
  });
}
