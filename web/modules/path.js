// Keeps a call when the device's address changes, as from Wi-Fi to mobile: an ICE restart (RFC 8445, section 9) gives the same session a
// new path. DTLS, the data channel and the conversation go on. The SDK has no restart and closes a call that lost its path, so the page
// takes the connection's state from it once the call is up.

// After 30 s without a packet the server ends the call (RFC 7675).
const LIMIT_MS = 30_000;
// A new path is up within a few round trips. After this the offer has been in vain.
const CHECKS_MS = 6000;
const ANSWER_MS = 5000;
const RETRY_MS = 1000;
// The codes of a call that no restart brings back.
const GONE = ["call_not_found", "call_not_connected", "call_of_earlier_version"];
// What the SDK gives a path that comes back by itself.
const GRACE_MS = 5000;

export class Path {
  #peer;
  #sendOffer;
  #tell;
  #stop = new AbortController();
  #isRepairing = false;
  #wake = () => {};
  #network = navigator.connection?.type;

  /**
   * @param {RTCPeerConnection} peer
   * @param {(sdp: string, signal: AbortSignal) => Promise<{sdp?: string, refusal?: import("./problems.js").Refusal}>} sendOffer
   * throws if no answer comes
   * @param {{trouble: () => void, mended: (ms: number) => void, lost: () => void}} tell `lost` is told once, and nothing after it
   */
  constructor(peer, sendOffer, tell) {
    this.#peer = peer;
    this.#sendOffer = sendOffer;
    this.#tell = tell;
    peer.onconnectionstatechange = null;
    const { signal } = this.#stop;
    peer.addEventListener("connectionstatechange", () => this.#stateChanged(), { signal });
    // The browser takes seconds to notice that packets of the old address lead nowhere, and knows at once that the network is another.
    addEventListener("online", () => this.#repair(), { signal });
    navigator.connection?.addEventListener?.("change", () => this.#networkChanged(), { signal });
  }

  close() {
    this.#stop.abort();
    this.#wake();
  }

  #stateChanged() {
    this.#wake();
    const state = this.#peer.connectionState;
    if (state === "disconnected" || state === "failed") this.#repair();
    else if (state === "closed") this.#lose();
  }

  /** The browser also reports changes of estimated speed here; only another kind of network is another path. */
  #networkChanged() {
    const { type } = navigator.connection;
    if (type === this.#network) return;
    this.#network = type;
    this.#repair();
  }

  get #isUp() {
    return this.#peer.connectionState === "connected";
  }

  get #isClosed() {
    return this.#stop.signal.aborted;
  }

  async #repair() {
    if (this.#isRepairing || this.#isClosed) return;
    this.#isRepairing = true;
    const began = performance.now();
    const left = () => LIMIT_MS - (performance.now() - began);
    this.#tell.trouble();
    let isMended = false;
    while (!isMended && !this.#isClosed && left() > 0) {
      const { isSent, status, code, retryAfterMs } = await this.#restart();
      if (this.#isClosed) return;
      if (isSent) {
        isMended = await this.#until(() => this.#isUp, Math.min(CHECKS_MS, left()));
        continue;
      }
      if (GONE.includes(code)) break;
      const mayTryAgain = status === undefined || status === 429 || status === 503;
      // A path that comes back without a restart is as good.
      isMended = await this.#until(() => this.#isUp, Math.min(mayTryAgain ? retryAfterMs ?? RETRY_MS : GRACE_MS, left()));
      if (!isMended && !mayTryAgain) break;
    }
    this.#isRepairing = false;
    if (this.#isClosed) return;
    if (isMended) this.#tell.mended(performance.now() - began);
    else this.#lose();
  }

  /**
   * One offer and its answer.
   * @returns {Promise<{isSent: boolean, status?: number, code?: string, retryAfterMs?: number}>} without a status: no answer came
   */
  async #restart() {
    const peer = this.#peer;
    try {
      await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
      // The server is a lite agent and reads no candidates, so the offer does not wait for them.
      const limit = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ANSWER_MS)]);
      const { sdp, refusal } = await this.#sendOffer(peer.localDescription.sdp, limit);
      if (sdp !== undefined) {
        await peer.setRemoteDescription({ type: "answer", sdp });
        return { isSent: true };
      }
      await this.#takeBack();
      return { isSent: false, ...refusal };
    } catch {
      await this.#takeBack();
      return { isSent: false };
    }
  }

  async #takeBack() {
    // The old path serves until an answer replaces it.
    if (this.#peer.signalingState === "have-local-offer") await this.#peer.setLocalDescription({ type: "rollback" }).catch(() => {});
  }

  /** Resolves when the condition holds, looked at after each change; false after `ms`. */
  async #until(condition, ms) {
    const end = performance.now() + ms;
    while (!condition()) {
      const left = end - performance.now();
      if (left <= 0 || this.#isClosed) return false;
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  #lose() {
    if (this.#isClosed) return;
    this.close();
    this.#tell.lost();
  }
}
