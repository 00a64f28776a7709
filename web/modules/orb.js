// A drop of two colours: yours moves it when you speak, the agent's when it does.

const POINTS = 90;
const TURN = Math.PI * 2;

export class Orb {
  /** @param {HTMLCanvasElement} canvas @param {{you: number, agent: number}} levels */
  constructor(canvas, levels) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.levels = levels;
    this.you = this.agent = 0;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    new ResizeObserver(() => this.#fit()).observe(canvas);
    this.#fit();
    requestAnimationFrame((now) => this.#draw(now));
  }

  #fit() {
    const scale = Math.min(devicePixelRatio || 1, 2);
    this.size = this.canvas.clientWidth;
    this.canvas.width = this.canvas.height = Math.max(1, Math.round(this.size * scale));
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
  }

  #draw(now) {
    requestAnimationFrame((next) => this.#draw(next));
    // Loudness is heard in decibels, so it is drawn in them: -50 dB is nothing, -10 dB everything.
    this.you += (loudness(this.levels.you) - this.you) * 0.25;
    this.agent += (loudness(this.levels.agent) - this.agent) * 0.25;
    const { context, size } = this;
    const state = document.body.dataset.state;
    const isLive = state === "live" || state === "reconnecting";
    const time = this.calm.matches ? 0 : now / 1000;
    const style = getComputedStyle(document.documentElement);
    const you = style.getPropertyValue("--you").trim(), agent = style.getPropertyValue("--agent").trim();

    context.clearRect(0, 0, size, size);
    const middle = size / 2;
    const breath = isLive ? 0 : 0.012 * Math.sin(time * 1.6);
    const radius = size * (0.27 + breath + 0.05 * Math.max(this.you, this.agent));
    context.globalAlpha = state === "problem" ? 0.35 : 1;

    this.#glow(middle, Math.min(middle, radius * 1.7), agent, 0.12 + 0.35 * this.agent);
    this.#glow(middle, Math.min(middle, radius * 1.6), you, 0.10 + 0.35 * this.you);
    this.#blob(middle, radius * 1.10, agent, 0.30 + 0.25 * this.agent, time * 0.9, 0.02 + 0.12 * this.agent, 5);
    this.#blob(middle, radius * 1.05, you, 0.30 + 0.25 * this.you, -time * 1.1 + 2, 0.02 + 0.12 * this.you, 4);

    const fill = context.createLinearGradient(middle - radius, middle - radius, middle + radius, middle + radius);
    fill.addColorStop(0, you);
    fill.addColorStop(1, agent);
    context.fillStyle = fill;
    this.#path(middle, radius * 0.93, time * 0.7, 0.012 + 0.05 * Math.max(this.you, this.agent), 3);
    context.fill();
    this.#bars(middle, radius);
    context.globalAlpha = 1;
  }

  /** Five bars in the middle: the louder voice as a small waveform. */
  #bars(middle, radius) {
    const { context } = this;
    const level = Math.max(this.you, this.agent);
    const shape = [0.45, 0.8, 1, 0.7, 0.4];
    context.strokeStyle = "rgb(255 255 255 / 90%)";
    context.lineCap = "round";
    context.lineWidth = radius * 0.09;
    context.beginPath();
    shape.forEach((share, i) => {
      const x = middle + (i - 2) * radius * 0.22;
      const half = radius * (0.05 + 0.42 * share * level);
      context.moveTo(x, middle - half);
      context.lineTo(x, middle + half);
    });
    context.stroke();
  }

  #glow(middle, radius, color, alpha) {
    const { context } = this;
    const glow = context.createRadialGradient(middle, middle, radius * 0.3, middle, middle, radius);
    glow.addColorStop(0, color);
    // The same colour without opacity: "transparent" is black without opacity, which greys the rim.
    glow.addColorStop(1, `${color}00`);
    const before = context.globalAlpha;
    context.globalAlpha = before * alpha;
    context.fillStyle = glow;
    context.fillRect(middle - radius, middle - radius, radius * 2, radius * 2);
    context.globalAlpha = before;
  }

  #blob(middle, radius, color, alpha, phase, wobble, waves) {
    const { context } = this;
    const before = context.globalAlpha;
    context.globalAlpha = before * alpha;
    context.fillStyle = color;
    this.#path(middle, radius, phase, wobble, waves);
    context.fill();
    context.globalAlpha = before;
  }

  #path(middle, radius, phase, wobble, waves) {
    const { context } = this;
    context.beginPath();
    for (let i = 0; i <= POINTS; i++) {
      const angle = (i / POINTS) * TURN;
      const r = radius * (1 + wobble * (Math.sin(waves * angle + phase * 2) + 0.6 * Math.sin((waves + 2) * angle - phase * 3)));
      context.lineTo(middle + r * Math.cos(angle), middle + r * Math.sin(angle));
    }
    context.closePath();
  }
}

function loudness(level) {
  if (level <= 0) return 0;
  return Math.min(1, Math.max(0, (20 * Math.log10(level) + 50) / 40));
}
