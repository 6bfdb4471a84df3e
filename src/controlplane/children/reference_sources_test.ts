import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { podReferences } from "./reference_sources.ts";
import { storedControlPlane } from "../testing.ts";

const references = (spec: CoderControlPlane["spec"]) => podReferences(storedControlPlane(spec));

Deno.test("every field that names a ConfigMap or Secret for the pods is found", () => {
  assert.deepEqual(
    references({
      envFrom: [{ configMapRef: { name: "c1" } }, { secretRef: { name: "s1" } }],
      extraEnv: [
        { name: "A", valueFrom: { secretKeyRef: { name: "s2", key: "k" } } },
        { name: "B", valueFrom: { configMapKeyRef: { name: "c2", key: "k" } } },
      ],
      tls: { secretNames: ["s3"] },
      certs: { secrets: [{ name: "s4", key: "k" }] },
      volumes: [
        { name: "a", secret: { secretName: "s5" } },
        { name: "b", configMap: { name: "c3" } },
        { name: "c", projected: { sources: [{ secret: { name: "s6" } }, { configMap: { name: "c4" } }] } },
      ],
      initContainers: [{ name: "wait", envFrom: [{ secretRef: { name: "s7" } }] }],
      signIn: {
        oidc: { issuerURL: "https://id", clientID: "c", clientSecretRef: { name: "s8" } },
        github: { clientID: "c", clientSecretRef: { name: "s9" }, allowEveryone: true },
      },
    }),
    [
      ...["c1", "c2", "c3", "c4"].map((name) => `ConfigMap/a/${name}`),
      ...Array.from({ length: 9 }, (_, i) => `Secret/a/s${i + 1}`),
    ],
  );
});

Deno.test("the licence, which is applied through the API, replaces no pods", () => {
  assert.deepEqual(references({ licenseSecretRef: { name: "licence" } }), []);
});

Deno.test("objects that cannot be read or rendered have no pods to look after", () => {
  assert.deepEqual(references({ replicas: "many" } as unknown as CoderControlPlane["spec"]), []);
  assert.deepEqual(references({ tls: { secretNames: [" "] } }), []);
  assert.deepEqual(references(undefined), []);
});
