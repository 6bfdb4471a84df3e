import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { SILENT } from "../cluster/progress.ts";
import { ensureHelm, helmFlags } from "./program.ts";
import { helm } from "./helm.ts";

const goMod = "module x\n\nrequire (\n\thelm.sh/helm/v3 v3.22.0\n\tk8s.io/client-go v0.36.1 // indirect\n)\n";

Deno.test("Helm's build says its version, and that of Kubernetes it was made with", () => {
  const flags = helmFlags(goMod);
  deepEqual(flags.slice(0, 3), ["-trimpath", "-buildvcs=false", "-ldflags"]);
  const linker = flags[3] ?? "";
  match(linker, /-X helm\.sh\/helm\/v3\/internal\/version\.version=v3\.22\.0\b/);
  match(linker, /chartutil\.k8sVersionMinor=36\b/);
  match(linker, /lint\/rules\.k8sVersionMinor=36\b/);
});

Deno.test("without Go it is said what to do", async () => {
  const cache = await Deno.makeTempDir();
  const given = Deno.env.get("HELM_BIN");
  Deno.env.delete("HELM_BIN");
  try {
    await rejects(
      () => ensureHelm({ go: "/nowhere/go", cache, progress: SILENT }),
      /Helm is built from source.*HELM_BIN/s,
    );
  } finally {
    if (given !== undefined) Deno.env.set("HELM_BIN", given);
    await Deno.remove(cache, { recursive: true });
  }
});

Deno.test("the built program is the Helm of the module", async () => {
  const pinned = /helm\.sh\/helm\/v3 (v\S+)/.exec(
    await Deno.readTextFile(new URL("go/go.mod", import.meta.url)),
  )?.[1];
  const { code, stdout } = await helm(["version", "--template={{.Version}}"]);
  equal(code, 0);
  equal(stdout, pinned);
});
