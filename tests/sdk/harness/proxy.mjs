// A TCP proxy on a port of its own, which can be cut like a cable.

import { connect, createServer } from "node:net";

/// Starts a proxy to `target`, an address such as http://127.0.0.1:8090.
export async function startProxy(target) {
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect(port, hostname);
    for (const [from, to] of [[near, far], [far, near]]) {
      sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => (sockets.delete(from), to.destroy()));
      from.pipe(to);
    }
  });
  const listen = (at) => new Promise((done, fail) => server.once("error", fail).listen(at, "127.0.0.1", done));
  await listen(0);
  const own = server.address().port;
  return {
    url: `http://127.0.0.1:${own}`,
    /// Ends all connections and takes no more.
    cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
    /// Takes connections again, at the same address.
    mend: () => listen(own),
  };
}
