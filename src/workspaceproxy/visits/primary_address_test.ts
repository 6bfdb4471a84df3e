import assert from "node:assert/strict";
import { Deployments } from "../../api/kubernetes/resources.ts";
import { FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import { RegistrationError } from "../registration/mod.ts";
import { PrimaryAddresses } from "./primary_address.ts";
import type { WantedCoder } from "./ways.ts";

const KEY = { namespace: "a", name: "coder" };
const signal = new AbortController().signal;

function world(answer: { dashboard_url?: string; workspace_proxy?: boolean }) {
  let asked = 0;
  let ms = 0;
  const deployments = new FakeInformer(Deployments);
  const buildInfo = () => {
    asked++;
    return Promise.resolve({ dashboard_url: "", workspace_proxy: false, ...answer });
  };
  const client = { address: "http://coder", system: { buildInfo } };
  const coder = { coder: { client }, name: "a/coder", access: undefined } as unknown as WantedCoder;
  const addresses = new PrimaryAddresses({ deployments } as never, () => new Date(ms));
  return {
    deployments,
    of: () => addresses.of(KEY, coder, signal),
    asked: () => asked,
    pass: (time: number) => void (ms += time),
  };
}

Deno.test("Coder is asked once for all, and again when its pods are others, or after hours", async () => {
  const { of, asked, pass, deployments } = world({ dashboard_url: "https://coder.example.com" });
  assert.deepEqual(await Promise.all([of(), of()]), [
    "https://coder.example.com",
    "https://coder.example.com",
  ]);
  pass(3_600_000);
  await of();
  assert.equal(asked(), 1);
  deployments.put(make(Deployments, "coder", { namespace: "a" }));
  await of();
  assert.equal(asked(), 2);
  pass(6 * 3_600_000);
  await of();
  assert.equal(asked(), 3);
});

Deno.test("a Coder that tells no address, or is none, is an error, and asked again", async () => {
  for (
    const [answer, reason] of [
      [{}, "AddressUnknown"],
      [{ workspace_proxy: true, dashboard_url: "https://x" }, "WorkspaceProxy"],
    ] as const
  ) {
    const { of, asked } = world(answer);
    for (const _ of [1, 2]) {
      await assert.rejects(of(), (error) => error instanceof RegistrationError && error.reason === reason);
    }
    assert.equal(asked(), 2);
  }
});
