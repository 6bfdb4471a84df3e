/** The whole product behind TLS: every way to say who one is, and workspaces as the aggregated API shows them. */
import assert from "node:assert/strict";
import { request as httpsRequest } from "node:https";
import { startIssuer } from "../../src/identity/testing/issuer.ts";
import { startAppRig } from "../aggregated/app_rig.ts";
import { createAuthority, issueCertificate, type KeyPair, startCluster, waitFor } from "../cluster/mod.ts";
import { addWorkspace, startFakeCoder } from "../fake-coder/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { installOperator } from "../operator/install.ts";
import { freePort, startOperator } from "../operator/process.ts";
import { holdLease } from "./product_rig.ts";
import { modern, send } from "./raw.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const URL_OF_MCP = "https://mcp.test/mcp";

interface Said {
  readonly status: number;
  readonly challenge: string;
  readonly text: string;
  readonly isError: boolean;
  // deno-lint-ignore no-explicit-any -- answers of any tool
  readonly output: any;
}

Deno.test("the port knows callers by tokens, issuers, proxies and certificates", async (t) => {
  await using fake = await startFakeCoder();
  const { state } = fake;
  const { token: coderToken, user: owner } = state.addOwner();
  addWorkspace(state, state.addUser({ username: "alice", roles: [] }), "dev");
  addWorkspace(state, owner, "web");
  await using issuer = await startIssuer();
  await using cluster = await startCluster({ name: "mcp-identity" });
  await holdLease(cluster);
  const proxies = await createAuthority("proxies");
  const client = (authority: KeyPair, commonName: string) =>
    issueCertificate(authority, { commonName, usage: ["client"] });
  const serving = await cluster.issueServiceCertificate({ namespace: "coder-system", name: "mcp" });
  const directory = await Deno.makeTempDir();
  const file = async (name: string, text: string) => {
    await Deno.writeTextFile(`${directory}/${name}`, text);
    return `${directory}/${name}`;
  };
  const port = await freePort();
  try {
    await using rig = await startAppRig({
      cluster,
      coders: { "lab/coder": { url: fake.url, token: coderToken } },
      mode: "all",
      args: [
        "--coder-poll-interval=1s",
        "--leader-election-namespace=held",
        "--coder-user-mapping=username",
        "--coder-user-prefix=oidc:",
        `--mcp-bind-address=127.0.0.1:${port}`,
        "--mcp-auth=token,oidc,proxy,x509",
        `--mcp-url=${URL_OF_MCP}`,
        `--mcp-oidc-issuer=${issuer.url}`,
        `--mcp-tls-cert-file=${await file("tls.crt", serving.certPem)}`,
        `--mcp-tls-private-key-file=${await file("tls.key", serving.keyPem)}`,
        `--mcp-proxy-ca-file=${await file("proxies.crt", proxies.certPem)}`,
        "--mcp-proxy-allowed-names=gateway",
        "--mcp-allowed-hosts=mcp.test",
        "--mcp-impersonate=true",
        "--mcp-namespaces=lab",
      ],
    });

    const ask = (
      { method = "POST", path = "/mcp", headers = {}, body, identity }: {
        method?: string;
        path?: string;
        headers?: Record<string, string | undefined>;
        body?: unknown;
        identity?: KeyPair;
      },
    ) =>
      new Promise<Said>((resolve, reject) => {
        const outgoing = httpsRequest({
          host: "127.0.0.1",
          port,
          path,
          method,
          ca: cluster.caPem,
          servername: "mcp.coder-system.svc",
          agent: false,
          headers: {
            host: "mcp.test",
            accept: "application/json, text/event-stream",
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...headers as Record<string, string>,
          },
          ...(identity === undefined ? {} : { cert: identity.certPem, key: identity.keyPem }),
        }, (incoming) => {
          let text = "";
          incoming.setEncoding("utf8");
          incoming.on("data", (chunk: string) => text += chunk);
          incoming.on("end", () =>
            resolve(said(incoming.statusCode ?? 0, `${incoming.headers["www-authenticate"] ?? ""}`, text)));
        });
        outgoing.on("error", reject);
        outgoing.end(body === undefined ? undefined : JSON.stringify(body));
      });
    const tool = (
      name: string,
      args: object,
      who: { headers?: Record<string, string>; identity?: KeyPair } = {},
    ) => {
      const { body, headers } = modern("tools/call", { name, arguments: args }, name);
      return ask({ ...who, body, headers: { ...headers, ...who.headers } });
    };
    const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    const user = async (sub: string) => bearer(await issuer.token({ sub }));
    const named = (answer: Said) => answer.output?.items?.map(({ name }: { name: string }) => name);
    const kubectl = async (as: string, ...args: string[]) => {
      const { stdout, stderr, code } = await cluster.kubectl([...args, "--namespace=lab", `--as=${as}`], {
        allowFailure: true,
      });
      return code === 0 ? JSON.parse(stdout) : stderr;
    };
    const bind = (name: string, role: string) =>
      cluster.kubectl([
        "create",
        "rolebinding",
        `${name}-${role}`,
        `--clusterrole=${role}`,
        `--user=oidc:${name}`,
        "--namespace=lab",
      ]);

    await t.step("nobody is let in, and clients are told where to get a token", async () => {
      const answer = await tool("list_workspaces", { namespace: "lab" });
      assert.equal(answer.status, 401);
      const metadata = "https://mcp.test/.well-known/oauth-protected-resource/mcp";
      assert.equal(answer.challenge, `Bearer realm="coder-k8s", resource_metadata="${metadata}"`);
      const document = await ask({ method: "GET", path: new URL(metadata).pathname });
      assert.equal(document.status, 200);
      assert.deepEqual(JSON.parse(document.text), {
        resource: URL_OF_MCP,
        authorization_servers: [issuer.url],
        bearer_methods_supported: ["header"],
        resource_name: "Coder on Kubernetes",
      });
      const expired = await tool("list_workspaces", {}, bearer(await issuer.token({ exp: 1 })));
      assert.equal(expired.status, 401);
      assert.match(expired.challenge, /error="invalid_token", error_description="[^"]*it has expired"/);
    });

    await t.step("users see the workspaces that the aggregated API shows them, and no others", async () => {
      for (
        const [name, roles] of Object.entries({
          alice: ["coder-k8s-workspaces-view"],
          bob: ["coder-k8s-workspaces-view"],
          carol: ["coder-k8s-workspaces-view", "coder-k8s-workspaces-of-others"],
        })
      ) {
        for (const role of roles) await bind(name, role);
        const group = "aggregation.coder.com";
        // What is denied before both count, the product remembers for seconds.
        await untilAllowed(cluster, `oidc:${name}`, [
          { verb: "list", group, resource: "coderworkspaces", namespace: "lab" },
          ...(roles.length > 1
            ? [{ verb: "all", group, resource: "coderworkspaces/others", namespace: "lab" }]
            : []),
        ]);
      }
      await waitFor(async () => {
        const { items } = await kubectl("oidc:carol", "get", "cws", "-o", "json");
        return items.length === 2;
      }, { what: "the workspaces to be shown" });
      const all = [
        `${state.defaultOrganization.name}.admin.web`,
        `${state.defaultOrganization.name}.alice.dev`,
      ];
      const expected: Record<string, string[]> = { alice: [all[1]!], bob: [], carol: all };
      for (const [name, names] of Object.entries(expected)) {
        const { items } = await kubectl(`oidc:${name}`, "get", "cws", "-o", "json");
        const through = items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
        const answer = await tool("list_workspaces", { namespace: "lab" }, await user(name));
        assert.equal(answer.isError, false, answer.text);
        assert.deepEqual([through, named(answer)], [names, names], name);
      }
    });

    await t.step(
      "what is somebody else's is not there, and what they may not is refused, in the same words",
      async () => {
        const theirs = `${state.defaultOrganization.name}.admin.web`;
        const hidden = await tool("get_workspace", { namespace: "lab", name: theirs }, await user("alice"));
        assert.ok(hidden.isError);
        assert.match(hidden.text, /not found/);
        assert.match(await kubectl("oidc:alice", "get", "cws", theirs), /NotFound/);
        const dave = await tool("list_workspaces", { namespace: "lab" }, await user("dave"));
        const words =
          'User "oidc:dave" cannot list resource "coderworkspaces" in API group "aggregation.coder.com" in the namespace "lab"';
        assert.ok(dave.isError && dave.text.replaceAll("\\", "").includes(words), dave.text);
        assert.ok((await kubectl("oidc:dave", "get", "cws")).includes(words));
        const planes = await tool("list_control_planes", { namespace: "lab" }, await user("dave"));
        assert.ok(planes.isError);
        assert.match(planes.text, /cannot list resource/);
      },
    );

    await t.step("nothing but the named namespaces is reached", async () => {
      const answer = await tool("get_events", { namespace: "kube-system" }, await user("carol"));
      assert.ok(answer.isError);
      assert.match(answer.text, /is not reached from this MCP server, only lab/);
    });

    await t.step(
      "without the rights of the optional file nobody is impersonated, with it everybody is",
      async () => {
        const events = async () => (await tool("get_events", { namespace: "lab" }, await user("erin"))).text;
        assert.match(await events(), /cannot impersonate/);
        await cluster.kubectl(["apply", "-f", `${root}/deploy/components/mcp-impersonation/rbac.yaml`]);
        await waitFor(async () => /User .{1,3}oidc:erin.{1,3} cannot list resource/.test(await events()), {
          what: "the rights to count",
        });
      },
    );

    await t.step("a proxy's users come in through it alone", async () => {
      const gateway = await client(proxies, "gateway");
      const headers = { "x-remote-user": "oidc:carol", "x-remote-group": "dev" };
      const answer = await tool("list_workspaces", { namespace: "lab" }, { headers, identity: gateway });
      assert.equal(named(answer)?.length, 2, answer.text);
      const impostors = [
        undefined,
        await client(proxies, "other"),
        await client(await createAuthority("proxies"), "gateway"),
      ];
      for (const identity of impostors) {
        const refused = await tool("list_workspaces", {}, {
          headers,
          ...(identity === undefined ? {} : { identity }),
        });
        assert.equal(refused.status, 401, refused.text);
      }
      const master = { ...headers, "x-remote-group": "system:masters" };
      assert.equal((await tool("list_workspaces", {}, { headers: master, identity: gateway })).status, 403);
    });

    await t.step(
      "users of the cluster come in with their certificates, service accounts with their tokens",
      async () => {
        const identity = await cluster.issueCertificate({ commonName: "oidc:alice", usage: ["client"] });
        assert.equal(named(await tool("list_workspaces", { namespace: "lab" }, { identity }))?.length, 1);
        await cluster.serviceAccountKubeconfig({ namespace: "lab", name: "robot" });
        const robot = await cluster.serviceAccountToken({ namespace: "lab", name: "robot" });
        const answer = await tool("get_events", { namespace: "lab" }, bearer(robot));
        assert.match(
          answer.text.replaceAll("\\", ""),
          /User "system:serviceaccount:lab:robot" cannot list resource "events"/,
        );
        assert.equal((await tool("get_events", { namespace: "lab" }, bearer("x"))).status, 401);
      },
    );

    await t.step(
      "a process that knows nothing itself gives the same answers, through the API server",
      async () => {
        const apart = `http://127.0.0.1:${await freePort()}/mcp`;
        await using process = await startOperator({
          kubeconfig: await installOperator(cluster),
          mode: "mcp-http",
          args: [
            "--coder-access=direct",
            `--control-plane-endpoint=lab/coder=${fake.url}`,
            `--mcp-bind-address=${new URL(apart).host}`,
            "--mcp-auth=token,oidc",
            `--mcp-url=${URL_OF_MCP}`,
            `--mcp-oidc-issuer=${issuer.url}`,
            "--mcp-impersonate=true",
            "--mcp-namespaces=lab",
          ],
        });
        await process.ready(120_000);
        const organization = state.defaultOrganization.name;
        const questions: [string, object][] = [
          ["list_workspaces", { namespace: "lab" }],
          ["list_workspaces", {}],
          ["list_templates", { namespace: "lab" }],
          ["list_control_planes", { namespace: "lab" }],
          ["get_workspace", { namespace: "lab", name: `${organization}.admin.web` }],
          ["get_workspace", { namespace: "lab", name: `${organization}.alice.dev` }],
          ["get_workspace", { namespace: "other", name: `${organization}.alice.dev` }],
          ["get_template", { namespace: "lab", name: `${organization}.nothing` }],
        ];
        let answered = 0;
        for (const name of ["alice", "bob", "carol", "dave"]) {
          for (const [question, args] of questions) {
            const { body, headers } = modern("tools/call", { name: question, arguments: args }, question);
            const who = await user(name);
            const { text } = await send(apart, { body, headers: { ...headers, ...who.headers } });
            const through = said(200, "", text);
            const local = await tool(question, args, who);
            const what = `${name}: ${question} ${JSON.stringify(args)}\n${through.text}\n${local.text}`;
            assert.equal(through.isError, local.isError, what);
            if (local.isError) assert.deepEqual(wordsOf(through.text), wordsOf(local.text), what);
            else assert.deepEqual(through.output, local.output, what);
            answered += local.isError ? 0 : 1;
          }
        }
        assert.ok(answered >= 8, String(answered));
      },
    );

    await t.step("no token of a caller is in the log", () => {
      const log = rig.replica.process.lines.join("\n");
      assert.doesNotMatch(log, /eyJ[A-Za-z0-9_-]{20,}/);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** Of a refusal. */
function wordsOf(text: string): string {
  return JSON.parse(text).result.content[0].text;
}

function said(status: number, challenge: string, text: string): Said {
  const result = (() => {
    try {
      return JSON.parse(text.startsWith("{") ? text : text.match(/^data: (.+)$/m)?.[1] ?? "{}").result;
    } catch {
      return undefined;
    }
  })();
  return { status, challenge, text, isError: result?.isError === true, output: result?.structuredContent };
}
