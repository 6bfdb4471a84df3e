/** Whose object is this, and may we write it? An object that somebody else made is never taken silently. */
import { keyOf, keyText, type KubeObject, resourceText, type ResourceType } from "../../api/object.ts";
import { ADOPT_ANNOTATION, APPLIED_ANNOTATION, FIELD_MANAGER, ForeignObjectError } from "../applier.ts";
import { controllerOf, isControlledBy } from "./owner_references.ts";

/** `ours`: write. `adopt`: nobody's, and a user allowed it. */
export type Claim = "ours" | "adopt";

/** What the judgement rests on. */
export interface ClaimOptions {
  owner?: KubeObject | undefined;
  isOurs?: ((live: KubeObject) => boolean) | undefined;
}

/** Throws {@linkcode ForeignObjectError} where `live` is somebody else's. */
export function claim(type: ResourceType, live: KubeObject, options: ClaimOptions): Claim {
  const { owner } = options;
  if (owner !== undefined && isControlledBy(live, owner)) return "ours";
  const controller = controllerOf(live);
  if (controller !== undefined) throw controlledError(type, live, options);
  const isOurs = options.isOurs ?? (owner === undefined ? carriesApplied : undefined);
  if (isOurs?.(live) === true) return "ours";
  if (live.metadata.annotations?.[ADOPT_ANNOTATION] === adopter(owner)) return "adopt";
  throw uncontrolledError(type, live, owner);
}

function carriesApplied(live: KubeObject): boolean {
  return live.metadata.annotations?.[APPLIED_ANNOTATION] !== undefined;
}

/** The value of the annotation that allows us to take an object over. */
function adopter(owner: KubeObject | undefined): string {
  return owner?.metadata.name ?? FIELD_MANAGER;
}

function controlledError(type: ResourceType, live: KubeObject, { owner }: ClaimOptions): ForeignObjectError {
  const controller = controllerOf(live);
  const key = keyOf(live);
  const sameName = owner !== undefined && controller?.kind === owner.kind &&
    controller.name === owner.metadata.name;
  const hint = sameName
    ? "That is an earlier object of the same name; Kubernetes removes what it left behind, and then this one is made anew"
    : "Give one of the two another name, or delete the existing one";
  return new ForeignObjectError(
    `${type.kind} ${
      keyText(key)
    } is controlled by ${controller?.kind} ${controller?.name} (uid ${controller?.uid}), ` +
      `so it is left alone. ${hint}`,
    resourceText(type),
    key,
    "controlled",
  );
}

function uncontrolledError(
  type: ResourceType,
  live: KubeObject,
  owner: KubeObject | undefined,
): ForeignObjectError {
  const key = keyOf(live);
  const namespace = key.namespace === "" ? "" : ` --namespace ${key.namespace}`;
  const fate = owner === undefined ? "" : `; it is then deleted together with the ${owner.kind}`;
  return new ForeignObjectError(
    `${type.kind} ${keyText(key)} exists already and was made by somebody else, so it is left alone. ` +
      `Give one of the two another name, or let ${owner?.kind ?? FIELD_MANAGER} ${
        owner?.metadata.name ?? ""
      } take it over`
        .trimEnd() +
      `${fate}: kubectl annotate ${resourceText(type)} ${key.name}${namespace} ${ADOPT_ANNOTATION}=${
        adopter(owner)
      }`,
    resourceText(type),
    key,
    "uncontrolled",
  );
}
