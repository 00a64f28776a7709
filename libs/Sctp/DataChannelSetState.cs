namespace Dapr.Voice.Sctp;

/// <summary>The channels of a session as plain data. The association's state is exported separately.</summary>
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

        /// <summary>
        /// In a checkpoint: our answer to the opening of the channel may not have arrived, so the successor sends it again.
        /// </summary>
        public bool IsAnswerUncertain { get; set; }
    }

    /// <summary>A message that waited because the association's send queue was full.</summary>
    public sealed class PendingState
    {
        public ushort ChannelId { get; set; }
        public uint PayloadProtocolId { get; set; }
        public byte[] Payload { get; set; } = [];
    }
}
