import assert from "node:assert/strict";
import { leaders, overlapping, parseWrites, withoutLease, type Write } from "./writes.ts";

function write(by: string, from: number, to: number, more: Partial<Write> = {}): Write {
  return {
    by,
    from,
    to,
    user: "u",
    verb: "patch",
    resource: "deployments.apps",
    namespace: "n",
    name: "a",
    code: 200,
    ...more,
  };
}

const line = (more: object) =>
  `${
    JSON.stringify({
      stage: "ResponseComplete",
      verb: "patch",
      user: {
        username: "system:serviceaccount:coder-system:coder-k8s",
        extra: { "authentication.kubernetes.io/credential-id": ["JTI=1"] },
      },
      objectRef: { resource: "deployments", apiGroup: "apps", namespace: "n", name: "a" },
      responseStatus: { code: 200 },
      requestReceivedTimestamp: "2026-01-01T00:00:01.000000Z",
      stageTimestamp: "2026-01-01T00:00:01.250000Z",
      ...more,
    })
  }\n`;

Deno.test("writes are read with the process that made them, in the order in which they came", () => {
  const text = line({ requestReceivedTimestamp: "2026-01-01T00:00:01.100000Z" }) +
    line({
      verb: "update",
      objectRef: { resource: "codercontrolplanes", apiGroup: "coder.com", subresource: "status", name: "p" },
      user: { username: "admin" },
    });
  const [first, second, ...none] = parseWrites(text);
  assert.deepEqual(none, []);
  const second1970 = Date.parse("2026-01-01T00:00:01Z");
  assert.deepEqual(first, {
    by: "",
    user: "admin",
    verb: "update",
    resource: "codercontrolplanes.coder.com/status",
    namespace: "",
    name: "p",
    code: 200,
    from: second1970,
    to: second1970 + 250,
  });
  assert.deepEqual([second?.by, second?.resource, second?.from], [
    "JTI=1",
    "deployments.apps",
    second1970 + 100,
  ]);
});

Deno.test("reads, requests without an end, and lines that are half written are no writes", () => {
  const text = line({ verb: "get" }) + line({ stage: "RequestReceived" }) + line({ objectRef: undefined }) +
    line({}).slice(0, 40);
  assert.deepEqual(parseWrites(text), []);
});

Deno.test("two processes at one object at one time overlap; one after the other, or at two objects, they do not", () => {
  assert.equal(overlapping([write("a", 0, 10), write("b", 9, 20)]).length, 1);
  assert.equal(overlapping([write("a", 0, 10), write("b", 10, 20)]).length, 0);
  assert.equal(overlapping([write("a", 0, 10), write("b", 5, 20, { name: "other" })]).length, 0);
  assert.equal(overlapping([write("a", 0, 10), write("a", 5, 20)]).length, 0, "one process may do so");
  assert.equal(
    overlapping([
      write("a", 0, 100),
      write("a", 1, 2),
      write("b", 50, 60, { resource: "deployments.apps/scale" }),
    ]).length,
    1,
    "a long write counts to its end, and parts of an object are the object",
  );
});

Deno.test("who wrote the Lease last leads, and nobody else may write", () => {
  const lease = [write("a", 0, 1), write("b", 5, 6, { code: 409 }), write("b", 20, 21)];
  assert.deepEqual(withoutLease([write("a", 10, 12), write("b", 21, 22)], lease), []);
  assert.match(
    withoutLease([write("b", 10, 12)], lease)[0]!,
    /^b patch deployments\.apps n\/a .* while a led$/,
  );
  assert.match(withoutLease([write("a", 19, 25)], lease)[0]!, /while b led$/);
  assert.match(withoutLease([write("a", -5, -4)], lease)[0]!, /before anybody led$/);
  assert.equal(leaders(lease), 2);
});
