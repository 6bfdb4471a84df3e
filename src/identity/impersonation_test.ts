import assert from "node:assert/strict";
import http from "node:http";
import type net from "node:net";
import { below, pick, seededRandom } from "../telemetry/testing/random.ts";
import { headerValues, userFromHeaders } from "./identity_headers.ts";
import { ImpersonationError, impersonationHeaders, objectionTo } from "./impersonation.ts";
import type { KubeUser } from "./user.ts";

const user = (name: string, groups: string[] = [], extra: KubeUser["extra"] = {}): KubeUser => ({
  name,
  groups,
  extra,
});

Deno.test("people are spoken for with all that is known of them", () => {
  const ann = {
    ...user("ann@example.com", ["dev", "system:authenticated"], { "Example.com/Team": ["a", "b"] }),
    uid: "7",
  };
  assert.deepEqual(impersonationHeaders(ann), {
    "impersonate-user": "ann@example.com",
    "impersonate-uid": "7",
    "impersonate-group": ["dev", "system:authenticated"],
    "impersonate-extra-%45xample.com%2F%54eam": ["a", "b"],
  });
  assert.deepEqual(impersonationHeaders(user("ann")), { "impersonate-user": "ann" });
});

Deno.test("users and groups of the system are refused", () => {
  const refused = [
    user("system:admin"),
    user("system:anonymous"),
    user("system:node:worker", ["system:nodes"]),
    user("system:kube-scheduler"),
    user("system:"),
    user("ann", ["system:masters"]),
    user("ann", ["dev", "system:unauthenticated"]),
    user("ann", ["system:serviceaccounts"]),
    user("system:serviceaccount:lab"),
    user("system:serviceaccount::builder"),
    user("system:serviceaccount:lab:builder:x"),
    user("system:serviceaccount:lab:builder\nx"),
    user("system:serviceaccount:Lab:builder"),
    user("system:serviceaccount:lab:builder", ["system:serviceaccounts:kube-system"]),
    user("system:serviceaccount:lab:builder", ["system:masters"]),
  ];
  for (const one of refused) {
    assert.match(objectionTo(one) ?? "", /is one of the system's|no header can carry/, JSON.stringify(one));
    assert.throws(() => impersonationHeaders(one), ImpersonationError);
  }
});

Deno.test("service accounts are spoken for with their own groups", () => {
  const groups = [
    "system:serviceaccounts",
    "system:serviceaccounts:lab",
    "system:authenticated",
    "extra-group",
  ];
  assert.equal(objectionTo(user("system:serviceaccount:lab:builder.x-1", groups)), undefined);
});

Deno.test("what no header can carry as it is, is refused and not changed", () => {
  const refused = [
    user(""),
    user(" ann"),
    user("ann "),
    user("ann\u00a0"),
    user("ann\r\nImpersonate-Group: system:masters"),
    user("ann\u0000"),
    user("ann", [""]),
    user("ann", ["dev\n"]),
    user("ann", [], { "": ["x"] }),
    user("ann", [], { team: ["a\tb"] }),
    user("ann", [], { "team\n": ["a"] }),
    { ...user("ann"), uid: "7\r" },
    user("\ud800"),
    user("x".repeat(1_025)),
    user("ann", Array.from({ length: 1_001 }, (_, index) => `g${index}`)),
    user("ann", [], Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`k${index}`, ["x"]]))),
  ];
  for (const one of refused) assert.notEqual(objectionTo(one), undefined, JSON.stringify(one).slice(0, 80));
});

/** Sends headers as the client does, and reads them as the API server does. */
async function overTheWire(headers: Record<string, string | string[]>): Promise<readonly string[]> {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  const server = http.createServer((incoming, response) => {
    resolve(incoming.rawHeaders);
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as net.AddressInfo;
  await new Promise<void>((ended, failed) => {
    http.request({ host: "127.0.0.1", port, headers }, (answer) => answer.resume().on("end", ended))
      .on("error", failed).end();
  });
  await new Promise((closed) => server.close(closed));
  return await promise;
}

Deno.test("whoever is accepted arrives as exactly themselves, whatever their names are made of", async () => {
  const random = seededRandom(20_261_122);
  const pieces = [
    "a",
    "B",
    "%",
    "%2f",
    ":",
    ",",
    " ",
    "=",
    "é",
    "漢",
    "😀",
    "\n",
    "\r\n",
    "\u0000",
    "\t",
    "/",
    "_",
    "system:",
    "masters",
    "\u007f",
    '"',
    "\ud800",
  ];
  const text = () => Array.from({ length: below(random, 5) }, () => pick(random, pieces)).join("");
  let accepted = 0;
  for (let round = 0; round < 900; round++) {
    const extra = Object.fromEntries(Array.from({ length: below(random, 3) }, () => [text(), [text(), "v"]]));
    const one: KubeUser = { ...user(text(), [text(), "dev"].slice(below(random, 2)), extra), uid: text() };
    if (objectionTo(one) !== undefined) {
      assert.throws(() => impersonationHeaders(one), ImpersonationError);
      continue;
    }
    accepted++;
    const raw = await overTheWire(impersonationHeaders(one));
    const names = headerValues(raw);
    const arrived = userFromHeaders(names, {
      ca: undefined as never,
      allowedNames: [],
      usernameHeaders: ["impersonate-user"],
      uidHeaders: ["impersonate-uid"],
      groupHeaders: ["impersonate-group"],
      extraHeaderPrefixes: ["impersonate-extra-"],
    });
    const { uid, ...rest } = one;
    assert.deepEqual(arrived, uid === "" ? rest : one, JSON.stringify(one));
    const others = [...names.keys()].filter((name) => !name.startsWith("impersonate-"));
    assert.ok(
      others.every((name) => ["host", "connection", "accept", "user-agent"].includes(name)),
      others.join(),
    );
  }
  assert.ok(accepted > 20, String(accepted));
});
