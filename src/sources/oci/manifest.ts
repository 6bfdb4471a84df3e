/** Manifests of images and artifacts. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { SourceError } from "../errors.ts";

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

const descriptorSchema = z.object({ mediaType: z.string(), digest, size: z.int().nonnegative() });
export type Layer = z.infer<typeof descriptorSchema>;

const manifestSchema = z.object({
  mediaType: z.string().optional(),
  manifests: z.array(z.unknown()).optional(),
  layers: z.array(descriptorSchema).max(1_000).optional(),
});

const IMAGE = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json";

/** What is asked for: lists of images are, too, so that they are told from what is not there. */
export const MANIFEST_TYPES: string = [
  IMAGE,
  DOCKER_IMAGE,
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The layers, the lowest first. */
export function layersOf(bytes: Uint8Array): readonly Layer[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new SourceError("InvalidContent", "the artifact's manifest cannot be read");
  }
  const { success, data } = manifestSchema.safeParse(value);
  if (!success) throw new SourceError("InvalidContent", "the artifact's manifest is not one of an image");
  if (data.manifests !== undefined) {
    throw new SourceError(
      "InvalidContent",
      "it is an index of several images: a template comes from one artifact; name it by its digest",
    );
  }
  if (data.layers === undefined || data.layers.length === 0) {
    throw new SourceError("InvalidContent", "the artifact has no layers, which the files would be in");
  }
  return data.layers;
}
