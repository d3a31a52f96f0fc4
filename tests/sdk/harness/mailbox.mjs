// A mail server that keeps what it gets, for suites that follow the links and codes in mails.

import assert from "node:assert/strict";
import { createServer } from "node:net";

const WAIT_MS_MAX = 20_000;

/// Starts a mailbox and makes the superuser's server send its mail there. Close it in `after`.
export async function startMailbox(pb) {
  const mails = [];
  const waiting = [];
  const deliver = (mail) => (waiting.length > 0 ? waiting.shift()(mail) : mails.push(mail));
  const server = createServer((socket) => converse(socket, deliver));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  await pb.settings.update({ smtp: { enabled: true, host: "127.0.0.1", port: server.address().port } });
  return {
    /// The next mail: whom it went to, and its source with the encoding of the parts undone.
    async next() {
      if (mails.length > 0) return mails.shift();
      let timer;
      const mail = await new Promise((done, fail) => {
        waiting.push(done);
        timer = setTimeout(() => fail(new Error("no mail came")), WAIT_MS_MAX);
      });
      clearTimeout(timer);
      return mail;
    },
    /// How many mails came and were not looked at.
    count: () => mails.length,
    close: () => server.close(),
  };
}

/// The token in the link to a page of the dashboard.
export function tokenIn(mail, page) {
  const found = mail.source.match(new RegExp(`/${page}/([\\w-]+\\.[\\w-]+\\.[\\w-]+)`));
  assert.ok(found, `no link to ${page} in ${mail.source}`);
  return found[1];
}

/// The code of eight digits.
export function codeIn(mail) {
  const found = mail.source.match(/(?<!\w)\d{8}(?!\w)/);
  assert.ok(found, `no code in ${mail.source}`);
  return found[0];
}

function converse(socket, deliver) {
  let buffer = "";
  let to = "";
  let inData = false;
  const say = (line) => socket.write(`${line}\r\n`);
  socket.on("error", () => {});
  socket.setEncoding("utf8");
  say("220 mailbox");
  socket.on("data", (chunk) => {
    buffer += chunk;
    for (;;) {
      const end = buffer.indexOf(inData ? "\r\n.\r\n" : "\r\n");
      if (end < 0) return;
      const text = buffer.slice(0, end);
      buffer = buffer.slice(end + (inData ? 5 : 2));
      if (inData) {
        inData = false;
        deliver({ to, source: decoded(text) });
        say("250 ok");
      } else if (/^EHLO/i.test(text)) say("250-mailbox\r\n250 8BITMIME");
      else if (/^DATA/i.test(text)) {
        inData = true;
        say("354 go on");
      } else if (/^QUIT/i.test(text)) {
        say("221 bye");
        socket.end();
      } else {
        to = text.match(/^RCPT TO:<([^>]*)>/i)?.[1] ?? to;
        say("250 ok");
      }
    }
  });
}

function decoded(text) {
  const unfolded = text.replace(/\r\n\.\./g, "\r\n.").replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  const encoded = unfolded.matchAll(/Content-Transfer-Encoding: base64\r\n(?:[^\r\n]+\r\n)*\r\n([A-Za-z0-9+/=\r\n]+)/gi);
  return [unfolded, ...[...encoded].map(([, body]) => Buffer.from(body, "base64").toString())].join("\n");
}
