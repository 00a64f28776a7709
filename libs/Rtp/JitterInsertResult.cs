namespace Dapr.Voice.Rtp;

/// <summary>What happened to a packet. The name is also the tag of the counter.</summary>
public enum JitterInsertResult : byte
{
    Accepted,
    Duplicate,

    /// <summary>The stream is already past this packet, because of a lost frame or a resynchronisation.</summary>
    Late,

    /// <summary>The payload is longer than a slot.</summary>
    Oversized,

    /// <summary>All slots are in use, because the owner does not take frames out.</summary>
    Full,
}
