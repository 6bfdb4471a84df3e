import assert from "node:assert/strict";
import { meantDenialsPath } from "../cluster/audit.ts";
import { serviceAccountUser } from "../cluster/mod.ts";
import { ACCOUNTS } from "./grants.ts";
import { RightsLedger } from "./ledger.ts";

const AT = "2026-01-02T03:04:05.000000Z";
const TIME = Date.parse(AT);

function line(event: {
  id?: string;
  user?: string;
  verb?: string;
  resource?: string;
  namespace?: string;
  name?: string;
  allowed?: boolean;
  impersonated?: string;
  /** After the others, in milliseconds. */
  later?: number;
}): string {
  const { id = crypto.randomUUID(), user = ACCOUNTS.operator, verb = "list", resource = "secrets" } = event;
  const { namespace = "lab", name, allowed = true, impersonated, later = 0 } = event;
  return JSON.stringify({
    auditID: id,
    stage: "ResponseComplete",
    requestURI: `/api/v1/namespaces/${namespace}/${resource}`,
    verb,
    user: { username: user },
    ...(impersonated === undefined ? {} : { impersonatedUser: { username: impersonated } }),
    userAgent: "coder-k8s/1 (all)",
    objectRef: { resource, namespace, name, apiVersion: "v1" },
    responseStatus: { code: allowed ? 200 : 403 },
    requestReceivedTimestamp: new Date(TIME + later).toISOString(),
    annotations: { "authorization.k8s.io/decision": allowed ? "allow" : "forbid" },
  }) + "\n";
}

