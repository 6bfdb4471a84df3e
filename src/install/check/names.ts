/** Names of an installation's objects, which are the Go operator's. */

export const API_GROUP = "aggregation.coder.com";
export const API_VERSION = "v1alpha1";
export const API_SERVICE = `${API_VERSION}.${API_GROUP}`;
export const API_GROUP_PATH = `/apis/${API_GROUP}/${API_VERSION}`;
/** Of all Deployments, pods and Services. */
export const APP_LABEL = "app=coder-k8s";
/** Of the operator's Deployment, ServiceAccount, and the MCP server's Service. */
export const OPERATOR = "coder-k8s";
export const API_SERVER = "coder-k8s-apiserver";
/** Where the API server's own certificates are. */
export const SERVING_SECRET = "coder-k8s-apiserver-tls";
export const DEPLOYMENTS = `/apis/apps/v1/deployments?labelSelector=${encodeURIComponent(APP_LABEL)}`;

/** Where the addresses of a Service are. */
export function endpointSlicesPath(namespace: string, service: string): string {
  const selector = encodeURIComponent(`kubernetes.io/service-name=${service}`);
  return `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector}`;
}
