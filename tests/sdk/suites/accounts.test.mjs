// Codes and links by mail, second factors, and acting as somebody else, as the SDK does them.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { PASSWORD } from "../harness/blog.mjs";
import { refused } from "../harness/expect.mjs";
import { codeIn, startMailbox, tokenIn } from "../harness/mailbox.mjs";
import { startServer } from "../harness/server.mjs";

const server = await startServer();
const pb = await server.superuser();
const mailbox = await startMailbox(pb);
after(async () => {
  mailbox.close();
  await server.stop();
});
await pb.collections.update("users", { otp: { enabled: true } });

const users = server.guest().collection("users");
let number = 0;
async function newUser(body = {}) {
  number += 1;
  const email = `user${number}@example.com`;
  const record = await pb.collection("users").create({ email, password: PASSWORD, passwordConfirm: PASSWORD, ...body });
  return { email, record };
}

/// Asks for a code and waits until its row knows where it went.
async function askForCode(email) {
  const { otpId } = await users.requestOTP(email);
  const mail = await mailbox.next();
  assert.equal(mail.to, email);
  for (;;) {
    const otp = await pb.collection("_otps").getOne(otpId);
    if (otp.sentTo === email) return { otpId, code: codeIn(mail) };
  }
}

describe("one-time passwords", () => {
  test("log in once, and verify the address", async () => {
    const { email, record } = await newUser();
    const { otpId, code } = await askForCode(email);
    await refused(users.authWithOTP(otpId, "00"), 400);
    const client = server.guest();
    const done = await client.collection("users").authWithOTP(otpId, code);
    assert.deepEqual([done.record.id, done.record.verified], [record.id, true]);
    assert.equal(client.authStore.isValid, true);
    await refused(users.authWithOTP(otpId, code), 400);
  });

  test("an unknown address gets an id too, and no mail", async () => {
    const { otpId } = await users.requestOTP("nobody@example.com");
    assert.match(otpId, /^[a-z0-9]{15}$/);
    await refused(users.authWithOTP(otpId, "12345678"), 400);
    assert.equal(mailbox.count(), 0);
  });

  test("what is no address is refused", async () => {
    await refused(users.requestOTP("nobody"), 400, { email: "validation_is_email" });
    await refused(users.authWithOTP("", ""), 400, { otpId: "validation_required", password: "validation_required" });
  });
});

describe("links", () => {
  test("a password is reset, and the old one and its tokens end", async () => {
    const { email } = await newUser();
    const before = await server.user(email, PASSWORD);
    assert.equal(await users.requestPasswordReset(email), true);
    const token = tokenIn(await mailbox.next(), "confirm-password-reset");
    const fresh = "another password";
    await refused(users.confirmPasswordReset(token, fresh, "something else"), 400, { passwordConfirm: "validation_values_mismatch" });
    assert.equal(await users.confirmPasswordReset(token, fresh, fresh), true);
    await refused(users.confirmPasswordReset(token, fresh, fresh), 400, { token: "validation_invalid_token" });
    await refused(before.collection("users").authRefresh(), 401);
    await refused(users.authWithPassword(email, PASSWORD), 400);
    const { record } = await users.authWithPassword(email, fresh);
    assert.equal(record.verified, true);
  });

  test("an address is verified, in the client's store too", async () => {
    const { email } = await newUser();
    const client = await server.user(email, PASSWORD);
    assert.equal(await client.collection("users").requestVerification(email), true);
    const token = tokenIn(await mailbox.next(), "confirm-verification");
    await refused(users.confirmVerification("x"), 400, { token: "validation_invalid_token_claims" });
    assert.equal(await client.collection("users").confirmVerification(token), true);
    assert.equal(client.authStore.record.verified, true);
    const { record } = await client.collection("users").authRefresh();
    assert.equal(record.verified, true);
  });

  test("an address changes, and the client's store is emptied", async () => {
    const { email } = await newUser();
    const client = await server.user(email, PASSWORD);
    const moved = `moved.${email}`;
    assert.equal(await client.collection("users").requestEmailChange(moved), true);
    const mail = await mailbox.next();
    assert.equal(mail.to, moved);
    const token = tokenIn(mail, "confirm-email-change");
    await refused(users.confirmEmailChange(token, "wrong password"), 400, { password: "validation_invalid_password" });
    assert.equal(await client.collection("users").confirmEmailChange(token, PASSWORD), true);
    assert.equal(client.authStore.isValid, false);
    const { record } = await users.authWithPassword(moved, PASSWORD);
    assert.deepEqual([record.email, record.verified], [moved, true]);
  });

  test("unknown addresses are answered like known ones", async () => {
    assert.equal(await users.requestPasswordReset("nobody@example.com"), true);
    assert.equal(await users.requestVerification("nobody@example.com"), true);
    assert.equal(mailbox.count(), 0);
  });
});

describe("superusers", () => {
  test("act as a user, with a token that cannot be refreshed", async () => {
    const { email, record } = await newUser();
    const acting = await pb.collection("users").impersonate(record.id, 60);
    assert.equal(acting.authStore.record.email, email);
    const { token } = acting.authStore;
    await acting.collection("users").authRefresh();
    assert.equal(acting.authStore.token, token);
    const client = await server.user(email, PASSWORD);
    await refused(client.collection("users").impersonate(record.id, 60), 403);
    await refused(server.guest().collection("users").impersonate(record.id, 60), 401);
    await refused(pb.collection("users").impersonate("missing", 60), 404);
  });
});

describe("second factors", () => {
  test("the methods are listed, and two of them log in", async () => {
    await pb.collections.update("users", { mfa: { enabled: true, duration: 600 } });
    const methods = await users.listAuthMethods();
    assert.deepEqual([methods.mfa.enabled, methods.mfa.duration, methods.otp.enabled, methods.password.enabled], [true, 600, true, true]);

    const { email, record } = await newUser();
    const { mfaId } = await users.authWithPassword(email, PASSWORD).then(
      () => assert.fail("one method sufficed"),
      (error) => error.response,
    );
    assert.match(mfaId, /^[a-z0-9]{15}$/);
    await refused(users.authWithPassword(email, PASSWORD, { mfaId }), 400);
    const { otpId, code } = await askForCode(email);
    const done = await users.authWithOTP(otpId, code, { mfaId });
    assert.equal(done.record.id, record.id);
    const again = await askForCode(email);
    await refused(users.authWithOTP(again.otpId, again.code, { mfaId }), 400);
  });
});
