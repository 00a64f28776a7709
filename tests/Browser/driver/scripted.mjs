// The page of web/ and a voice API on one origin. The test writes what the API answers, so that every refusal and every end can be had at
// once. The media of a call are real: the far end is a second page of the same browser (Page/far-end.js).

import { createServer } from "node:http";
import { serveFile } from "./static.mjs";

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, PATCH, DELETE, OPTIONS",
  "access-control-allow-headers": "*, authorization",
  "access-control-expose-headers": "Location, Retry-After",
};

export class ScriptedApi {
  #script = {};
  #farEnd;
  /** What was asked: {method, path, key, contentType}. */
  requests = [];
  origin;

  /** @param {string} web the folder web/ @param {() => Promise<import("puppeteer-core").Page>} farEnd */
  constructor(web, farEnd) {
    this.#farEnd = farEnd;
    this.server = createServer((request, response) => this.#answer(web, request, response).catch((error) => response.writeHead(500).end(String(error))));
  }

  async listen() {
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
  }

  /**
   * @param {Record<string, object[]>} script "METHOD /path" to answers, of which the last repeats: {status, headers?, body?}, {call: id}: the far
   * end answers the offer, {restart: true}: it answers an ICE restart, or {hang: true}: nothing ever comes
   */
  write(script) {
    this.#script = structuredClone(script);
    this.requests = [];
  }

  async #answer(web, request, response) {
    const { pathname } = new URL(request.url, "http://api");
    if (request.method === "OPTIONS") return response.writeHead(204, CORS).end();
    const answers = this.#script[`${request.method} ${pathname}`];
    if (!answers && request.method === "GET" && !/^\/(v1|demo)\//.test(pathname)) return serveFile({ "/": web }, request, response);
    let offer = "";
    for await (const part of request) offer += part;
    const { authorization, "content-type": contentType } = request.headers;
    this.requests.push({ method: request.method, path: pathname, key: authorization?.replace("Bearer ", "") ?? null, contentType: contentType ?? null });
    const answer = (answers?.length > 1 ? answers.shift() : answers?.[0]) ?? { status: 404 };
    if (answer.hang) return;
    if (answer.call) {
      const sdp = await (await this.#farEnd()).evaluate((o) => globalThis.farEnd.answer(o), offer);
      response.writeHead(201, { ...CORS, location: `/v1/realtime/calls/${answer.call}`, "content-type": "application/sdp" }).end(sdp);
    } else if (answer.restart) {
      const sdp = await (await this.#farEnd()).evaluate((o) => globalThis.farEnd.restart(o), offer);
      response.writeHead(200, { ...CORS, "content-type": "application/sdp" }).end(sdp);
    } else {
      const body = answer.body === undefined ? "" : JSON.stringify(answer.body);
      response.writeHead(answer.status, { ...CORS, ...(body ? { "content-type": "application/json" } : {}), ...answer.headers }).end(body);
    }
  }
}
