namespace Dapr.Voice.Rtp;

/// <summary>What RFC 3550, appendix A.1 says to a sequence number.</summary>
public enum RtpSequenceVerdict : byte
{
    Valid,

    /// <summary>The source has not yet sent enough packets in order to be believed.</summary>
    Probation,

    /// <summary>A large jump: not counted unless the very next number follows it.</summary>
    Jump,

    /// <summary>Two packets in order after a large jump: the source started over, and so do the statistics.</summary>
    Restarted,
}
