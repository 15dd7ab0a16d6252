// A session of ImapFlow: imapflow-session.mjs PORT USER PASSWORD.
import assert from "node:assert/strict";
import { ImapFlow } from "imapflow";

const [port, user, pass] = process.argv.slice(2);

async function connect() {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: Number(port),
    secure: false,
    auth: { user, pass },
    logger: false,
    qresync: true,
    tls: { rejectUnauthorized: false },
  });
  await client.connect();
  return client;
}

const reader = await connect();
const writer = await connect();
await reader.mailboxOpen("INBOX");
const news = new Promise((resolve) => reader.once("exists", resolve));

const appended = await writer.append("INBOX", "Subject: hello\r\n\r\nHello\r\n", ["$Label1"]);
assert.equal(appended.uid, 1);
const event = await news;
assert.equal(event.count, 1);

const message = await reader.fetchOne("1", { envelope: true, bodyStructure: true, flags: true, source: true, uid: true });
assert.equal(message.envelope.subject, "hello");
assert.equal(message.bodyStructure.type, "text/plain");
assert.ok(message.flags.has("$Label1"));
assert.equal(message.source.toString(), "Subject: hello\r\n\r\nHello\r\n");

const flagged = new Promise((resolve) => reader.once("flags", resolve));
await writer.mailboxOpen("INBOX");
await writer.messageFlagsAdd("1", ["\\Flagged"], { uid: true });
await flagged;

await writer.append("INBOX", "Subject: second\r\n\r\nSecond\r\n");
const gone = new Promise((resolve) => reader.once("expunge", resolve));
await writer.noop();
const moved = await writer.messageMove("2", "Archive", { uid: true });
assert.equal(moved.uidMap.get(2), 1);
await gone;

assert.deepEqual(await reader.search({ flagged: true }, { uid: true }), [1]);
const listed = await reader.list();
assert.ok(listed.some((box) => box.specialUse === "\\Archive" && box.path === "Archive"));
await reader.logout();
await writer.logout();
