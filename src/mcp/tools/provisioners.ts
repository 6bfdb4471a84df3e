/** External provisioners, as Kubernetes knows them. */
import { z } from "zod";
import { CoderProvisioners, parseProvisioner, type Provisioner } from "../../api/provisioner.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { nameInput, namespaceInput, readTool } from "../tool.ts";
import { SHORT_CONDITION, toldConditions, troubleOf } from "./conditions.ts";
import { getObject, listObjects, parsed, parsedAll, target, warnIfStale } from "./reading.ts";

const ROW = z.object({
  name: z.string(),
  namespace: z.string(),
  controlPlane: z.string().describe("namespace/name"),
  organization: z.string(),
  phase: z.string(),
  readyReplicas: z.int(),
  replicas: z.int(),
  trouble: z.string().optional(),
});

/** `list_provisioners` */
export const listProvisioners = readTool({
  name: "list_provisioners",
  description: "List external provisioners (CoderProvisioner)",
  toolset: "platform",
  input: z.object({
    namespace: z.string().max(63).optional().describe("Default: all"),
    controlPlane: z.string().max(253).optional().describe("Only its own: name, or namespace/name"),
    ...pageInput(50, 500),
  }),
  output: z.object({ items: z.array(ROW), ...PAGE_OUTPUT }),
  idempotent: true,
  async read({ namespace, controlPlane, limit, cursor }, call) {
    const objects = await listObjects(
      call,
      CoderProvisioners,
      namespace,
      "list CoderProvisioner resources",
    );
    const rows = parsedAll(objects, parseProvisioner, call.warn)
      .map(rowOf)
      .filter(({ controlPlane: whole }) =>
        controlPlane === undefined || whole === controlPlane || whole.endsWith(`/${controlPlane}`)
      );
    const keyOf = (row: z.output<typeof ROW>) => `${row.namespace}/${row.name}`;
    const { items, ...page } = pageOf(rows, { limit, cursor, standard: 50, most: 500, keyOf });
    return { items: [...items], ...page };
  },
});

/** `get_provisioner_status` */
export const getProvisionerStatus = readTool({
  name: "get_provisioner_status",
  description: "Status, scaling and conditions of an external provisioner",
  toolset: "platform",
  input: z.object({ namespace: namespaceInput(), name: nameInput() }),
  output: ROW.omit({ trouble: true }).extend({
    observedGeneration: z.int(),
    desiredReplicas: z.int().optional(),
    autoscale: z.object({ min: z.int(), max: z.int() }).optional(),
    tags: z.record(z.string(), z.string()),
    image: z.string().optional(),
    keyName: z.string().optional(),
    conditions: z.array(SHORT_CONDITION),
  }),
  idempotent: true,
  async read(input, call) {
    const { key, text } = target(input);
    const what = `get CoderProvisioner ${text}`;
    const object = await getObject(call, CoderProvisioners, key, what);
    const provisioner = parsed(what, () => parseProvisioner(object));
    const { spec, status } = provisioner;
    const { trouble: _, ...row } = rowOf(provisioner);
    warnIfStale(object, status.observedGeneration ?? 0, call.warn);
    return {
      ...row,
      observedGeneration: status.observedGeneration ?? 0,
      ...(spec.autoscale === undefined
        ? { desiredReplicas: spec.replicas }
        : { autoscale: { min: spec.autoscale.minReplicas ?? 1, max: spec.autoscale.maxReplicas } }),
      tags: spec.tags,
      image: status.image,
      keyName: status.provisionerKeyName,
      conditions: toldConditions(status.conditions),
    };
  },
});

function rowOf({ metadata, spec, status }: Provisioner): z.output<typeof ROW> {
  const namespace = metadata.namespace ?? "";
  return {
    name: metadata.name ?? "",
    namespace,
    controlPlane: `${spec.controlPlaneRef.namespace || namespace}/${spec.controlPlaneRef.name}`,
    organization: status.organizationName ?? spec.organizationName,
    phase: status.phase ?? "",
    readyReplicas: status.readyReplicas ?? 0,
    replicas: status.replicas ?? 0,
    trouble: troubleOf(status.conditions, "Ready"),
  };
}
