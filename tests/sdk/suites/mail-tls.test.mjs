// Mail over TLS to a real mail server whose certificate only a private authority vouches for.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { PASSWORD } from "../harness/blog.mjs";
import { isPocketBase, startServer } from "../harness/server.mjs";
import { login, makeAuthority, startSmtp } from "../harness/smtp.mjs";

// PocketBase has no option for private authorities.
if (!isPocketBase) {
  const folder = mkdtempSync(join(tmpdir(), "haversack-ca-"));
  const [known, unknown] = [await makeAuthority(), await makeAuthority()];
  writeFileSync(join(folder, "ca.pem"), known.authority);
  const server = await startServer({ HAVERSACK_MAIL_CA_FILE: join(folder, "ca.pem") });
  const pb = await server.superuser();
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const use = (smtp, implicit, more = {}) =>
    pb.settings.update({
      smtp: { enabled: true, host: "127.0.0.1", port: smtp.port, tls: implicit, authMethod: "PLAIN", ...login, ...more },
    });

  for (const implicit of [true, false]) {
    const way = implicit ? "TLS from the first byte" : "STARTTLS";

    test(`mail leaves over ${way} with a login`, async (t) => {
      const smtp = await startSmtp(known, implicit);
      t.after(smtp.close);
      await use(smtp, implicit);
      await pb.settings.testEmail("users", "ann@example.com", "verification");
      await use(smtp, implicit, { authMethod: "LOGIN" });
      await pb.settings.testEmail("users", "bob@example.com", "otp");
      assert.deepEqual(
        smtp.mails.map(({ to, secure, method }) => ({ to, secure, method })),
        [
          { to: ["ann@example.com"], secure: true, method: "PLAIN" },
          { to: ["bob@example.com"], secure: true, method: "LOGIN" },
        ],
      );
      assert.match(smtp.mails[0].source, /^Subject: Confirm your email/m);
    });

    test(`a wrong login over ${way} is told`, async (t) => {
      const smtp = await startSmtp(known, implicit);
      t.after(smtp.close);
      await use(smtp, implicit, { password: "another" });
      await assert.rejects(pb.settings.testEmail("users", "ann@example.com", "verification"), (error) => {
        assert.equal(error.status, 400);
        assert.match(error.response.message, /^Failed to send the test email. Raw error: \n/);
        return true;
      });
      assert.equal(smtp.mails.length, 0);
    });

    test(`over ${way} mail waits until the server shows a certificate to be trusted`, async (t) => {
      const smtp = await startSmtp(unknown, implicit);
      t.after(smtp.close);
      await use(smtp, implicit);
      await assert.rejects(pb.settings.testEmail("users", "ann@example.com", "verification"), { status: 400 });
      const email = `${implicit}@example.com`;
      await pb.collection("users").create({ email, password: PASSWORD, passwordConfirm: PASSWORD });
      const before = smtp.faults.length;
      await server.guest().collection("users").requestVerification(email);
      await smtp.until(() => smtp.faults.length > before);
      assert.equal(smtp.mails.length, 0);
      smtp.show(known);
      await smtp.until(() => smtp.mails.length > 0);
      assert.deepEqual(smtp.mails[0].to, [email]);
      assert.equal(smtp.mails[0].secure, true);
    });
  }
}
