/** References of container images. */
import { parseVersion, type Version } from "./version.ts";

/** The parts of `registry:5000/coder/coder:v2.30.0@sha256:…`. */
export interface ImageReference {
  /** Registry and path. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Takes a reference apart. Never fails: what a registry makes of it is the container runtime's affair. */
export function parseImage(reference: string): ImageReference {
  const text = reference.trim();
  const at = text.indexOf("@");
  const name = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : text.slice(at + 1);
  // A colon before the last slash belongs to the registry's port.
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  return colon < 0
    ? { repository: name, tag: undefined, digest }
    : { repository: name.slice(0, colon), tag: name.slice(colon + 1), digest };
}

/** The version that an image's tag tells; undefined where it tells none, as `latest` or a digest alone. */
export function versionOfImage(reference: string | undefined): Version | undefined {
  const { tag } = parseImage(reference ?? "");
  return tag === undefined ? undefined : parseVersion(tag);
}
