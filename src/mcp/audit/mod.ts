/** Records of calls. */
export { AuditLog, type AuditLogOptions, openAuditLog } from "./audit_log.ts";
export { FileTarget, type LineTarget, streamTarget } from "./target.ts";
