import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { apiServerAddresses, needsAddresses, SLOT, withAddresses } from "./network.ts";

const policy = (from: object[] | undefined): KubeObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "p" },
  spec: {
    policyTypes: ["Ingress"],
    ingress: [{ ...(from === undefined ? {} : { from }), ports: [{ port: 6443 }] }],
  },
} as KubeObject);
const slot = { ipBlock: { cidr: SLOT } };
const agent = { podSelector: { matchLabels: { a: "b" } } };

Deno.test("the slot becomes a peer for each range, and others stay", () => {
  assert.deepEqual(withAddresses([policy([slot, agent])], ["10.0.0.1/32", "::1/128"]), [
    policy([{ ipBlock: { cidr: "10.0.0.1/32" } }, { ipBlock: { cidr: "::1/128" } }, agent]),
  ]);
});

Deno.test("objects without the slot stay as they are, also beside one that has it", () => {
  const others = [policy([agent]), policy(undefined), { ...policy([slot]), kind: "Other" }];
  assert.ok(!needsAddresses(others));
  assert.deepEqual(withAddresses(others, ["10.0.0.1/32"]), others);
  const all = [...others, policy([slot])];
  assert.ok(needsAddresses(all));
  assert.deepEqual(withAddresses(all, ["10.0.0.1/32"]).slice(0, 3), others);
});

Deno.test("the API server's endpoints are ranges of one address each", async () => {
  const asked: string[] = [];
  const answering = (answer: unknown) => ({
    raw: (method: string, path: string) => {
      asked.push(`${method} ${path}`);
      return Promise.resolve(answer);
    },
  });
  const items = [
    { endpoints: [{ addresses: ["10.0.0.2", "10.0.0.1"] }, { addresses: ["10.0.0.1"] }] },
    { endpoints: [{ addresses: ["fd00::1"] }] },
    { endpoints: null },
  ];
  assert.deepEqual(await apiServerAddresses(answering({ items })), [
    "10.0.0.1/32",
    "10.0.0.2/32",
    "fd00::1/128",
  ]);
  assert.match(
    asked[0]!,
    /^GET .*\/namespaces\/default\/endpointslices\?labelSelector=kubernetes\.io%2Fservice-name%3Dkubernetes$/,
  );
  assert.deepEqual(await apiServerAddresses(answering({ items: [] })), []);
  assert.deepEqual(await apiServerAddresses(answering("no list")), [], "foreign data");
});
