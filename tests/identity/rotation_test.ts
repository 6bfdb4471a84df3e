/** The front proxy's authority is exchanged under a running server, as some distributions do every day. */
import assert from "node:assert/strict";
import { pemToDer } from "../../src/identity/certificates.ts";
import {
  type Cluster,
  createAuthority,
  issueCertificate,
  type KeyPair,
  startCluster,
  waitFor,
} from "../cluster/mod.ts";
import { layout } from "../cluster/state.ts";
import { writeWhole } from "../cluster/paths.ts";
import { serveWhoAmI } from "./rig.ts";

/** Gives the API server another certificate to show; it reads its files again when they change. */
async function showTo(cluster: Cluster, pair: KeyPair): Promise<void> {
  const files = layout(cluster.dir);
  await writeWhole(files.key("front-proxy-client"), pair.keyPem);
  await writeWhole(files.cert("front-proxy-client"), pair.certPem);
}

Deno.test("requests go on while the front proxy's authority is exchanged, and nothing is restarted", async () => {
  await using cluster = await startCluster({ name: "rotation", nodes: 1 });
  await using server = await serveWhoAmI(cluster);
  const ask = () => cluster.request("GET", server.path);
  await waitFor(() => ask().catch(() => undefined), { what: "the aggregated API", timeoutMs: 120_000 });
  const old = cluster.frontProxy;
  const authority = await createAuthority("next-front-proxy-ca");
  const next = await issueCertificate(authority, { commonName: "front-proxy-client", usage: ["client"] });
  const headers = { "X-Remote-User": "admin", "X-Remote-Group": "system:masters" };
  const direct = async (identity: KeyPair) => (await server.direct({ identity, headers })).code;
  assert.deepEqual([await direct(old), await direct(next)], [200, 401]);

  await writeWhole(layout(cluster.dir).cert("front-proxy-ca"), `${old.caPem}\n${authority.certPem}\n`);
  await waitFor(() => server.config.current.requestHeader?.ca.authorities.length === 2, {
    what: "the API server to publish the new authority, and this server to see it",
    timeoutMs: 120_000,
  });
  assert.deepEqual([await direct(old), await direct(next)], [200, 200]);

  const nextLeaf = pemToDer(next.certPem)[0]!.toHex();
  server.shown.clear();
  const answers: unknown[] = [];
  const failures: unknown[] = [];
  await showTo(cluster, next);
  await waitFor(async () => {
    await ask().then((answer) => answers.push(answer), (error) => failures.push(error));
    return server.shown.has(nextLeaf);
  }, { what: "the API server to show its new certificate", timeoutMs: 120_000, intervalMs: 200 });
  await ask();
  assert.deepEqual(failures, []);
  assert.ok(answers.length > 0);
});
