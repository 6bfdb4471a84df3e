/** The kinds of others that examples have objects of, in a cluster of the test's own. */
import { join } from "node:path";
import type { Cluster } from "../cluster/mod.ts";
import { moduleFiles } from "../cluster/module_files.ts";
import { installForeignKinds } from "../deploy/foreign_kinds.ts";

const HERE = import.meta.dirname ?? ".";
const FLUX = "config/crd/bases";

const MODULES = [
  {
    name: "argo-cd",
    module: "github.com/argoproj/argo-cd/v3",
    files: ["manifests/crds/application-crd.yaml", "manifests/crds/applicationset-crd.yaml"],
  },
  {
    name: "kustomize-controller",
    module: "github.com/fluxcd/kustomize-controller",
    files: [`${FLUX}/kustomize.toolkit.fluxcd.io_kustomizations.yaml`],
  },
  {
    name: "source-controller",
    module: "github.com/fluxcd/source-controller",
    files: [
      `${FLUX}/source.toolkit.fluxcd.io_gitrepositories.yaml`,
      `${FLUX}/source.toolkit.fluxcd.io_ocirepositories.yaml`,
    ],
  },
];

/** Their own definitions, but for those that no registry has: `definitions.yaml`. */
export async function installDefinitions(cluster: Cluster): Promise<void> {
  const found = await Promise.all(
    MODULES.map((module) =>
      moduleFiles({
        ...module,
        moduleDir: join(HERE, "modules"),
        need: "the tests of examples take the definitions of Argo CD and Flux",
      })
    ),
  );
  const files = [...found.flat(), join(HERE, "definitions.yaml")].flatMap((file) => ["-f", file]);
  await installForeignKinds(cluster);
  await cluster.kubectl(["apply", "--server-side", ...files]);
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=120s", ...files]);
}
