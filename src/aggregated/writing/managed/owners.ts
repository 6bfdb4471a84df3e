/** Who owns which fields: `metadata.managedFields`, read and written. */
import type { ManagedFieldsEntry } from "../../../api/kubernetes/types.ts";
import { FieldSet } from "./field_set.ts";
import { fromFieldsV1, toFieldsV1 } from "./fields_v1.ts";
import { compareText, isMap } from "./json.ts";

export type Operation = "Apply" | "Update";

/** What makes an owner this one and no other. */
export interface OwnerKey {
  readonly manager: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  /** The empty string is the object itself. */
  readonly subresource: string;
}

export interface Owner extends OwnerKey {
  readonly fields: FieldSet;
  /** When it last changed something; absent: it never did. RFC 3339, in seconds. */
  readonly time?: string;
}

/** All owners, by {@linkcode ownerId}. Never changed. */
export type Owners = ReadonlyMap<string, Owner>;

export const NO_OWNERS: Owners = new Map();

/** Who applies owns in all versions at once; who updates owns in the version of the update. */
export function ownerId({ manager, operation, apiVersion, subresource }: OwnerKey): string {
  return JSON.stringify({
    ...(manager === "" ? {} : { manager }),
    operation,
    ...(operation === "Apply" ? {} : { apiVersion }),
    ...(subresource === "" ? {} : { subresource }),
  });
}

/**
 * @throws {SyntaxError} for what Kubernetes would not understand either: another operation, no version, fields of
 * another type
 */
export function readOwners(entries: unknown): Owners {
  if (entries === undefined || entries === null) return NO_OWNERS;
  if (!Array.isArray(entries)) throw new SyntaxError("managedFields must be a list");
  const owners = entries.map(readOwner);
  return new Map(owners.map((owner) => [ownerId(owner), owner]));
}

function readOwner(entry: unknown, index: number): Owner {
  if (!isMap(entry)) throw new SyntaxError(`managed fields entry ${index} must be an object`);
  const { operation, fieldsType, fieldsV1 } = entry;
  const apiVersion = textOf(entry["apiVersion"]);
  const time = textOf(entry["time"]);
  if (operation !== "Apply" && operation !== "Update") {
    throw new SyntaxError("operation must be `Apply` or `Update`");
  }
  if (apiVersion === "") throw new SyntaxError("apiVersion must not be empty");
  if (fieldsType === undefined || fieldsType === "") {
    throw new SyntaxError(`missing fieldsType in managed fields entry ${index}`);
  }
  if (fieldsType !== "FieldsV1") {
    throw new SyntaxError(
      `invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`,
    );
  }
  return {
    manager: textOf(entry["manager"]),
    operation,
    apiVersion,
    subresource: textOf(entry["subresource"]),
    fields: fieldsV1 === undefined || fieldsV1 === null ? FieldSet.empty : fromFieldsV1(fieldsV1),
    ...(time === "" ? {} : { time }),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Whether somebody writes managedFields so that they are forgotten: one entry with nothing in it. */
export function isReset(entries: unknown): boolean {
  return Array.isArray(entries) && entries.length === 1 && isMap(entries[0]) &&
    Object.keys(entries[0]).length === 0;
}

/** In the order of Kubernetes: who applies first, then by time, manager, version and subresource. */
export function writeOwners(owners: Owners): ManagedFieldsEntry[] {
  return [...owners.values()].sort(compareOwners).map(writeOwner);
}

function writeOwner(
  { manager, operation, apiVersion, subresource, fields, time }: Owner,
): ManagedFieldsEntry {
  return {
    apiVersion,
    fieldsType: "FieldsV1",
    fieldsV1: toFieldsV1(fields),
    ...(manager === "" ? {} : { manager }),
    operation,
    ...(subresource === "" ? {} : { subresource }),
    ...(time === undefined ? {} : { time }),
  };
}

function compareOwners(left: Owner, right: Owner): number {
  return compareText(left.operation, right.operation) || secondsOf(left) - secondsOf(right) ||
    compareText(left.manager, right.manager) || compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource);
}

/** Seconds since 1970; 0 for who has no time, or none that can be read. */
export function secondsOf({ time }: Owner): number {
  const parsed = time === undefined ? NaN : Date.parse(time);
  return Number.isNaN(parsed) ? 0 : Math.floor(parsed / 1_000);
}

/** The same owners with one changed, or without it where there is nothing that it owns. */
export function withOwner(owners: Owners, owner: Owner): Owners {
  const changed = new Map(owners);
  if (owner.fields.isEmpty) changed.delete(ownerId(owner));
  else changed.set(ownerId(owner), owner);
  return changed;
}

/** As managedFields have it: RFC 3339, in whole seconds. */
export function timeText(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
