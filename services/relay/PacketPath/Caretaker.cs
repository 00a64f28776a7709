using Dapr.Voice.Steering;
using Dapr.Voice.Stun;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// Keeps a client's path alive while the owner of its slot is being replaced: it answers Binding requests as a lite agent does. The ICE
/// password follows from the ufrag, so it needs no state of the session. It changes no flow. One thread uses it, and it allocates nothing.
/// </summary>
internal sealed class Caretaker(FlowTable flows, SlotTable slots)
{
    /// <summary>
    /// How long it answers for a slot that has lost its owner. A takeover takes less, and nobody may be kept waiting for one that never
    /// comes.
    /// </summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>The shortest time between two answers to one flow. A browser checks a pair every 50 ms at most.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(40);

    /// <summary>The most answers per second. Each costs about 3 µs.</summary>
    public const int AnswersPerSecond = 5000;

    // Header, XOR-MAPPED-ADDRESS of IPv6, MESSAGE-INTEGRITY, FINGERPRINT: 20, 24, 24 and 8 bytes.
    private readonly byte[] _answer = new byte[76];
    private RateLimit _rate = new(AnswersPerSecond, AnswersPerSecond);
    private int _length;

    /// <summary>A relay that leaves answers nothing, so that its clients move to another ingress.</summary>
    public bool IsDraining { get; set; }

    /// <summary>The last answer.</summary>
    public ReadOnlySpan<byte> Answer => _answer.AsSpan(0, _length);

    /// <summary>Writes the success response to a check, if it is one that may be answered now.</summary>
    /// <param name="hint">The hint of the request, which was verified.</param>
    public bool TryAnswer(in StunMessage request, in RoutingHint hint, KeyRing passwordKeys, TransportAddress from, Instant now)
    {
        if (IsDraining || slots.LostAt(hint.Slot) is not { } lostAt || now - lostAt >= Limit) return false;
        int number = flows.Find(from);
        // A session that has ended has no flow.
        if (number < 0 || flows[number].Session != hint.SessionId || now - flows[number].AnsweredAt < Interval) return false;
        Span<byte> password = stackalloc byte[IcePassword.TextLength];
        if (!request.HasValidFingerprint() || !IcePassword.TryDerive(passwordKeys, request.Username, password)
            || !request.VerifyMessageIntegrity(password) || !_rate.TryTake(now)) return false;
        flows[number].AnsweredAt = now;
        var writer = new StunMessageWriter(_answer, StunClass.SuccessResponse, StunMethod.Binding, request.TransactionId);
        writer.AddXorMappedAddress(from);
        writer.AddMessageIntegrity(password);
        writer.AddFingerprint();
        _length = writer.Length;
        return true;
    }
}