async function withLog(
  run: (path: string, add: (text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/one.log`;
  await Deno.writeTextFile(path, "");
  try {
    await run(path, (text) => Deno.writeTextFile(path, text, { append: true }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("what the product was refused is named with what ran then, once, with a count", () =>
  withLog(async (path, add) => {
    const ledger = new RightsLedger();
    await add(line({ allowed: false }) + line({ allowed: false }) + line({}));
    await ledger.read(path, "first");
    await add(line({ allowed: false, user: ACCOUNTS.mcp, verb: "get", name: "token" }));
    await ledger.read(path, "second");
    await ledger.read(path, "third");
    assert.deepEqual(ledger.denials, [
      {
        user: ACCOUNTS.operator,
        userAgent: "coder-k8s/1 (all)",
        deed: "list secrets in lab",
        during: "first",
        count: 2,
      },
      {
        user: ACCOUNTS.mcp,
        userAgent: "coder-k8s/1 (all)",
        deed: "get secrets in lab: token",
        during: "second",
        count: 1,
      },
    ]);
  }));

Deno.test("others may be refused, and so may those whom the product speaks for", () =>
  withLog(async (path, add) => {
    const ledger = new RightsLedger();
    const others = ["ann", serviceAccountUser({ namespace: "coder-system", name: "scraper" })];
    for (const user of others) await add(line({ user, allowed: false }));
    await add(line({ allowed: false, impersonated: "ann" }));
    await ledger.read(path, "all");
    assert.deepEqual(ledger.denials, []);
  }));

Deno.test("refusals that are meant are none, in their time and of their kind alone", () =>
  withLog(async (path, add) => {
    const notes = (...all: object[]) =>
      Deno.writeTextFile(meantDenialsPath(path), all.map((note) => JSON.stringify(note) + "\n").join(""));
    const note = { deeds: "secrets in lab", why: "rights are taken away" };
    const denials = async () => {
      const ledger = new RightsLedger();
      await ledger.read(path, "all");
      return ledger.denials.map(({ deed }) => deed);
    };
    await add(line({ allowed: false }) + line({ allowed: false, resource: "pods" }));
    assert.deepEqual(await denials(), ["list secrets in lab", "list pods in lab"]);
    await notes({ ...note, from: TIME - 1 });
    assert.deepEqual(await denials(), ["list pods in lab"]);
    await notes({ ...note, from: TIME - 60_000 }, { ...note, from: TIME - 60_000, until: TIME - 30_000 });
    assert.equal((await denials()).length, 2, "it was over by then");
    await notes({ ...note, from: TIME + 30_000 });
    assert.equal((await denials()).length, 2, "it had not begun");
    // A request on its way as the rights came back.
    await notes({ ...note, from: TIME - 60_000 }, { ...note, from: TIME - 60_000, until: TIME - 100 });
    assert.deepEqual(await denials(), ["list pods in lab"]);
  }));

Deno.test("who changes the product's rights has announced what it is refused then", () =>
  withLog(async (path, add) => {
    const rights = { user: "admin", resource: "clusterrolebindings", name: "coder-k8s-mcp", namespace: "" };
    const during = async (...lines: string[]) => {
      await Deno.writeTextFile(path, "");
      await add(lines.join(""));
      const ledger = new RightsLedger();
      await ledger.read(path, "all");
      return ledger.denials.length;
    };
    const refused = line({ allowed: false, later: 20_000 });
    assert.equal(await during(refused), 1);
    assert.equal(await during(line({ ...rights, verb: "patch" }), refused), 0);
    assert.equal(await during(line({ ...rights, verb: "patch", later: -20_000 }), refused), 1, "long before");
    const gone = { ...rights, verb: "delete", later: -900_000 };
    assert.equal(await during(line(gone), refused), 1, "one of several");
    assert.equal(await during(line({ ...gone, name: "coder-k8s" }), refused), 0, "removed, for good");
    assert.equal(await during(line({ ...rights, verb: "get" }), refused), 1);
    assert.equal(await during(line({ ...rights, verb: "patch", name: "view" }), refused), 1, "of others");
    assert.equal(
      await during(line({ ...rights, verb: "patch", allowed: false }), refused),
      1,
      "it was not done",
    );
    const own = {
      ...rights,
      user: ACCOUNTS.operator,
      resource: "roles",
      name: "coder-k8s-x",
      namespace: "lab",
    };
    assert.equal(await during(line({ ...own, verb: "patch" }), refused), 1, "by the product itself");
    const home = { user: "admin", resource: "namespaces", name: "coder-system", namespace: "coder-system" };
    assert.equal(await during(line({ ...home, verb: "delete" }), refused), 0);
    assert.equal(await during(line({ ...home, verb: "patch" }), refused), 1);
  }));

Deno.test("a line that is half written is read when it is whole, and what was there before is nobody's", () =>
  withLog(async (path, add) => {
    const ledger = new RightsLedger();
    await add(line({ allowed: false }));
    await ledger.skip(path);
    const text = line({ allowed: false, resource: "pods" });
    await add(text.slice(0, 50));
    await ledger.read(path, "half");
    assert.deepEqual(ledger.denials, []);
    await add(text.slice(50));
    await ledger.read(path, "whole");
    assert.deepEqual(ledger.denials.map(({ deed, during }) => [deed, during]), [[
      "list pods in lab",
      "whole",
    ]]);
  }));

Deno.test("rights that nobody used are named with their role, those that nothing can show aside", () =>
  withLog(async (path, add) => {
    const ledger = new RightsLedger();
    await add(
      line({ verb: "get" }) + line({ verb: "get", namespace: "coder-system", name: "keys" }) +
        line({ verb: "delete", allowed: false }) + line({ verb: "watch", user: ACCOUNTS.mcp }),
    );
    await ledger.read(path, "all");
    const secrets = { apiGroups: [""], resources: ["secrets"] };
    const unused = ledger.unused(ACCOUNTS.operator, [
      { ...secrets, verbs: ["get", "watch", "delete", "create"], role: "ClusterRole/one" },
      { ...secrets, verbs: ["get"], namespace: "coder-system", resourceNames: ["keys"], role: "Role/two" },
      {
        ...secrets,
        verbs: ["get"],
        namespace: "coder-system",
        resourceNames: ["others"],
        role: "Role/three",
      },
    ]);
    assert.deepEqual(unused, [
      "watch secrets (ClusterRole/one)",
      "delete secrets (ClusterRole/one)",
      "get secrets (Role/three)",
    ]);
  }));
