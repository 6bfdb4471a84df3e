import assert from "node:assert/strict";
import { fakeLooker } from "../testing.ts";
import { readEntitlements, readExpiries, readKeys } from "./mod.ts";

const SUBJECT = { kind: "provisioner", namespace: "lab", name: "gpu" } as const;

function reader(answers: Readonly<Record<string, unknown>>) {
  const looker = fakeLooker(SUBJECT, { coder: (route) => answers[route] });
  const need = { verb: "get", resource: "coderprovisioners" };
  return looker.coder({ namespace: "lab", need });
}

Deno.test("what a licence allows is read feature by feature, and what is no feature is left out", async () => {
  const coder = await reader({
    "/api/v2/entitlements": {
      has_license: true,
      trial: null,
      features: { audit_log: { entitlement: "entitled", enabled: true, limit: 4 }, odd: "yes" },
      errors: ["License expired"],
      warnings: null,
    },
  });
  assert.deepEqual(await readEntitlements(coder), {
    hasLicense: true,
    trial: false,
    features: { audit_log: { entitlement: "entitled", enabled: true } },
    errors: ["License expired"],
    warnings: [],
    expiries: [],
  });
});

Deno.test("the end of a licence is that of its own claim, not of its token", async () => {
  const coder = await reader({
    "/api/v2/licenses": [
      { id: 1, claims: { license_expires: 1_700_000_000, exp: 1_800_000_000 } },
      { id: 2, claims: { exp: 1_800_000_000 } },
      { id: 3, claims: { exp: "soon" } },
      { id: 4 },
    ],
  });
  assert.deepEqual(await readExpiries(coder), ["2023-11-14T22:13:20Z", "2027-01-15T08:00:00Z"]);
});

Deno.test("keys come with their tags and without what Coder does not say", async () => {
  const coder = await reader({
    "/api/v2/organizations/default/provisionerkeys": [
      { name: "gpu-1", tags: { env: "gpu", odd: 1 }, created_at: "2026-11-22T07:00:00Z", id: "x" },
      { name: "gpu-2", tags: null, created_at: "0001-01-01T00:00:00Z" },
      { tags: {} },
    ],
  });
  assert.deepEqual(await readKeys(coder, "default"), [
    { name: "gpu-1", tags: { env: "gpu" }, createdAt: "2026-11-22T07:00:00Z" },
    { name: "gpu-2", tags: {}, createdAt: undefined },
  ]);
});
