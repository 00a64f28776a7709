// One call: microphone, key, the SDK's session, and its events in the page's words.

import { sdk } from "./sdk.js";
import { Problem, connectProblem, mediaTimeoutProblem, microphoneProblem } from "./problems.js";

const SETUP_LIMIT_MS = 15_000;
const STATISTICS_PERIOD_MS = 1000;
const SILENCE_MS = 500;

/**
 * Events (CustomEvent, see `detail`): `connected` {setupMs}, `agentstream` {stream}, `heard` {}, `speechstopped` {}, `you` {id, text, final},
 * `agent` {id, text, final}, `playing` {}, `silent` {}, `interrupted` {id}, `turndetection` {…}, `statistics` {rttMs, protocol, lossPercent}, `refused` {message}, `ended` {reason}.
 */
export class Call extends EventTarget {
  #session;
  #microphone;
  #statistics;
  #hasEnded = false;
  #speaking;

  /**
   * @param {{api: import("./api.js").Api, agent: string, key?: string, audio: HTMLAudioElement, setTimer: (seconds: number, label: string) => string}} options
   */
  constructor(options) {
    super();
    this.options = options;
  }

  /** Resolves when both sides can talk. @param {(stream: MediaStream) => void} onMicrophone */
  async start(onMicrophone) {
    const { api, agent, key, audio } = this.options;
    try {
      // Both at once: the person takes longer to allow the microphone than the server to make a key.
      const asked = key ? Promise.resolve(key) : api.demoKey();
      asked.catch(() => {});
      this.#microphone = await this.#openMicrophone();
      onMicrophone(this.#microphone);
      const apiKey = await asked;
      const { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebRTC, tool } = await sdk;
      if (this.#hasEnded) return;

      const started = performance.now();
      const transport = new OpenAIRealtimeWebRTC({ baseUrl: api.callsUrl(agent), audioElement: audio, mediaStream: this.#microphone });
      this.#session = new RealtimeSession(new RealtimeAgent({ name: agent || "agent", instructions: "", tools: [this.#timerTool(tool)] }), {
        transport,
        tracingDisabled: true,
        config: { audio: { input: { turnDetection: { type: "server_vad", silenceDurationMs: SILENCE_MS, prefixPaddingMs: 300, interruptResponse: true, createResponse: true } } } },
      });
      this.#session.on("transport_event", (event) => this.#take(event));
      transport.on("connection_change", (status) => {
        if (status === "disconnected") this.#end("The connection has ended.");
      });
      // The SDK reports what it did not like; the call goes on.
      this.#session.on("error", () => {});
      await this.#withLimit(this.#session.connect({ apiKey }), transport);
      if (this.#hasEnded) return;
      this.#emit("connected", { setupMs: Math.round(performance.now() - started) });
      // A server that hangs up closes it at once; the connection itself may look alive for seconds.
      transport.connectionState.dataChannel?.addEventListener("close", () => this.#end("The connection has ended."));
      if (audio.srcObject) this.#emit("agentstream", { stream: audio.srcObject });
      this.#statistics = setInterval(() => this.#readStatistics(transport), STATISTICS_PERIOD_MS);
    } catch (error) {
      this.#release();
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      throw error instanceof Problem ? error : connectProblem(error, api.server);
    }
  }

  get isMuted() {
    return this.#session?.muted ?? false;
  }

  mute(muted) {
    this.#session?.mute(muted);
  }

  /** Makes the agent stop talking. */
  interrupt() {
    this.#session?.interrupt();
  }

  hangUp() {
    this.#end("You hung up.");
  }

  async #openMicrophone() {
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
    } catch (error) {
      throw microphoneProblem(error);
    }
  }

  /** The SDK waits for ever for a media path that does not come about. */
  #withLimit(connecting, transport) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const isMedia = transport.connectionState.peerConnection?.remoteDescription;
        reject(isMedia ? mediaTimeoutProblem() : new Problem("The server takes too long.", `No answer within ${SETUP_LIMIT_MS / 1000} s.`, { retryAfterMs: 5000 }));
      }, SETUP_LIMIT_MS);
      connecting.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  #timerTool(tool) {
    return tool({
      name: "set_timer",
      description: "Starts a timer that the person sees.",
      strict: false,
      parameters: {
        type: "object",
        properties: { seconds: { type: "number" }, minutes: { type: "number" }, label: { type: "string" } },
        required: [],
        additionalProperties: true,
      },
      execute: ({ seconds, minutes, label }) => this.options.setTimer((seconds ?? 0) + (minutes ?? 0) * 60, label ?? ""),
    });
  }

  #take(event) {
    switch (event.type) {
      case "session.created":
      case "session.updated":
        this.#emit("turndetection", event.session?.audio?.input?.turn_detection ?? {});
        break;
      case "input_audio_buffer.speech_started":
        this.#emit("heard", {});
        break;
      case "input_audio_buffer.speech_stopped":
        this.#emit("speechstopped", {});
        break;
      case "input_audio_buffer.committed":
        // The place of what was said is known before its words are.
        this.#emit("you", { id: event.item_id, text: "", final: false });
        break;
      case "conversation.item.input_audio_transcription.delta":
        this.#emit("you", { id: event.item_id, text: event.delta ?? "", final: false });
        break;
      case "conversation.item.input_audio_transcription.completed":
        this.#emit("you", { id: event.item_id, text: event.transcript ?? "", final: true });
        break;
      case "conversation.item.input_audio_transcription.failed":
        this.#emit("you", { id: event.item_id, text: "(not understood)", final: true });
        break;
      case "response.output_audio_transcript.delta":
      case "response.output_text.delta":
        this.#speaking = event.item_id;
        this.#emit("agent", { id: event.item_id, text: event.delta ?? "", final: false });
        break;
      case "response.output_audio_transcript.done":
        this.#emit("agent", { id: event.item_id, text: event.transcript, final: true });
        break;
      case "response.output_text.done":
        this.#emit("agent", { id: event.item_id, text: event.text, final: true });
        break;
      case "output_audio_buffer.started":
        this.#emit("playing", {});
        break;
      case "output_audio_buffer.stopped":
        this.#emit("silent", {});
        break;
      case "output_audio_buffer.cleared":
        this.#emit("silent", {});
        if (this.#speaking) this.#emit("interrupted", { id: this.#speaking });
        break;
      case "error":
        this.#emit("refused", { message: event.error?.message ?? "The server refused something." });
        break;
      case "session.ending":
        this.#emit("refused", { message: "The server will end this call soon." });
        break;
    }
  }

  async #readStatistics(transport) {
    const connection = transport.connectionState.peerConnection;
    if (!connection) return;
    let rttMs, protocol, received = 0, lost = 0;
    const reports = await connection.getStats();
    const selected = [...reports.values()].find((r) => r.type === "transport")?.selectedCandidatePairId;
    for (const report of reports.values()) {
      // Over TCP several pairs may be nominated; Firefox names none in its transport.
      if (report.type === "candidate-pair" && (selected ? report.id === selected : report.nominated)) {
        if (report.currentRoundTripTime !== undefined) rttMs = report.currentRoundTripTime * 1000;
        protocol = reports.get(report.localCandidateId)?.protocol;
      }
      if (report.type === "inbound-rtp" && report.kind === "audio") {
        received += report.packetsReceived ?? 0;
        lost += report.packetsLost ?? 0;
      }
    }
    const expected = received + Math.max(0, lost);
    this.#emit("statistics", { rttMs, protocol, lossPercent: expected > 0 ? (Math.max(0, lost) / expected) * 100 : undefined });
  }

  #end(reason) {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#release();
    this.#emit("ended", { reason });
  }

  #release() {
    clearInterval(this.#statistics);
    const session = this.#session;
    this.#session = undefined;
    try {
      session?.close();
    } catch {
      // Half-open connections complain when they are closed; they are closed all the same.
    }
    this.#microphone?.getTracks().forEach((track) => track.stop());
    this.#microphone = undefined;
    this.options.audio.srcObject = null;
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
