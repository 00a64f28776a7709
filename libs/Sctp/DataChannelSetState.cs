namespace Dapr.Voice.Sctp;

/// <summary>The channels of a session as plain data; the association's own state is exported apart.</summary>
public sealed class DataChannelSetState
{
    public bool IsDtlsClient { get; set; }
    public ChannelState[] Channels { get; set; } = [];
    public PendingState[] Pending { get; set; } = [];

    public sealed class ChannelState
    {
        public ushort Id { get; set; }
        public string Label { get; set; } = "";
        public string Protocol { get; set; } = "";
        public bool IsOrdered { get; set; }
        public ushort? MaxRetransmits { get; set; }
        public TimeSpan? MaxLifetime { get; set; }
        public DataChannelPhase Phase { get; set; }
        public bool IsOutgoingReset { get; set; }
        public bool IsIncomingReset { get; set; }
    }

    /// <summary>A message that the association had no room for yet.</summary>
    public sealed class PendingState
    {
        public ushort ChannelId { get; set; }
        public uint PayloadProtocolId { get; set; }
        public byte[] Payload { get; set; } = [];
    }
}
