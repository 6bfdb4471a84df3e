/** What the conformance suite wants a server to have: contents of every kind, in place of our tools, for its run alone. */
import {
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from "@modelcontextprotocol/server";

/** One red dot. */
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/** No sound at all. */
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

const text = (words: string) => ({ type: "text", text: words });
const image = { type: "image", data: PNG, mimeType: "image/png" };
const embedded = (uri: string, words: string, mimeType = "text/plain") => ({
  type: "resource",
  resource: { uri, mimeType, text: words },
});

interface Fixture {
  readonly description: string;
  readonly inputSchema?: Record<string, unknown>;
  run(args: Record<string, string>, context: ServerContext): object[] | Promise<object[]>;
}

/** Fields of every primitive kind with a default. */
const DEFAULTS = {
  type: "object",
  properties: {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true },
  },
  required: [],
};

const titled = (...pairs: readonly (readonly [string, string])[]) =>
  pairs.map(([value, title]) => ({ const: value, title }));

const ENUMS = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
    titledSingle: {
      type: "string",
      oneOf: titled(["value1", "First Option"], ["value2", "Second Option"], ["value3", "Third Option"]),
    },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti: { type: "array", items: { type: "string", enum: ["option1", "option2", "option3"] } },
    titledMulti: {
      type: "array",
      items: {
        anyOf: titled(["value1", "First Choice"], ["value2", "Second Choice"], ["value3", "Third Choice"]),
      },
    },
  },
  required: [],
};

const PERSON = {
  type: "object",
  properties: {
    username: { type: "string", description: "User's response" },
    email: { type: "string", description: "User's email address" },
  },
  required: ["username", "email"],
};

const oneString = (name: string) => ({
  type: "object",
  properties: { [name]: { type: "string" } },
  required: [name],
});

const TOOLS: Readonly<Record<string, Fixture>> = {
  test_simple_text: {
    description: "Text",
    run: () => [text("This is a simple text response for testing.")],
  },
  test_image_content: { description: "An image", run: () => [image] },
  test_audio_content: {
    description: "A sound",
    run: () => [{ type: "audio", data: WAV, mimeType: "audio/wav" }],
  },
  test_embedded_resource: {
    description: "A resource",
    run: () => [embedded("test://embedded-resource", "This is an embedded resource content.")],
  },
  test_multiple_content_types: {
    description: "Several kinds of content",
    run: () => [
      text("Multiple content types test:"),
      image,
      embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
    ],
  },
  test_tool_with_logging: {
    description: "Logs while it works",
    async run(_, { mcpReq }) {
      for (const words of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
        await mcpReq.log("info", words);
      }
      return [text("It has logged.")];
    },
  },
  test_error_handling: {
    description: "Fails",
    run: () => Promise.reject(new Error("This tool intentionally returns an error for testing")),
  },
  test_tool_with_progress: {
    description: "Tells how far it is",
    async run(_, { mcpReq }) {
      const { progressToken } = mcpReq._meta ?? {};
      for (const progress of [0, 50, 100]) {
        if (progressToken === undefined) break;
        const params = { progressToken, progress, total: 100 };
        await mcpReq.notify({ method: "notifications/progress", params });
      }
      return [text("It is done.")];
    },
  },
  test_sampling: {
    description: "Asks the client's model",
    inputSchema: oneString("prompt"),
    async run({ prompt = "" }, { mcpReq }) {
      const messages = [{ role: "user", content: text(prompt) }];
      const answer = await mcpReq.send({
        method: "sampling/createMessage",
        params: { messages, maxTokens: 100 } as never,
      });
      return [text(`LLM response: ${JSON.stringify((answer as { content?: unknown }).content)}`)];
    },
  },
  test_elicitation: {
    description: "Asks the person",
    inputSchema: oneString("message"),
    run: async ({ message = "" }, context) => [text(`User response: ${await ask(context, message, PERSON)}`)],
  },
  test_elicitation_sep1034_defaults: {
    description: "Asks with defaults",
    run: async (
      _,
      context,
    ) => [text(`Elicitation completed: ${await ask(context, "Who are you?", DEFAULTS)}`)],
  },
  test_elicitation_sep1330_enums: {
    description: "Asks with choices",
    run: async (_, context) => [text(`Elicitation completed: ${await ask(context, "Which one?", ENUMS)}`)],
  },
  json_schema_2020_12_tool: {
    description: "Has a schema of 2020-12",
    inputSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      $defs: {
        address: { type: "object", properties: { street: { type: "string" }, city: { type: "string" } } },
      },
      properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" } },
      additionalProperties: false,
    },
    run: () => [text("It was called.")],
  },
};

