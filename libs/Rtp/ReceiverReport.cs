namespace Dapr.Voice.Rtp;

/// <summary>An RR (RFC 3550, section 6.4.2), read in place.</summary>
public readonly ref struct ReceiverReport
{
    internal ReceiverReport(uint ssrc, ReportBlockList reportBlocks)
    {
        Ssrc = ssrc;
        ReportBlocks = reportBlocks;
    }

    /// <summary>The SSRC of the sender of the report.</summary>
    public uint Ssrc { get; }

    public ReportBlockList ReportBlocks { get; }
}
