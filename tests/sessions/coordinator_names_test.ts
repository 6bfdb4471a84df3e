/** One name with several addresses, over TLS: each is a coordinator, and what is verified is the name. */
import assert from "node:assert/strict";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { MockExecutor } from "../../src/sessions/testing/mock_executor.ts";
import { mockHello } from "../../src/sessions/testing/mock_worker.ts";
import { testKeys, testToken } from "../../src/sessions/wire/grpc_testing.ts";
import { WorkerHub } from "../../src/sessions/wire/hub.ts";
import { createWorkerLinks, type WorkerLinksOptions } from "../../src/sessions/wire/many_coordinators.ts";
import { createWorkerServer, type WorkerServer } from "../../src/sessions/wire/server.ts";
import { aTask, Witness } from "../../src/sessions/wire/testing.ts";
import { createAuthority, issueCertificate } from "../cluster/pki.ts";
import { waitFor } from "../cluster/wait.ts";

const { signal } = new AbortController();
const NAME = "coordinators.example.com";
const IPS = ["127.0.0.2", "127.0.0.3"];
const authority = await createAuthority("tests of coordinators");

interface Coordinator {
  readonly server: WorkerServer;
  readonly witness: Witness;
}

async function serve(ip: string, port: number, dnsName = NAME): Promise<Coordinator> {
  const pair = await issueCertificate(authority, {
    commonName: "coordinator",
    dnsNames: [dnsName],
    usage: ["server"],
  });
  const witness = new Witness();
  const server = createWorkerServer({
    hub: new WorkerHub({ listener: witness, log: silentLogger }),
    address: { hostname: ip, port },
    tls: { current: { certPem: pair.certPem, keyPem: pair.keyPem }, subscribe: () => () => {} },
    keys: () => testKeys,
    log: silentLogger,
  });
  await server.listen(signal);
  return { server, witness };
}

/** As many as there are addresses, on one port. */
async function servers(dnsName = NAME): Promise<readonly Coordinator[]> {
  for (let tries = 0;; tries++) {
    const first = await serve(IPS[0]!, 0, dnsName);
    try {
      return [first, await serve(IPS[1]!, first.server.port, dnsName)];
    } catch (error) {
      // Somebody else has that port at the other address.
      await first.server.close();
      if (tries >= 5) throw error;
    }
  }
}

function links(port: number, options: Partial<WorkerLinksOptions> = {}) {
  const executor = new MockExecutor();
  const made = createWorkerLinks({
    urls: `https://${NAME}:${port}`,
    token: () => () => testToken(),
    tls: () => ({ caPem: authority.certPem }),
    hello: mockHello(),
    executor,
    lookUp: (name) =>
      name === NAME ? Promise.resolve(IPS) : Promise.reject(new Error(`no such name: ${name}`)),
    lookUpEveryMs: 200,
    log: silentLogger,
    ...options,
  });
  return { made, executor };
}

Deno.test("a worker dials each address of a name, with TLS by the name, and comes back to one that was replaced", async () => {
  const coordinators = [...await servers()];
  const { port } = coordinators[0]!.server;
  const { made, executor } = links(port);
  const stop = new AbortController();
  const running = made.run(stop.signal);
  try {
    for (const { witness } of coordinators) {
      const worker = await witness.worker();
      assert.equal((await worker.run(aTask(), { signal })).ok, true);
    }
    assert.equal(executor.tasks.length, 2);
    assert.deepEqual(made.count, { known: 2, connected: 2 });
    await coordinators[1]!.server.close();
    await waitFor(() => made.count.connected === 1, { what: "the loss to be noticed" });
    coordinators[1] = await serve(IPS[1]!, port);
    assert.equal((await (await coordinators[1].witness.worker()).run(aTask(), { signal })).ok, true);
    await waitFor(() => made.count.connected === 2, { what: "both links" });
  } finally {
    stop.abort();
    await running;
    for (const { server } of coordinators) await server.close();
  }
});

Deno.test("whoever answers at an address of the name and is not called so gets no token", async () => {
  const coordinators = await servers("impostor.example.com");
  let tokens = 0;
  const { made } = links(coordinators[0]!.server.port, {
    token: () => () => {
      tokens++;
      return testToken();
    },
  });
  const stop = new AbortController();
  const running = made.run(stop.signal);
  try {
    await waitFor(() => tokens >= 4, { what: "some attempts" });
    assert.deepEqual(coordinators.map(({ witness }) => witness.news), [[], []]);
    assert.equal(made.isConnected, false);
  } finally {
    stop.abort();
    await running;
    for (const { server } of coordinators) await server.close();
  }
});
