/** How a release was made: an in-toto statement with SLSA's predicate, to be signed by who publishes it. */

export interface ProvenanceInput {
  readonly version: string;
  readonly commit: string;
  /** RFC 3339; the time that is stamped into the builds. */
  readonly built: string;
  readonly sourceDateEpoch: number;
  readonly targets: readonly string[];
  readonly deno: string;
  /** SHA-256 over all that the runtime runs. */
  readonly bundleHash: string;
  /** SHA-256 of deno.lock, which pins every package by its own hash. */
  readonly lockHash: string;
  /** SHA-256 of the runtimes that are known; those that `deno compile` fetched are Deno's own for its version. */
  readonly runtimes: readonly { readonly target: string; readonly sha256: string }[];
  /** Who ran it: an address of a workflow, or what a person's machine is called. */
  readonly builder: string;
  /** Of this run; absent where nobody counts them. */
  readonly invocation?: string | undefined;
  readonly startedOn: string;
  readonly finishedOn: string;
  readonly subjects: readonly { readonly name: string; readonly sha256: string }[];
}

const REPOSITORY = "https://github.com/coder/coder-k8s";

/** https://slsa.dev/spec/v1.0/provenance in https://github.com/in-toto/attestation v1. */
export function provenance(input: ProvenanceInput) {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: input.subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: `${REPOSITORY}/blob/main/docs/releasing.md`,
        externalParameters: { version: input.version, targets: input.targets },
        internalParameters: {
          command: "deno task release",
          deno: input.deno,
          SOURCE_DATE_EPOCH: input.sourceDateEpoch,
          bundle: { sha256: input.bundleHash },
        },
        resolvedDependencies: [
          { uri: `git+${REPOSITORY}@${input.commit}`, digest: { gitCommit: input.commit } },
          { uri: "deno.lock", digest: { sha256: input.lockHash } },
          ...input.runtimes.map(({ target, sha256 }) => ({
            uri: `https://dl.deno.land/release/v${input.deno}/denort-${target}.zip`,
            name: "denort",
            digest: { sha256 },
          })),
        ],
      },
      runDetails: {
        builder: { id: input.builder },
        metadata: {
          ...(input.invocation === undefined ? {} : { invocationId: input.invocation }),
          startedOn: input.startedOn,
          finishedOn: input.finishedOn,
        },
      },
    },
  };
}
