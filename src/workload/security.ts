/** The security settings of a container that has none of its own. */
import type { PodSecurityContext, SecurityContext } from "../api/kubernetes/types.ts";

/** The user of Coder's images. */
const CODER_ID = 1000;

/**
 * What a container gets that nobody gave settings: no root, no more rights than it starts with. What the pod's settings
 * say about users or system calls is the user's word and stands; a pod that runs as root gets nothing, for root without
 * capabilities cannot even read the files of others.
 *
 * The file system stays writable: Coder keeps Terraform and its providers in the home directory of its image.
 */
export function hardened(pod: PodSecurityContext | undefined): SecurityContext | undefined {
  if (pod?.runAsUser === 0) return undefined;
  const own = pod?.runAsUser !== undefined || pod?.runAsGroup !== undefined ||
    pod?.runAsNonRoot !== undefined;
  return {
    ...(!own && { runAsNonRoot: true, runAsUser: CODER_ID, runAsGroup: CODER_ID }),
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    ...(pod?.seccompProfile === undefined && { seccompProfile: { type: "RuntimeDefault" } }),
  };
}
