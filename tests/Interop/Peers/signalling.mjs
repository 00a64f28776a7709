// How a caller offers, in Node and in a page.

/** The lines of an answer without the candidates of the other transport. */
export function candidatesOf(transport, sdp) {
  const isKept = (line) => !line.startsWith("a=candidate:") || line.split(" ")[2].toLowerCase() === transport;
  return sdp.split("\r\n").filter(isKept).join("\r\n");
}

/** Posts an offer. Prints the call's id. @returns the answer with the candidates of one transport, or undefined if the call is refused */
export async function post(offer, command, say) {
  const response = await fetch(`${command.url}?agent=${command.agent}`, {
    method: "POST",
    headers: { authorization: `Bearer ${command.key}`, "content-type": "application/sdp" },
    body: offer,
  });
  const body = await response.text();
  if (response.status !== 201) {
    say({ at: "refused", status: response.status, body });
    return undefined;
  }
  say({ at: "answered", call: response.headers.get("location").split("/").at(-1) });
  return candidatesOf(command.transport, body);
}
