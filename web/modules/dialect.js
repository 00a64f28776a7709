// The server's events (OpenAI Realtime) in the page's words.

/**
 * Tells: `heard` {}, `speechstopped` {}, `you` {id, text, final}, `agent` {id, text, final}, `playing` {}, `silent` {},
 * `interrupted` {id?}, `truncated` {id, heardMs}, `turndetection` {…}, `refused` {message}.
 */
export class Dialect {
  /** What the server said before it ended the session. @type {{word: string, message: string} | undefined} */
  sessionEnded;
  #tell;
  #speaking;

  /** @param {(type: string, detail: object) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  take(event) {
    const tell = this.#tell;
    switch (event.type) {
      case "session.created":
      case "session.updated":
        tell("turndetection", event.session?.audio?.input?.turn_detection ?? {});
        break;
      case "input_audio_buffer.speech_started":
        tell("heard", {});
        break;
      case "input_audio_buffer.speech_stopped":
        tell("speechstopped", {});
        break;
      case "input_audio_buffer.committed":
        // The place of what was said is known before its words are.
        tell("you", { id: event.item_id, text: "", final: false });
        break;
      case "conversation.item.added":
        this.#takeWritten(event.item);
        break;
      case "conversation.item.input_audio_transcription.delta":
        tell("you", { id: event.item_id, text: event.delta ?? "", final: false });
        break;
      case "conversation.item.input_audio_transcription.completed":
        tell("you", { id: event.item_id, text: event.transcript ?? "", final: true });
        break;
      case "conversation.item.input_audio_transcription.failed":
        tell("you", { id: event.item_id, text: "(not understood)", final: true });
        break;
      case "response.output_audio_transcript.delta":
      case "response.output_text.delta":
        this.#speaking = event.item_id;
        tell("agent", { id: event.item_id, text: event.delta ?? "", final: false });
        break;
      case "response.output_audio_transcript.done":
        tell("agent", { id: event.item_id, text: event.transcript, final: true });
        break;
      case "response.output_text.done":
        tell("agent", { id: event.item_id, text: event.text, final: true });
        break;
      case "output_audio_buffer.started":
        tell("playing", {});
        break;
      case "output_audio_buffer.stopped":
        tell("silent", {});
        break;
      case "output_audio_buffer.cleared":
        tell("interrupted", { id: this.#speaking });
        break;
      case "conversation.item.truncated":
        tell("truncated", { id: event.item_id, heardMs: event.audio_end_ms });
        break;
      case "error":
        this.#takeError(event.error ?? {});
        break;
    }
  }

  /** What was written, not spoken, by this page or by another client of the same call. */
  #takeWritten(item) {
    if (item?.type !== "message" || item.role !== "user") return;
    const text = item.content?.filter((part) => part.type === "input_text").map((part) => part.text).join(" ");
    if (text) this.#tell("you", { id: item.id, text, final: true });
  }

  #takeError({ type, code, message }) {
    if (type === "session_ended") this.sessionEnded = { word: code, message };
    else this.#tell("refused", { message: message ?? "The server refused something." });
  }
}
