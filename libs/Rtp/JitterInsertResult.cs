namespace Dapr.Voice.Rtp;

/// <summary>What became of a packet. The word is also the counter's tag.</summary>
public enum JitterInsertResult : byte
{
    Accepted,
    Duplicate,

    /// <summary>Its place has already been handed on, as lost or by resynchronisation.</summary>
    Late,

    /// <summary>Longer than a slot.</summary>
    Oversized,

    /// <summary>Every slot is taken: the owner does not take frames out.</summary>
    Full,
}
