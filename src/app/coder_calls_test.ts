import assert from "node:assert/strict";
import { createAuthority, issueCertificate } from "../../tests/cluster/pki.ts";
import { startFakeCoder } from "../../tests/fake-coder/mod.ts";
import { parseControlPlane } from "../api/control_plane.ts";
import type { CoderClient } from "../coder/mod.ts";
import { CoderError } from "../coder/mod.ts";
import { coderAddress } from "../operator/visit/reach.ts";
import { fakeConnection, json, type LocalServer, localServer } from "../kube/testing/local_server.ts";
import { noMetrics } from "../telemetry/metrics.ts";
import { coderDeployments, reachOptions } from "./coder_calls.ts";
import type { Config } from "./config.ts";
import type { Core } from "./part.ts";

const key = { namespace: "team", name: "coder" };
const controlPlane = parseControlPlane({ metadata: key });

/** As much of a core as calls to Coder need. */
function core(connection: ReturnType<typeof fakeConnection>, config: Partial<Config> = {}): Core {
  const settings = {
    coderAccess: "auto",
    controlPlaneEndpoint: new Map(),
    clusterDomain: "cluster.local",
    ...config,
  };
  return { config: settings, client: { connection }, metrics: noMetrics } as unknown as Core;
}

const nowhere = fakeConnection(new URL("http://127.0.0.1:1"));
const addressOf = (made: Core) => coderAddress(key, controlPlane, reachOptions(made)).url;

Deno.test("auto is direct inside the cluster and through the API server outside of it", () => {
  const inside = { ...nowhere, source: "in-cluster" };
  assert.equal(addressOf(core(inside)), "http://coder.team.svc.cluster.local:80");
  assert.equal(addressOf(core(nowhere)), "kube-proxy://team/coder:80");
  assert.equal(addressOf(core(inside, { coderAccess: "kube-proxy" })), "kube-proxy://team/coder:80");
  assert.equal(
    addressOf(core(nowhere, { coderAccess: "direct", clusterDomain: "k8s.example.com" })),
    "http://coder.team.svc.k8s.example.com:80",
  );
});

Deno.test("an address that the user gave comes before every way", () => {
  const controlPlaneEndpoint = new Map([["team/coder", "http://127.0.0.1:3000"]]);
  for (const coderAccess of ["auto", "direct", "kube-proxy"] as const) {
    assert.equal(addressOf(core(nowhere, { coderAccess, controlPlaneEndpoint })), "http://127.0.0.1:3000");
  }
  const other = new Map([["team/other", "http://127.0.0.1:3000"]]);
  assert.equal(addressOf(core(nowhere, { controlPlaneEndpoint: other })), "kube-proxy://team/coder:80");
});

/** Runs `test` with a client that goes through `server` as through an API server. */
async function proxied(
  answer: Parameters<typeof localServer>[0],
  test: (client: CoderClient, server: LocalServer) => Promise<void>,
) {
  await using server = await localServer(answer);
  const deployments = coderDeployments(core(server.connection));
  try {
    await test(deployments.client("team/coder", { url: "kube-proxy://team/coder:80" }, "the-token"), server);
  } finally {
    deployments.close();
  }
}

Deno.test("a call through the API server carries Coder's token and the operator's credentials", async () => {
  await proxied((_request, response) => {
    response.setHeader("x-coder-build-version", "v2.30.0");
    json(response, 200, { version: "v2.30.0", external_url: "https://x", deployment_id: "d" });
  }, async (client, server) => {
    assert.equal((await client.system.buildInfo()).version, "v2.30.0");
    await assert.rejects(client.users.me(), CoderError, "the answer is another call's");
    const [first, second] = server.seen;
    assert.equal(first?.url, "/api/v1/namespaces/team/services/http:coder:80/proxy/api/v2/buildinfo");
    assert.equal(first?.headers["authorization"], "Bearer test");
    assert.equal(second?.headers["coder-session-token"], "the-token");
    assert.equal(client.address, "team/coder:80 through the API server");
  });
});

Deno.test("refusals of the API server are never taken for Coder's", async () => {
  for (const code of [401, 403, 404, 503]) {
    await proxied(
      (_request, response) => json(response, code, { kind: "Status", message: "its own words", code }),
      async (client) => {
        await assert.rejects(client.users.me(), (error) => {
          assert.ok(error instanceof CoderError);
          assert.deepEqual([error.kind, error.reason], ["unavailable", "notCoder"], `${code}`);
          assert.match(error.message, /its own words \(/);
          assert.doesNotMatch(error.message, /the-token/);
          return true;
        });
      },
    );
  }
});

Deno.test("an API server that is away, or late, is told as such", async () => {
  const deployments = coderDeployments(core(nowhere));
  const client = deployments.client("team/coder", { url: "kube-proxy://team/coder:80" }, "the-token");
  const reason = (expected: string) => (error: unknown) =>
    error instanceof CoderError && error.reason === expected;
  await assert.rejects(client.users.me(), reason("connectionRefused"));
  deployments.close();
  await proxied(() => {}, async (late) => {
    await assert.rejects(late.users.me({ timeoutMs: 50 }), reason("timeout"));
  });
});

Deno.test("a direct address is dialled directly, and closing ends both kinds of connection", async () => {
  await using server = await localServer((_request, response) => {
    response.setHeader("x-coder-build-version", "v2.30.0");
    json(response, 200, { version: "v2.30.0", external_url: "https://x", deployment_id: "d" });
  });
  const deployments = coderDeployments(core(nowhere));
  const client = deployments.client("team/coder", { url: server.connection.server.href });
  assert.equal((await client.system.buildInfo()).version, "v2.30.0");
  assert.deepEqual([server.seen[0]?.url, deployments.size], ["/api/v2/buildinfo", 1]);
  deployments.close();
  assert.equal(deployments.size, 0);
  await assert.rejects(client.system.buildInfo(), /closed/);
});

Deno.test("a Coder behind a private authority is trusted where its certificate is given", async () => {
  const authority = await createAuthority("private");
  const { certPem, keyPem } = await issueCertificate(authority, {
    commonName: "coder",
    ipAddresses: ["127.0.0.1"],
    usage: ["server"],
  });
  await using fake = await startFakeCoder({ tls: { cert: certPem, key: keyPem } });
  const coderCaFile = await Deno.makeTempFile({ suffix: ".crt" });
  await Deno.writeTextFile(coderCaFile, authority.certPem);
  const strict = coderDeployments(core(nowhere));
  const trusting = coderDeployments(core(nowhere, { coderCaFile }));
  try {
    await assert.rejects(
      strict.client("team/coder", { url: fake.url }).system.buildInfo(),
      (error) => error instanceof CoderError && error.reason === "tls",
    );
    const { version } = await trusting.client("team/coder", { url: fake.url }).system.buildInfo();
    assert.match(version, /^v2\.30\.0/);
  } finally {
    strict.close();
    trusting.close();
    await Deno.remove(coderCaFile);
  }
});

Deno.test("a file of authorities that cannot be used is named at the start", async () => {
  assert.throws(
    () => coderDeployments(core(nowhere, { coderCaFile: "/nowhere.crt" })),
    /nowhere\.crt cannot be read/,
  );
  const empty = await Deno.makeTempFile();
  try {
    assert.throws(() => coderDeployments(core(nowhere, { coderCaFile: empty })), /holds no PEM certificate/);
  } finally {
    await Deno.remove(empty);
  }
});
