namespace Dapr.Voice.Sctp;

public enum DataChannelPhase : byte
{
    /// <summary>DATA_CHANNEL_OPEN was sent and not yet answered. Messages may already be sent.</summary>
    Opening,
    Open,
    /// <summary>One side has reset its stream. Nothing more can be sent.</summary>
    Closing,
    Closed,
}

/// <summary>A channel of a <see cref="DataChannelSet"/>: its parameters and its state.</summary>
public sealed class DataChannel
{
    internal DataChannel(ushort id, string label, string protocol, DataChannelReliability reliability)
        => (Id, Label, Protocol, Reliability) = (id, label, protocol, reliability);

    /// <summary>The id of the SCTP stream, which is the same in both directions.</summary>
    public ushort Id { get; }
    public string Label { get; }
    public string Protocol { get; }
    public DataChannelReliability Reliability { get; }
    public DataChannelPhase Phase { get; internal set; }

    internal bool IsOutgoingReset { get; set; }
    internal bool IsIncomingReset { get; set; }

    /// <summary>
    /// Until the peer has answered, every message is sent in order after the DATA_CHANNEL_OPEN (RFC 8832, section 6).
    /// </summary>
    internal bool IsUnordered => !Reliability.IsOrdered && Phase != DataChannelPhase.Opening;
}
