/** External provisioners, with their conditions. */
import { CoderProvisioners } from "../../api/provisioner.ts";
import type { KubeObject } from "../../api/object.ts";
import type { ProvisionerRow } from "../types.ts";
import { onBoard } from "./on_board.ts";
import { follow } from "./follow.ts";
import type { Source } from "./source.ts";
import { conditionsOf, shareOf, textOf } from "./words.ts";

export const provisioners: Source = {
  sections: ["provisioners"],
  run: (world) => follow({ type: CoderProvisioners }, onBoard(world.board, "provisioners", rowOf), world),
};

function rowOf(object: KubeObject): ProvisionerRow {
  const { metadata, status = {} } = object as KubeObject & { status?: Record<string, unknown> };
  const [namespace, name] = [metadata.namespace ?? "", metadata.name ?? ""];
  return {
    id: `${namespace}/${name}`,
    namespace,
    name,
    phase: textOf(status["phase"], 64),
    ready: shareOf(status["readyReplicas"], status["replicas"]),
    conditions: conditionsOf(status["conditions"]),
  };
}
