// Sends what it hears to the page: mono, 16 bits.

const BLOCK = 1024;

class Recorder extends AudioWorkletProcessor {
  #block = new Int16Array(BLOCK);
  #filled = 0;

  process([input]) {
    const samples = input[0];
    // Without a source the graph still runs; its time has to be in the recording.
    for (let i = 0; i < 128; i++) {
      const sample = samples ? Math.max(-1, Math.min(1, samples[i])) : 0;
      this.#block[this.#filled++] = Math.round(sample * 32767);
      if (this.#filled === BLOCK) {
        this.port.postMessage(this.#block);
        this.#block = new Int16Array(BLOCK);
        this.#filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
