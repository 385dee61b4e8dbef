// The official JavaScript client and the AI SDK against a running gateway: node check.mjs http://127.0.0.1:8080/v1
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const baseURL = process.argv[2];
const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 2 });
const messages = [{ role: 'user', content: 'What is the capital of France?' }];
const ANSWER = 'The capital of France is Paris.';
const parameters = {
  type: 'object',
  properties: { city: { enum: ['Paris', 'Rome'] } },
  required: ['city'],
  additionalProperties: false,
};
const tools = [{ type: 'function', function: { name: 'weather', parameters } }];
const common = { model: 'demo', temperature: 0 };

/** Of a model of the AI SDK, whichever call it makes. */
async function streamsAndCalls(model, prompt) {
  const { generateText, streamText, jsonSchema, tool } = await import('ai');
  let text = '';
  for await (const piece of streamText({ model, prompt, temperature: 0 }).textStream) {
    text += piece;
  }
  assert.equal(text, ANSWER);
  const called = await generateText({
    model,
    prompt,
    temperature: 0,
    tools: { weather: tool({ inputSchema: jsonSchema(parameters) }) },
    toolChoice: 'required',
  });
  assert.equal(called.toolCalls[0].toolName, 'weather');
  assert.ok(called.toolCalls[0].input.city);
}

const checks = {
  async whole() {
    const answer = await client.chat.completions.create({ ...common, messages });
    assert.equal(answer.choices[0].message.content, ANSWER);
    assert.equal(answer.usage.prompt_tokens, 16);
  },

  async streamed() {
    let text = '';
    let usage;
    const stream = await client.chat.completions.create({
      ...common,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, ANSWER);
    assert.equal(usage.prompt_tokens, 16);
  },

  async helperStream() {
    const final = await client.chat.completions.stream({ ...common, messages, tools, tool_choice: 'required' })
      .finalChatCompletion();
    assert.ok(JSON.parse(final.choices[0].message.tool_calls[0].function.arguments).city);
    assert.equal(final.choices[0].finish_reason, 'tool_calls');
  },

  async schema() {
    const answer = await client.chat.completions.create({
      ...common,
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'town', strict: true, schema: parameters } },
    });
    assert.ok(['Paris', 'Rome'].includes(JSON.parse(answer.choices[0].message.content).city));
  },

  async responses() {
    const answer = await client.responses.create({ ...common, input: messages, store: false });
    assert.equal(answer.output_text, ANSWER);
    assert.equal(answer.status, 'completed');
    const types = [];
    const stream = client.responses.stream({ ...common, input: messages });
    for await (const event of stream) {
      types.push(event.type);
    }
    assert.equal((await stream.finalResponse()).output_text, ANSWER);
    assert.equal(types[0], 'response.created');
    assert.equal(types.at(-1), 'response.completed');
    const called = await client.responses
      .stream({
        ...common,
        input: messages,
        tools: [{ type: 'function', name: 'weather', parameters, strict: true }],
        tool_choice: 'required',
      })
      .finalResponse();
    assert.equal(called.output[0].type, 'function_call');
    assert.ok(JSON.parse(called.output[0].arguments).city);
  },

  async errors() {
    let sent = 0;
    const counted = new OpenAI({
      baseURL,
      apiKey: 'none',
      maxRetries: 2,
      fetch: (...args) => {
        sent++;
        return fetch(...args);
      },
    });
    for (const [status, call] of [
      [404, () => counted.chat.completions.create({ model: 'other', messages })],
      [400, () => counted.chat.completions.create({ model: 'demo', messages: [] })],
      [400, () => counted.responses.create({ model: 'demo', input: 'a', previous_response_id: 'b' })],
    ]) {
      sent = 0;
      await assert.rejects(call, error => error.status === status && error.code !== undefined);
      assert.equal(sent, 1, 'what cannot succeed was tried again');
    }
  },

  async aiSdk() {
    const { generateText, jsonSchema, Output } = await import('ai');
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
    const provider = createOpenAICompatible({
      name: 'baton',
      baseURL,
      apiKey: 'none',
      supportsStructuredOutputs: true,
    });
    const model = provider('demo');
    const prompt = messages[0].content;
    assert.equal((await generateText({ model, prompt, temperature: 0 })).text, ANSWER);
    await streamsAndCalls(model, prompt);
    const town = await generateText({
      model,
      prompt,
      temperature: 0,
      output: Output.object({ schema: jsonSchema(parameters) }),
    });
    assert.ok(town.output.city);
  },

  async aiSdkResponses() {
    const { createOpenAI } = await import('@ai-sdk/openai');
    const model = createOpenAI({ baseURL, apiKey: 'none' }).responses('demo');
    const prompt = messages[0].content;
    await streamsAndCalls(model, prompt);
  },
};

for (const [name, check] of Object.entries(checks)) {
  await check();
  console.log('ok', name);
}
