// The page: buttons, states and what is shown. ?server=https://voice.example.com takes an API of another origin, ?agent= an agent.

import { Api } from "./api.js";
import { Call } from "./call.js";
import { TurnLatency, pace } from "./latency.js";
import { Levels } from "./levels.js";
import { Orb } from "./orb.js";
import { Problem } from "./problems.js";
import { Timers } from "./timers.js";
import { Transcript } from "./transcript.js";

const $ = (id) => document.getElementById(id);
const SUGGESTIONS = {
  local: ["“What time is it?”", "“Tell me a long story”", "“Set a timer for one minute”"],
  echo: ["Anything: you hear yourself"],
  parrot: ["Anything: it comes back when you pause"],
};

const query = new URLSearchParams(location.search);
const api = new Api(serverOf(query.get("server")));
const latency = new TurnLatency();
const levels = new Levels(agentIsAudible);
const transcript = new Transcript($("transcript"), $("empty"));
const timers = new Timers($("timers"), (label) => transcript.note(`${label}: time is up`));
let call, key, retrying, lastAgentItem, pendingLatency, isPlaying = false, isTalking = false;

new Orb($("orb"), levels);
restoreTheme();
loadAgents();

$("call").addEventListener("click", () => (call ? call.hangUp() : start()));
$("mute").addEventListener("click", toggleMute);
$("stop").addEventListener("click", () => call?.interrupt());
$("retry").addEventListener("click", () => start());
$("use-key").addEventListener("click", () => askForKey());
$("theme").addEventListener("click", () => setTheme(theme() === "dark" ? "light" : "dark", true));
$("agent").addEventListener("change", showSuggestions);
$("key-form").addEventListener("submit", (event) => {
  if (event.submitter?.value !== "ok") return;
  key = $("key").value.trim();
  $("key").value = "";
  start();
});
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea") || $("key-dialog").open) return;
  if (event.key === "m" || event.key === "M") toggleMute();
  else if (event.key === "s" || event.key === "S" || event.key === "Escape") call?.interrupt();
  else if (event.key === "h" || event.key === "H") $("call").click();
});
addEventListener("pagehide", () => call?.hangUp());

async function start() {
  if (call) return;
  clearTimeout(retrying);
  $("problem").hidden = true;
  transcript.clear();
  latency.reset();
  lastAgentItem = pendingLatency = undefined;
  for (const id of ["last", "median", "setup", "transport", "rtt", "loss"]) $(id).textContent = "–";
  levels.open();
  show("connecting", "Connecting", "Allow the microphone if the browser asks");

  const mine = new Call({ api, agent: $("agent").value, key, audio: $("voice"), setTimer: (seconds, label) => timers.set(seconds, label) });
  call = mine;
  follow(mine);
  try {
    await mine.start((stream) => {
      levels.listenToYou(stream);
      show("connecting", "Connecting", "One moment");
    });
  } catch (error) {
    if (call !== mine) return;
    leave();
    report(error instanceof Problem ? error : new Problem("The call did not come about.", String(error?.message ?? error)));
  }
}

function follow(mine) {
  const on = (type, handle) => mine.addEventListener(type, ({ detail }) => call === mine && handle(detail));
  on("connected", ({ setupMs }) => {
    $("setup").textContent = `${setupMs} ms`;
    $("mute").disabled = $("stop").disabled = false;
    showActivity();
  });
  on("agentstream", ({ stream }) => levels.listenToAgent(stream));
  on("turndetection", (detection) => latency.useTurnDetection(detection));
  on("heard", () => {
    latency.speechStarted();
    isTalking = true;
    showActivity();
  });
  on("speechstopped", () => {
    latency.speechStopped();
    // What the agent says from here on is the answer to this.
    lastAgentItem = undefined;
    isTalking = false;
    showActivity();
  });
  on("you", ({ id, text, final }) => (final ? transcript.finish(id, "you", text) : transcript.add(id, "you", text)));
  on("agent", ({ id, text, final }) => {
    lastAgentItem = id;
    if (final) transcript.finish(id, "agent", text);
    else transcript.add(id, "agent", text);
    markLatency();
  });
  on("playing", () => {
    isPlaying = true;
    // Where the browser gives no levels, the server's word has to do.
    if (levels.context?.state !== "running") agentIsAudible();
    showActivity();
  });
  on("silent", () => {
    isPlaying = false;
    transcript.settle();
    showActivity();
  });
  on("interrupted", ({ id }) => transcript.mark(id, "agent", "interrupted"));
  on("statistics", ({ rttMs, protocol, lossPercent }) => {
    if (protocol) $("transport").textContent = protocol.toUpperCase();
    if (rttMs !== undefined) $("rtt").textContent = `${rttMs < 10 ? rttMs.toFixed(1) : Math.round(rttMs)} ms`;
    if (lossPercent !== undefined) $("loss").textContent = `${lossPercent.toFixed(lossPercent < 10 ? 1 : 0)} %`;
  });
  on("refused", ({ message }) => transcript.note(message));
  on("ended", ({ reason }) => {
    leave();
    transcript.note(reason);
    show("idle", "Ready", "Press the button and talk");
  });
}

