/** Whether this process is in a pod of Kubernetes. */
import { SERVICE_ACCOUNT_DIRECTORY } from "../../kube/config/kube_config.ts";

/** By the variable that each pod has, also without service links, or by the token that most have. */
export function isInPod(
  environment: Readonly<Record<string, string>>,
  account: string = SERVICE_ACCOUNT_DIRECTORY,
): boolean {
  if ((environment["KUBERNETES_SERVICE_HOST"] ?? "") !== "") return true;
  try {
    return Deno.statSync(account).isDirectory;
  } catch {
    return false;
  }
}