async function ask({ mcpReq }: ServerContext, message: string, requestedSchema: object): Promise<string> {
  const answer = await mcpReq.send({
    method: "elicitation/create",
    params: { mode: "form", message, requestedSchema } as never,
  });
  const { action, content } = answer as { action?: string; content?: unknown };
  return `action=${action}, content=${JSON.stringify(content ?? {})}`;
}

const RESOURCES = [
  { uri: "test://static-text", name: "static-text", description: "Text", mimeType: "text/plain" },
  { uri: "test://static-binary", name: "static-binary", description: "An image", mimeType: "image/png" },
  { uri: "test://watched-resource", name: "watched", description: "It changes", mimeType: "text/plain" },
];

function contentOf(uri: string): object {
  if (uri === "test://static-text") {
    return { uri, mimeType: "text/plain", text: "This is the content of the static text resource." };
  }
  if (uri === "test://static-binary") return { uri, mimeType: "image/png", blob: PNG };
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no ${uri}.`);
  const data = { id, templateTest: true, data: `Data for ID: ${id}` };
  return { uri, mimeType: "application/json", text: JSON.stringify(data) };
}

interface PromptFixture {
  readonly arguments?: readonly string[];
  fill(args: Record<string, string>): object[];
}

const PROMPTS: Readonly<Record<string, PromptFixture>> = {
  test_simple_prompt: { fill: () => [text("This is a simple prompt for testing.")] },
  test_prompt_with_arguments: {
    arguments: ["arg1", "arg2"],
    fill: ({ arg1, arg2 }) => [text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  },
  test_prompt_with_embedded_resource: {
    arguments: ["resourceUri"],
    fill: ({ resourceUri = "" }) => [
      embedded(resourceUri, "Embedded resource content for testing."),
      text("Please process the embedded resource above."),
    ],
  },
  test_prompt_with_image: { fill: () => [image, text("Please analyze the image above.")] },
};

/** Puts all of it into a server, in place of what it has. */
export function mountFixtures(server: Server): void {
  server.registerCapabilities({ resources: { subscribe: true } });
  server.setRequestHandler("tools/list", () => ({
    tools: Object.entries(TOOLS).map(([name, { description, inputSchema = { type: "object" } }]) => ({
      name,
      description,
      inputSchema,
    })) as never,
  }));
  server.setRequestHandler("tools/call", async ({ params }, context) => {
    const fixture = TOOLS[params.name];
    if (fixture === undefined) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, "There is no such tool.");
    }
    try {
      return {
        content: await fixture.run(params.arguments as Record<string, string> ?? {}, context),
      } as never;
    } catch (error) {
      return { isError: true, content: [text((error as Error).message)] } as never;
    }
  });
  server.setRequestHandler("resources/list", () => ({ resources: RESOURCES }) as never);
  server.setRequestHandler("resources/templates/list", () => ({
    resourceTemplates: [{
      uriTemplate: "test://template/{id}/data",
      name: "template",
      mimeType: "application/json",
    }],
  }));
  server.setRequestHandler(
    "resources/read",
    ({ params }) => ({ contents: [contentOf(params.uri)] }) as never,
  );
  server.setRequestHandler("resources/subscribe", () => ({}));
  server.setRequestHandler("resources/unsubscribe", () => ({}));
  server.setRequestHandler("prompts/list", () => ({
    prompts: Object.entries(PROMPTS).map(([name, prompt]) => ({
      name,
      description: "A prompt of the tests",
      arguments: (prompt.arguments ?? []).map((argument) => ({ name: argument, required: true })),
    })),
  }));
  server.setRequestHandler("prompts/get", ({ params }) => {
    const prompt = PROMPTS[params.name];
    if (prompt === undefined) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, "There is no such prompt.");
    }
    const messages = prompt.fill(params.arguments ?? {}).map((content) => ({ role: "user", content }));
    return { messages } as never;
  });
  server.setRequestHandler("completion/complete", () => ({ completion: { values: [], hasMore: false } }));
}
