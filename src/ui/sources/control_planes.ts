/** Control planes, with their conditions. */
import { type CoderControlPlane, CoderControlPlanes } from "../../api/control_plane.ts";
import type { ControlPlaneRow } from "../types.ts";
import { onBoard } from "./on_board.ts";
import { follow } from "./follow.ts";
import type { Source } from "./source.ts";
import { conditionsOf, shareOf, textOf } from "./words.ts";

export const controlPlanes: Source = {
  sections: ["controlplanes"],
  run: (world) => follow({ type: CoderControlPlanes }, onBoard(world.board, "controlplanes", rowOf), world),
};

function rowOf({ metadata, spec, status }: CoderControlPlane): ControlPlaneRow {
  const [namespace, name] = [metadata.namespace ?? "", metadata.name ?? ""];
  return {
    id: `${namespace}/${name}`,
    namespace,
    name,
    phase: textOf(status?.phase, 64),
    version: textOf(status?.version, 128),
    replicas: shareOf(status?.readyReplicas, spec?.replicas),
    url: textOf(status?.externalURL) || textOf(status?.url),
    conditions: conditionsOf(status?.conditions),
  };
}
