namespace Dapr.Voice.Contracts;

/// <summary>A session that is handed over live.</summary>
/// <param name="Record">Its record as the old owner has it.</param>
/// <param name="Sealed">Its exact state in base64, encrypted and bound to the session and to the epoch of the new owner.</param>
public sealed record HandedSession(SessionRecord Record, string Sealed);

/// <param name="Epoch">The epoch under which the new owner serves the slot.</param>
public sealed record HandedSlot(int Slot, long Epoch);

/// <summary>A packet of a caller that came while its session was between two owners.</summary>
/// <param name="Payload">The datagram as it came, base64 in JSON. It came by the path that the session's state has as selected.</param>
public sealed record HandedPacket(string CallId, byte[] Payload);

/// <summary>
/// What a transceiver that leaves sends to a successor, by <c>POST /internal/v1/handover/{step}</c>: <c>prepare</c>, then for each few
/// slots <c>announce</c>, <c>state</c> and <c>commit</c>.
/// </summary>
/// <param name="Shard">The sender.</param>
/// <param name="Slots">The slots of <c>state</c> and <c>commit</c>. None in the other steps.</param>
/// <param name="Sessions">In <c>announce</c> and <c>state</c>, the sessions of the slots. None in the other steps.</param>
/// <param name="Packets">In <c>commit</c>, what came for the sessions since they stopped. Another <c>commit</c> brings what came after
/// that. None in the other steps, and from a release before this member.</param>
/// <param name="IsEarly">In <c>commit</c>: <c>state</c> is on its way, and may arrive after this. The slots are served from its arrival
/// on. Only for a successor that says <see cref="HandOverAnswer.TakesEarly"/>.</param>
public sealed record HandOverRequest(
    int Shard, IReadOnlyList<HandedSlot> Slots, IReadOnlyList<HandedSession> Sessions, IReadOnlyList<HandedPacket>? Packets = null,
    bool IsEarly = false);

/// <summary>The answer of a successor.</summary>
/// <param name="Incarnation">Its process, as in its record.</param>
/// <param name="Room">How many more sessions it can have.</param>
/// <param name="Sessions">In the answer to <c>state</c> and <c>commit</c>: the call ids of the sessions that it has.</param>
/// <param name="TakesEarly">It knows <see cref="HandOverRequest.IsEarly"/>. False from a release before that.</param>
public sealed record HandOverAnswer(string Incarnation, int Room, IReadOnlyList<string> Sessions, bool TakesEarly = false);
