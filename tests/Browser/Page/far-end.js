// The far end of a call of our page: a peer connection of this browser that speaks a little of the Realtime dialect. Tests say what it sends.

const SETTINGS = { type: "realtime", audio: { input: { turn_detection: { type: "server_vad", silence_duration_ms: 500 } } } };

let connection, channel, context, tone;
let events = 0;

async function gathered() {
  if (connection.iceGatheringState !== "complete")
    await new Promise((resolve) => connection.addEventListener("icegatheringstatechange", () => connection.iceGatheringState === "complete" && resolve()));
  return connection.localDescription.sdp;
}

globalThis.farEnd = {
  received: [],
  /** The next call ends when its channel opens. */
  goesAtOnce: false,

  /** @param {string} sdp an offer @returns {Promise<string>} the answer, with candidates */
  async answer(sdp) {
    this.end();
    this.received = [];
    // With the microphone allowed, the browser names its addresses in candidates instead of hiding them behind mDNS names.
    await navigator.mediaDevices.getUserMedia({ audio: true });
    connection = new RTCPeerConnection();
    context ??= new AudioContext();
    const voice = new MediaStreamAudioDestinationNode(context, { channelCount: 1, channelCountMode: "explicit" });
    tone = new GainNode(context, { gain: 0 });
    const oscillator = new OscillatorNode(context, { frequency: 220 });
    oscillator.connect(tone).connect(voice);
    oscillator.start();
    connection.addTrack(voice.stream.getAudioTracks()[0], voice.stream);
    connection.ondatachannel = (event) => {
      channel = event.channel;
      channel.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        this.received.push(message);
        if (message.type === "session.update") this.send({ type: "session.updated", session: SETTINGS });
        if (message.type === "conversation.item.create")
          this.send({ type: "conversation.item.added", previous_item_id: null, item: { id: "item_written", object: "realtime.item", status: "completed", ...message.item } });
      };
      const { goesAtOnce } = this;
      this.goesAtOnce = false;
      const begin = () => goesAtOnce ? this.end() : this.send({ type: "session.created", session: SETTINGS });
      if (channel.readyState === "open") begin();
      else channel.onopen = begin;
    };
    await connection.setRemoteDescription({ type: "offer", sdp });
    await connection.setLocalDescription(await connection.createAnswer());
    return gathered();
  },

  /** Answers an ICE restart of the same session. */
  async restart(sdp) {
    await connection.setRemoteDescription({ type: "offer", sdp });
    await connection.setLocalDescription(await connection.createAnswer());
    // The state still says "complete", of the gathering before. The new one has begun when its first candidate is there.
    while (!connection.localDescription.sdp.includes("a=candidate:")) await new Promise((resolve) => setTimeout(resolve, 50));
    return gathered();
  },

  send(event) {
    channel.send(JSON.stringify({ event_id: `event_${++events}`, ...event }));
  },

  /** Makes the agent's voice audible, or silent. */
  sound(isOn) {
    context.resume();
    tone.gain.value = isOn ? 0.2 : 0;
  },

  end() {
    connection?.close();
    connection = channel = undefined;
  },
};
