/** The service of `coordinator.proto` as gRPC wants it. The stream's messages stay bytes: they are coded where their size counts. */
import { Buffer } from "node:buffer";
import { type EnterWorkspaceRequest, messages, type MessageType, PATHS } from "./schema.ts";

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unary<I extends object, O extends object>(
  path: string,
  input: MessageType<I>,
  output: MessageType<O>,
) {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: (value: I) => toBuffer(input.encode(value)),
    requestDeserialize: (bytes: Buffer) => input.decode(bytes),
    responseSerialize: (value: O) => toBuffer(output.encode(value)),
    responseDeserialize: (bytes: Buffer) => output.decode(bytes),
  } as const;
}

const raw = (bytes: Uint8Array) => toBuffer(bytes);

/** An id and a session token, with room: nobody who calls has proved anything yet. */
const MAX_ENTRY_BYTES = 1_024;

function entry(bytes: Buffer): EnterWorkspaceRequest {
  // Whatever else it is, it names no workspace.
  if (bytes.length > MAX_ENTRY_BYTES) return { workspaceId: "", coderSessionToken: "" };
  return messages.enterWorkspaceRequest.decode(bytes);
}

export const serviceDefinition = {
  Register: unary(PATHS.register, messages.registerRequest, messages.registerResponse),
  Heartbeat: unary(PATHS.heartbeat, messages.heartbeatRequest, messages.heartbeatResponse),
  Deregister: unary(PATHS.deregister, messages.deregisterRequest, messages.deregisterResponse),
  EnterWorkspace: {
    ...unary(PATHS.enterWorkspace, messages.enterWorkspaceRequest, messages.enterWorkspaceResponse),
    requestDeserialize: entry,
  },
  TaskStream: {
    path: PATHS.taskStream,
    requestStream: true,
    responseStream: true,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  },
} as const;
