// Starts a call, reads it, ends it, and prints its events as they come. All of it goes through Dapr's SDK and this app's own sidecar.
import { readFile } from 'node:fs/promises';
import { CommunicationProtocolEnum, DaprClient, DaprPubSubStatusEnum, DaprServer, HttpMethod } from '@dapr/dapr';

const [offerFile] = process.argv.slice(2);
if (!offerFile) {
  console.error('usage: node call-log.mjs offer.json    (a file with {"offerSdp": "v=0…"})');
  process.exit(2);
}
const limit = setTimeout(() => {
  console.error('no end of the call within a minute');
  process.exit(1);
}, 60_000);

const logger = { level: 'warn', service: { error: console.error, warn: console.error, info() {}, verbose() {}, debug() {} } };
const client = {
  daprHost: '127.0.0.1', daprPort: process.env.DAPR_HTTP_PORT ?? '3500', communicationProtocol: CommunicationProtocolEnum.HTTP, logger,
};
const server = new DaprServer({
  serverHost: '127.0.0.1', serverPort: process.env.APP_PORT ?? '3000', communicationProtocol: CommunicationProtocolEnum.HTTP,
  clientOptions: client, logger,
});

// The SDK hands on the data alone, which has the event's type and time, too. An event may come twice, and in any order.
const seen = new Set();
let callId = null;
const endedCalls = new Set();
function note(call) {
  const id = `${call.callId}/${call.seq}`;
  if (seen.has(id)) return;
  seen.add(id);
  console.log(`${call.callId} ${call.type}${call.reason ? ' ' + call.reason : ''}`);
}

// Return a status yourself. The SDK logs an exception of a handler and then reports success, and the event is gone.
async function handle(call) {
  try {
    note(call);
    if (call.type === 'voice.session.ended.v1') endedCalls.add(call.callId);
    finishIfEnded();
    return DaprPubSubStatusEnum.SUCCESS;
  } catch (error) {
    console.error(error);
    return error instanceof TypeError ? DaprPubSubStatusEnum.DROP : DaprPubSubStatusEnum.RETRY;
  }
}

function finishIfEnded() {
  if (!callId || !endedCalls.has(callId)) return;
  clearTimeout(limit);
  // The answer to the event goes out first.
  setImmediate(async () => {
    await server.stop();
    process.exit(0);
  });
}

await server.pubsub.subscribeWithOptions('lifecycle', 'voice-sessions', {
  route: { rules: [{ match: "event.type == 'voice.session.ended.v1'", path: '/ended' }], default: '/other' },
  deadLetterTopic: 'voice-dead-letter',
  callback: handle,
});
await server.start();

const dapr = new DaprClient(client);
const sessions = 'internal/v1/sessions';

// An error of ours has a stable code. One of the sidecar has an errorCode instead: it could not reach the callee, or would not.
function refusal(error) {
  const { status, error_msg: text } = JSON.parse(error.message);
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    // Not JSON: not an answer of signaling.
  }
  return `refused: ${status} ${body.code ?? body.errorCode ?? 'no answer of signaling'}`;
}

try {
  const offer = JSON.parse(await readFile(offerFile, 'utf8'));
  const session = await dapr.invoker.invoke('signaling', sessions, HttpMethod.POST, offer);
  // The SDK does not tell the status. A sidecar can answer 200 with an empty body for a callee that is down (docs/dapr.md, point 23).
  if (!session?.callId) throw new Error(JSON.stringify({ status: 200, error_msg: '' }));
  console.log(`${session.callId} created, answer of ${session.answerSdp.length} characters`);

  const read = await dapr.invoker.invoke('signaling', `${sessions}/${session.callId}`, HttpMethod.GET);
  console.log(`${session.callId} is ${read.state}`);

  await dapr.invoker.invoke('signaling', `${sessions}/rtc_local_aaaaaaaaaaaaa`, HttpMethod.GET)
    .catch(error => console.log(refusal(error)));

  await dapr.invoker.invoke('signaling', `${sessions}/${session.callId}`, HttpMethod.DELETE);
  callId = session.callId;
  finishIfEnded();
} catch (error) {
  console.log(refusal(error));
  process.exit(1);
}
