// The OpenAI Agents SDK as published, unmodified (see vendor/README.md). It is large, so it loads beside the page and not before it.

const BUNDLE = new URL("../vendor/openai-agents-realtime-0.20.0/openai-realtime-agents.umd.js", import.meta.url).href;

/** @returns {Promise<object>} the SDK's exports. */
export const sdk = new Promise((resolve, reject) => {
  const script = document.createElement("script");
  script.src = BUNDLE;
  script.onload = () => resolve(globalThis.OpenAIAgentsRealtime);
  script.onerror = () => reject(new Error("The client bundle did not load."));
  document.head.append(script);
});
// A page that is never used needs no complaint; whoever awaits it gets the error.
sdk.catch(() => {});
