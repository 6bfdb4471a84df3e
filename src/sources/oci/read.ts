/** Reading OCI artifacts. */
import type { ArchiveEntry } from "../../archive/mod.ts";
import { registryCredentials } from "../credentials.ts";
import { SourceError } from "../errors.ts";
import { bytesOfBody, dropped } from "../http.ts";
import type { SourceContent, SourceLimits, SourceRequest } from "../types.ts";
import { addLayer, inFolder, unpacked } from "./layers.ts";
import { digestOf, layersOf, MANIFEST_TYPES } from "./manifest.ts";
import { ociReference, type OciSource } from "./reference.ts";
import { Registry } from "./registry.ts";

/** As registries take them. */
const MOST_MANIFEST = 4 << 20;

type Request = Pick<SourceRequest, "secret" | "signal">;

/** The digest that a tag is at. */
export async function lookAtOci(source: OciSource, request: Request, _limits: SourceLimits): Promise<string> {
  using registry = registryOf(source, request);
  const { version, isDigest } = registry.reference;
  if (isDigest) return version;
  const answer = await registry.ask("HEAD", `manifests/${version}`, MOST_MANIFEST, MANIFEST_TYPES);
  await dropped(answer);
  const told = answer.headers.get("docker-content-digest");
  return told !== null && /^sha256:[0-9a-f]{64}$/.test(told) ? told : digestOf(await manifest(registry));
}

export async function fetchFromOci(
  source: OciSource,
  path: string,
  request: Request,
  limits: SourceLimits,
): Promise<SourceContent> {
  using registry = registryOf(source, request);
  const bytes = await manifest(registry);
  const revision = digestOf(bytes);
  const layers = layersOf(bytes);
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  if (size > limits.transferBytes) {
    throw new SourceError(
      "TooLarge",
      `the artifact has ${size} bytes, of which ${limits.transferBytes} are the most`,
    );
  }
  const entries = new Map<string, ArchiveEntry>();
  let left = limits.totalBytes;
  for (const layer of layers) {
    const answer = await registry.ask("GET", `blobs/${layer.digest}`, layer.size);
    const blob = await bytesOfBody(answer.body);
    if (digestOf(blob) !== layer.digest) {
      throw new SourceError(
        "InvalidContent",
        `the layer ${layer.digest.slice(0, 19)} is not what its digest says`,
      );
    }
    // Headers of entries come on top of their contents.
    const archive = await unpacked(layer, blob, left + limits.entries * 1_024);
    await addLayer(entries, archive, { entries: limits.entries, totalBytes: left });
    left = limits.totalBytes - [...entries.values()].reduce((sum, { content }) => sum + content.length, 0);
    if (left < 0) {
      throw new SourceError(
        "TooLarge",
        `the files have more than ${limits.totalBytes} bytes, which are the most`,
      );
    }
  }
  return { revision, subject: "", entries: inFolder(entries, path) };
}

async function manifest(registry: Registry): Promise<Uint8Array> {
  const { version, isDigest } = registry.reference;
  const answer = await registry.ask("GET", `manifests/${version}`, MOST_MANIFEST, MANIFEST_TYPES);
  const bytes = await bytesOfBody(answer.body);
  if (isDigest && digestOf(bytes) !== version) {
    throw new SourceError("InvalidContent", "the artifact's manifest is not what its digest says");
  }
  return bytes;
}

function registryOf(source: OciSource, { secret, signal }: Request): Registry {
  const reference = ociReference(source);
  const credentials = registryCredentials(secret, reference.host);
  return new Registry(reference, credentials, source.insecure === true, signal);
}
