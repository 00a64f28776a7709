// The page: buttons, states and what is shown. ?server=https://voice.example.com uses an API of another origin, ?agent= chooses an agent.

import { Api } from "./api.js";
import { Call } from "./call.js";
import { SpokenPace } from "./heard.js";
import { Keys } from "./keys.js";
import { TurnLatency, pace } from "./latency.js";
import { Levels } from "./levels.js";
import { Orb } from "./orb.js";
import { Panel } from "./panel.js";
import { Problem } from "./problems.js";
import { showSayings } from "./sayings.js";
import { offerThemes } from "./theme.js";
import { Timers } from "./timers.js";
import { Transcript } from "./transcript.js";

const $ = (id) => document.getElementById(id);
// A shorter wait for the reason of an end is not worth a sentence.
const ASKING_MS = 400;

const query = new URLSearchParams(location.search);
const api = new Api(serverOf(query.get("server")));
const keys = new Keys(api, () => start());
const latency = new TurnLatency();
const levels = new Levels(agentIsAudible);
const transcript = new Transcript($("transcript"), $("empty"));
const timers = new Timers($("timers"), (label) => transcript.note(`${label}: time is up`));
const panel = new Panel($("panel"), {
  retry: () => start(),
  newKey: () => {
    keys.forget();
    start();
  },
  enterKey: () => keys.enter(),
  ready: () => ($("status-text").textContent = "You can try again now"),
});
let call, spoken, saying, lastAgentItem, pendingLatency;
let givesKeys = false, isAsking = false, isInTrouble = false, isPlaying = false, isTalking = false;

new Orb($("orb"), levels);
offerThemes($("theme"));
if (!api.isOwn) {
  $("elsewhere").textContent = `Calls go to ${api.server}`;
  $("elsewhere").hidden = false;
}
loadAgents();

$("call").addEventListener("click", () => (call ? call.hangUp() : start()));
$("mute").addEventListener("click", toggleMute);
$("stop").addEventListener("click", () => call?.interrupt());
$("agent").addEventListener("change", offerSayings);
addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, select, textarea") || document.querySelector("dialog[open]");
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
  if (event.key === "m" || event.key === "M") toggleMute();
  else if (event.key === "s" || event.key === "S" || event.key === "Escape") call?.interrupt();
  else if (event.key === "h" || event.key === "H") $("call").click();
});
addEventListener("pagehide", () => call?.hangUp());

