/** One Coder with a session token of the person's own, and none at all: for processes on somebody's machine. */
import type { CoderClient } from "../../coder/mod.ts";
import type { CallerCoders, CoderRef } from "../../caller/types.ts";
import { unlessAborted } from "../../caller/unless_aborted.ts";
import { ToolError, toolError } from "../errors.ts";

export interface OwnCoderOptions {
  /** Signed in as the person. */
  readonly client: CoderClient;
  /** Where its workspaces are in Kubernetes. @default {any namespace} */
  readonly namespace?: string | undefined;
  readonly controlPlane?: string | undefined;
  /** The person's Coder user name, where that is known. @default {Coder is asked at need} */
  readonly user?: string | undefined;
  /** See `CoderSession.credential`. */
  readonly credential?: string | undefined;
  /** How long it may take to say who the person is, in milliseconds. @default {900} */
  readonly openMs?: number;
}

/** Makes it. Coder decides what the person may do; nothing else is asked. */
export function ownCoder(
  { client, namespace, controlPlane, user: known, credential, openMs = 900 }: OwnCoderOptions,
): CallerCoders {
  const somebody = client.prompt ?? client;
  let user = known;
  const isMeant = (asked: string | undefined) =>
    asked === undefined || namespace === undefined || asked === namespace;
  const refIn = (asked: string | undefined): CoderRef => ({
    id: namespace !== undefined && controlPlane !== undefined
      ? `${namespace}/${controlPlane}`
      : client.address,
    namespace: namespace ?? asked ?? "",
    ...(controlPlane === undefined ? {} : { controlPlane }),
    url: client.address,
  });
  return {
    list: (asked) => Promise.resolve(isMeant(asked) ? [refIn(asked)] : []),
    async open(choice, _need, signal) {
      if (!isMeant(choice.namespace)) {
        throw new ToolError("not_found", `the Coder of CODER_URL is that of namespace ${namespace}`);
      }
      if (
        choice.controlPlane !== undefined && controlPlane !== undefined &&
        choice.controlPlane !== controlPlane
      ) {
        throw new ToolError(
          "not_found",
          `the Coder of CODER_URL is that of the control plane ${controlPlane}`,
        );
      }
      if (choice.as === "operator") {
        throw new ToolError("forbidden", "this needs the operator's access, and there is your own alone");
      }
      if (user === undefined) {
        const deadline = AbortSignal.any([signal, AbortSignal.timeout(openMs)]);
        try {
          user = (await unlessAborted(somebody.users.me({ signal: deadline }), deadline)).username;
        } catch (error) {
          signal.throwIfAborted();
          if (deadline.aborted) {
            throw new ToolError(
              "unavailable",
              `the Coder at ${client.address} does not answer in time: try again`,
            );
          }
          throw toolError(error);
        }
      }
      return { ref: refIn(choice.namespace), client: somebody, as: "caller", user, credential };
    },
  };
}

const WHAT_TO_SET =
  "there is no way to Coder here: set CODER_URL and CODER_SESSION_TOKEN (`coder tokens create`) and start again";

/** Says what to set. @param message in other words */
export function noCoder(message: string = WHAT_TO_SET): CallerCoders {
  return {
    list: () => Promise.resolve([]),
    open: () => Promise.reject(new ToolError("unavailable", message)),
  };
}
