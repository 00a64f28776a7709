using Dapr.Voice.Sctp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Corpora;

/// <summary>Two associations without a network between them: B is the one under attack.</summary>
internal sealed class SctpPair(ulong seed)
{
    private readonly byte[] _buffer = new byte[1500];

    public SctpAssociation A { get; } = new(new SctpOptions { RandomSeed = seed });
    public SctpAssociation B { get; } = new(new SctpOptions { RandomSeed = ~seed });
    public Instant Now { get; set; } = Instant.FromMilliseconds(1000);

    /// <summary>Why B ended, if it did.</summary>
    public SctpCloseReason LastClose { get; private set; }

    public void Connect()
    {
        A.Connect(Now);
        Exchange();
        if (!A.IsConnected || !B.IsConnected) throw new InvalidOperationException("The associations do not connect.");
    }

    /// <summary>The first packets of a handshake that either end or both begin.</summary>
    public void Begin(int packets)
    {
        B.Connect(Now);
        if ((packets & 1) == 0) A.Connect(Now);
        for (int i = 0; i < packets; i++)
        {
            if (A.TryTransmit(_buffer, out int length, Now)) B.Receive(_buffer.AsSpan(0, length), Now);
            if (B.TryTransmit(_buffer, out length, Now)) A.Receive(_buffer.AsSpan(0, length), Now);
        }
    }

    /// <summary>What is due on both sides, packets and timers, and all that was received is taken.</summary>
    public void Exchange()
    {
        if (A.NextTimeout <= Now) A.HandleTimeout(Now);
        for (int i = 0; i < 4; i++)
        {
            Pass(A, B);
            Pass(B, A);
        }
        Take(A);
        Pass(B);
    }

    /// <summary>Timers of one end; what it has to say is lost.</summary>
    public void Pass(SctpAssociation from, SctpAssociation? to = null)
    {
        if (from.NextTimeout <= Now) from.HandleTimeout(Now);
        while (from.TryTransmit(_buffer, out int length, Now)) to?.Receive(_buffer.AsSpan(0, length), Now);
        if (to is null) Take(from);
    }

    /// <summary>A message sent by one arrives at the other.</summary>
    public bool Says(SctpAssociation from, SctpAssociation to)
    {
        Exchange();
        if (from.Send(0, PayloadProtocolId.Binary, [42], unordered: false, null, Now) != SctpSendResult.Queued) return false;
        while (from.TryTransmit(_buffer, out int length, Now)) to.Receive(_buffer.AsSpan(0, length), Now);
        return to.TryReceive(out SctpMessage message) && message.Payload.SequenceEqual((ReadOnlySpan<byte>)[42]);
    }

    private void Take(SctpAssociation association)
    {
        while (association.TryReceive(out _)) { }
        while (association.TryTakeEvent(out SctpEvent occurred))
        {
            if (occurred.Kind == SctpEventKind.Closed && association == B) LastClose = occurred.Reason;
        }
    }
}
