// What the server talks to outside, as small as it can be: somebody who takes mails, and somebody who knows who people are.
import { createServer as createHttp } from "node:http";
import { createServer as createTcp } from "node:net";

const listening = (server) => new Promise((resume) => server.listen(0, "127.0.0.1", () => resume(server.address().port)));

/** An SMTP server that keeps what it gets. */
export async function mailSink() {
  const mails = [];
  const open = new Set();
  const server = createTcp((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {});
    let data = "";
    let inMail = false;
    socket.write("220 sink ESMTP\r\n");
    socket.on("data", (part) => {
      data += part;
      for (;;) {
        const end = inMail ? data.indexOf("\r\n.\r\n") : data.indexOf("\r\n");
        if (end < 0) return;
        const text = data.slice(0, end);
        data = data.slice(end + (inMail ? 5 : 2));
        if (inMail) {
          mails.push(text);
          inMail = false;
          socket.write("250 taken\r\n");
        } else if (/^DATA/i.test(text)) {
          inMail = true;
          socket.write("354 go on\r\n");
        } else if (/^QUIT/i.test(text)) socket.end("221 bye\r\n");
        else socket.write("250 fine\r\n");
      }
    });
  });
  const port = await listening(server);
  return {
    port,
    mails,
    stop: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resume) => server.close(resume));
    },
  };
}

/** A server that hears of records. It answers with the statuses of `answers`, one each, and then always 200. */
export async function hookSink() {
  const heard = [];
  const answers = [];
  const server = createHttp(async (request, response) => {
    const body = [];
    for await (const part of request) body.push(part);
    heard.push({ headers: request.headers, body: Buffer.concat(body).toString() });
    response.writeHead(answers.shift() ?? 200, { "Content-Type": "text/plain" }).end("so be it");
  });
  const port = await listening(server);
  return { url: `http://127.0.0.1:${port}/hook`, heard, answers, stop: () => new Promise((resume) => server.close(resume)) };
}

/** A login provider: everybody who asks is Ada. */
export async function loginProvider() {
  const asked = [];
  const server = createHttp((request, response) => {
    const url = new URL(request.url, "http://provider");
    asked.push(url.pathname);
    const json = (value) => response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
    if (url.pathname === "/authorize") response.writeHead(302, { Location: `${url.searchParams.get("redirect_uri")}?code=once&state=${url.searchParams.get("state")}` }).end();
    else if (url.pathname === "/token") json({ access_token: "access", token_type: "Bearer", expires_in: 60 });
    else if (url.pathname === "/userinfo") json({ sub: "ada-1", name: "Ada", email: "ada@example.com", email_verified: true, preferred_username: "ada" });
    else response.writeHead(404).end();
  });
  const port = await listening(server);
  return { url: `http://127.0.0.1:${port}`, asked, stop: () => new Promise((resume) => server.close(resume)) };
}
