import assert from "node:assert/strict";
import { controlPlane, storedControlPlane } from "../testing.ts";
import { tokenSecretKey, visitConfigMaps, visitSecrets } from "./secrets.ts";

Deno.test("every Secret and ConfigMap that visits read is found, once", () => {
  const object = storedControlPlane({
    operatorAccess: {
      generatedTokenSecretName: "token",
      databaseURLSecretRef: { name: " pg " },
      databaseCASecretRef: { name: "ca" },
      bootstrapTokenSecretRef: { name: "boot" },
    },
    licenseSecretRef: { name: "lic" },
    firstUser: { secretName: "owner" },
    extraEnv: [
      { name: "A", value: "b" },
      { name: "B", valueFrom: { secretKeyRef: { name: "env", key: "k" } } },
      { name: "C", valueFrom: { configMapKeyRef: { name: "map", key: "k" } } },
    ],
    envFrom: [{ secretRef: { name: "lic" } }, { configMapRef: { name: "more" } }, {
      secretRef: { name: " " },
    }],
  });
  assert.deepEqual(visitSecrets(object).sort(), [
    "a/boot",
    "a/ca",
    "a/env",
    "a/lic",
    "a/owner",
    "a/pg",
    "a/token",
  ]);
  assert.deepEqual(visitConfigMaps(object), ["a/map", "a/more"]);
});

Deno.test("objects of any shape are read without a fault", () => {
  for (
    const spec of [
      undefined,
      null,
      7,
      { operatorAccess: 7, licenseSecretRef: { name: 7 }, firstUser: "x", extraEnv: "x", envFrom: { a: 1 } },
      {
        operatorAccess: { generatedTokenSecretName: {} },
        extraEnv: [null, { valueFrom: 3 }],
        envFrom: [null, 5],
      },
    ]
  ) {
    const object = storedControlPlane(spec as never);
    assert.deepEqual(visitSecrets(object), ["a/coder-operator-token"]);
    assert.deepEqual(visitConfigMaps(object), []);
  }
});

Deno.test("the token is where the Go operator keeps it", () => {
  assert.deepEqual(tokenSecretKey(controlPlane()), {
    secret: { namespace: "a", name: "coder-operator-token" },
    key: "token",
  });
  assert.equal(
    tokenSecretKey(controlPlane({ operatorAccess: { generatedTokenSecretName: "t" } })).secret.name,
    "t",
  );
});
