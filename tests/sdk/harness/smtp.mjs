// A real mail server with TLS and logins, and certificates for it made on the spot.

import { setTimeout as sleep } from "node:timers/promises";
import selfsigned from "selfsigned";
import { SMTPServer } from "smtp-server";

const WAIT_MS_MAX = 40_000;
export const login = { username: "postmaster", password: "wire and wood" };

/// An authority of its own, and a certificate for 127.0.0.1 that it signed; all as PEM.
export async function makeAuthority() {
  const named = (value) => [{ name: "commonName", value }];
  const options = { keyType: "ec", algorithm: "sha256" };
  const authority = await selfsigned.generate(named("Test authority"), {
    ...options,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  const host = await selfsigned.generate(named("127.0.0.1"), {
    ...options,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
    ],
  });
  return { authority: authority.cert, cert: host.cert, key: host.private };
}

/// A mail server that wants a login. `implicit` is TLS from the first byte, otherwise STARTTLS.
export async function startSmtp({ cert, key }, implicit) {
  const mails = [];
  const faults = [];
  const server = new SMTPServer({
    cert,
    key,
    secure: implicit,
    authMethods: ["PLAIN", "LOGIN"],
    // Without TLS there is no way to log in.
    allowInsecureAuth: false,
    onAuth(auth, session, done) {
      const good = auth.username === login.username && auth.password === login.password && session.secure;
      done(good ? null : new Error("wrong login"), { user: auth.method });
    },
    onData(stream, session, done) {
      let source = "";
      stream.on("data", (chunk) => (source += chunk));
      stream.on("end", () => {
        const to = session.envelope.rcptTo.map((recipient) => recipient.address);
        mails.push({ to, source, secure: session.secure, method: session.user });
        done();
      });
    },
  });
  server.on("error", (fault) => faults.push(fault.message));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: server.server.address().port,
    mails,
    faults,
    /// Waits until this says so.
    async until(holds) {
      for (const start = Date.now(); !holds(); await sleep(20)) {
        if (Date.now() - start > WAIT_MS_MAX) throw new Error(`in vain; faults so far: ${faults}`);
      }
    },
    show: (other) => server.updateSecureContext({ cert: other.cert, key: other.key }),
    close: () => new Promise((done) => server.close(done)),
  };
}
