/** No name may reach another route of Coder than the one it is looked up by, whatever is in it. */
import assert from "node:assert/strict";
import {
  parseTemplateName,
  parseWorkspaceName,
  plainTemplateName,
  plainWorkspaceName,
} from "../../src/aggregated/names.ts";
import { staticBackends } from "../../src/inventory/mod.ts";
import { Resources } from "../../src/aggregated/resources/resources.ts";
import { templateStorage, workspaceStorage } from "../../src/aggregated/resources/storages.ts";
import { StatusError } from "../../src/aggregated/serving/status_errors.ts";
import { ANONYMOUS } from "../../src/identity/mod.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { startClientRig } from "../fake-coder/client_rig.ts";
import { addTemplate, addWorkspace } from "../fake-coder/mod.ts";

/** What has led servers astray before, beside ordinary parts. */
const PIECES = [
  "acme",
  "alice",
  "dev",
  "a",
  "Z9",
  "me",
  "ME",
  "new",
  "default",
  "coder",
  "..",
  ".",
  "/",
  "\\",
  "%2F",
  "%2f",
  "%2e%2e",
  "%",
  "%00",
  "\0",
  "?",
  "#",
  "&",
  "=",
  ";",
  "@",
  ":",
  "*",
  " ",
  "\t",
  "\n",
  "\r\n",
  "é",
  "ı",
  "İ",
  "ſ",
  "\u2024",
  "\u3002",
  "\uff0e",
  "\u2215",
  "\ud800",
  "\u200b",
  "keys?",
  "users/me",
  "../../users/me",
  "a--b",
  "-",
  "_",
  "x".repeat(33),
  "00000000-0000-4000-8000-000000000001",
  "{user}",
  "$SESSION_TOKEN",
  "__proto__",
  "constructor",
];

const ORDINARY = ["acme", "alice", "dev", "docker", "a", "Z9", "a-b"];

const ROUTES = [
  "/api/v2/users/{user}/workspace/{name}",
  "/api/v2/organizations/{organization}/templates/{name}",
];

function name(random: () => number): string {
  const parts = Array.from(
    { length: 1 + below(random, 5) },
    () => pick(random, below(random, 3) === 0 ? PIECES : ORDINARY),
  );
  return parts.join(pick(random, [".", ".", ".", "", "/"]));
}

Deno.test("a name that is taken consists of parts that Coder could have given, and nothing else", () => {
  const random = seededRandom(5);
  let taken = 0;
  for (let round = 0; round < 100_000; round++) {
    const text = name(random);
    for (const parse of [parseWorkspaceName, parseTemplateName]) {
      let parts: Record<string, string | undefined>;
      try {
        parts = parse(text) as unknown as Record<string, string | undefined>;
      } catch {
        continue;
      }
      taken++;
      assert.equal(Object.values(parts).join("."), text);
      for (const [part, value = ""] of Object.entries(parts)) {
        assert.match(value, part === "controlPlane" ? /^[a-z0-9-]{1,63}$/ : /^[A-Za-z0-9-]{1,32}$/);
        assert.equal(encodeURIComponent(value), value);
      }
      assert.notEqual(parts["owner"]?.toLowerCase(), "me");
    }
  }
  assert.ok(taken > 500, String(taken));
});

Deno.test("odd records of Coder get no name, and so never come back as a path", () => {
  const random = seededRandom(6);
  for (let round = 0; round < 50_000; round++) {
    const [organization, owner, last] = [
      pick(random, PIECES),
      pick(random, PIECES),
      pick(random, PIECES),
    ] as [
      string,
      string,
      string,
    ];
    const workspace = plainWorkspaceName({ organization, owner, workspace: last });
    if (workspace !== undefined) {
      assert.deepEqual(parseWorkspaceName(workspace), { organization, owner, workspace: last });
    }
    const template = plainTemplateName({ organization, template: last });
    if (template !== undefined) {
      assert.deepEqual(parseTemplateName(template), { organization, template: last });
    }
  }
});

Deno.test("on the wire nothing arrives but the two look-ups, with the parts of the name as they were", async () => {
  await using rig = await startClientRig({ budget: { perMinute: 1e9, burst: 1e9 }, rateLimit: -1 });
  addTemplate(rig.fake.state, "docker");
  addWorkspace(rig.fake.state, rig.owner, "dev");
  const resources = new Resources();
  const backends = staticBackends({
    namespace: "lab",
    open: () => Promise.resolve(rig.client),
    listener: resources,
    // Names that are asked for are not counted here.
    copy: { pollMs: 3_600_000, asks: { perMinute: 1e9, burst: 1e9 } },
  });
  resources.of(backends);
  const storages = [workspaceStorage(resources), templateStorage(resources)];
  const random = seededRandom(7);
  const before = rig.fake.requests.length;
  const context = { user: ANONYMOUS, signal: new AbortController().signal, warn: () => {} };
  let asked = 0;
  for (let round = 0; round < 3_000; round++) {
    const text = name(random);
    const from = rig.fake.requests.length;
    try {
      await pick(random, storages).get({ namespace: "lab", name: text }, context);
    } catch (error) {
      assert.ok(error instanceof StatusError, `${JSON.stringify(text)}: ${error}`);
      assert.ok([400, 404].includes(error.code), `${JSON.stringify(text)}: ${error.code} ${error.message}`);
    }
    for (const request of rig.fake.requests.slice(from)) {
      asked++;
      assert.ok(ROUTES.includes(request.route ?? ""), `${JSON.stringify(text)} reached ${request.path}`);
      assert.deepEqual([request.method, request.query], ["GET", ""]);
      const [, , , , first, , second] = request.path.split("/");
      assert.ok(text.split(".").includes(first!) && text.split(".").includes(second!), request.path);
    }
  }
  assert.ok(asked > 20, String(asked));
  assert.ok(rig.fake.requests.length > before);
});
