/** CycloneDX 1.6: the form in which a release says what is in it. */
import { createHash } from "node:crypto";

/** One thing that is inside. */
export interface Component {
  readonly type: "library" | "platform" | "operating-system";
  readonly name: string;
  readonly version?: string | undefined;
  readonly purl: string;
  /** SPDX expression. */
  readonly licence?: string | undefined;
  /** Of a lock file: `sha512-BASE64`. */
  readonly integrity?: string | undefined;
  /** Carried in files of another package. */
  readonly vendored?: boolean | undefined;
  /** `purl`s of what it needs. */
  readonly needs?: readonly string[] | undefined;
}

/** What the document is about. */
export interface Subject {
  readonly type: "application" | "container";
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** RFC 3339. */
  readonly built: string;
  /** `purl`s of what it needs itself. */
  readonly needs: readonly string[];
}

/** The document. Equal parts make equal documents: its serial number is made of them. */
export function cycloneDx(subject: Subject, components: readonly Component[]): Record<string, unknown> {
  const ref = `pkg:generic/${subject.name}@${subject.version}`;
  const body = {
    metadata: {
      timestamp: subject.built,
      tools: {
        components: [{
          type: "application",
          name: "scripts/sbom",
          group: "coder-k8s",
          version: subject.version,
        }],
      },
      component: {
        type: subject.type,
        "bom-ref": ref,
        name: subject.name,
        version: subject.version,
        description: subject.description,
        purl: ref,
        licenses: [{ license: { id: "Apache-2.0" } }],
      },
    },
    components: components.map(component),
    dependencies: [
      { ref, dependsOn: subject.needs },
      ...components.map(({ purl, needs = [] }) => ({ ref: purl, dependsOn: needs })),
    ],
  };
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(body))}`,
    version: 1,
    ...body,
  };
}

/** `pkg:npm/%40scope/name@1.2.3`. */
export function npmPurl(name: string, version?: string): string {
  return `pkg:npm/${name.replace("@", "%40")}${
    version === undefined ? "" : `@${encodeURIComponent(version)}`
  }`;
}

function component({ type, name, version, purl, licence, integrity, vendored }: Component) {
  const [scope, short] = name.startsWith("@") ? name.split("/") : [undefined, name];
  return {
    type,
    "bom-ref": purl,
    ...(scope === undefined ? {} : { group: scope }),
    name: short ?? name,
    ...(version === undefined ? {} : { version }),
    ...(integrity === undefined ? {} : { hashes: [hashOf(integrity)] }),
    ...(licence === undefined ? {} : { licenses: [licenceChoice(licence)] }),
    purl,
    ...(vendored === true ? { properties: [{ name: "coder-k8s:vendored", value: "true" }] } : {}),
  };
}

function licenceChoice(licence: string) {
  return / (OR|AND|WITH) /.test(licence) ? { expression: licence } : { license: { id: licence } };
}

function hashOf(integrity: string) {
  const [algorithm = "", content = ""] = integrity.split("-", 2);
  const alg = { sha1: "SHA-1", sha256: "SHA-256", sha512: "SHA-512" }[algorithm];
  if (alg === undefined) throw new Error(`integrity ${integrity} is of an unknown kind`);
  return { alg, content: content.length === 0 ? "" : Uint8Array.fromBase64(content).toHex() };
}

/** A UUID of version 8: what is in it is the maker's own, here a hash. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const variant = (8 + Number.parseInt(hex[16]!, 16) % 4).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ]
    .join("-");
}
