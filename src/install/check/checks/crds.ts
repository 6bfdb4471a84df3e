/** Are the kinds there, established, and those of this program? */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { KubeObject } from "../../../api/object.ts";
import { sayings } from "../finding.ts";
import { conditionOf, conditions } from "../shapes.ts";
import type { Check, CheckWorld, Finding } from "../types.ts";

const say = sayings("crds");
const INSTALL = "Install it: coder-k8s install (kubectl apply --server-side -k crd/ does this part alone).";

const spec = z.object({
  versions: z.array(z.object({ name: z.string(), schema: z.unknown(), storage: z.boolean().catch(false) })),
});
const crd = z.object({
  spec,
  status: z.object({ storedVersions: z.array(z.string()).catch([]), conditions }).catch({
    storedVersions: [],
    conditions: [],
  }),
});

export const crds: Check = {
  id: "crds",
  phases: ["before", "after"],
  async run(world) {
    const wanted = world.objects.filter(({ kind }) => kind === "CustomResourceDefinition");
    const findings = await Promise.all(wanted.map((object) => one(object, world)));
    const bad = findings.filter(({ verdict }) => verdict !== "ok");
    if (bad.length > 0 || findings.length === 0) return bad;
    const isNew = findings.every(({ text }) => text.endsWith(WILL_BE_MADE));
    return [
      say.ok(
        isNew
          ? "No CustomResourceDefinition is in the way."
          : "The CustomResourceDefinitions are this program's.",
      ),
    ];
  },
};

const WILL_BE_MADE = "is made when it is installed.";

async function one(object: KubeObject, world: CheckWorld): Promise<Finding> {
  const name = object.metadata.name ?? "";
  const reading = await world.read(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`, crd);
  if (reading.state === "unread") return say.unread(`CustomResourceDefinition ${name}`, reading);
  if (reading.state === "absent") {
    return world.phase === "before" ? say.ok(`CustomResourceDefinition ${name} ${WILL_BE_MADE}`) : say.failed(
      `CustomResourceDefinition ${name} is missing: nothing of its kind is reconciled.`,
      INSTALL,
    );
  }
  const { status, spec: live } = reading.value;
  for (const type of ["NamesAccepted", "Established"]) {
    const condition = conditionOf(status.conditions, type);
    if (condition?.status !== "True") {
      return say.failed(
        `CustomResourceDefinition ${name} is not ${type}: ${
          condition?.message || "the API server says nothing yet"
        }`,
        "Remove what has the same names: kubectl get crds.",
      );
    }
  }
  const ours = spec.parse((object as unknown as { spec: unknown }).spec);
  const foreign = status.storedVersions.filter((stored) =>
    !ours.versions.some((each) => each.name === stored)
  );
  if (foreign.length > 0) {
    return say.failed(
      `CustomResourceDefinition ${name} has objects stored as ${
        foreign.join(", ")
      }, which this program does not know.`,
      "Use a newer coder-k8s.",
    );
  }
  if (isDeepStrictEqual(ours.versions.map((each) => each.schema), live.versions.map((each) => each.schema))) {
    return say.ok(`CustomResourceDefinition ${name} is this program's.`);
  }
  return world.phase === "before"
    ? say.warning(`CustomResourceDefinition ${name} is of another version, and is replaced; objects stay.`)
    : say.warning(
      `CustomResourceDefinition ${name} is of another version than this program (${world.version}): fields may be lost.`,
      INSTALL,
    );
}
