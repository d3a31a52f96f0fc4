// A real OpenID Connect provider on a free port, and somebody who logs in there.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const HOPS_MAX = 12;

/// Starts the provider. `clients` has one client for each way to sign: `{ id: algorithm }`. They may
/// come back to `redirectUris`.
export async function startProvider(clients, redirectUris) {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const accounts = new Map();
  // It warns about settings that only matter in production.
  const [warn, info] = [console.warn, console.info];
  console.warn = console.info = () => {};
  const provider = new Provider(issuer, {
    clients: Object.entries(clients).map(([id, algorithm]) => ({
      client_id: id,
      client_secret: `secret of ${id}`,
      id_token_signed_response_alg: algorithm,
      redirect_uris: redirectUris,
      response_types: ["code"],
    })),
    jwks: { keys: signingKeys() },
    cookies: { keys: ["of no importance"] },
    enabledJWA: { idTokenSigningAlgValues: Object.values(clients) },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username", "picture"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => accounts.has(id) && { accountId: id, claims: () => ({ sub: id, ...accounts.get(id) }) },
    // Everybody agrees to everything.
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope("openid email profile");
      await grant.save();
      return grant;
    },
  });
  [console.warn, console.info] = [warn, info];
  const answer = provider.callback();
  let next;
  server.on("request", (request, response) => {
    if (!request.url.startsWith("/interaction/")) return answer(request, response);
    provider
      .interactionFinished(request, response, { login: { accountId: next } })
      .catch((error) => response.writeHead(500).end(String(error)));
  });
  return {
    issuer,
    url: (path) => `${issuer}${path}`,
    secret: (id) => `secret of ${id}`,
    /// Sends somebody with these claims to `url`, who logs in and is sent back. Returns the first
    /// address elsewhere that they are sent to.
    async visit(url, id, claims) {
      accounts.set(id, claims);
      next = id;
      const cookies = new Map();
      for (let hop = 0; hop < HOPS_MAX; hop++) {
        if (!url.startsWith(issuer)) return url;
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
        const response = await fetch(url, { redirect: "manual", headers: { cookie } });
        for (const line of response.headers.getSetCookie()) {
          const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
          cookies.set(name, value);
        }
        const location = response.headers.get("location");
        assert.ok(location, `${response.status} at ${url}: ${await response.text()}`);
        url = new URL(location, url).href;
      }
      assert.fail("the provider sends people in circles");
    },
    close: () => server.close(),
  };
}

function signingKeys() {
  const jwk = ({ privateKey }, more) => ({ ...privateKey.export({ format: "jwk" }), use: "sig", ...more });
  return [
    jwk(generateKeyPairSync("rsa", { modulusLength: 2048 }), { kid: "rsa" }),
    jwk(generateKeyPairSync("ec", { namedCurve: "P-256" }), { kid: "p256" }),
    jwk(generateKeyPairSync("ec", { namedCurve: "P-384" }), { kid: "p384" }),
    jwk(generateKeyPairSync("ed25519"), { kid: "ed" }),
  ];
}
