/** `coordinator.proto` as code: bytes of each message, and names of each call. */
import protobuf from "protobufjs";
import text from "./coordinator.proto" with { type: "text" };

const root = protobuf.parse(text, { keepCase: false }).root;

/** One message type. Defaults of fields that are absent are inherited: they are there to read, and not in a copy. */
export interface MessageType<T extends object> {
  encode(message: T): Uint8Array;
  /** @throws where it is not such a message */
  decode(bytes: Uint8Array): T;
}

function type<T extends object>(name: string): MessageType<T> {
  const found = root.lookupType(`coder.sessions.v1.${name}`);
  return {
    encode: (message) => found.encode(message).finish(),
    decode: (bytes) => found.decode(bytes) as unknown as T,
  };
}

/** 64-bit numbers as they are read: a number, or an object that `Number` takes. */
export type Wide = number | { toString(): string };

export interface HelloMessage {
  incarnation: string;
  version: string;
  labels: Record<string, string>;
  capabilities: string[];
  isolation: string;
  capacity: number;
  sharedStorage: string;
}
export interface LoadMessage {
  sessions: string[];
  runningTasks: number;
  processes: number;
  memoryBytes: Wide;
  freeDiskBytes: Wide;
}
export interface RegisterRequest {
  workerId: string;
  hello?: HelloMessage | null;
  load?: LoadMessage | null;
}
export interface RegisterResponse {
  registration: string;
  heartbeatTimeoutMs: Wide;
}
export interface HeartbeatRequest {
  registration: string;
  load?: LoadMessage | null;
  draining: boolean;
}
export interface DeregisterRequest {
  registration: string;
  lastTaken: Wide;
  reason: string;
}
export interface EnterWorkspaceRequest {
  workspaceId: string;
  coderSessionToken: string;
}
export interface EnterWorkspaceResponse {
  token: string;
  expiresInMs: Wide;
}
export interface TaskMessage {
  id: string;
  sessionId: string;
  operation: string;
  inputJson: string;
  body?: Uint8Array | null;
  deadlineMs: Wide;
  traceparent: string;
}
export interface CoordinatorMessage {
  task?: { number: Wide; task?: TaskMessage | null } | null;
  cancel?: { number: Wide; reason: string } | null;
  ack?: { number: Wide } | null;
}
export interface WorkerMessage {
  resume?: { registration: string; lastTaken: Wide } | null;
  event?: {
    number: Wide;
    output?: { stream: number; text: string } | null;
    progress?: { done: number; total?: number | null; message: string } | null;
  } | null;
  outcome?: {
    number: Wide;
    success?: { outputJson: string; body?: Uint8Array | null } | null;
    failure?: { code: string; message: string } | null;
  } | null;
}

export const messages = {
  registerRequest: type<RegisterRequest>("RegisterRequest"),
  registerResponse: type<RegisterResponse>("RegisterResponse"),
  heartbeatRequest: type<HeartbeatRequest>("HeartbeatRequest"),
  heartbeatResponse: type<Record<string, never>>("HeartbeatResponse"),
  deregisterRequest: type<DeregisterRequest>("DeregisterRequest"),
  deregisterResponse: type<Record<string, never>>("DeregisterResponse"),
  enterWorkspaceRequest: type<EnterWorkspaceRequest>("EnterWorkspaceRequest"),
  enterWorkspaceResponse: type<EnterWorkspaceResponse>("EnterWorkspaceResponse"),
  workerMessage: type<WorkerMessage>("WorkerMessage"),
  coordinatorMessage: type<CoordinatorMessage>("CoordinatorMessage"),
};

const SERVICE = "/coder.sessions.v1.Coordinator";
export const PATHS = {
  register: `${SERVICE}/Register`,
  heartbeat: `${SERVICE}/Heartbeat`,
  deregister: `${SERVICE}/Deregister`,
  enterWorkspace: `${SERVICE}/EnterWorkspace`,
  taskStream: `${SERVICE}/TaskStream`,
} as const;
