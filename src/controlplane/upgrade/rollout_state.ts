/**
 * What the operator remembers of the last change of image. It is an annotation of the Deployment, so that it is written in
 * one piece with the pod template it is about, and no end of the operator can come between.
 */
import type { Deployment } from "../../api/kubernetes/types.ts";
import { type SchemaMemory, schemaMemory } from "./schema.ts";

/** On a Deployment whose image this operator has changed. */
export const ROLLOUT_ANNOTATION = "coder.com/rollout";

/** The content of {@linkcode ROLLOUT_ANNOTATION}. */
export interface RolloutState {
  /** The image that was let through to the pods. */
  readonly image: string;
  /** When; RFC 3339. Also tells one change to the same image from another. */
  readonly since: string;
  /** When it was last tried again, from when its time counts; RFC 3339. */
  readonly tried?: string;
  /** The latest version that had used the database before, where one was known and this is no way back from it. */
  readonly floor?: string;
  /** Since the last complete rollout another image has had a ready pod: there is no giving up any more. */
  readonly moved?: true;
  /** A pod of it has been ready: what it does to the database schema is done. */
  readonly ready?: true;
  /** The database's schema, where its number was known before the rollout. */
  readonly schema?: SchemaMemory;
  /** The rollout was stopped by us: a hash of what was rolled out, whose change goes on with it. */
  readonly stopped?: string;
}

/** Reads the annotation; undefined where there is none, or somebody made something else of it. */
export function rolloutState(deployment: Deployment | undefined): RolloutState | undefined {
  const text = deployment?.metadata.annotations?.[ROLLOUT_ANNOTATION];
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { image, since, tried, floor, moved, ready, stopped, ...rest } = value as Record<string, unknown>;
  if (typeof image !== "string" || image === "" || typeof since !== "string") return undefined;
  if (Number.isNaN(Date.parse(since))) return undefined;
  const schema = schemaMemory(rest["schema"]);
  return {
    image,
    since,
    ...(typeof tried === "string" && !Number.isNaN(Date.parse(tried)) && { tried }),
    ...(typeof floor === "string" && { floor }),
    ...(moved === true && { moved }),
    ...(ready === true && { ready }),
    ...(schema !== undefined && { schema }),
    ...(typeof stopped === "string" && { stopped }),
  };
}

/** The annotation's value. */
export function rolloutStateText(
  { image, since, tried, floor, moved, ready, schema, stopped }: RolloutState,
): string {
  return JSON.stringify({ image, since, tried, floor, moved, ready, schema, stopped });
}

/** The image of the Coder container, as the live pod template has it. */
export function templateImage(deployment: Deployment | undefined): string | undefined {
  const containers = deployment?.spec?.template.spec?.containers ?? [];
  return (containers.find(({ name }) => name === "coder") ?? containers[0])?.image;
}
