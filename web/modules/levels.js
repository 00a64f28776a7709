// How loud the two voices are, and when the agent's begins.

const FFT = 1024;
// -50 dBFS: above the comfort noise of a codec, below any speech.
const AUDIBLE = 0.003;
const PERIOD_MS = 20;

/** Root mean square of one voice, read while a call runs. */
class Meter {
  constructor(context, stream) {
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = FFT;
    this.analyser.smoothingTimeConstant = 0;
    this.source = context.createMediaStreamSource(stream);
    this.source.connect(this.analyser);
    this.samples = new Float32Array(FFT);
  }

  read() {
    this.analyser.getFloatTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += sample * sample;
    return Math.sqrt(sum / FFT);
  }

  close() {
    this.source.disconnect();
  }
}

export class Levels {
  /** @param {() => void} onAgentAudible called when the agent's voice begins after silence */
  constructor(onAgentAudible) {
    this.onAgentAudible = onAgentAudible;
    this.you = 0;
    this.agent = 0;
    this.silentFor = Infinity;
  }

  /** Call from within a click: browsers start audio only there. */
  open() {
    this.context ??= new AudioContext();
    this.context.resume();
    // A timer, since animation frames stop in a hidden tab, and latency is measured there too.
    this.timer ??= setInterval(() => this.#measure(), PERIOD_MS);
  }

  listenToYou(stream) {
    this.mine = new Meter(this.context, stream);
  }

  listenToAgent(stream) {
    this.theirs?.close();
    this.theirs = new Meter(this.context, stream);
  }

  close() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.mine?.close();
    this.theirs?.close();
    this.mine = this.theirs = undefined;
    this.you = this.agent = 0;
    this.context?.suspend();
  }

  #measure() {
    this.you = this.mine?.read() ?? 0;
    this.agent = this.theirs?.read() ?? 0;
    if (this.agent < AUDIBLE) {
      this.silentFor += PERIOD_MS;
      return;
    }
    // A pause between two words is no new answer.
    if (this.silentFor >= 200) this.onAgentAudible();
    this.silentFor = 0;
  }
}
