/** The door of the folder: a Kubernetes-style API server for one group and version, over storages. */
export { type CertificateFileOptions, createFileCertificate } from "./certificates/files.ts";
export {
  createSelfManagedCertificate,
  type SelfManagedOptions,
  serviceNames,
} from "./certificates/self_managed.ts";
export type { CertificateSource } from "./certificates/source.ts";
export type { GroupVersion } from "./documents/discovery.ts";
export type { BuildVersion } from "./documents/version.ts";
export { parseJsonBody } from "./http/body.ts";
export type { ListVersion, WatchStart } from "./query/list_options.ts";
export type { WriteOptions } from "./query/write_options.ts";
export type { ResourceVerb } from "./request_info.ts";
export {
  type ApiServer,
  type ApiServerOptions,
  createApiServer,
  type DrainOptions,
  type ServerLimits,
} from "./server.ts";
export * from "./status_errors.ts";
export * from "./storage.ts";
export type { WatchLimits } from "./watch/watch_stream.ts";
