namespace Dapr.Voice.Rtp;

/// <summary>The result of checking a sequence number by RFC 3550, appendix A.1.</summary>
public enum RtpSequenceVerdict : byte
{
    Valid,

    /// <summary>The source has not yet sent enough packets in order to be accepted.</summary>
    Probation,

    /// <summary>The number jumped far. The packet does not count unless the next packet has the following number.</summary>
    Jump,

    /// <summary>Two packets in order arrived after a jump. The source has started over, and so have the statistics.</summary>
    Restarted,
}