/** @param {string} [firstWords] said in writing when the call is up */
async function start(firstWords) {
  if (call || isAsking) return;
  isAsking = true;
  const may = await keys.mayCall();
  isAsking = false;
  if (!may) return;
  panel.hide();
  transcript.clear();
  latency.reset();
  spoken = new SpokenPace();
  saying = firstWords;
  lastAgentItem = pendingLatency = undefined;
  for (const id of ["last", "median", "setup", "transport", "rtt", "loss"]) $(id).textContent = "–";
  levels.open();
  $("agent").disabled = true;
  show("connecting", "Connecting", "Allow the microphone if the browser asks");

  const setTimer = (seconds, label) => timers.set(seconds, label);
  const mine = new Call({ api, agent: $("agent").value, getKey: () => keys.get(), audio: $("voice"), setTimer });
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
    if (saying) mine.say(saying);
    saying = undefined;
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
    spoken.started();
    // Where the browser gives no levels, the server's word has to do.
    if (levels.context?.state !== "running") agentIsAudible();
    showActivity();
  });
  on("silent", () => {
    isPlaying = false;
    spoken.stopped(lastAgentItem && transcript.textOf(lastAgentItem));
    transcript.settle();
    showActivity();
  });
  on("interrupted", ({ id }) => {
    const heardMs = spoken.stopped();
    // The server also says this when it had nothing to play.
    if (isPlaying && id) transcript.cut(id, spoken.heard(transcript.textOf(id), heardMs));
    isPlaying = false;
    transcript.settle();
    showActivity();
  });
  on("truncated", ({ id, heardMs }) => transcript.cut(id, spoken.heard(transcript.textOf(id), heardMs)));
  on("statistics", ({ rttMs, protocol, lossPercent }) => {
    if (protocol) $("transport").textContent = protocol.toUpperCase();
    if (rttMs !== undefined) $("rtt").textContent = `${rttMs < 10 ? rttMs.toFixed(1) : Math.round(rttMs)} ms`;
    if (lossPercent !== undefined) $("loss").textContent = `${lossPercent.toFixed(lossPercent < 10 ? 1 : 0)} %`;
  });
  on("refused", ({ message }) => transcript.note(message));
  on("trouble", () => {
    isInTrouble = true;
    showActivity();
  });
  on("mended", ({ ms }) => {
    isInTrouble = false;
    transcript.note(`The connection is back after ${(ms / 1000).toFixed(1)} s.`);
    showActivity();
  });
  on("ended", async ({ callId, why }) => {
    leave();
    transcript.note(why ? "The call has ended." : "You hung up.");
    if (!why) return show("idle", "Ready", "Press the button and talk");
    show("ended", "Call ended", "");
    // The person may call again before the server has said why.
    const tell = ({ title, text }) => {
      if (!call && document.body.dataset.state === "ended") panel.show({ kind: "ended", title, text, callId, again: "Call again" });
    };
    const waiting = setTimeout(() => tell({ title: "The call has ended.", text: "Asking the server why." }), ASKING_MS);
    const ending = await why;
    clearTimeout(waiting);
    tell(ending);
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
  const { silenceMs } = latency;
  const explanation =
    `From the end of your words to the first sound. ${silenceMs} ms of it are the silence that ends a turn, which is a setting.`;
  transcript.mark(lastAgentItem, "agent", `${pendingLatency} ms`, pace(pendingLatency, silenceMs), explanation);
  pendingLatency = undefined;
}

function leave() {
  call = undefined;
  levels.close();
  transcript.settle();
  isInTrouble = isPlaying = isTalking = false;
  const isFocusLost = [$("mute"), $("stop")].includes(document.activeElement);
  $("mute").disabled = $("stop").disabled = true;
  $("agent").disabled = false;
  $("mute").setAttribute("aria-pressed", "false");
  // A disabled button drops the focus to the top of the page.
  if (isFocusLost) $("call").focus();
}

function toggleMute() {
  if (!call || $("mute").disabled) return;
  const muted = !call.isMuted;
  call.mute(muted);
  $("mute").setAttribute("aria-pressed", String(muted));
  showActivity();
}

function showActivity() {
  if (isInTrouble) return show("reconnecting", "Reconnecting", "Finding a new path to the server");
  const hint = call?.isMuted ? "You are muted" : isTalking ? "Listening" : isPlaying ? "Talk to interrupt" : "Go ahead";
  show("live", isTalking ? "Hears you" : isPlaying ? "Speaking" : "Connected", hint);
}

function show(state, status, hint) {
  document.body.dataset.state = state;
  if ($("status-text").textContent !== status) $("status-text").textContent = status;
  $("hint").textContent = hint;
  $("call-label").textContent = call ? "Hang up" : "Talk";
}

/** @param {Problem} problem */
function report(problem) {
  show("problem", "Not connected", "");
  const { title, text, steps, callId, retryAfterMs, way } = problem;
  const keyWays = { newKey: way === "other-key" && givesKeys, enterKey: Boolean(way) };
  panel.show({ kind: "problem", title, text, steps, callId, retryAfterMs, again: "Try again", ...keyWays });
  if (way === "enter-key") keys.enter();
}

async function loadAgents() {
  const { agents, defaultAgent, givesKeys: gives } = await api.config();
  givesKeys = gives;
  const wanted = query.get("agent") ?? defaultAgent;
  const names = [...new Set([...(wanted ? [wanted] : []), ...agents])];
  const options = (names.length ? names : [""]).map((name) => new Option(name || "default agent", name, false, name === wanted));
  $("agent").replaceChildren(...options);
  offerSayings();
}

function offerSayings() {
  showSayings($("sayings"), $("sayings-hint"), $("agent").value, (text) => {
    if (!call) return start(text);
    if (isPlaying) call.interrupt();
    call.say(text);
  });
}

function serverOf(text) {
  try {
    const url = new URL(text ?? location.origin);
    return url.protocol === "http:" || url.protocol === "https:" ? url.origin : location.origin;
  } catch {
    return location.origin;
  }
}
