/** Addresses of OCI artifacts. */
import { SourceError } from "../errors.ts";
import type { TemplateSource } from "../types.ts";

export type OciSource = NonNullable<TemplateSource["oci"]>;

export interface OciReference {
  /** Of the registry, with its port. */
  readonly host: string;
  /** Scheme, host and port. */
  readonly origin: string;
  readonly repository: string;
  /** Tag or digest. */
  readonly version: string;
  readonly isDigest: boolean;
}

export function ociReference({ url, tag, digest, insecure = false }: OciSource): OciReference {
  const found = /^oci:\/\/([a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?\/([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)$/
    .exec(url);
  if (found === null) {
    throw new SourceError(
      "InvalidSource",
      "spec.source.oci.url must be oci://host/name in lower case; tag and digest have fields of their own",
    );
  }
  const [, name = "", port = "", path = ""] = found;
  const isDocker = name === "docker.io" || name === "index.docker.io";
  const host = isDocker ? "registry-1.docker.io" : `${name.toLowerCase()}${port}`;
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw new SourceError(
      "InvalidSource",
      "spec.source.oci.digest must be sha256: and 64 hexadecimal digits",
    );
  }
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) {
    throw new SourceError("InvalidSource", "spec.source.oci.tag cannot be a tag");
  }
  return {
    host,
    origin: new URL(`${insecure ? "http" : "https"}://${host}`).origin,
    repository: isDocker && !path.includes("/") ? `library/${path}` : path,
    version: digest ?? tag ?? "latest",
    isDigest: digest !== undefined,
  };
}
