// What the page asks of signaling besides the call itself.

import { Problem, responseProblem, unreachableProblem } from "./problems.js";

export class Api {
  /** @param {string} server origin of the API, without a slash at the end */
  constructor(server) {
    this.server = server;
  }

  /** @param {string} agent empty: the server's default */
  callsUrl(agent) {
    const url = new URL("/v1/realtime/calls", this.server);
    if (agent) url.searchParams.set("agent", agent);
    return url.href;
  }

  /** Agents to choose from; empty where the server does not tell pages. @returns {Promise<{agents: string[], defaultAgent: string}>} */
  async config() {
    try {
      const response = await fetch(new URL("/demo/config", this.server));
      if (!response.ok) return { agents: [], defaultAgent: "" };
      const config = await response.json();
      return { agents: config.agents ?? [], defaultAgent: config.default_agent ?? "" };
    } catch {
      return { agents: [], defaultAgent: "" };
    }
  }

  /** A short-lived key, from a server that gives them to pages. @returns {Promise<string>} */
  async demoKey() {
    let response;
    try {
      response = await fetch(new URL("/demo/token", this.server), { method: "POST" });
    } catch {
      throw unreachableProblem(this.server);
    }
    if (response.status === 404) throw new Problem("This server wants a key.", "It hands none out to pages.", { wantsKey: true });
    if (!response.ok) throw await responseProblem(response);
    return (await response.json()).value;
  }
}