function agentIsAudible() {
  if (!call) return;
  const ms = latency.agentAudible();
  if (ms === undefined) return;
  pendingLatency = ms;
  $("last").textContent = `${ms} ms`;
  $("median").textContent = `${latency.median} ms`;
  markLatency();
}

/** The sound of an answer and its first words come in either order; the chip waits for both. */
function markLatency() {
  if (pendingLatency === undefined || lastAgentItem === undefined) return;
  transcript.mark(lastAgentItem, "agent", `${pendingLatency} ms`, pace(pendingLatency));
  pendingLatency = lastAgentItem = undefined;
}

function leave() {
  call = undefined;
  levels.close();
  transcript.settle();
  isPlaying = isTalking = false;
  $("mute").disabled = $("stop").disabled = true;
  $("mute").setAttribute("aria-pressed", "false");
}

function toggleMute() {
  if (!call || $("mute").disabled) return;
  const muted = !call.isMuted;
  call.mute(muted);
  $("mute").setAttribute("aria-pressed", String(muted));
  showActivity();
}

function showActivity() {
  const hint = call?.isMuted ? "You are muted" : isTalking ? "Listening" : isPlaying ? "Talk to interrupt" : "Go ahead";
  show("live", isTalking ? "Hears you" : isPlaying ? "Speaking" : "Connected", hint);
}

function show(state, status, hint) {
  document.body.dataset.state = state;
  $("status-text").textContent = status;
  $("hint").textContent = hint;
  $("call-label").textContent = state === "live" || state === "connecting" ? "Hang up" : "Talk";
}

/** @param {Problem} problem */
function report(problem) {
  show("problem", "Not connected", "");
  $("problem-title").textContent = problem.title;
  $("problem-text").textContent = problem.text;
  $("problem-steps").hidden = problem.steps.length === 0;
  $("problem-steps").replaceChildren(...problem.steps.map((step) => Object.assign(document.createElement("li"), { textContent: step })));
  $("use-key").hidden = !problem.wantsKey;
  $("problem").hidden = false;
  if (problem.wantsKey) {
    key = undefined;
    askForKey();
  }
  countDown(problem.retryAfterMs);
}

/** Tries again by itself when the server said when; the button does it sooner. */
function countDown(ms) {
  clearTimeout(retrying);
  if (ms === undefined) {
    $("retry").textContent = "Try again";
    return;
  }
  $("retry").textContent = ms > 0 ? `Trying again in ${Math.ceil(ms / 1000)} s` : "Trying again";
  retrying = setTimeout(() => (ms > 1000 ? countDown(ms - 1000) : start()), Math.min(ms, 1000));
}

function askForKey() {
  clearTimeout(retrying);
  if (!$("key-dialog").open) $("key-dialog").showModal();
}

async function loadAgents() {
  const { agents, defaultAgent } = await api.config();
  const wanted = query.get("agent") ?? defaultAgent;
  const names = [...new Set([...(wanted ? [wanted] : []), ...agents])];
  $("agent").replaceChildren(...(names.length ? names : [""]).map((name) => new Option(name || "default agent", name, false, name === wanted)));
  showSuggestions();
}

function showSuggestions() {
  const sayings = SUGGESTIONS[$("agent").value] ?? SUGGESTIONS.local;
  $("suggestions").replaceChildren(...sayings.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

function serverOf(text) {
  try {
    const url = new URL(text ?? location.origin);
    return url.protocol === "http:" || url.protocol === "https:" ? url.origin : location.origin;
  } catch {
    return location.origin;
  }
}

function theme() {
  return document.documentElement.dataset.theme;
}

function setTheme(name, remember) {
  document.documentElement.dataset.theme = name;
  try {
    if (remember) localStorage.setItem("theme", name);
  } catch {
    // A browser that keeps nothing still changes its looks.
  }
}

function restoreTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let stored = null;
  try {
    stored = localStorage.getItem("theme");
  } catch {
    // As above.
  }
  setTheme(stored ?? (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", () => stored ?? setTheme(dark.matches ? "dark" : "light"));
}
