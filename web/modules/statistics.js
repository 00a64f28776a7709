// What the browser knows about the connection: its round trip, its transport, and its loss.

/** @param {RTCPeerConnection} connection @returns {Promise<{rttMs?: number, protocol?: string, lossPercent?: number}>} */
export async function readStatistics(connection) {
  let rttMs, protocol, received = 0, lost = 0;
  const reports = await connection.getStats();
  const selected = [...reports.values()].find((r) => r.type === "transport")?.selectedCandidatePairId;
  for (const report of reports.values()) {
    // Over TCP several pairs may be nominated; Firefox names none in its transport.
    if (report.type === "candidate-pair" && (selected ? report.id === selected : report.nominated)) {
      if (report.currentRoundTripTime !== undefined) rttMs = report.currentRoundTripTime * 1000;
      protocol = reports.get(report.localCandidateId)?.protocol;
    }
    if (report.type === "inbound-rtp" && report.kind === "audio") {
      received += report.packetsReceived ?? 0;
      lost += report.packetsLost ?? 0;
    }
  }
  const expected = received + Math.max(0, lost);
  return { rttMs, protocol, lossPercent: expected > 0 ? (Math.max(0, lost) / expected) * 100 : undefined };
}
